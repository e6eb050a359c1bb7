/* Masks of dropout and graph: one bit per element, set if it is kept (docs/model.md 7).
 *
 *     word of element i = philox4x32(counter (low(i >> 2), high(i >> 2), site, step),
 *                                    key (low(seed), high(seed)))[i & 3]
 *     bit = word >= threshold,  threshold = floor(p * 2^32)
 *
 * Each work-item computes one word of 32 bits. For several sites, dimension 1 is the index in `sites`, and the masks
 * are `stride` words apart. With `listed` 0 there is one mask, of site `site`. Host: model/layers/dropout_mask.c.
 */
#include "random123.clh"
#include "vector.clh"

/* The mask of elements 4q .. 4q+3 in bits 0 to 3. Always inline, as all of Random123: a call would prevent compilers
 * for CPUs from vectorising the loop over quads. */
__attribute__((always_inline)) static inline uint mask_quad(const ulong q, const uint site, const uint step,
                                                            const ulong seed, const uint threshold)
{
    const philox4x32_ctr_t counter = {{(uint)q, (uint)(q >> 32), site, step}};
    const philox4x32_key_t key = {{(uint)seed, (uint)(seed >> 32)}};
    const philox4x32_ctr_t word = philox4x32_R(philox4x32_rounds, counter, key);
    return (word.v[0] >= threshold ? 1u : 0u) | (word.v[1] >= threshold ? 2u : 0u) |
           (word.v[2] >= threshold ? 4u : 0u) | (word.v[3] >= threshold ? 8u : 0u);
}

/* The mask of elements 4q .. 4q+31. */
#if VW >= 8 && defined(__ENDIAN_LITTLE__)
/* One quad per 64-bit lane: the product of two words is then one instruction without shuffles. The high 32 bits of a
 * lane are not used. (Lanes become the bytes of one word, lane 0 the lowest.) */
__attribute__((always_inline)) static inline uint mask_quads(const ulong q, const uint site, const uint step,
                                                             const ulong seed, const uint threshold)
{
    const ulong low = 0xffffffffUL;
    const ulong8 counter = q + (ulong8)(0, 1, 2, 3, 4, 5, 6, 7);
    ulong8 a = counter, b = counter >> 32, c = (ulong8)(site), d = (ulong8)(step);
    ulong key_a = seed, key_b = seed >> 32;
#pragma unroll
    for (uint round = 0; round < philox4x32_rounds; ++round, key_a += 0x9e3779b9UL, key_b += 0xbb67ae85UL) {
        const ulong8 p = (a & low) * 0xd2511f53UL, r = (c & low) * 0xcd9e8d57UL;
        a = (r >> 32) ^ b ^ key_a;
        c = (p >> 32) ^ d ^ key_b;
        b = r;
        d = p;
    }
    const ulong8 least = (ulong8)(threshold);
    const long8 kept = (((a & low) >= least) & 1L) | (((b & low) >= least) & 2L) | (((c & low) >= least) & 4L) |
                       (((d & low) >= least) & 8L);
    ulong word = as_ulong(convert_uchar8(kept)); /* four bits in each byte, compacted next */
    word = (word | word >> 4) & 0x00ff00ff00ff00ffUL;
    word = (word | word >> 8) & 0x0000ffff0000ffffUL;
    return (uint)(word | word >> 16);
}
#else
__attribute__((always_inline)) static inline uint mask_quads(const ulong q, const uint site, const uint step,
                                                             const ulong seed, const uint threshold)
{
    uint word = 0;
    for (uint k = 0; k < 8; ++k) word |= mask_quad(q + k, site, step, seed, threshold) << (4 * k);
    return word;
}
#endif

/* The mask of elements first .. first+31. */
__attribute__((always_inline)) static inline uint mask_word(const ulong first, const uint site, const uint step,
                                                            const ulong seed, const uint threshold)
{
    const uint shift = (uint)(first & 3);
    const uint word = mask_quads(first >> 2, site, step, seed, threshold);
    if (shift == 0) return word;
    return (word >> shift) | (mask_quad((first >> 2) + 8, site, step, seed, threshold) << (32 - shift));
}

/* Bit e of mask k = element first + e of its site, e < 32 * words. Launch: rt_scalars over words, times sites. */
__kernel void dropout_mask_draw(__global uint *bits, const ulong bits_at, const __global uint *sites,
                                const ulong sites_at, const uint words, const ulong stride, const ulong first,
                                const uint listed, const uint site, const ulong seed, const uint step,
                                const uint threshold)
{
    const size_t w = get_global_id(0);
    const size_t k = get_global_id(1);
    if (w >= words) return;
    const uint number = listed ? sites[sites_at + k] : site;
    bits[bits_at + k * stride + w] = mask_word(first + 32 * w, number, step, seed, threshold);
}

/* Attention: bit (r*heads + head)*512 + j of mask k = element ((first_row + r)*heads + head)*512 + j, for the words
 * with j < L, L the length of the dialogue of row r. Launch: rt_scalars over rows * heads, times the words of the
 * longest dialogue (at most 16 per row and head), times sites. */
__kernel void dropout_mask_draw_attention(__global uint *bits, const ulong bits_at, const __global uint *sites,
                                          const ulong sites_at, const __global int *starts, const ulong starts_at,
                                          const __global int *dialogue_of, const ulong dialogue_of_at, const uint rows,
                                          const uint heads, const ulong stride, const ulong first_row, const ulong seed,
                                          const uint step, const uint threshold)
{
    const size_t i = get_global_id(0); /* r*heads + head */
    const size_t w = get_global_id(1);
    const size_t k = get_global_id(2);
    if (i >= (size_t)rows * heads) return;
    const int dialogue = dialogue_of[dialogue_of_at + i / heads];
    starts += starts_at + (size_t)dialogue;
    if (32 * w >= (size_t)(starts[1] - starts[0])) return;
    const ulong first = (first_row * heads + i) * 512 + 32 * w;
    bits[bits_at + k * stride + i * 16 + w] = mask_word(first, sites[sites_at + k], step, seed, threshold);
}

/* Graph, tensors [M, rows, G]: bit (m*rows + r)*G + c of mask k = element ((first_row + r)*M + m)*G + c. A word may
 * span several rows; it is assembled from them. Launch: rt_scalars over words, times sites. */
__kernel void dropout_mask_draw_graph(__global uint *bits, const ulong bits_at, const __global uint *sites,
                                      const ulong sites_at, const uint modalities, const uint rows, const uint graph,
                                      const uint words, const ulong stride, const ulong first_row, const ulong seed,
                                      const uint step, const uint threshold)
{
    const size_t w = get_global_id(0);
    const size_t k = get_global_id(1);
    if (w >= words) return;
    size_t row = 32 * w / graph; /* m*rows + r */
    size_t c = 32 * w - row * graph;
    uint word = 0;
    for (uint filled = 0; filled < 32; ++row) {
        const size_t m = row / rows;
        const ulong first = ((first_row + row - m * rows) * modalities + m) * graph + c;
        word |= mask_word(first, sites[sites_at + k], step, seed, threshold) << filled;
        const size_t piece = graph - c;
        if (piece >= 32 - filled) break;
        filled += (uint)piece;
        word &= (1u << filled) - 1;
        c = 0;
    }
    bits[bits_at + k * stride + w] = word;
}
