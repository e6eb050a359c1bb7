#include "model/layers/linear.h"

#include "model/layers/column_sums.h"
#include "runtime/gemm.h"

st_status nn_linear_forward(rt_context *rt, nn_matrix y, const nn_linear *layer, nn_matrix x)
{
    return rt_gemm(rt, &(rt_gemm_call){.transpose_b = true,
                                       .m = y.rows,
                                       .n = y.columns,
                                       .k = x.columns,
                                       .a = x.view,
                                       .lda = x.ld,
                                       .b = layer->weight,
                                       .ldb = x.columns,
                                       .c = y.view,
                                       .ldc = y.ld,
                                       .bias = layer->bias});
}

/* dx = dy . W */
st_status nn_linear_backward_input(rt_context *rt, const nn_linear_gradient *g, const nn_linear *layer, nn_matrix dy)
{
    if (!g->dx.view.block) return ST_OK;
    return rt_gemm(rt, &(rt_gemm_call){.m = dy.rows,
                                       .n = g->dx.columns,
                                       .k = dy.columns,
                                       .a = dy.view,
                                       .lda = dy.ld,
                                       .b = layer->weight,
                                       .ldb = g->dx.columns,
                                       .c = g->dx.view,
                                       .ldc = g->dx.ld,
                                       .beta = g->beta_dx});
}

/* dW = dyᵀ . x, and the column sums of dy if `sums` has a block */
static st_status weight_gradient(rt_context *rt, const nn_linear_gradient *g, const nn_linear *layer, nn_matrix dy,
                                 rt_view sums)
{
    return rt_gemm(rt, &(rt_gemm_call){.transpose_a = true,
                                       .m = dy.columns,
                                       .n = layer->x.columns,
                                       .k = dy.rows,
                                       .a = dy.view,
                                       .lda = dy.ld,
                                       .b = layer->x.view,
                                       .ldb = layer->x.ld,
                                       .c = g->dweight,
                                       .ldc = layer->x.columns,
                                       .beta = g->beta,
                                       .sums = sums,
                                       .sums_from = g->dbias_from});
}

st_status nn_linear_backward_weights(rt_context *rt, const nn_linear_gradient *g, const nn_linear *layer, nn_matrix dy)
{
    const bool weight = g->dweight.block, bias = g->dbias.block;
    const bool together = weight && bias && rt_gemm_gives_sums(rt);
    const rt_view nothing = {NULL, 0};
    if (weight) ST_FORWARD(weight_gradient(rt, g, layer, dy, together ? g->dbias : nothing));
    if (!bias || together) return ST_OK;
    const nn_matrix learned = nn_columns(dy, g->dbias_from, dy.columns - g->dbias_from);
    return nn_column_sums(rt, g->dbias, layer->scratch, learned, g->beta);
}

st_status nn_linear_backward(rt_context *rt, const nn_linear_gradient *gradient, const nn_linear *layer, nn_matrix dy)
{
    ST_FORWARD(nn_linear_backward_input(rt, gradient, layer, dy));
    return nn_linear_backward_weights(rt, gradient, layer, dy);
}
