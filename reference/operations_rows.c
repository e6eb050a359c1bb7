/* Operations on rows and flat arrays. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/layers/column_sums.h"
#include "reference/add.h"
#include "reference/dropout.h"
#include "reference/embedding.h"
#include "reference/gate.h"
#include "reference/gelu.h"
#include "reference/layernorm.h"
#include "reference/operations_list.h"
#include "reference/relu.h"

static void column_sums(ref_case *c)
{
    const size_t width = c->shape->width, length = nn_parts_of(ref_rows(c)).length;
    memset(V("partials"), 0, nn_op_elements(c->operation, c->shape, "partials") * sizeof(double));
    ref_start_sum(c, "sums");
    for (size_t i = 0; i < ref_flat(c); ++i) {
        const size_t r = i / width, k = i % width;
        V("partials")[r / length * width + k] += V("x")[i];
        V("sums")[k] += V("x")[i];
    }
}

static void add(ref_case *c)
{
    ref_add(V("z"), V("x"), V("y"), ref_flat(c));
}

static void dropout_forward(ref_case *c)
{
    double *keep = ref_kept(c, ref_flat(c));
    ref_dropout_forward(V("y"), V("x"), V("residual"), keep, (double)NN_OP_SCALE, ref_flat(c));
    free(keep);
}

static void dropout_backward(ref_case *c)
{
    double *keep = ref_kept(c, ref_flat(c));
    ref_dropout_backward(V("dx"), V("dy"), keep, (double)NN_OP_SCALE, ref_flat(c), ref_beta(c));
    free(keep);
}

static void gelu_forward(ref_case *c)
{
    double *keep = ref_kept(c, ref_flat(c));
    ref_gelu_forward(V("h"), V("u"), keep, (double)NN_OP_SCALE, ref_flat(c));
    free(keep);
}

static void gelu_backward(ref_case *c)
{
    double *keep = ref_kept(c, ref_flat(c));
    ref_gelu_forward(V("h_again"), V("u"), keep, (double)NN_OP_SCALE, ref_flat(c));
    ref_gelu_backward(V("du"), V("dh"), V("u"), keep, (double)NN_OP_SCALE, ref_flat(c));
    free(keep);
}

static void relu_forward(ref_case *c)
{
    double *keep = ref_kept(c, ref_flat(c));
    ref_relu_forward(V("y"), V("x"), keep, (double)NN_OP_SCALE, ref_flat(c));
    free(keep);
}

static void relu_backward(ref_case *c)
{
    double *keep = ref_kept(c, ref_flat(c));
    ref_relu_backward(V("dx"), V("dy"), V("x"), keep, (double)NN_OP_SCALE, ref_flat(c), ref_beta(c));
    free(keep);
}

static void gate_forward(ref_case *c)
{
    ref_gate_forward(V("y"), V("x"), V("z"), (nn_gate_kind)c->shape->variant, ref_flat(c));
}

static void gate_backward(ref_case *c)
{
    ref_start_sum(c, "dx");
    ref_gate_backward(V("dx"), V("dz"), V("dy"), V("x"), V("z"), (nn_gate_kind)c->shape->variant, ref_flat(c));
}

static void layernorm_forward(ref_case *c)
{
    ref_layernorm_forward(V("y"), V("mean"), V("rstd"), V("x"), V("gain"), V("bias"), ref_rows(c), c->shape->width);
}

/* The gradients of gain and bias over each part of the rows alone. */
static void layernorm_partials(ref_case *c)
{
    const size_t width = c->shape->width, rows = ref_rows(c);
    const nn_parts parts = nn_parts_of(rows);
    double *dgain = V("partials"), *dbias = dgain + parts.count * width, *dx = ref_doubles(ref_flat(c));
    memset(dgain, 0, 2 * parts.count * width * sizeof *dgain);
    for (size_t first = 0; first < rows; first += parts.length, dgain += width, dbias += width) {
        const size_t length = first + parts.length < rows ? parts.length : rows - first;
        ref_layernorm_backward(dx, dgain, dbias, V("dy") + first * width, V("x") + first * width, V("gain"), length,
                               width);
    }
    free(dx);
}

