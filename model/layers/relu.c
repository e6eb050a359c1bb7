#include "model/layers/relu.h"

#include "runtime/launch.h"

st_status nn_relu_forward(rt_context *rt, rt_view y, rt_view x, size_t n, nn_dropout_mask mask)
{
    return RT_LAUNCH(rt, "relu_forward", rt_items(rt, n), RT_VIEW(y), RT_VIEW(x), RT_VIEW(mask.bits), RT_UINT(n),
                     RT_UINT(mask.bits.block != NULL), RT_FLOAT(mask.scale),
                     RT_MOVES(2 * n + nn_dropout_mask_read(mask, n)));
}

st_status nn_relu_backward(rt_context *rt, rt_view dx, rt_view y, rt_view dy, size_t n, nn_dropout_mask mask,
                           float beta)
{
    return RT_LAUNCH(rt, "relu_backward", rt_items(rt, n), RT_VIEW(dx), RT_VIEW(y), RT_VIEW(dy), RT_UINT(n),
                     RT_FLOAT(mask.scale), RT_FLOAT(beta), RT_MOVES((beta != 0.0f ? 4 : 3) * n));
}
