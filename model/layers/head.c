#include "model/layers/head.h"

#include "runtime/launch.h"

/* Columns, halves and rows: see cl/head.cl. */
static rt_grid head_grid(const rt_context *rt, const nn_head *layer)
{
    rt_grid grid = rt_items(rt, layer->graph);
    grid.dimensions = 3;
    grid.groups[1] = 2 * layer->modalities;
    grid.groups[2] = layer->rows;
    return grid;
}

/* Elements of x0 and xk together, and of y. */
static size_t elements_of(const nn_head *layer)
{
    return layer->rows * 2 * layer->modalities * layer->graph;
}

st_status nn_head_forward(rt_context *rt, rt_view y, const nn_head *layer, rt_view x0, rt_view xk)
{
    const nn_dropout_mask mask = layer->mask;
    const size_t n = elements_of(layer);
    return RT_LAUNCH(rt, "head_forward", head_grid(rt, layer), RT_VIEW(y), RT_VIEW(x0), RT_VIEW(xk), RT_VIEW(mask.bits),
                     RT_UINT(layer->rows), RT_UINT(layer->modalities), RT_UINT(layer->graph),
                     RT_UINT(mask.bits.block != NULL), RT_FLOAT(mask.scale),
                     RT_MOVES(2 * n + nn_dropout_mask_read(mask, n)));
}

st_status nn_head_backward(rt_context *rt, const nn_head_gradient *gradient, const nn_head *layer, rt_view dy)
{
    return RT_LAUNCH(rt, "head_backward", head_grid(rt, layer), RT_VIEW(gradient->dx0), RT_VIEW(gradient->dxk),
                     RT_VIEW(layer->y), RT_VIEW(dy), RT_UINT(layer->rows), RT_UINT(layer->modalities),
                     RT_UINT(layer->graph), RT_FLOAT(layer->mask.scale), RT_MOVES(3 * elements_of(layer)));
}
