/* Operations within dialogues: segment products, attention, graph. */
#include "model/layers/attention.h"
#include "model/layers/segment_matmul.h"
#include "model/layers/gcn.h"
#include "model/checks/operations_list.h"

/* A dialogue of one utterance, and one longer than the widest vector; the wide shapes fill whole tiles of columns. */
static const int32_t mixed[] = {5, 1, 18}, wide[] = {2, 9}, lonely[] = {1, 1}, several[] = {17, 3, 1, 20};

#define MIXED .lengths = mixed, .dialogues = 3
#define WIDE .lengths = wide, .dialogues = 2

/* ---- segment products: a slice takes width / slices columns ---- */

static const nn_op_shape segment_shapes[] = {
    {.brief = true, MIXED, .width = 38, .slices = 2, .add = true},
    {.brief = true, WIDE, .width = 160, .slices = 2},
    {MIXED, .width = 3, .slices = 3, .add = true},
};

static size_t squares(const nn_op_shape *s)
{
    return nn_square_elements(nn_op_pairs(s), s->slices);
}

static const nn_op_tensor segment_tensors[] = {
    NN_OP_READ("x", SIGNED, nn_op_flat),
    NN_OP_READ("y", SIGNED, nn_op_flat),
    NN_OP_WRITTEN(OUTPUT, "nt", squares, NN_OP_SUM, "segment_matmul_nt", NULL),
    NN_OP_WRITTEN(ADDED, "nn", nn_op_flat, NN_OP_SUM, "segment_matmul_nn", NULL),
    NN_OP_WRITTEN(ADDED, "tn", nn_op_flat, NN_OP_SUM, "segment_matmul_tn", NULL),
    {.name = NULL},
};

static nn_strided strided_of(const nn_op_run *r, const char *name)
{
    return (nn_strided){nn_op_view(r, name), r->shape->width, r->shape->width / r->shape->slices};
}

static st_status segment_matmul_forward(const nn_op_run *r)
{
    const nn_op_shape *s = r->shape;
    const nn_segment_matmul shape = {&r->batch.segments, s->slices, s->width / s->slices};
    const rt_view square = nn_op_view(r, "nt");
    ST_FORWARD(nn_segment_matmul_nt(r->rt, square, &shape, strided_of(r, "x"), strided_of(r, "y"), (float)NN_OP_ALPHA));
    ST_FORWARD(nn_segment_matmul_nn(r->rt, strided_of(r, "nn"), &shape, square, strided_of(r, "y"), nn_op_beta(r)));
    return nn_segment_matmul_tn(r->rt, strided_of(r, "tn"), &shape, square, strided_of(r, "x"), nn_op_beta(r));
}

const nn_operation nn_operation_segment_matmul = {
    .name = "segment_matmul",
    .kernels = (const char *const[]){"segment_matmul_nt", "segment_matmul_nn", "segment_matmul_tn", NULL},
    .tensors = segment_tensors,
    NN_OP_SHAPES(segment_shapes),
    .forward = segment_matmul_forward,
};

/* ---- attention ---- */

static const nn_op_shape attention_shapes[] = {
    {.brief = true, MIXED, .width = 38, .slices = 2, .masked = true},
    {WIDE, .width = 160, .slices = 2},
    {.lengths = lonely, .dialogues = 2, .width = 6, .slices = 3, .masked = true},
};

static size_t attention_words(const nn_op_shape *s)
{
    return nn_dropout_mask_attention_words(nn_op_rows(s), s->slices);
}

static size_t attention_scratch(const nn_op_shape *s)
{
    return nn_attention_scratch(nn_op_pairs(s), s->slices);
}

