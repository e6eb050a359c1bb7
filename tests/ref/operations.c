#include "tests/ref/operations.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/column_sums.h"
#include "model/gcn.h"
#include "tests/ref/attention.h"
#include "tests/ref/blockproduct.h"
#include "tests/ref/dropout.h"
#include "tests/ref/embedding.h"
#include "tests/ref/gate.h"
#include "tests/ref/gcn.h"
#include "tests/ref/gelu.h"
#include "tests/ref/gemm.h"
#include "tests/ref/layernorm.h"
#include "tests/ref/losses.h"
#include "tests/ref/mask.h"
#include "tests/ref/optimizer.h"
#include "tests/ref/relu.h"

static void *memory(size_t elements, size_t size)
{
    void *bytes = calloc(elements ? elements : 1, size);
    if (!bytes) {
        fprintf(stderr, "no memory for a reference of %zu elements\n", elements);
        abort();
    }
    return bytes;
}

static double *doubles(size_t elements)
{
    return memory(elements, sizeof(double));
}

static size_t rows(const ref_case *c)
{
    return nn_op_rows(c->shape);
}

static size_t flat(const ref_case *c)
{
    return rows(c) * c->shape->width;
}

static double beta(const ref_case *c)
{
    return c->shape->add ? 1.0 : 0.0;
}

double *ref_value(const ref_case *c, const char *name)
{
    const size_t at = nn_op_tensor_at(c->operation, name);
    if (at == NN_OP_MOST_TENSORS) {
        fprintf(stderr, "%s has no tensor %s\n", c->operation->name, name);
        abort();
    }
    return c->values[at];
}
#define V(name) ref_value(c, name)

/* What the mask of an operation keeps, 0 or 1; NULL where nothing is masked. free() it. */
static double *kept(const ref_case *c, size_t elements)
{
    if (!c->shape->masked) return NULL;
    double *keep = doubles(elements);
    const double *words = V("bits");
    for (size_t e = 0; e < elements; ++e) keep[e] = (double)(((uint32_t)words[e / 32] >> (e % 32)) & 1u);
    return keep;
}

/* Gradients that references add to start at 0 unless they are added to what is there. */
static void start_sum(const ref_case *c, const char *name)
{
    if (!c->shape->add) memset(V(name), 0, nn_op_elements(c->operation, c->shape, name) * sizeof(double));
}

/* ---- rows ---- */

static void column_sums(ref_case *c)
{
    const size_t width = c->shape->width, length = nn_parts_of(rows(c)).length;
    memset(V("partials"), 0, nn_op_elements(c->operation, c->shape, "partials") * sizeof(double));
    start_sum(c, "sums");
    for (size_t i = 0; i < flat(c); ++i) {
        const size_t r = i / width, k = i % width;
        V("partials")[r / length * width + k] += V("x")[i];
        V("sums")[k] += V("x")[i];
    }
}

static void dropout_forward(ref_case *c)
{
    double *keep = kept(c, flat(c));
    ref_dropout_forward(V("y"), V("x"), V("residual"), keep, (double)NN_OP_SCALE, flat(c));
    free(keep);
}

static void dropout_backward(ref_case *c)
{
    double *keep = kept(c, flat(c));
    ref_dropout_backward(V("dx"), V("dy"), keep, (double)NN_OP_SCALE, flat(c), beta(c));
    free(keep);
}

static void gelu_forward(ref_case *c)
{
    double *keep = kept(c, flat(c));
    ref_gelu_forward(V("h"), V("u"), keep, (double)NN_OP_SCALE, flat(c));
    free(keep);
}

static void gelu_backward(ref_case *c)
{
    double *keep = kept(c, flat(c));
    ref_gelu_backward(V("du"), V("dh"), V("u"), keep, (double)NN_OP_SCALE, flat(c));
    free(keep);
}

static void relu_forward(ref_case *c)
{
    double *keep = kept(c, flat(c));
    ref_relu_forward(V("y"), V("x"), keep, (double)NN_OP_SCALE, flat(c));
    free(keep);
}

static void relu_backward(ref_case *c)
{
    double *keep = kept(c, flat(c));
    ref_relu_backward(V("dx"), V("dy"), V("x"), keep, (double)NN_OP_SCALE, flat(c), beta(c));
    free(keep);
}

static void gate_forward(ref_case *c)
{
    ref_gate_forward(V("y"), V("x"), V("z"), (nn_gate_kind)c->shape->variant, flat(c));
}

static void gate_backward(ref_case *c)
{
    start_sum(c, "dx");
    ref_gate_backward(V("dx"), V("dz"), V("dy"), V("x"), V("z"), (nn_gate_kind)c->shape->variant, flat(c));
}

