/* Operations on rows and flat arrays. */
#include "model/layers/add.h"
#include "model/layers/column_sums.h"
#include "model/layers/dropout.h"
#include "model/layers/embedding.h"
#include "model/layers/gate.h"
#include "model/layers/gelu.h"
#include "model/layers/head.h"
#include "model/layers/layernorm.h"
#include "model/checks/operations_list.h"
#include "model/layers/relu.h"

static const int32_t short_lengths[] = {5, 1, 13}, long_lengths[] = {9, 2, 23, 7};

#define SHORT .lengths = short_lengths, .dialogues = 3
#define LONG .lengths = long_lengths, .dialogues = 4

/* Widths around one and several vectors; masked and not, overwriting and adding. */
static const nn_op_shape flat_shapes[] = {
    {.brief = true, SHORT, .width = 35, .masked = true},
    {LONG, .width = 16, .add = true},
    {SHORT, .width = 1, .masked = true, .add = true},
};

static const nn_op_shape row_shapes[] = {
    {.brief = true, LONG, .width = 37},
    {LONG, .width = 16, .add = true},
    {SHORT, .width = 131},
};

/* ---- column sums ---- */

static size_t partials(const nn_op_shape *s)
{
    return nn_parts_of(nn_op_rows(s)).count * s->width;
}

static const nn_op_tensor column_sums_tensors[] = {
    NN_OP_READ("x", SIGNED, nn_op_flat),
    NN_OP_WRITTEN(OUTPUT, "partials", partials, NN_OP_SUM, "column_sums_parts", NULL),
    NN_OP_WRITTEN(ADDED, "sums", nn_op_width, NN_OP_SUM, "column_sums_finish", NULL),
    {.name = NULL},
};

static st_status column_sums_forward(const nn_op_run *r)
{
    const nn_matrix x = nn_dense(nn_op_view(r, "x"), nn_op_rows(r->shape), r->shape->width);
    return nn_column_sums(r->rt, nn_op_view(r, "sums"), nn_op_view(r, "partials"), x, nn_op_beta(r));
}

const nn_operation nn_operation_column_sums = {
    .name = "column_sums",
    .kernels = (const char *const[]){"column_sums_parts", "column_sums_finish", NULL},
    .tensors = column_sums_tensors,
    NN_OP_SHAPES(row_shapes),
    .forward = column_sums_forward,
};

/* ---- addition ---- */

static const nn_op_tensor add_tensors[] = {
    NN_OP_READ("x", SIGNED, nn_op_flat),
    NN_OP_READ("y", SIGNED, nn_op_flat),
    NN_OP_WRITTEN(OUTPUT, "z", nn_op_flat, NN_OP_ROUNDING, "add", NULL),
    {.name = NULL},
};

static st_status add_forward(const nn_op_run *r)
{
    return nn_add(r->rt, nn_op_view(r, "z"), nn_op_view(r, "x"), nn_op_view(r, "y"), nn_op_flat(r->shape));
}

const nn_operation nn_operation_add = {
    .name = "add",
    .kernels = (const char *const[]){"add", NULL},
    .tensors = add_tensors,
    NN_OP_SHAPES(flat_shapes),
    .forward = add_forward,
};

/* ---- dropout ---- */

static const nn_op_tensor dropout_tensors[] = {
    NN_OP_READ("x", SIGNED, nn_op_flat),
    NN_OP_READ("residual", SIGNED, nn_op_flat),
    NN_OP_READ("bits", WORDS, nn_op_flat_words),
    NN_OP_INCOMING("dy", nn_op_flat, "y"),
    NN_OP_WRITTEN(OUTPUT, "y", nn_op_flat, NN_OP_ROUNDING, "dropout_forward", NULL),
    NN_OP_WRITTEN(ADDED, "dx", nn_op_flat, NN_OP_ROUNDING, "dropout_backward", "x"),
    {.name = NULL},
};

static nn_dropout dropout_of(const nn_op_run *r)
{
    return (nn_dropout){nn_op_flat(r->shape), nn_op_mask(r), nn_op_view(r, "residual")};
}