static const nn_op_tensor attention_tensors[] = {
    NN_OP_READ("q", SIGNED, nn_op_flat),
    NN_OP_READ("k", SIGNED, nn_op_flat),
    NN_OP_READ("v", SIGNED, nn_op_flat),
    NN_OP_READ("bits", WORDS, attention_words),
    NN_OP_INCOMING("dcontext", nn_op_flat, "context"),
    NN_OP_WRITTEN(OUTPUT, "probabilities", squares, NN_OP_SUM, "attention_softmax_forward", NULL),
    NN_OP_WRITTEN(OUTPUT, "context", nn_op_flat, NN_OP_SUM, "attention_softmax_forward", NULL),
    NN_OP_WRITTEN(OUTPUT, "dv", nn_op_flat, NN_OP_SUM, "attention_softmax_backward", "v"),
    NN_OP_WRITTEN(OUTPUT, "dq", nn_op_flat, NN_OP_SUM, "attention_softmax_backward", "q"),
    NN_OP_WRITTEN(OUTPUT, "dk", nn_op_flat, NN_OP_SUM, "attention_softmax_backward", "k"),
    NN_OP_SPACE("scratch", attention_scratch),
    {.name = NULL},
};

static nn_matrix matrix_of(const nn_op_run *r, const char *name)
{
    return nn_dense(nn_op_view(r, name), nn_op_rows(r->shape), r->shape->width);
}

static nn_attention attention_of(const nn_op_run *r)
{
    return (nn_attention){.segments = &r->batch.segments,
                          .heads = r->shape->slices,
                          .mask = nn_op_mask(r),
                          .in = {matrix_of(r, "q"), matrix_of(r, "k"), matrix_of(r, "v")},
                          .probabilities = nn_op_view(r, "probabilities"),
                          .scratch = nn_op_view(r, "scratch")};
}

static st_status attention_forward(const nn_op_run *r)
{
    const nn_attention attention = attention_of(r);
    return nn_attention_forward(r->rt, matrix_of(r, "context"), &attention, attention.in);
}

static st_status attention_backward(const nn_op_run *r)
{
    const nn_attention attention = attention_of(r);
    const nn_attention_gradient gradient = {matrix_of(r, "dq"), matrix_of(r, "dk"), matrix_of(r, "dv")};
    return nn_attention_backward(r->rt, &gradient, &attention, matrix_of(r, "dcontext"));
}

const nn_operation nn_operation_attention = {
    .name = "attention",
    .kernels = (const char *const[]){"attention_softmax_forward", "attention_softmax_backward", NULL},
    .tensors = attention_tensors,
    NN_OP_SHAPES(attention_shapes),
    .forward = attention_forward,
    .backward = attention_backward,
};

/* ---- graph ---- */

static const nn_op_shape graph_shapes[] = {
    {.brief = true, .lengths = several, .dialogues = 4, .width = 19, .slices = 3, .masked = true, .add = true},
    {MIXED, .width = 35, .slices = 1},
    {.lengths = lonely, .dialogues = 2, .width = 16, .slices = 2, .masked = true},
};

static size_t nodes(const nn_op_shape *s) /* [M, N] */
{
    return s->slices * nn_op_rows(s);
}

static size_t features(const nn_op_shape *s) /* [M, N, G] */
{
    return s->slices * nn_op_flat(s);
}

static size_t feature_words(const nn_op_shape *s)
{
    return nn_dropout_mask_words(features(s));
}

static size_t weights(const nn_op_shape *s)
{
    return 2 * s->width;
}

static size_t one(const nn_op_shape *s)
{
    (void)s;
    return 1;
}

static size_t weight_partials(const nn_op_shape *s)
{
    return (nodes(s) + NN_GCN_CHUNK - 1) / NN_GCN_CHUNK * weights(s);
}

static size_t graph_scratch(const nn_op_shape *s)
{
    return nn_gcn_scratch(s->slices, nn_op_rows(s), nn_op_pairs(s), s->width);
}

