#include "masked.clh"

/* The classifier's input (docs/model.md 6):
 *   y[r, m*2G + c] = keep * scale * max(concat(x0[m, r, :], xk[m, r, :])[c], 0)
 * x0, xk [M, N, G]; y [N, M*2G]; bit r*M*2G + column of `bits`. One work-item per VW columns of a half. Launch: x over
 * G, y over 2M halves, z over rows. Host: model/layers/head.c. */
__kernel void head_forward(__global float *restrict y, const ulong y_at, const __global float *restrict x0,
                           const ulong x0_at, const __global float *restrict xk, const ulong xk_at,
                           const __global uint *restrict bits, const ulong bits_at, const uint rows,
                           const uint modalities, const uint graph, const uint masked, const float scale)
{
    const size_t c = get_global_id(0) * VW, part = get_global_id(1), r = get_global_id(2);
    if (c >= graph) return;
    const size_t from = ((part / 2) * rows + r) * graph, to = (r * 2 * modalities + part) * graph;
    const __global float *x = part % 2 == 0 ? x0 + x0_at : xk + xk_at;
    const fv value = fv_load(x + from, c, graph);
    const fv open = fv_select(as_uv(value < (fv)(0.0f)), (fv)(0.0f), value); /* keeps NaN */
    fv_store(y + y_at + to, c, graph, masked_factor(masked, bits + bits_at, to + c, to + graph, scale) * open);
}

/* dx0 and dxk [M, N, G], overwritten, from dy [N, M*2G]: scale * dy where y > 0. Launch: as head_forward. */
__kernel void head_backward(__global float *restrict dx0, const ulong dx0_at, __global float *restrict dxk,
                            const ulong dxk_at, const __global float *restrict y, const ulong y_at,
                            const __global float *restrict dy, const ulong dy_at, const uint rows,
                            const uint modalities, const uint graph, const float scale)
{
    const size_t c = get_global_id(0) * VW, part = get_global_id(1), r = get_global_id(2);
    if (c >= graph) return;
    const size_t to = ((part / 2) * rows + r) * graph, from = (r * 2 * modalities + part) * graph;
    __global float *dx = part % 2 == 0 ? dx0 + dx0_at : dxk + dxk_at;
    const fv open = fv_load(y + y_at + from, c, graph), slope = fv_load(dy + dy_at + from, c, graph);
    fv_store(dx + to, c, graph, fv_select(as_uv(open > (fv)(0.0f)), slope * scale, (fv)(0.0f)));
}