static st_status dropout_forward(const nn_op_run *r)
{
    const nn_dropout layer = dropout_of(r);
    return nn_dropout_forward(r->rt, nn_op_view(r, "y"), &layer, nn_op_view(r, "x"));
}

static st_status dropout_backward(const nn_op_run *r)
{
    const nn_dropout layer = dropout_of(r);
    const nn_dropout_gradient gradient = {nn_op_view(r, "dx"), nn_op_beta(r)};
    return nn_dropout_backward(r->rt, &gradient, &layer, nn_op_view(r, "dy"));
}

const nn_operation nn_operation_dropout = {
    .name = "dropout",
    .kernels = (const char *const[]){"dropout_forward", "dropout_backward", NULL},
    .tensors = dropout_tensors,
    NN_OP_SHAPES(flat_shapes),
    .forward = dropout_forward,
    .backward = dropout_backward,
};

/* ---- GELU ---- */

static const nn_op_tensor gelu_tensors[] = {
    NN_OP_READ("u", SIGNED, nn_op_flat),
    NN_OP_READ("bits", WORDS, nn_op_flat_words),
    NN_OP_INCOMING("dh", nn_op_flat, "h"),
    NN_OP_WRITTEN(OUTPUT, "h", nn_op_flat, NN_OP_ROUNDING, "gelu_forward", NULL),
    NN_OP_WRITTEN(OUTPUT, "du", nn_op_flat, NN_OP_ROUNDING, "gelu_backward", "u"),
    NN_OP_WRITTEN(OUTPUT, "h_again", nn_op_flat, NN_OP_ROUNDING, "gelu_backward", NULL),
    {.name = NULL},
};

static nn_gelu gelu_of(const nn_op_run *r)
{
    return (nn_gelu){nn_op_flat(r->shape), nn_op_mask(r), nn_op_view(r, "u")};
}

static st_status gelu_forward(const nn_op_run *r)
{
    const nn_gelu layer = gelu_of(r);
    return nn_gelu_forward(r->rt, nn_op_view(r, "h"), &layer, layer.u);
}

static st_status gelu_backward(const nn_op_run *r)
{
    const nn_gelu layer = gelu_of(r);
    const nn_gelu_gradient gradient = {nn_op_view(r, "du"), nn_op_view(r, "h_again")};
    return nn_gelu_backward(r->rt, &gradient, &layer, nn_op_view(r, "dh"));
}

const nn_operation nn_operation_gelu = {
    .name = "gelu",
    .kernels = (const char *const[]){"gelu_forward", "gelu_backward", NULL},
    .tensors = gelu_tensors,
    NN_OP_SHAPES(flat_shapes),
    .forward = gelu_forward,
    .backward = gelu_backward,
};

/* ---- rectifier ---- */

static const nn_op_tensor relu_tensors[] = {
    NN_OP_READ("x", SIGNED, nn_op_flat),
    NN_OP_READ("bits", WORDS, nn_op_flat_words),
    NN_OP_INCOMING("dy", nn_op_flat, "y"),
    NN_OP_WRITTEN(OUTPUT, "y", nn_op_flat, NN_OP_ROUNDING, "relu_forward", NULL),
    NN_OP_WRITTEN(ADDED, "dx", nn_op_flat, NN_OP_ROUNDING, "relu_backward", "x"),
    {.name = NULL},
};

static nn_relu relu_of(const nn_op_run *r)
{
    return (nn_relu){nn_op_flat(r->shape), nn_op_mask(r), nn_op_view(r, "y")};
}

static st_status relu_forward(const nn_op_run *r)
{
    const nn_relu layer = relu_of(r);
    return nn_relu_forward(r->rt, layer.y, &layer, nn_op_view(r, "x"));
}

static st_status relu_backward(const nn_op_run *r)
{
    const nn_relu layer = relu_of(r);
    const nn_relu_gradient gradient = {nn_op_view(r, "dx"), nn_op_beta(r)};
    return nn_relu_backward(r->rt, &gradient, &layer, nn_op_view(r, "dy"));
}

