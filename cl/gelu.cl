/* GELU (tanh form) followed by dropout, over a flat array.
 *
 *     a(u) = sqrt(2/pi) (u + 0.044715 u^3)
 *     gelu(u) = 0.5 u (1 + tanh(a)) = u s,  s = 1 / (1 + exp(-2a))(no cancellation where tanh is near -1)
 *     gelu'(u) = s + 2 u s (1 - s) a'(u)
 *     h = mask * scale * gelu(u)             du = mask * scale * gelu'(u) * dh
 *
 * The backward kernel can also recompute h, which then need not be saved. Launch: rt_items over elements. h may be u in
 * forward; du may be dh or u. Host: model/layers/gelu.c.
 */
#include "masked.clh"

#define GELU_2A 1.5957691216057308f /* 2 sqrt(2/pi) */
#define GELU_CUBE 0.044715f

__kernel void gelu_forward(__global float *h, const ulong h_at, const __global float *u, const ulong u_at,
                           const __global uint *bits, const ulong bits_at, const uint elements, const uint masked,
                           const float scale)
{
    const size_t i = get_global_id(0) * VW;
    if (i >= elements) return;
    const fv x = fv_load(u + u_at, i, elements);
    const fv two_a = GELU_2A * (x + GELU_CUBE * x * x * x);
    const fv gelu = x / (1.0f + exp(-two_a));
    fv_store(h + h_at, i, elements, masked_factor(masked, bits + bits_at, i, elements, scale) * gelu);
}

__kernel void gelu_backward(__global float *du, const ulong du_at, __global float *restrict h, const ulong h_at,
                            const __global float *dh, const ulong dh_at, const __global float *u, const ulong u_at,
                            const __global uint *bits, const ulong bits_at, const uint elements, const uint h_wanted,
                            const uint masked, const float scale)
{
    const size_t i = get_global_id(0) * VW;
    if (i >= elements) return;
    const fv x = fv_load(u + u_at, i, elements);
    const fv two_a = GELU_2A * (x + GELU_CUBE * x * x * x);
    const fv two_da = GELU_2A * (1.0f + 3.0f * GELU_CUBE * x * x);
    const fv s = 1.0f / (1.0f + exp(-two_a));
    const fv slope = s + x * s * (1.0f - s) * two_da;
    const fv factor = masked_factor(masked, bits + bits_at, i, elements, scale);
    if (h_wanted) fv_store(h + h_at, i, elements, factor * (x * s));
    fv_store(du + du_at, i, elements, factor * slope * fv_load(dh + dh_at, i, elements));
}
