#include "reference/attention.h"

#include <math.h>
#include <string.h>

#include "model/glossary.h"

/* One dialogue and head. */
typedef struct place {
    size_t dialogue, head, first, length, d;
} place;

static double factor(const ref_attention *a)
{
    return 1.0 / sqrt((double)(a->width / a->heads));
}

/* Element c of row i of the place. */
static size_t at(const ref_attention *a, const place *p, size_t i, size_t c)
{
    return (p->first + i) * a->width + p->head * p->d + c;
}

/* What multiplies the probability (i, j). */
static double keep(const ref_attention *a, const place *p, size_t i, size_t j)
{
    return a->kept ? a->kept[((p->first + i) * a->heads + p->head) * NN_LONGEST_DIALOGUE + j] * a->scale : a->scale;
}

static void softmax(double *row, size_t length)
{
    double top = row[0], sum = 0.0;
    for (size_t j = 1; j < length; ++j) top = fmax(top, row[j]);
    for (size_t j = 0; j < length; ++j) sum += row[j] = exp(row[j] - top);
    for (size_t j = 0; j < length; ++j) row[j] /= sum;
}

typedef void visitor(void *state, const ref_attention *a, const place *p);

static void visit(const ref_attention *a, visitor *work, void *state)
{
    for (size_t b = 0; b < a->dialogues->dialogues; ++b)
        for (size_t h = 0; h < a->heads; ++h) {
            const place p = {b, h, (size_t)a->dialogues->starts[b], ref_length(a->dialogues, b), a->width / a->heads};
            work(state, a, &p);
        }
}

typedef struct forward_state {
    double *context, *probabilities;
} forward_state;

static void forward(void *state, const ref_attention *a, const place *p)
{
    const forward_state *f = state;
    for (size_t i = 0; i < p->length; ++i) {
        double *row = &f->probabilities[ref_square_at(a->dialogues, a->heads, p->dialogue, p->head, i, 0)];
        for (size_t j = 0; j < p->length; ++j) {
            double score = 0.0;
            for (size_t c = 0; c < p->d; ++c) score += a->q[at(a, p, i, c)] * a->k[at(a, p, j, c)];
            row[j] = score * factor(a);
        }
        softmax(row, p->length);
        for (size_t c = 0; c < p->d; ++c) {
            double sum = 0.0;
            for (size_t j = 0; j < p->length; ++j)
                if (keep(a, p, i, j) != 0.0) sum += keep(a, p, i, j) * row[j] * a->v[at(a, p, j, c)];
            f->context[at(a, p, i, c)] = sum;
        }
    }
}

void ref_attention_forward(double *context, double *probabilities, const ref_attention *a)
{
    forward_state state = {context, probabilities};
    visit(a, forward, &state);
}

typedef struct backward_state {
    double *dq, *dk, *dv;
    const double *probabilities, *dcontext;
} backward_state;

static void backward(void *state, const ref_attention *a, const place *p)
{
    const backward_state *s = state;
    for (size_t i = 0; i < p->length; ++i) {
        const double *row = &s->probabilities[ref_square_at(a->dialogues, a->heads, p->dialogue, p->head, i, 0)];
        double drow[NN_LONGEST_DIALOGUE], mean = 0.0; /* gradient of the probabilities */
        for (size_t j = 0; j < p->length; ++j) {
            drow[j] = 0.0;
            for (size_t c = 0; c < p->d; ++c) {
                drow[j] += keep(a, p, i, j) * s->dcontext[at(a, p, i, c)] * a->v[at(a, p, j, c)];
                s->dv[at(a, p, j, c)] += keep(a, p, i, j) * row[j] * s->dcontext[at(a, p, i, c)];
            }
            mean += row[j] * drow[j];
        }
        for (size_t j = 0; j < p->length; ++j) {
            const double dscore = row[j] * (drow[j] - mean) * factor(a);
            for (size_t c = 0; c < p->d; ++c) {
                s->dq[at(a, p, i, c)] += dscore * a->k[at(a, p, j, c)];
                s->dk[at(a, p, j, c)] += dscore * a->q[at(a, p, i, c)];
            }
        }
    }
}

void ref_attention_backward(double *dq, double *dk, double *dv, const double *probabilities, const ref_attention *a,
                            const double *dcontext)
{
    const size_t bytes = a->dialogues->rows * a->width * sizeof(double);
    memset(dq, 0, bytes);
    memset(dk, 0, bytes);
    memset(dv, 0, bytes);
    backward_state state = {dq, dk, dv, probabilities, dcontext};
    visit(a, backward, &state);
}
