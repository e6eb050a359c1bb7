#include "masked.clh"

/* y = keep * scale * max(x, 0), elementwise over n (docs/model.md 4, the students). Bit e of `bits` keeps element e;
 * without a mask (masked = 0) y = scale * max(x, 0). Launch: rt_items(n). Host: model/layers/relu.c. */
__kernel void relu_forward(__global float *restrict y, const ulong y_at, const __global float *restrict x,
                           const ulong x_at, const __global uint *restrict bits, const ulong bits_at, const uint n,
                           const uint masked, const float scale)
{
    const size_t i = get_global_id(0) * VW;
    if (i >= n) return;
    const fv value = fv_load(x + x_at, i, n);
    const fv open = fv_select(as_uv(value < (fv)(0.0f)), (fv)(0.0f), value); /* keeps NaN */
    fv_store(y + y_at, i, n, masked_factor(masked, bits + bits_at, i, n, scale) * open);
}

/* dx = beta * dx + (y > 0 ? scale * dy : 0): dropped and negative elements have y = 0, so the mask is not needed. dx
 * may be dy. */
__kernel void relu_backward(__global float *dx, const ulong dx_at, const __global float *restrict y, const ulong y_at,
                            const __global float *dy, const ulong dy_at, const uint n, const float scale,
                            const float beta)
{
    const size_t i = get_global_id(0) * VW;
    if (i >= n) return;
    const fv open = fv_load(y + y_at, i, n);
    fv result = fv_select(as_uv(open > (fv)(0.0f)), fv_load(dy + dy_at, i, n) * scale, (fv)(0.0f));
    if (beta != 0.0f) result += beta * fv_load(dx + dx_at, i, n);
    fv_store(dx + dx_at, i, n, result);
}
