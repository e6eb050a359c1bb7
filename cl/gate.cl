/* The gate of an encoder: y = g x.
 *
 *     learned   g = sigmoid(z)        dx = g dy,                  dz = g (1 - g) x dy
 *     identity  g = sigmoid(x)        dx = (g + g (1 - g) x) dy
 *     off       g = 1                 dx = dy
 *
 * beta * old dx is added to dx. x, z, dx, dz [rows, columns]; y and dy have leading dimension ld. Launch: rt_rows. dz
 * may be z. Host: model/layers/gate.c.
 */
#include "vector.clh"

#define GATE_LEARNED 0
#define GATE_IDENTITY 1

static inline fv gate_sigmoid(const fv x)
{
    return 1.0f / (1.0f + exp(-x));
}

__kernel void gate_forward(__global float *restrict y, const ulong y_at, const __global float *restrict x,
                           const ulong x_at, const __global float *restrict z, const ulong z_at, const uint columns,
                           const uint ld, const uint kind)
{
    const size_t row = get_group_id(0);
    y += y_at + row * ld;
    x += x_at + row * columns;
    z += z_at + (kind == GATE_LEARNED ? row * columns : 0);
    for (size_t c = get_local_id(0) * VW; c < columns; c += get_local_size(0) * VW) {
        fv v = fv_load(x, c, columns);
        if (kind == GATE_LEARNED) v *= gate_sigmoid(fv_load(z, c, columns));
        else if (kind == GATE_IDENTITY) v *= gate_sigmoid(v);
        fv_store(y, c, columns, v);
    }
}

__kernel void gate_backward(__global float *restrict dx, const ulong dx_at, __global float *dz, const ulong dz_at,
                            const __global float *restrict dy, const ulong dy_at, const __global float *restrict x,
                            const ulong x_at, const __global float *z, const ulong z_at, const uint columns,
                            const uint ld, const uint kind, const float beta)
{
    const size_t row = get_group_id(0);
    dx += dx_at + row * columns;
    dz += dz_at + (kind == GATE_LEARNED ? row * columns : 0);
    dy += dy_at + row * ld;
    x += x_at + row * columns;
    z += z_at + (kind == GATE_LEARNED ? row * columns : 0);
    for (size_t c = get_local_id(0) * VW; c < columns; c += get_local_size(0) * VW) {
        fv v = fv_load(dy, c, columns);
        if (kind == GATE_LEARNED) {
            const fv g = gate_sigmoid(fv_load(z, c, columns));
            fv_store(dz, c, columns, g * (1.0f - g) * fv_load(x, c, columns) * v);
            v *= g;
        } else if (kind == GATE_IDENTITY) {
            const fv input = fv_load(x, c, columns);
            const fv g = gate_sigmoid(input);
            v *= g + g * (1.0f - g) * input;
        }
        if (beta != 0.0f) v += beta * fv_load(dx, c, columns);
        fv_store(dx, c, columns, v);
    }
}
