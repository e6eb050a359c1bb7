#include "model/layers/linear.h"

#include "model/layers/column_sums.h"
#include "runtime/gemm.h"

st_status nn_linear_forward(rt_context *rt, nn_matrix y, nn_matrix x, const nn_linear_slot *layer)
{
    return rt_gemm(rt, &(rt_gemm_call){.transpose_b = true,
                                       .m = y.rows,
                                       .n = y.columns,
                                       .k = x.columns,
                                       .a = x.view,
                                       .lda = x.ld,
                                       .b = layer->weight.value,
                                       .ldb = x.columns,
                                       .c = y.view,
                                       .ldc = y.ld,
                                       .bias = layer->bias.value});
}

/* dx = dy . W */
st_status nn_linear_backward_input(rt_context *rt, const nn_linear_slot *layer, const nn_linear_gradient *g)
{
    if (!g->dx.view.block) return ST_OK;
    return rt_gemm(rt, &(rt_gemm_call){.m = g->dy.rows,
                                       .n = g->dx.columns,
                                       .k = g->dy.columns,
                                       .a = g->dy.view,
                                       .lda = g->dy.ld,
                                       .b = layer->weight.value,
                                       .ldb = g->dx.columns,
                                       .c = g->dx.view,
                                       .ldc = g->dx.ld,
                                       .beta = g->beta_dx});
}

/* dW = dyᵀ . x, with db beside it where `sums` has a block */
static st_status weight_gradient(rt_context *rt, const nn_linear_slot *layer, const nn_linear_gradient *g, rt_view sums)
{
    return rt_gemm(rt, &(rt_gemm_call){.transpose_a = true,
                                       .m = g->dy.columns,
                                       .n = g->x.columns,
                                       .k = g->dy.rows,
                                       .a = g->dy.view,
                                       .lda = g->dy.ld,
                                       .b = g->x.view,
                                       .ldb = g->x.ld,
                                       .c = layer->weight.gradient,
                                       .ldc = g->x.columns,
                                       .beta = g->beta,
                                       .sums = sums,
                                       .sums_from = layer->unlearned});
}

/* db: the column sums of dy */
static st_status bias_gradient(rt_context *rt, const nn_linear_slot *layer, const nn_linear_gradient *g)
{
    const nn_matrix learned = nn_columns(g->dy, layer->unlearned, g->dy.columns - layer->unlearned);
    return nn_column_sums(rt, layer->bias.gradient, g->scratch, learned, g->beta);
}

st_status nn_linear_backward_parameters(rt_context *rt, const nn_linear_slot *layer, const nn_linear_gradient *g)
{
    const bool weight = layer->weight.gradient.block, bias = layer->bias.gradient.block;
    const bool together = weight && bias && rt_gemm_gives_sums(rt);
    const rt_view nothing = {NULL, 0};
    if (weight) ST_FORWARD(weight_gradient(rt, layer, g, together ? layer->bias.gradient : nothing));
    return bias && !together ? bias_gradient(rt, layer, g) : ST_OK;
}

st_status nn_linear_backward(rt_context *rt, const nn_linear_slot *layer, const nn_linear_gradient *gradient)
{
    ST_FORWARD(nn_linear_backward_input(rt, layer, gradient));
    return nn_linear_backward_parameters(rt, layer, gradient);
}
