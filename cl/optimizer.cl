/* The optimiser (docs/model.md 8) over whole arenas: the norm of the gradient and whether it is finite, then Adam. No
 * value is copied to the host: `control` is in device memory. Host: model/network/optimizer.c. */
#include "vector.clh"
#include "reduce.clh"

/* Indices of `control`; nn_control on the host. */
#define CONTROL_NORM 0         /* of the gradient, before clipping */
#define CONTROL_FINITE 1       /* uint: 1 if the norm is finite */
#define CONTROL_FACTOR 2       /* of the gradient, from clipping */
#define CONTROL_UPDATES 3      /* uint: updates applied so far */
#define CONTROL_SKIPPED 4      /* uint: steps skipped so far */
#define CONTROL_CORRECTION_1 5 /* 1 / (1 - beta1^updates) */
#define CONTROL_CORRECTION_2 6 /* 1 / (1 - beta2^updates) */

/* partials[g] = sum of squares over slice g of the gradient: `slice` elements each, so the partition depends only on
 * the number of elements. Launch: rt_rows(slices); an item takes at most RT_MOST_LOOPS vectors. */
__kernel void gradient_partials(__global float *restrict partials, const ulong partials_at,
                                const __global float *restrict gradient, const ulong gradient_at,
                                __local float *scratch, const uint n, const uint slice)
{
    const size_t g = get_group_id(0), first = g * slice;
    const size_t end = first + slice < n ? first + slice : n;
    gradient += gradient_at;
    fv squares = (fv)(0.0f);
    for (size_t i = first + get_local_id(0) * VW; i < end; i += get_local_size(0) * VW) {
        const fv x = fv_load(gradient, i, end);
        squares += x * x;
    }
    const float sum = group_sum(fv_sum(squares), scratch);
    if (get_local_id(0) == 0) partials[partials_at + g] = sum;
}

/* Adds all partials and decides whether the step is applied. Without `last` the sum is stored in the last partial, at
 * which the next launch begins. The norm is not finite if an element is not, or if the squares overflow; such a step
 * does not change the number of updates. Finiteness is tested on the bits, not by arithmetic. clip = 0: no clipping.
 * log_beta are natural logarithms. Launch: one group; an item takes at most RT_MOST_LOOPS partials. */
__kernel void optimizer_decide(__global uint *restrict control, const ulong control_at,
                               __global float *restrict partials, const ulong partials_at, __local float *scratch,
                               const uint slices, const uint last, const float clip, const float log_beta1,
                               const float log_beta2)
{
    control += control_at;
    partials += partials_at;
    float squares = 0.0f;
    for (size_t g = get_local_id(0); g < slices; g += get_local_size(0)) squares += partials[g];
    barrier(CLK_GLOBAL_MEM_FENCE); /* all have read before item 0 writes */
    squares = group_sum(squares, scratch);
    if (get_local_id(0) != 0) return;
    if (!last) {
        partials[slices - 1] = squares;
        return;
    }
    const float norm = sqrt(squares);
    const uint finite = (as_uint(squares) & 0x7f800000u) != 0x7f800000u;
    const uint updates = control[CONTROL_UPDATES] + finite;
    control[CONTROL_NORM] = as_uint(norm);
    control[CONTROL_FINITE] = finite;
    control[CONTROL_FACTOR] = as_uint(clip > 0.0f && norm > clip ? clip / norm : 1.0f);
    control[CONTROL_UPDATES] = updates;
    control[CONTROL_SKIPPED] += 1u - finite;
    control[CONTROL_CORRECTION_1] = as_uint(-1.0f / expm1((float)updates * log_beta1));
    control[CONTROL_CORRECTION_2] = as_uint(-1.0f / expm1((float)updates * log_beta2));
}

/* Adam: d = factor * gradient + coupled * p;  m = b1 m + (1-b1) d;  v = b2 v + (1-b2) d^2; p = p - lr * (decoupled * p
 * + (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + eps)). Does nothing if the norm is not finite. Launch: rt_items(n) for every
 * block of the arenas. */
__kernel void adam_update(__global float *restrict p, const ulong p_at, __global float *restrict m, const ulong m_at,
                          __global float *restrict v, const ulong v_at, const __global float *restrict gradient,
                          const ulong gradient_at, const __global uint *restrict control, const ulong control_at,
                          const uint n, const float lr, const float beta1, const float rest1, const float beta2,
                          const float rest2, const float eps, const float coupled, const float decoupled)
{
    const size_t i = get_global_id(0) * VW;
    control += control_at;
    if (i >= n || control[CONTROL_FINITE] == 0u) return;
    p += p_at;
    m += m_at;
    v += v_at;
    const fv old = fv_load(p, i, n);
    const fv d = as_float(control[CONTROL_FACTOR]) * fv_load(gradient + gradient_at, i, n) + coupled * old;
    const fv m_new = beta1 * fv_load(m, i, n) + rest1 * d;
    const fv v_new = beta2 * fv_load(v, i, n) + rest2 * d * d;
    const fv m_hat = m_new * as_float(control[CONTROL_CORRECTION_1]);
    const fv v_hat = v_new * as_float(control[CONTROL_CORRECTION_2]);
    const fv change = m_hat / (sqrt(v_hat) + eps);
    fv_store(m, i, n, m_new);
    fv_store(v, i, n, v_new);
    fv_store(p, i, n, old - lr * (decoupled * old + change));
}