static void layernorm_forward(ref_case *c)
{
    ref_layernorm_forward(V("y"), V("mean"), V("rstd"), V("x"), V("gain"), V("bias"), rows(c), c->shape->width);
}

static void layernorm_backward(ref_case *c)
{
    start_sum(c, "dx");
    start_sum(c, "dgain");
    start_sum(c, "dbias");
    ref_layernorm_backward(V("dx"), V("dgain"), V("dbias"), V("dy"), V("x"), V("gain"), rows(c), c->shape->width);
}

static int32_t *speakers_of(const ref_case *c)
{
    int32_t *speakers = memory(rows(c), sizeof *speakers);
    for (size_t r = 0; r < rows(c); ++r) speakers[r] = nn_op_speaker(c->shape, r);
    return speakers;
}

static void embedding_forward(ref_case *c)
{
    const size_t width = c->shape->width;
    int32_t *speakers = speakers_of(c);
    ref_embedding_forward(V("y"), V("x"), NULL, speakers, V("table"), rows(c), width);
    for (size_t i = 0; i < flat(c); ++i) {
        const size_t r = i / width, place = r - (size_t)c->dialogues.starts[c->dialogues.dialogue_of[r]];
        V("y")[i] += V("places")[place * width + i % width];
    }
    free(speakers);
}

/* The rows in the order of their speakers, cut into parts; the part p of speaker s is row p + s of the partials. */
static void embedding_partials(ref_case *c, const int32_t *speakers, const char *gradient)
{
    const size_t width = c->shape->width, length = nn_parts_of(rows(c)).length;
    double *partials = V("partials");
    size_t place = 0;
    for (int32_t s = 0; (size_t)s < c->shape->speakers; ++s)
        for (size_t r = 0; r < rows(c); ++r) {
            if (speakers[r] != s) continue;
            double *row = partials + (place++ / length + (size_t)s) * width;
            for (size_t k = 0; k < width; ++k) row[k] = V(gradient)[r * width + k] + (isnan(row[k]) ? 0.0 : row[k]);
        }
}

static void embedding_backward(ref_case *c)
{
    static const char *const gradients[] = {"dy", "dy_1", "dy_2"};
    int32_t *speakers = speakers_of(c);
    start_sum(c, "dtable");
    for (size_t t = 0; t < 3; ++t) {
        ref_embedding_backward(V("dtable"), V(gradients[t]), speakers, rows(c), c->shape->width);
        embedding_partials(c, speakers, gradients[t]);
    }
    free(speakers);
}

static ref_head head_of(const ref_case *c)
{
    return (ref_head){rows(c), c->shape->slices, c->shape->width};
}

static void head_forward(ref_case *c)
{
    double *keep = kept(c, 2 * c->shape->slices * flat(c));
    ref_head_forward(V("y"), V("x0"), V("xk"), keep, (double)NN_OP_SCALE, head_of(c));
    free(keep);
}

static void head_backward(ref_case *c)
{
    double *keep = kept(c, 2 * c->shape->slices * flat(c));
    ref_head_backward(V("dx0"), V("dxk"), V("dy"), V("x0"), V("xk"), keep, (double)NN_OP_SCALE, head_of(c));
    free(keep);
}

/* ---- dialogues ---- */

static ref_band band_of(const ref_case *c, const char *name)
{
    return (ref_band){V(name), c->shape->width, c->shape->width / c->shape->slices};
}

static void blocks(ref_case *c)
{
    const size_t slices = c->shape->slices, columns = c->shape->width / slices;
    ref_blocks_outer(V("square"), band_of(c, "x"), band_of(c, "y"), &c->dialogues, slices, columns, NN_OP_ALPHA);
    ref_blocks_apply(band_of(c, "applied"), V("square"), band_of(c, "y"), &c->dialogues, slices, columns, beta(c));
    ref_blocks_apply_t(band_of(c, "applied_t"), V("square"), band_of(c, "x"), &c->dialogues, slices, columns, beta(c));
}

static ref_attention attention_of(const ref_case *c, const double *keep)
{
    return (ref_attention){&c->dialogues, c->shape->width, c->shape->slices,   V("q"), V("k"),
                           V("v"),        keep,            (double)NN_OP_SCALE};
}

static void attention_forward(ref_case *c)
{
    double *keep = kept(c, rows(c) * c->shape->slices * NN_LONGEST_DIALOGUE);
    const ref_attention attention = attention_of(c, keep);
    ref_attention_forward(V("context"), V("probabilities"), &attention);
    free(keep);
}

static void attention_backward(ref_case *c)
{
    double *keep = kept(c, rows(c) * c->shape->slices * NN_LONGEST_DIALOGUE);
    const ref_attention attention = attention_of(c, keep);
    ref_attention_backward(V("dq"), V("dk"), V("dv"), V("probabilities"), &attention, V("dcontext"));
    free(keep);
}

