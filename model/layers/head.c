#include "model/layers/head.h"

#include "runtime/launch.h"

/* Columns by halves by rows: see cl/head.cl. */
static rt_grid head_grid(const rt_context *rt, nn_head_sizes sizes)
{
    rt_grid grid = rt_items(rt, sizes.graph);
    grid.dimensions = 3;
    grid.groups[1] = 2 * sizes.modalities;
    grid.groups[2] = sizes.rows;
    return grid;
}

/* Of x0 and xk together, and of y. */
static size_t elements_of(nn_head_sizes sizes)
{
    return sizes.rows * 2 * sizes.modalities * sizes.graph;
}

st_status nn_head_forward(rt_context *rt, rt_view y, rt_view x0, rt_view xk, nn_head_sizes sizes, nn_dropout_mask mask)
{
    return RT_LAUNCH(rt, "head_forward", head_grid(rt, sizes), RT_VIEW(y), RT_VIEW(x0), RT_VIEW(xk), RT_VIEW(mask.bits),
                     RT_UINT(sizes.rows), RT_UINT(sizes.modalities), RT_UINT(sizes.graph),
                     RT_UINT(mask.bits.block != NULL), RT_FLOAT(mask.scale),
                     RT_MOVES(2 * elements_of(sizes) + nn_dropout_mask_read(mask, elements_of(sizes))));
}

st_status nn_head_backward(rt_context *rt, rt_view dx0, rt_view dxk, rt_view y, rt_view dy, nn_head_sizes sizes,
                           nn_dropout_mask mask)
{
    return RT_LAUNCH(rt, "head_backward", head_grid(rt, sizes), RT_VIEW(dx0), RT_VIEW(dxk), RT_VIEW(y), RT_VIEW(dy),
                     RT_UINT(sizes.rows), RT_UINT(sizes.modalities), RT_UINT(sizes.graph), RT_FLOAT(mask.scale),
                     RT_MOVES(3 * elements_of(sizes)));
}