static void layernorm_backward(ref_case *c)
{
    ref_start_sum(c, "dx");
    ref_start_sum(c, "dgain");
    ref_start_sum(c, "dbias");
    ref_layernorm_backward(V("dx"), V("dgain"), V("dbias"), V("dy"), V("x"), V("gain"), ref_rows(c), c->shape->width);
    layernorm_partials(c);
    memcpy(V("y_again"), V("y"), ref_flat(c) * sizeof(double));
}

static int32_t *speakers_of(const ref_case *c)
{
    int32_t *speakers = ref_memory(ref_rows(c), sizeof *speakers);
    for (size_t r = 0; r < ref_rows(c); ++r) speakers[r] = nn_op_speaker(c->shape, r);
    return speakers;
}

static void embedding_forward(ref_case *c)
{
    const size_t width = c->shape->width;
    int32_t *speakers = speakers_of(c);
    ref_embedding_forward(V("y"), V("x"), NULL, speakers, V("table"), c->shape->speakers, ref_rows(c), width);
    for (size_t i = 0; i < ref_flat(c); ++i) {
        const size_t r = i / width, position = r - (size_t)c->dialogues.starts[c->dialogues.dialogue_of[r]];
        V("y")[i] += V("positional_encoding")[position * width + i % width];
    }
    free(speakers);
}

/* The rows in the order of their speakers, cut into parts; the part p of speaker s is row p + s of the partials. */
static void embedding_partials(ref_case *c, const int32_t *speakers, const char *gradient)
{
    const size_t width = c->shape->width, length = nn_parts_of(ref_rows(c)).length;
    double *partials = V("partials");
    size_t place = 0;
    for (int32_t s = 0; (size_t)s <= c->shape->speakers; ++s)
        for (size_t r = 0; r < ref_rows(c); ++r) {
            if (speakers[r] != s) continue;
            double *row = partials + (place++ / length + (size_t)s) * width;
            for (size_t k = 0; k < width; ++k) row[k] = V(gradient)[r * width + k] + (isnan(row[k]) ? 0.0 : row[k]);
        }
}

static void embedding_backward(ref_case *c)
{
    static const char *const gradients[] = {"dy", "dy_1", "dy_2"};
    int32_t *speakers = speakers_of(c);
    ref_start_sum(c, "dtable");
    for (size_t t = 0; t < 3; ++t) {
        ref_embedding_backward(V("dtable"), V(gradients[t]), speakers, c->shape->speakers, ref_rows(c),
                               c->shape->width);
        embedding_partials(c, speakers, gradients[t]);
    }
    free(speakers);
}

static ref_head head_of(const ref_case *c)
{
    return (ref_head){ref_rows(c), c->shape->slices, c->shape->width};
}

static void head_forward(ref_case *c)
{
    double *keep = ref_kept(c, 2 * c->shape->slices * ref_flat(c));
    ref_head_forward(V("y"), V("x0"), V("xk"), keep, (double)NN_OP_SCALE, head_of(c));
    free(keep);
}

static void head_backward(ref_case *c)
{
    double *keep = ref_kept(c, 2 * c->shape->slices * ref_flat(c));
    ref_head_backward(V("dx0"), V("dxk"), V("dy"), V("x0"), V("xk"), keep, (double)NN_OP_SCALE, head_of(c));
    free(keep);
}

const ref_operation ref_row_operations[] = {
    {"column_sums", column_sums, NULL},
    {"add", add, NULL},
    {"dropout", dropout_forward, dropout_backward},
    {"gelu", gelu_forward, gelu_backward},
    {"relu", relu_forward, relu_backward},
    {"gate", gate_forward, gate_backward},
    {"layernorm", layernorm_forward, layernorm_backward},
    {"embedding", embedding_forward, embedding_backward},
    {"head", head_forward, head_backward},
    {NULL, NULL, NULL},
};