static ref_gcn graph_of(const ref_case *c, const double *keep)
{
    return (ref_gcn){&c->dialogues, c->shape->slices, c->shape->width,    V("x"), V("weight"),
                     V("bias"),     keep,             (double)NN_OP_SCALE};
}

static void graph_forward(ref_case *c)
{
    double *keep = kept(c, c->shape->slices * flat(c));
    const ref_gcn layer = graph_of(c, keep);
    ref_gcn_forward(V("x_next"), V("u"), V("s"), &layer);
    ref_gcn_coefficients(V("a"), V("u"), V("s"), &layer);
    free(keep);
}

static void graph_backward(ref_case *c)
{
    const size_t G = c->shape->width, nodes = c->shape->slices * rows(c);
    double *keep = kept(c, nodes * G);
    const ref_gcn layer = graph_of(c, keep);
    ref_gcn_backward(V("dx"), V("dweight"), V("dbias"), V("u"), V("s"), &layer, V("dx_next"), beta(c));
    ref_gcn_gates_backward(V("dz"), V("du"), V("ds"), V("u"), V("s"), &layer, V("dx_next"));
    memset(V("partials"), 0, nn_op_elements(c->operation, c->shape, "partials") * sizeof(double));
    for (size_t n = 0; n < nodes; ++n)
        for (size_t k = 0; k < G; ++k) {
            double *partial = V("partials") + n / NN_GCN_CHUNK * 2 * G;
            const double h = V("x")[n * G + k] * (keep ? keep[n * G + k] : 1.0) * (double)NN_OP_SCALE;
            partial[k] += V("du")[n] * h;
            partial[G + k] += V("ds")[n] * h;
        }
    free(keep);
}

/* ---- the step ---- */

static float *floats_of(const double *values, size_t elements)
{
    float *copy = memory(elements, sizeof *copy);
    for (size_t i = 0; i < elements; ++i) copy[i] = (float)values[i];
    return copy;
}

static void gemm(ref_case *c)
{
    const nn_op_shape *s = c->shape;
    const size_t m = rows(c), n = s->width, k = s->depth;
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
                              .beta = beta(c),
                              .bias = bias};
    double magnitude = 0.0;
    for (size_t r = 0; r < m; ++r)
        for (size_t i = 0; i < n; ++i) V("c")[r * (n + NN_OP_GAP) + i] = ref_gemm_element(&product, r, i, &magnitude);
    free(a);
    free(b);
    free(old);
    free(bias);
}

