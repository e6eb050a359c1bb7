#include "model/layers/gelu.h"

#include "runtime/launch.h"

st_status nn_gelu_forward(rt_context *rt, rt_view h, const nn_gelu *layer, rt_view u)
{
    const size_t n = layer->elements;
    const nn_dropout_mask mask = layer->mask;
    return RT_LAUNCH(rt, "gelu_forward", rt_items(rt, n), RT_VIEW(h), RT_VIEW(u), RT_VIEW(mask.bits), RT_UINT(n),
                     RT_UINT(mask.bits.block != NULL), RT_FLOAT(mask.scale),
                     RT_MOVES(2 * n + nn_dropout_mask_read(mask, n)));
}

st_status nn_gelu_backward(rt_context *rt, const nn_gelu_gradient *gradient, const nn_gelu *layer, rt_view dh)
{
    const size_t n = layer->elements;
    const nn_dropout_mask mask = layer->mask;
    const bool again = gradient->h.block != NULL;
    return RT_LAUNCH(rt, "gelu_backward", rt_items(rt, n), RT_VIEW(gradient->du), RT_VIEW(gradient->h), RT_VIEW(dh),
                     RT_VIEW(layer->u), RT_VIEW(mask.bits), RT_UINT(n), RT_UINT(again),
                     RT_UINT(mask.bits.block != NULL), RT_FLOAT(mask.scale),
                     RT_MOVES((again ? 4 : 3) * n + nn_dropout_mask_read(mask, n)));
}