const nn_operation nn_operation_relu = {
    .name = "relu",
    .kernels = (const char *const[]){"relu_forward", "relu_backward", NULL},
    .tensors = relu_tensors,
    NN_OP_SHAPES(flat_shapes),
    .forward = relu_forward,
    .backward = relu_backward,
};

/* ---- gate ---- */

static const nn_op_shape gate_shapes[] = {
    {.brief = true, SHORT, .width = 35, .variant = NN_GATE_LEARNED},
    {.brief = true, SHORT, .width = 19, .variant = NN_GATE_IDENTITY, .add = true},
    {SHORT, .width = 16, .variant = NN_GATE_OFF},
    {LONG, .width = 33, .variant = NN_GATE_LEARNED, .add = true},
};

static const nn_op_tensor gate_tensors[] = {
    NN_OP_READ("x", SIGNED, nn_op_flat),
    NN_OP_READ("z", SIGNED, nn_op_flat),
    NN_OP_INCOMING("dy", nn_op_flat, "y"),
    NN_OP_WRITTEN(OUTPUT, "y", nn_op_flat, NN_OP_ROUNDING, "gate_forward", NULL),
    NN_OP_WRITTEN(ADDED, "dx", nn_op_flat, NN_OP_ROUNDING, "gate_backward", "x"),
    NN_OP_WRITTEN(OUTPUT, "dz", nn_op_flat, NN_OP_ROUNDING, "gate_backward", "z"), /* of a learned gate alone */
    {.name = NULL},
};

static nn_gate gate_of(const nn_op_run *r)
{
    return (nn_gate){(nn_gate_kind)r->shape->variant, nn_op_view(r, "x"), nn_op_view(r, "z")};
}

static st_status gate_forward(const nn_op_run *r)
{
    const nn_gate layer = gate_of(r);
    const nn_matrix y = nn_dense(nn_op_view(r, "y"), nn_op_rows(r->shape), r->shape->width);
    return nn_gate_forward(r->rt, y, &layer, layer.x, layer.z);
}

static st_status gate_backward(const nn_op_run *r)
{
    const nn_gate layer = gate_of(r);
    const nn_gate_gradient gradient = {nn_op_view(r, "dx"), nn_op_view(r, "dz"), nn_op_beta(r)};
    return nn_gate_backward(r->rt, &gradient, &layer,
                            nn_dense(nn_op_view(r, "dy"), nn_op_rows(r->shape), r->shape->width));
}

const nn_operation nn_operation_gate = {
    .name = "gate",
    .kernels = (const char *const[]){"gate_forward", "gate_backward", NULL},
    .tensors = gate_tensors,
    NN_OP_SHAPES(gate_shapes),
    .forward = gate_forward,
    .backward = gate_backward,
};

/* ---- layer normalisation ---- */

static size_t layernorm_partials(const nn_op_shape *s) /* of dgain, then of dbias */
{
    return 2 * partials(s);
}

static const nn_op_tensor layernorm_tensors[] = {
    NN_OP_READ("x", SIGNED, nn_op_flat),
    NN_OP_READ("gain", POSITIVE, nn_op_width),
    NN_OP_READ("bias", SIGNED, nn_op_width),
    NN_OP_INCOMING("dy", nn_op_flat, "y"),
    NN_OP_WRITTEN(OUTPUT, "mean", nn_op_rows, NN_OP_SUM, "layernorm_forward", NULL),
    NN_OP_WRITTEN(OUTPUT, "rstd", nn_op_rows, NN_OP_SUM, "layernorm_forward", NULL),
    NN_OP_WRITTEN(OUTPUT, "y", nn_op_flat, NN_OP_SUM, "layernorm_forward", NULL),
    NN_OP_WRITTEN(OUTPUT, "partials", layernorm_partials, NN_OP_SUM, "layernorm_backward_parts", NULL),
    NN_OP_WRITTEN(ADDED, "dgain", nn_op_width, NN_OP_SUM, "column_sums_finish", "gain"),
    NN_OP_WRITTEN(ADDED, "dbias", nn_op_width, NN_OP_SUM, "column_sums_finish", "bias"),
    NN_OP_WRITTEN(ADDED, "dx", nn_op_flat, NN_OP_SUM, "layernorm_backward", "x"),
    NN_OP_WRITTEN(OUTPUT, "y_again", nn_op_flat, NN_OP_SUM, "layernorm_backward", NULL),
    {.name = NULL},
};

