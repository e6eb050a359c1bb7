#include "vector.clh"

/* Addition of flat arrays of n elements: z = x + y; z may be x or y. Host: model/layers/add.c. Launch: rt_items(n). */
__kernel void add(__global float *z, const ulong z_at, const __global float *x, const ulong x_at,
                  const __global float *y, const ulong y_at, const uint n)
{
    const size_t i = get_global_id(0) * VW;
    if (i >= n) return;
    fv_store(z + z_at, i, n, fv_load(x + x_at, i, n) + fv_load(y + y_at, i, n));
}
