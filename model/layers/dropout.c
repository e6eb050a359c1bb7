#include "model/layers/dropout.h"

#include "runtime/launch.h"

st_status nn_dropout_forward(rt_context *rt, rt_view y, rt_view x, rt_view residual, nn_dropout_mask mask,
                             size_t elements)
{
    return RT_LAUNCH(rt, "dropout_forward", rt_items(rt, elements), RT_VIEW(y), RT_VIEW(x), RT_VIEW(residual),
                     RT_VIEW(mask.bits), RT_UINT(elements), RT_UINT(residual.block != NULL),
                     RT_UINT(mask.bits.block != NULL), RT_FLOAT(mask.scale),
                     RT_MOVES((residual.block ? 3 : 2) * elements + nn_dropout_mask_read(mask, elements)));
}

st_status nn_dropout_backward(rt_context *rt, rt_view dx, rt_view dy, nn_dropout_mask mask, size_t elements, float beta)
{
    return RT_LAUNCH(rt, "dropout_backward", rt_items(rt, elements), RT_VIEW(dx), RT_VIEW(dy), RT_VIEW(mask.bits),
                     RT_UINT(elements), RT_UINT(mask.bits.block != NULL), RT_FLOAT(mask.scale), RT_FLOAT(beta),
                     RT_MOVES((beta != 0.0f ? 3 : 2) * elements + nn_dropout_mask_read(mask, elements)));
}
