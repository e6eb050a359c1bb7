#include "model/layers/dropout.h"

#include "runtime/launch.h"

st_status nn_dropout_forward(rt_context *rt, rt_view y, const nn_dropout *layer, rt_view x)
{
    const size_t n = layer->elements;
    const nn_dropout_mask mask = layer->mask;
    const bool adds = layer->residual.block != NULL;
    return RT_LAUNCH(rt, "dropout_forward", rt_items(rt, n), RT_VIEW(y), RT_VIEW(x), RT_VIEW(layer->residual),
                     RT_VIEW(mask.bits), RT_UINT(n), RT_UINT(adds), RT_UINT(mask.bits.block != NULL),
                     RT_FLOAT(mask.scale), RT_MOVES((adds ? 3 : 2) * n + nn_dropout_mask_read(mask, n)));
}

st_status nn_dropout_backward(rt_context *rt, const nn_dropout_gradient *gradient, const nn_dropout *layer, rt_view dy)
{
    const size_t n = layer->elements;
    const nn_dropout_mask mask = layer->mask;
    return RT_LAUNCH(rt, "dropout_backward", rt_items(rt, n), RT_VIEW(gradient->dx), RT_VIEW(dy), RT_VIEW(mask.bits),
                     RT_UINT(n), RT_UINT(mask.bits.block != NULL), RT_FLOAT(mask.scale), RT_FLOAT(gradient->beta),
                     RT_MOVES((gradient->beta != 0.0f ? 3 : 2) * n + nn_dropout_mask_read(mask, n)));
}
