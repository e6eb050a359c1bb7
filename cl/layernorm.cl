/* Layer normalisation of rows.
 *
 *     mean, var of the row;  rstd = 1 / sqrt(var + eps);  xhat = (x - mean) * rstd;  y = xhat * gain + bias
 *     dx = rstd * (g - mean(g) - xhat * mean(g * xhat)) + beta * dx,  g = dy * gain
 *     dgain = sum over rows of dy * xhat,  dbias = sum over rows of dy
 *
 * x, y, dx, dy [rows, columns]; the variance is summed from x - mean. Host: model/layers/layernorm.c.
 */
#include "reduce.clh"
#include "vector.clh"

/* Launch: rt_rows; y may be x. */
__kernel void layernorm_forward(__global float *y, const ulong y_at, __global float *restrict mean, const ulong mean_at,
                                __global float *restrict rstd, const ulong rstd_at, const __global float *x,
                                const ulong x_at, const __global float *restrict gain, const ulong gain_at,
                                const __global float *restrict bias, const ulong bias_at, const uint columns,
                                const float eps, __local float *scratch)
{
    const size_t row = get_group_id(0);
    const size_t first = get_local_id(0) * VW;
    const size_t step = get_local_size(0) * VW;
    x += x_at + row * columns;
    y += y_at + row * columns;
    fv sum = (fv)(0.0f);
    for (size_t c = first; c < columns; c += step) sum += fv_load(x, c, columns);
    const float row_mean = group_sum(fv_sum(sum), scratch) / (float)columns;
    fv squares = (fv)(0.0f);
    for (size_t c = first; c < columns; c += step) {
        const fv deviation = fv_load_or(x, c, columns, row_mean) - row_mean;
        squares += deviation * deviation;
    }
    const float row_rstd = 1.0f / sqrt(group_sum(fv_sum(squares), scratch) / (float)columns + eps);
    for (size_t c = first; c < columns; c += step) {
        const fv xhat = (fv_load(x, c, columns) - row_mean) * row_rstd;
        fv_store(y, c, columns, xhat * fv_load(gain + gain_at, c, columns) + fv_load(bias + bias_at, c, columns));
    }
    if (get_local_id(0) == 0) {
        mean[mean_at + row] = row_mean;
        rstd[rstd_at + row] = row_rstd;
    }
}

/* Computes dx, and can recompute y, which then need not be saved. Launch: rt_rows; dx may be dy. */
__kernel void layernorm_backward(__global float *dx, const ulong dx_at, __global float *restrict y, const ulong y_at,
                                 const __global float *restrict mean, const ulong mean_at,
                                 const __global float *restrict rstd, const ulong rstd_at, const __global float *dy,
                                 const ulong dy_at, const __global float *restrict x, const ulong x_at,
                                 const __global float *restrict gain, const ulong gain_at,
                                 const __global float *restrict bias, const ulong bias_at, const uint columns,
                                 const uint y_wanted, const float beta, __local float *scratch)
{
    const size_t row = get_group_id(0);
    const size_t first = get_local_id(0) * VW;
    const size_t step = get_local_size(0) * VW;
    const float row_mean = mean[mean_at + row];
    const float row_rstd = rstd[rstd_at + row];
    dx += dx_at + row * columns;
    dy += dy_at + row * columns;
    x += x_at + row * columns;
    y += y_at + row * columns;
    gain += gain_at;
    fv sum = (fv)(0.0f);
    fv product_sum = (fv)(0.0f);
    for (size_t c = first; c < columns; c += step) {
        const fv g = fv_load(dy, c, columns) * fv_load(gain, c, columns);
        sum += g;
        product_sum += g * ((fv_load(x, c, columns) - row_mean) * row_rstd);
    }
    const float g_mean = group_sum(fv_sum(sum), scratch) / (float)columns;
    const float product_mean = group_sum(fv_sum(product_sum), scratch) / (float)columns;
    for (size_t c = first; c < columns; c += step) {
        const fv weight = fv_load(gain, c, columns), g = fv_load(dy, c, columns) * weight;
        const fv xhat = (fv_load(x, c, columns) - row_mean) * row_rstd;
        if (y_wanted) fv_store(y, c, columns, xhat * weight + fv_load(bias + bias_at, c, columns));
        fv v = row_rstd * (g - g_mean - xhat * product_mean);
        if (beta != 0.0f) v += beta * fv_load(dx, c, columns);
        fv_store(dx, c, columns, v);
    }
}

/* Partial sums of dgain and dbias, [parts, columns] each, as column_sums_parts; column_sums_finish adds them. Launch:
 * rt_items over columns, times parts in dimension 1. */
__kernel void layernorm_backward_parts(__global float *restrict dgain, const ulong dgain_at,
                                       __global float *restrict dbias, const ulong dbias_at,
                                       const __global float *restrict mean, const ulong mean_at,
                                       const __global float *restrict rstd, const ulong rstd_at,
                                       const __global float *restrict dy, const ulong dy_at,
                                       const __global float *restrict x, const ulong x_at, const uint rows,
                                       const uint columns, const uint length)
{
    const size_t c = get_global_id(0) * VW;
    const size_t part = get_global_id(1);
    if (c >= columns) return;
    const size_t end = min((part + 1) * length, (size_t)rows);
    fv gain_sum = (fv)(0.0f);
    fv bias_sum = (fv)(0.0f);
    for (size_t r = part * length; r < end; ++r) {
        const fv v = fv_load(dy + dy_at + r * columns, c, columns);
        gain_sum += v * ((fv_load(x + x_at + r * columns, c, columns) - mean[mean_at + r]) * rstd[rstd_at + r]);
        bias_sum += v;
    }
    fv_store(dgain + dgain_at + part * columns, c, columns, gain_sum);
    fv_store(dbias + dbias_at + part * columns, c, columns, bias_sum);
}
