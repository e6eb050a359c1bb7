#include "model/layers/relu.h"

#include "runtime/launch.h"

st_status nn_relu_forward(rt_context *rt, rt_view y, const nn_relu *layer, rt_view x)
{
    const size_t n = layer->elements;
    const nn_dropout_mask mask = layer->mask;
    return RT_LAUNCH(rt, "relu_forward", rt_items(rt, n), RT_VIEW(y), RT_VIEW(x), RT_VIEW(mask.bits), RT_UINT(n),
                     RT_UINT(mask.bits.block != NULL), RT_FLOAT(mask.scale),
                     RT_MOVES(2 * n + nn_dropout_mask_read(mask, n)));
}

st_status nn_relu_backward(rt_context *rt, const nn_relu_gradient *gradient, const nn_relu *layer, rt_view dy)
{
    const size_t n = layer->elements;
    return RT_LAUNCH(rt, "relu_backward", rt_items(rt, n), RT_VIEW(gradient->dx), RT_VIEW(layer->y), RT_VIEW(dy),
                     RT_UINT(n), RT_FLOAT(layer->mask.scale), RT_FLOAT(gradient->beta),
                     RT_MOVES((gradient->beta != 0.0f ? 4 : 3) * n));
}