static nn_layernorm norm_of(const nn_op_run *r)
{
    return (nn_layernorm){.rows = nn_op_rows(r->shape),
                          .columns = r->shape->width,
                          .gain = nn_op_view(r, "gain"),
                          .bias = nn_op_view(r, "bias"),
                          .x = nn_op_view(r, "x"),
                          .mean = nn_op_view(r, "mean"),
                          .rstd = nn_op_view(r, "rstd"),
                          .scratch = nn_op_view(r, "partials")};
}

static st_status layernorm_forward(const nn_op_run *r)
{
    const nn_layernorm layer = norm_of(r);
    return nn_layernorm_forward(r->rt, nn_op_view(r, "y"), &layer, layer.x);
}

static st_status layernorm_backward(const nn_op_run *r)
{
    const nn_layernorm layer = norm_of(r);
    const nn_layernorm_gradient gradient = {.dx = nn_op_view(r, "dx"),
                                            .y = nn_op_view(r, "y_again"),
                                            .dgain = nn_op_view(r, "dgain"),
                                            .dbias = nn_op_view(r, "dbias"),
                                            .beta_dx = nn_op_beta(r),
                                            .beta = nn_op_beta(r)};
    return nn_layernorm_backward(r->rt, &gradient, &layer, nn_op_view(r, "dy"));
}

const nn_operation nn_operation_layernorm = {
    .name = "layernorm",
    .kernels = (const char *const[]){"layernorm_forward", "layernorm_backward_parts", "layernorm_backward", NULL},
    .tensors = layernorm_tensors,
    NN_OP_SHAPES(row_shapes),
    .forward = layernorm_forward,
    .backward = layernorm_backward,
};

/* ---- embedding ---- */

static const nn_op_shape embedding_shapes[] = {
    {.brief = true, LONG, .width = 22, .speakers = 3},
    {SHORT, .width = 35, .speakers = 1, .add = true},
    {LONG, .width = 16, .speakers = 9, .add = true},
};

static size_t longest_of(const nn_op_shape *s)
{
    size_t longest = 0;
    for (size_t b = 0; b < s->dialogues; ++b)
        if ((size_t)s->lengths[b] > longest) longest = (size_t)s->lengths[b];
    return longest;
}

static size_t encoding(const nn_op_shape *s)
{
    return longest_of(s) * s->width;
}

static size_t table(const nn_op_shape *s)
{
    return s->speakers * s->width;
}

static size_t padded_table(const nn_op_shape *s)
{
    return (s->speakers + 1) * s->width;
}

static size_t embedding_scratch(const nn_op_shape *s) /* no more rows than those of the parts that there are */
{
    return (nn_parts_of(nn_op_rows(s)).count + s->speakers + 1) * s->width;
}

static const nn_op_tensor embedding_tensors[] = {
    NN_OP_READ("x", SIGNED, nn_op_flat),
    NN_OP_READ("positional_encoding", SIGNED, encoding),
    NN_OP_READ("table", SIGNED, table),
    NN_OP_INCOMING("dy", nn_op_flat, "y"),
    NN_OP_READ("dy_1", SIGNED, nn_op_flat), /* of other tensors that the table was added to */
    NN_OP_READ("dy_2", SIGNED, nn_op_flat),
    NN_OP_WRITTEN(OUTPUT, "y", nn_op_flat, NN_OP_ROUNDING, "embedding_forward", NULL),
    NN_OP_WRITTEN(OUTPUT, "partials", embedding_scratch, NN_OP_SUM, "embedding_backward_parts", NULL),
    NN_OP_WRITTEN(ADDED, "dtable", padded_table, NN_OP_SUM, "embedding_backward_finish", NULL),
    {.name = NULL},
};

