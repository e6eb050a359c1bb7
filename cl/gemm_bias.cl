/* Initialises the output of a product with the bias: c[r, i] = beta * c[r, i] + bias[i]. The library then adds the
 * product. c [rows, columns] with ld. beta == 0 does not read the old c. Launch: one item per VW columns and row, x
 * along columns, y along rows. Host: runtime/gemm_clblast.c. */
#include "vector.clh"

__kernel void gemm_bias(__global float *restrict c, const ulong c_at, const __global float *restrict bias,
                        const ulong bias_at, const uint columns, const uint ld, const float beta)
{
    const size_t i = get_global_id(0) * VW;
    if (i >= columns) return;
    c += c_at + get_global_id(1) * ld;
    fv v = fv_load(bias + bias_at, i, columns);
    if (beta != 0.0f) v = fv_fma((fv)(beta), fv_load(c, i, columns), v);
    fv_store(c, i, columns, v);
}
