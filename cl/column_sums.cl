/* Sums over the rows of a matrix in two stages, both in a fixed order.
 *
 *     column_sums_parts    partials[p, c] = sum of x[r, c] over r = p*length .. (p+1)*length - 1
 *     column_sums_finish   sums[c] = partials[0, c] + partials[1, c] + ... + beta * sums[c]
 *
 * x [rows, columns] with leading dimension ld; partials [parts, columns]. Launch: rt_items over columns, times parts in
 * dimension 1 for the first stage. Host: model/layers/column_sums.c.
 */
#include "vector.clh"

__kernel void column_sums_parts(__global float *restrict partials, const ulong partials_at,
                                const __global float *restrict x, const ulong x_at, const uint rows, const uint columns,
                                const uint ld, const uint length)
{
    const size_t c = get_global_id(0) * VW;
    const size_t part = get_global_id(1);
    if (c >= columns) return;
    const size_t end = min((part + 1) * length, (size_t)rows);
    fv sum = (fv)(0.0f);
    for (size_t r = part * length; r < end; ++r) sum += fv_load(x + x_at + r * ld, c, columns);
    fv_store(partials + partials_at + part * columns, c, columns, sum);
}

__kernel void column_sums_finish(__global float *restrict sums, const ulong sums_at,
                                 const __global float *restrict partials, const ulong partials_at, const uint parts,
                                 const uint columns, const float beta)
{
    const size_t c = get_global_id(0) * VW;
    if (c >= columns) return;
    fv sum = (fv)(0.0f);
    for (size_t part = 0; part < parts; ++part) sum += fv_load(partials + partials_at + part * columns, c, columns);
    if (beta != 0.0f) sum += beta * fv_load(sums + sums_at, c, columns);
    fv_store(sums + sums_at, c, columns, sum);
}