/* Sets a bit of words; it counts from now on. */
static void set_bit(ref_case *c, const char *name, size_t bit, uint32_t site, uint64_t element)
{
    const size_t at = nn_op_tensor_at(c->operation, name);
    const uint32_t place = (uint32_t)1 << (bit % 32);
    uint32_t word = (uint32_t)c->values[at][bit / 32] & ~place;
    if (ref_mask_kept(nn_op_draw.seed, site, nn_op_draw.step, nn_op_draw.p, element)) word |= place;
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
    const size_t N = rows(c), M = c->shape->slices, G = c->shape->width, words = nn_mask_words(flat(c));
    const size_t attention_words = nn_mask_attention_words(N, M), graph_words = nn_mask_words(M * flat(c));
    const uint64_t first = (uint64_t)NN_OP_FIRST_ROW * G;
    forget_words(c, "flat", 1, words);
    forget_words(c, "listed", NN_OP_MASKS, words);
    forget_words(c, "attention", NN_OP_MASKS, attention_words);
    forget_words(c, "graph", NN_OP_MASKS, graph_words);
    for (size_t e = 0; e < flat(c); ++e) set_bit(c, "flat", e, nn_op_sites[0], first + e);
    for (size_t k = 0; k < NN_OP_MASKS; ++k) {
        for (size_t e = 0; e < flat(c); ++e)
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
    const size_t N = rows(c), C = c->shape->classes;
    p->config = nn_op_losses(c->shape);
    p->labels = memory(N, sizeof *p->labels);
    p->pulling = doubles(N * C);
    p->teacher = memory(N * C, sizeof *p->teacher);
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

/* The part that row n has in each of the three losses: that of a batch of this row alone, weighed as in the whole batch. */
static void loss_terms(double terms[3], const loss_problem *whole, size_t n)
{
    const ref_losses *w = &whole->losses;
    const size_t C = w->classes, M = w->modalities;
    double weights = 0.0, labelled = 0.0, losses[4];
    double *students = doubles(M * C), *similarity = doubles(C * C);
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
    const size_t N = rows(c), M = c->shape->slices, C = c->shape->classes;
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
    start_sum(c, "losses");
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
        for (size_t n = 0; n < rows(c); ++n) {
            ref_log_softmax(first, NULL, V("logits_1") + n * C, C, temperatures[t]);
            ref_log_softmax(second, NULL, V("logits_2") + n * C, C, temperatures[t]);
            for (size_t k = 0; k < C; ++k) means[t][n * C + k] = log((exp(first[k]) + exp(second[k])) / 2.0);
        }
}

static void optimizer(ref_case *c)
{
    const double updates = NN_OP_UPDATES + 1.0, norm = ref_norm(V("gradient"), flat(c));
    ref_adam state = {V("p"), V("m"), V("v"), flat(c), NN_OP_UPDATES};
    V("norm")[0] = norm;
    V("factor")[0] = norm > nn_op_adam.clip ? nn_op_adam.clip / norm : 1.0;
    V("corrections")[0] = 1.0 / (1.0 - pow(nn_op_adam.beta1, updates));
    V("corrections")[1] = 1.0 / (1.0 - pow(nn_op_adam.beta2, updates));
    V("counts")[0] = updates;
    V("counts")[1] = NN_OP_SKIPPED;
    ref_adam_update(&state, V("gradient"), norm, &nn_op_adam, NN_OP_LR);
}

/* ---- all of them ---- */

static const struct reference {
    const char *name;
    void (*forward)(ref_case *c), (*backward)(ref_case *c);
} references[] = {
    {"column_sums", column_sums, NULL},
    {"dropout", dropout_forward, dropout_backward},
    {"gelu", gelu_forward, gelu_backward},
    {"relu", relu_forward, relu_backward},
    {"gate", gate_forward, gate_backward},
    {"layernorm", layernorm_forward, layernorm_backward},
    {"embedding", embedding_forward, embedding_backward},
    {"head", head_forward, head_backward},
    {"blocks", blocks, NULL},
    {"attention", attention_forward, attention_backward},
    {"gcn", graph_forward, graph_backward},
    {"gemm", gemm, NULL},
    {"mask", masks, NULL},
    {"losses", losses, NULL},
    {"mean", mean, NULL},
    {"optimizer", optimizer, NULL},
};

static const struct reference *reference_of(const ref_case *c)
{
    for (size_t i = 0; i < sizeof references / sizeof *references; ++i)
        if (strcmp(references[i].name, c->operation->name) == 0) return &references[i];
    return NULL;
}

int ref_case_forward(ref_case *c)
{
    const struct reference *reference = reference_of(c);
    if (reference) reference->forward(c);
    return reference != NULL;
}

int ref_case_backward(ref_case *c)
{
    const struct reference *reference = reference_of(c);
    if (reference && reference->backward) reference->backward(c);
    return reference != NULL;
}

/* What tensor `t` holds before the operation, as numbers. */
static void fill(ref_case *c, size_t t)
{
    const nn_op_tensor *tensor = &c->operation->tensors[t];
    const size_t elements = tensor->elements(c->shape);
    const bool words = tensor->fill == NN_OP_WORDS, filled = nn_op_filled(tensor, c->shape);
    uint32_t *bits = memory(elements, sizeof *bits);
    c->values[t] = doubles(elements);
    if (words) c->care[t] = doubles(elements);
    if (filled) nn_op_values(c->operation, c->shape, t, bits);
    for (size_t i = 0; i < elements; ++i) {
        float number = 0.0f;
        memcpy(&number, &bits[i], sizeof number);
        if (words) c->care[t][i] = (double)UINT32_MAX;
        if (words) c->values[t][i] = (double)(filled ? bits[i] : NN_OP_UNWRITTEN);
        else c->values[t][i] = filled ? (double)number : (double)NAN;
    }
    free(bits);
}

void ref_case_create(ref_case *c, const nn_operation *operation, const nn_op_shape *shape)
{
    *c = (ref_case){.operation = operation, .shape = shape};
    const size_t D = shape->dialogues;
    c->lists = memory(2 * (D + 1) + nn_op_rows(shape), sizeof *c->lists);
    c->dialogues =
        ref_dialogues_of(shape->lengths, D, c->lists, c->lists + D + 1, c->lists + 2 * (D + 1));
    for (size_t t = 0; operation->tensors[t].name; ++t)
        if (operation->tensors[t].role != NN_OP_SCRATCH) fill(c, t);
}

void ref_case_destroy(ref_case *c)
{
    for (size_t t = 0; t < NN_OP_MOST_TENSORS; ++t) {
        free(c->values[t]);
        free(c->care[t]);
    }
    free(c->lists);
    *c = (ref_case){.operation = NULL};
}
