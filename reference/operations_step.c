/* Products, masks, losses and the optimiser. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reference/gemm.h"
#include "reference/linear.h"
#include "reference/losses.h"
#include "reference/dropout_mask.h"
#include "reference/operations_list.h"
#include "reference/optimizer.h"

static float *floats_of(const double *values, size_t elements)
{
    float *copy = ref_memory(elements, sizeof *copy);
    for (size_t i = 0; i < elements; ++i) copy[i] = (float)values[i];
    return copy;
}

static void gemm(ref_case *c)
{
    const nn_op_shape *s = c->shape;
    const size_t m = ref_rows(c), n = s->width, k = s->depth;
    const bool ta = s->variant & NN_OP_TRANSPOSE_A, tb = s->variant & NN_OP_TRANSPOSE_B;
    float *a = floats_of(V("a"), nn_op_elements(c->operation, s, "a"));
    float *b = floats_of(V("b"), nn_op_elements(c->operation, s, "b"));
    float *old = floats_of(V("c"), nn_op_elements(c->operation, s, "c"));
    float *bias = s->variant & NN_OP_BIAS ? floats_of(V("bias"), n) : NULL;
    const ref_gemm product = {.transpose_a = ta,
                              .transpose_b = tb,
                              .m = m,
                              .n = n,
                              .k = k,
                              .a = a,
                              .b = b,
                              .c = old,
                              .lda = (ta ? m : k) + NN_OP_GAP,
                              .ldb = (tb ? k : n) + NN_OP_GAP,
                              .ldc = n + NN_OP_GAP,
                              .beta = ref_beta(c),
                              .bias = bias};
    double magnitude = 0.0;
    for (size_t r = 0; r < m; ++r)
        for (size_t i = 0; i < n; ++i) V("c")[r * (n + NN_OP_GAP) + i] = ref_gemm_element(&product, r, i, &magnitude);
    free(a);
    free(b);
    free(old);
    free(bias);
}

static ref_linear linear_size(const ref_case *c)
{
    return (ref_linear){ref_rows(c), c->shape->depth, c->shape->width};
}

static void linear_forward(ref_case *c)
{
    ref_linear_forward(V("y"), V("x"), V("weight"), V("bias"), linear_size(c));
}

static void linear_backward(ref_case *c)
{
    ref_start_sum(c, "dx");
    ref_start_sum(c, "dweight");
    ref_start_sum(c, "dbias");
    ref_linear_backward(V("dx"), V("dweight"), V("dbias"), V("dy"), V("x"), V("weight"), linear_size(c));
}

/* Sets a bit of words; it counts from now on. */
static void set_bit(ref_case *c, const char *name, size_t bit, uint32_t site, uint64_t element)
{
    const size_t at = nn_op_tensor_at(c->operation, name);
    const uint32_t place = (uint32_t)1 << (bit % 32);
    uint32_t word = (uint32_t)c->values[at][bit / 32] & ~place;
    if (ref_dropout_mask_kept(nn_op_draw.seed, site, nn_op_draw.step, nn_op_draw.p, element)) word |= place;
    c->values[at][bit / 32] = (double)word;
    c->care[at][bit / 32] = (double)((uint32_t)c->care[at][bit / 32] | place);
}

/* Nothing counts but the bits that are set later, and the words behind each mask, which nobody writes. */
static void forget_words(ref_case *c, const char *name, size_t masks, size_t words)
{
    double *care = c->care[nn_op_tensor_at(c->operation, name)];
    for (size_t k = 0; k < masks; ++k)
        for (size_t w = 0; w < words; ++w) care[k * (words + NN_OP_GAP) + w] = 0.0;
}

