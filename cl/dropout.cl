/* Dropout of a flat array, with an optional residual.
 *
 *     y = mask * scale * x + residual        dx = mask * scale * dy + beta * dx
 *
 * Launch: rt_items over elements. y may be x or the residual, dx may be dy. Host: model/layers/dropout.c.
 */
#include "masked.clh"

__kernel void dropout_forward(__global float *y, const ulong y_at, const __global float *x, const ulong x_at,
                              const __global float *residual, const ulong residual_at, const __global uint *bits,
                              const ulong bits_at, const uint elements, const uint residual_given, const uint masked,
                              const float scale)
{
    const size_t i = get_global_id(0) * VW;
    if (i >= elements) return;
    fv v = masked_factor(masked, bits + bits_at, i, elements, scale) * fv_load(x + x_at, i, elements);
    if (residual_given) v += fv_load(residual + residual_at, i, elements);
    fv_store(y + y_at, i, elements, v);
}

__kernel void dropout_backward(__global float *dx, const ulong dx_at, const __global float *dy, const ulong dy_at,
                               const __global uint *bits, const ulong bits_at, const uint elements, const uint masked,
                               const float scale, const float beta)
{
    const size_t i = get_global_id(0) * VW;
    if (i >= elements) return;
    fv v = masked_factor(masked, bits + bits_at, i, elements, scale) * fv_load(dy + dy_at, i, elements);
    if (beta != 0.0f) v += beta * fv_load(dx + dx_at, i, elements);
    fv_store(dx + dx_at, i, elements, v);
}