static const nn_op_tensor graph_tensors[] = {
    NN_OP_READ("x", SIGNED, features),
    NN_OP_READ("weight", SIGNED, weights),
    NN_OP_READ("bias", SIGNED, one),
    NN_OP_READ("bits", WORDS, feature_words),
    NN_OP_INCOMING("dx_next", features, "x_next"),
    NN_OP_WRITTEN(OUTPUT, "u", nodes, NN_OP_SUM, "gcn_nodes_forward", NULL),
    NN_OP_WRITTEN(OUTPUT, "s", nodes, NN_OP_SUM, "gcn_nodes_forward", NULL),
    NN_OP_WRITTEN(OUTPUT, "a", squares, NN_OP_SUM, "gcn_edges_forward", NULL),
    NN_OP_WRITTEN(OUTPUT, "x_next", features, NN_OP_SUM, "gcn_nodes_forward", NULL),
    NN_OP_WRITTEN(OUTPUT, "dz", squares, NN_OP_SUM, "gcn_edges_backward", NULL),
    NN_OP_WRITTEN(OUTPUT, "du", nodes, NN_OP_SUM, "gcn_cross_backward or gcn_edges_backward", NULL),
    NN_OP_WRITTEN(OUTPUT, "ds", nodes, NN_OP_SUM, "gcn_cross_backward or gcn_sources_backward", NULL),
    NN_OP_WRITTEN(OUTPUT, "partials", weight_partials, NN_OP_SUM, "gcn_weight_partials", NULL),
    NN_OP_WRITTEN(ADDED, "dweight", weights, NN_OP_SUM, "gcn_weight_backward", "weight"),
    NN_OP_WRITTEN(ADDED, "dbias", one, 10 * NN_OP_SUM, "gcn_bias_backward", "bias"), /* one sum that nearly cancels */
    NN_OP_WRITTEN(OUTPUT, "dx", features, NN_OP_SUM, "gcn_edges_backward or gcn_nodes_backward", "x"),
    NN_OP_SPACE("scratch", graph_scratch),
    {.name = NULL},
};

static nn_gcn layer_of(const nn_op_run *r)
{
    return (nn_gcn){.segments = &r->batch.segments,
                    .modalities = r->shape->slices,
                    .graph = r->shape->width,
                    .keep = nn_op_mask(r),
                    .weight = nn_op_view(r, "weight"),
                    .bias = nn_op_view(r, "bias"),
                    .x = nn_op_view(r, "x"),
                    .u = nn_op_view(r, "u"),
                    .s = nn_op_view(r, "s"),
                    .scratch = nn_op_view(r, "scratch")};
}

/* Copies what lies in the scratch out into a tensor of its own. */
static st_status show(const nn_op_run *r, const char *name, rt_view inside)
{
    return rt_copy(r->rt, nn_op_view(r, name), inside, nn_op_elements(r->operation, r->shape, name));
}

static st_status graph_forward(const nn_op_run *r)
{
    const nn_gcn layer = layer_of(r);
    ST_FORWARD(nn_gcn_forward(r->rt, nn_op_view(r, "x_next"), &layer, layer.x));
    return show(r, "a", nn_gcn_look(&layer).a);
}

static st_status graph_backward(const nn_op_run *r)
{
    const nn_gcn layer = layer_of(r);
    const nn_gcn_inside inside = nn_gcn_look(&layer);
    const nn_gcn_gradient gradient = {nn_op_view(r, "dx"), nn_op_view(r, "dweight"), nn_op_view(r, "dbias"),
                                      nn_op_beta(r)};
    ST_FORWARD(nn_gcn_backward(r->rt, &gradient, &layer, nn_op_view(r, "dx_next")));
    ST_FORWARD(show(r, "dz", inside.dz));
    ST_FORWARD(show(r, "du", inside.du));
    ST_FORWARD(show(r, "ds", inside.ds));
    return show(r, "partials", inside.partials);
}

const nn_operation nn_operation_gcn = {
    .name = "gcn",
    .kernels = (const char *const[]){"gcn_nodes_forward", "gcn_edges_forward", "gcn_cross_backward",
                                     "gcn_edges_backward", "gcn_sources_backward", "gcn_weight_partials",
                                     "gcn_weight_backward", "gcn_bias_backward", "gcn_nodes_backward", NULL},
    .tensors = graph_tensors,
    NN_OP_SHAPES(graph_shapes),
    .forward = graph_forward,
    .backward = graph_backward,
};