static nn_embedding embedding_of(const nn_op_run *r, size_t table_rows)
{
    return (nn_embedding){.segments = &r->batch.segments,
                          .speakers = &r->batch.speakers,
                          .columns = r->shape->width,
                          .table = nn_op_view(r, "table"),
                          .table_rows = table_rows,
                          .positional_encoding = nn_op_view(r, "positional_encoding"),
                          .scratch = nn_op_view(r, "partials")};
}

/* Without a padding row. */
static st_status embedding_forward(const nn_op_run *r)
{
    const nn_embedding layer = embedding_of(r, r->shape->speakers);
    return nn_embedding_forward(r->rt, nn_op_view(r, "y"), &layer, nn_op_view(r, "x"));
}

/* With one. */
static st_status embedding_backward(const nn_op_run *r)
{
    const nn_embedding layer = embedding_of(r, r->shape->speakers + 1);
    const nn_embedding_gradient gradient = {nn_op_view(r, "dtable"), nn_op_beta(r)};
    const rt_view dy[] = {nn_op_view(r, "dy"), nn_op_view(r, "dy_1"), nn_op_view(r, "dy_2")};
    return nn_embedding_backward(r->rt, &gradient, &layer, dy, NN_MODALITIES);
}

const nn_operation nn_operation_embedding = {
    .name = "embedding",
    .kernels =
        (const char *const[]){"embedding_forward", "embedding_backward_parts", "embedding_backward_finish", NULL},
    .tensors = embedding_tensors,
    NN_OP_SHAPES(embedding_shapes),
    .forward = embedding_forward,
    .backward = embedding_backward,
};

/* ---- the classifier's input ---- */

static const nn_op_shape head_shapes[] = {
    {.brief = true, SHORT, .width = 21, .slices = 3, .masked = true},
    {SHORT, .width = 16, .slices = 1},
    {SHORT, .width = 35, .slices = 2, .masked = true},
};

static size_t nodes(const nn_op_shape *s) /* [M, N, G] */
{
    return s->slices * nn_op_flat(s);
}

static size_t joined(const nn_op_shape *s) /* [N, M*2G] */
{
    return 2 * nodes(s);
}

static size_t joined_words(const nn_op_shape *s)
{
    return nn_dropout_mask_words(joined(s));
}

static const nn_op_tensor head_tensors[] = {
    NN_OP_READ("x0", SIGNED, nodes),
    NN_OP_READ("xk", SIGNED, nodes),
    NN_OP_READ("bits", WORDS, joined_words),
    NN_OP_INCOMING("dy", joined, "y"),
    NN_OP_WRITTEN(OUTPUT, "y", joined, NN_OP_ROUNDING, "head_forward", NULL),
    NN_OP_WRITTEN(OUTPUT, "dx0", nodes, NN_OP_ROUNDING, "head_backward", "x0"),
    NN_OP_WRITTEN(OUTPUT, "dxk", nodes, NN_OP_ROUNDING, "head_backward", "xk"),
    {.name = NULL},
};

static nn_head head_of(const nn_op_run *r)
{
    return (nn_head){nn_op_rows(r->shape), r->shape->slices, r->shape->width, nn_op_mask(r), nn_op_view(r, "y")};
}

static st_status head_forward(const nn_op_run *r)
{
    const nn_head layer = head_of(r);
    return nn_head_forward(r->rt, layer.y, &layer, nn_op_view(r, "x0"), nn_op_view(r, "xk"));
}

static st_status head_backward(const nn_op_run *r)
{
    const nn_head layer = head_of(r);
    const nn_head_gradient gradient = {nn_op_view(r, "dx0"), nn_op_view(r, "dxk")};
    return nn_head_backward(r->rt, &gradient, &layer, nn_op_view(r, "dy"));
}

const nn_operation nn_operation_head = {
    .name = "head",
    .kernels = (const char *const[]){"head_forward", "head_backward", NULL},
    .tensors = head_tensors,
    NN_OP_SHAPES(head_shapes),
    .forward = head_forward,
    .backward = head_backward,
};
