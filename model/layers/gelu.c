#include "model/layers/gelu.h"

#include "runtime/launch.h"

st_status nn_gelu_forward(rt_context *rt, rt_view h, rt_view u, nn_dropout_mask mask, size_t elements)
{
    return RT_LAUNCH(rt, "gelu_forward", rt_items(rt, elements), RT_VIEW(h), RT_VIEW(u), RT_VIEW(mask.bits),
                     RT_UINT(elements), RT_UINT(mask.bits.block != NULL), RT_FLOAT(mask.scale),
                     RT_MOVES(2 * elements + nn_dropout_mask_read(mask, elements)));
}

st_status nn_gelu_backward(rt_context *rt, rt_view du, rt_view h, rt_view dh, rt_view u, nn_dropout_mask mask,
                           size_t elements)
{
    return RT_LAUNCH(rt, "gelu_backward", rt_items(rt, elements), RT_VIEW(du), RT_VIEW(h), RT_VIEW(dh), RT_VIEW(u),
                     RT_VIEW(mask.bits), RT_UINT(elements), RT_UINT(h.block != NULL), RT_UINT(mask.bits.block != NULL),
                     RT_FLOAT(mask.scale),
                     RT_MOVES((h.block ? 4 : 3) * elements + nn_dropout_mask_read(mask, elements)));
}
