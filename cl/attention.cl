#include "masked.clh"
#include "reduce.clh"

/* The softmax of attention with its mask, per row r of the batch and head, over the L source rows of its dialogue.
 * Mask bits: (r*heads + head)*ATTENTION_SOURCES + j. Launch: a group per row (dimension 0) and head (1).
 * Host and layouts: model/layers/attention.h.
 */
#define ATTENTION_SOURCES 512 /* NN_LONGEST_DIALOGUE: positions per row and head in the mask */

/* Offset of the L scores of row `r` and a head. */
static inline size_t attention_row_at(const size_t r, const size_t length, const size_t first,
                                      const size_t pairs_before, const uint heads, const size_t head)
{
    return pairs_before * heads + (head * length + r - first) * length;
}

/* probabilities = softmax(probabilities), in place;  kept = mask * scale * probabilities, if `keep`. */
__kernel void attention_softmax_forward(__global float *restrict kept, const ulong kept_at,
                                        __global float *restrict probabilities, const ulong probabilities_at,
                                        const __global uint *restrict bits, const ulong bits_at,
                                        const __global int *restrict dialogue_of, const ulong dialogue_of_at,
                                        const __global int *restrict starts, const ulong starts_at,
                                        const __global int *restrict pair_starts, const ulong pair_starts_at,
                                        const uint heads, const uint keep, const uint masked, const float scale,
                                        __local float *scratch)
{
    const size_t r = get_group_id(0), head = get_group_id(1);
    const size_t dialogue = (size_t)dialogue_of[dialogue_of_at + r];
    const size_t first = (size_t)starts[starts_at + dialogue];
    const size_t length = (size_t)starts[starts_at + dialogue + 1] - first;
    const size_t at = attention_row_at(r, length, first, (size_t)pair_starts[pair_starts_at + dialogue], heads, head);
    const size_t begin = get_local_id(0) * VW, step = get_local_size(0) * VW;
    kept += kept_at + at;
    probabilities += probabilities_at + at;
    bits += bits_at + (r * heads + head) * (ATTENTION_SOURCES / 32);

    fv largest = (fv)(-1e30f);
    for (size_t j = begin; j < length; j += step)
        largest = fmax(largest, fv_load_or(probabilities, j, length, -1e30f));
    const float top = group_max(fv_max(largest), scratch);
    fv sum = (fv)(0.0f);
    for (size_t j = begin; j < length; j += step) {
        const fv e = exp(fv_load_or(probabilities, j, length, -INFINITY) - top);
        fv_store(probabilities, j, length, e);
        sum += e;
    }
    const float factor = 1.0f / group_sum(fv_sum(sum), scratch);
    for (size_t j = begin; j < length; j += step) {
        const fv a = fv_load(probabilities, j, length) * factor;
        fv_store(probabilities, j, length, a);
        if (keep) fv_store(kept, j, length, a * masked_factor(masked, bits, j, length, scale));
    }
}

/* With A the probabilities and da (in place) the gradient of kept = mask * scale * A:
 *     g = mask * scale * da,   da = A * (g - sum_j A_j g_j) * factor
 * the gradient of the unscaled scores. `kept` is recomputed if `keep`. */
__kernel void attention_softmax_backward(__global float *restrict da, const ulong da_at, __global float *restrict kept,
                                         const ulong kept_at, const __global float *restrict probabilities,
                                         const ulong probabilities_at, const __global uint *restrict bits,
                                         const ulong bits_at, const __global int *restrict dialogue_of,
                                         const ulong dialogue_of_at, const __global int *restrict starts,
                                         const ulong starts_at, const __global int *restrict pair_starts,
                                         const ulong pair_starts_at, const uint heads, const uint keep,
                                         const uint masked, const float scale, const float factor,
                                         __local float *scratch)
{
    const size_t r = get_group_id(0), head = get_group_id(1);
    const size_t dialogue = (size_t)dialogue_of[dialogue_of_at + r];
    const size_t first = (size_t)starts[starts_at + dialogue];
    const size_t length = (size_t)starts[starts_at + dialogue + 1] - first;
    const size_t at = attention_row_at(r, length, first, (size_t)pair_starts[pair_starts_at + dialogue], heads, head);
    const size_t begin = get_local_id(0) * VW, step = get_local_size(0) * VW;
    da += da_at + at;
    kept += kept_at + at;
    probabilities += probabilities_at + at;
    bits += bits_at + (r * heads + head) * (ATTENTION_SOURCES / 32);

    fv sum = (fv)(0.0f);
    for (size_t j = begin; j < length; j += step) {
        const fv a = fv_load(probabilities, j, length);
        const fv keep_factor = masked_factor(masked, bits, j, length, scale);
        const fv g = fv_load(da, j, length) * keep_factor;
        sum += a * g;
        fv_store(da, j, length, g);
        if (keep) fv_store(kept, j, length, a * keep_factor);
    }
    const float mean = group_sum(fv_sum(sum), scratch);
    for (size_t j = begin; j < length; j += step)
        fv_store(da, j, length, fv_load(probabilities, j, length) * (fv_load(da, j, length) - mean) * factor);
}