static void masks(ref_case *c)
{
    const size_t N = ref_rows(c), M = c->shape->slices, G = c->shape->width, words = nn_dropout_mask_words(ref_flat(c));
    const size_t attention_words = nn_dropout_mask_attention_words(N, M),
                 graph_words = nn_dropout_mask_words(M * ref_flat(c));
    const uint64_t first = (uint64_t)NN_OP_FIRST_ROW * G;
    forget_words(c, "flat", 1, words);
    forget_words(c, "listed", NN_OP_MASKS, words);
    forget_words(c, "attention", NN_OP_MASKS, attention_words);
    forget_words(c, "graph", NN_OP_MASKS, graph_words);
    for (size_t e = 0; e < ref_flat(c); ++e) set_bit(c, "flat", e, nn_op_sites[0], first + e);
    for (size_t k = 0; k < NN_OP_MASKS; ++k) {
        for (size_t e = 0; e < ref_flat(c); ++e)
            set_bit(c, "listed", k * 32 * (words + NN_OP_GAP) + e, nn_op_sites[k], first + e);
        for (size_t i = 0; i < N * M; ++i) /* row and head */
            for (size_t j = 0; j < ref_length(&c->dialogues, (size_t)c->dialogues.dialogue_of[i / M]); ++j)
                set_bit(c, "attention", k * 32 * (attention_words + NN_OP_GAP) + i * NN_LONGEST_DIALOGUE + j,
                        nn_op_sites[k], (NN_OP_FIRST_ROW * M + i) * NN_LONGEST_DIALOGUE + j);
        for (size_t e = 0; e < M * N * G; ++e) {
            const size_t m = e / (N * G), r = e / G % N;
            set_bit(c, "graph", k * 32 * (graph_words + NN_OP_GAP) + e, nn_op_sites[k],
                    ((NN_OP_FIRST_ROW + r) * M + m) * G + e % G);
        }
    }
}

typedef struct loss_problem {
    nn_config config;
    ref_losses losses;
    int32_t *labels;
    float *teacher; /* logits that differences leave alone */
    double *pulling;
} loss_problem;

static void open_losses(loss_problem *p, const ref_case *c)
{
    const size_t N = ref_rows(c), C = c->shape->classes;
    p->config = nn_op_losses(c->shape);
    p->labels = ref_memory(N, sizeof *p->labels);
    p->pulling = ref_doubles(N * C);
    p->teacher = ref_memory(N * C, sizeof *p->teacher);
    for (size_t n = 0; n < N; ++n) p->labels[n] = nn_op_label(c->shape, n);
    nn_op_values(c->operation, c->shape, nn_op_tensor_at(c->operation, "logits"), p->teacher);
    for (size_t i = 0; i < N * C; ++i) p->pulling[i] = (double)p->teacher[i];
    p->losses = (ref_losses){.config = &p->config,
                             .rows = N,
                             .modalities = c->shape->slices,
                             .classes = C,
                             .logits = V("logits"),
                             .pulling_logits = p->config.teacher_gradient ? V("logits") : p->pulling,
                             .student_logits = V("student_logits"),
                             .labels = p->labels,
                             .class_weights = V("per_class"),
                             .alpha = V("per_class") + C,
                             .similarity = V("similarity")};
}

static void close_losses(loss_problem *p)
{
    free(p->labels);
    free(p->teacher);
    free(p->pulling);
}

/* The part that row n has in each of the three losses: that of a batch of this row alone, weighed as in the whole
 * batch. */
static void loss_terms(double terms[3], const loss_problem *whole, size_t n)
{
    const ref_losses *w = &whole->losses;
    const size_t C = w->classes, M = w->modalities;
    double weights = 0.0, labelled = 0.0, losses[4];
    double *students = ref_doubles(M * C), *similarity = ref_doubles(C * C);
    for (size_t r = 0; r < w->rows; ++r) {
        if (w->labels[r] < 0) continue;
        weights += w->class_weights[w->labels[r]];
        labelled += 1.0;
        for (size_t k = 0; k < C * C; ++k) /* every row the mean of the batch */
            similarity[k] += w->similarity[(size_t)w->labels[r] * C + k % C];
    }
    for (size_t k = 0; k < C * C; ++k) similarity[k] /= labelled;
    for (size_t k = 0; k < M * C; ++k) students[k] = w->student_logits[(k / C * w->rows + n) * C + k % C];
    ref_losses alone = *w;
    alone.rows = 1;
    alone.logits = w->logits + n * C;
    alone.pulling_logits = w->pulling_logits + n * C;
    alone.student_logits = students;
    alone.labels = w->labels + n;
    if (whole->config.saf_form == NN_SAF_PUBLISHED) alone.similarity = similarity;
    ref_losses_forward(losses, &alone);
    terms[0] = w->labels[n] < 0 ? 0.0 : losses[1] * w->class_weights[w->labels[n]] / weights;
    terms[1] = w->labels[n] < 0 ? 0.0 : losses[2] / labelled;
    terms[2] = losses[3] / (double)w->rows;
    free(students);
    free(similarity);
}

static void losses(ref_case *c)
{
    const size_t N = ref_rows(c), M = c->shape->slices, C = c->shape->classes;
    loss_problem p;
    double sums[4];
    open_losses(&p, c);
    for (size_t n = 0; n < N; ++n) {
        ref_log_softmax(V("log_p") + n * C, NULL, V("logits") + n * C, C, 1.0);
        ref_log_softmax(V("log_tau") + n * C, NULL, V("logits") + n * C, C, p.config.temperature);
        loss_terms(V("terms") + 3 * n, &p, n);
    }
    for (size_t n = 0; n < M * N; ++n) {
        ref_log_softmax(V("student_log_p") + n * C, NULL, V("student_logits") + n * C, C, 1.0);
        ref_log_softmax(V("student_log_tau") + n * C, NULL, V("student_logits") + n * C, C, p.config.temperature);
    }
    ref_start_sum(c, "losses");
    ref_losses_forward(sums, &p.losses);
    for (size_t i = 0; i < 4; ++i) V("losses")[i] += sums[i];
    memset(V("dlogits"), 0, N * C * sizeof(double));
    memset(V("dstudent_logits"), 0, M * N * C * sizeof(double));
    ref_losses_backward(V("dlogits"), V("dstudent_logits"), &p.losses);
    close_losses(&p);
}

static void mean(ref_case *c)
{
    const size_t C = c->shape->classes;
    const double temperatures[] = {1.0, nn_op_losses(c->shape).temperature};
    double *means[] = {V("log_mean_p"), V("log_mean_tau")}, first[64], second[64];
    for (size_t t = 0; t < 2; ++t)
        for (size_t n = 0; n < ref_rows(c); ++n) {
            ref_log_softmax(first, NULL, V("logits_1") + n * C, C, temperatures[t]);
            ref_log_softmax(second, NULL, V("logits_2") + n * C, C, temperatures[t]);
            for (size_t k = 0; k < C; ++k) means[t][n * C + k] = log((exp(first[k]) + exp(second[k])) / 2.0);
        }
}

static void long_loop(ref_case *c)
{
    for (size_t i = 0; i < c->shape->width; ++i) {
        uint32_t x = (uint32_t)i;
        for (size_t turn = 0; turn < c->shape->depth; ++turn) x = 1664525u * x + 1013904223u;
        V("words")[i] = x;
    }
}

static void optimizer(ref_case *c)
{
    const double updates = NN_OP_UPDATES + 1.0, norm = ref_norm(V("gradient"), ref_flat(c));
    ref_adam state = {V("p"), V("m"), V("v"), ref_flat(c), NN_OP_UPDATES};
    V("norm")[0] = norm;
    V("factor")[0] = norm > nn_op_adam.clip ? nn_op_adam.clip / norm : 1.0;
    V("corrections")[0] = 1.0 / (1.0 - pow(nn_op_adam.beta1, updates));
    V("corrections")[1] = 1.0 / (1.0 - pow(nn_op_adam.beta2, updates));
    V("counts")[0] = updates;
    V("counts")[1] = NN_OP_SKIPPED;
    ref_adam_update(&state, V("gradient"), norm, &nn_op_adam, NN_OP_LR);
}

const ref_operation ref_step_operations[] = {
    {"gemm", gemm, NULL},           {"linear", linear_forward, linear_backward},
    {"dropout_mask", masks, NULL},  {"losses", losses, NULL},
    {"mean", mean, NULL},           {"optimizer", optimizer, NULL},
    {"long loop", long_loop, NULL}, {NULL, NULL, NULL},
};
