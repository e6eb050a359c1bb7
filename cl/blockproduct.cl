#include "vector.clh"

/* Small products per dialogue and slice (a head, a modality); host and operand layouts: model/layers/blockproduct.h.
 *
 *   band   element (row, c) of slice s at  s*slice + row*ld + c, rows counted over the batch
 *   square element (i, j) of dialogue b and slice s at  pair_start_b*slices + s*L*L + i*L + j
 *
 * An item computes tiles of BLOCK_ROWS rows and several vectors, held in registers; operands are read from global
 * memory, where caches keep what neighbouring tiles share. Launch: any number of groups along 0 (columns) and 1 (rows),
 * any local size there; one group per dialogue and slice along 2. Neighbouring items of dimension 0 have neighbouring
 * columns.
 */

/* Tiles: as many sums as the registers of a device of that width hold. */
#ifndef BLOCK_ROWS
#if VW >= 8
#define BLOCK_ROWS 6
#else
#define BLOCK_ROWS 4
#endif
#endif
#ifndef BLOCK_VECTORS
#if VW >= 8
#define BLOCK_VECTORS 4
#else
#define BLOCK_VECTORS 2
#endif
#endif
#define BLOCK_COLUMNS 4 /* of a tile of the outer product */

/* The dialogue and slice of a group. */
typedef struct block_place {
    size_t first; /* row of the batch */
    size_t length;
    size_t slice;
    size_t square_at;
} block_place;

static inline block_place block_find(const __global int *starts, const __global int *pair_starts, const uint slices)
{
    const size_t dialogue = get_group_id(2) / slices;
    block_place p;
    p.slice = get_group_id(2) - dialogue * slices;
    p.first = (size_t)starts[dialogue];
    p.length = (size_t)starts[dialogue + 1] - p.first;
    p.square_at = (size_t)pair_starts[dialogue] * slices + p.slice * p.length * p.length;
    return p;
}

/* The four sums over the lanes of a, b, c and d; wide vectors share the additions. (Narrow ones do not: compilers put
 * undefined lanes between their halves, which a checker of uninitialised values then sees.) */
static inline float4 fv_sum4(const fv a, const fv b, const fv c, const fv d)
{
#if VW <= 4
    return (float4)(fv_sum(a), fv_sum(b), fv_sum(c), fv_sum(d));
#else
#if VW == 8
    const float16 q = (float16)(a.lo, b.lo, c.lo, d.lo) + (float16)(a.hi, b.hi, c.hi, d.hi);
#else
    const float16 ab = (float16)(a.lo, b.lo) + (float16)(a.hi, b.hi);
    const float16 cd = (float16)(c.lo, d.lo) + (float16)(c.hi, d.hi);
    const float16 low = (float16)(ab.lo.lo, ab.hi.lo, cd.lo.lo, cd.hi.lo);
    const float16 high = (float16)(ab.lo.hi, ab.hi.hi, cd.lo.hi, cd.hi.hi);
    const float16 q = low + high;
#endif
    const float8 p = q.even + q.odd;
    return p.even + p.odd;
#endif
}

/* square = alpha * X . Yᵀ: element (i, j) is the dot product of rows i of X and j of Y. */
__kernel void block_outer(__global float *restrict square, const ulong square_at, const __global float *restrict x,
                          const ulong x_at, const __global float *restrict y, const ulong y_at,
                          const __global int *restrict starts, const ulong starts_at,
                          const __global int *restrict pair_starts, const ulong pair_starts_at, const uint slices,
                          const uint columns, const uint x_ld, const ulong x_slice, const uint y_ld,
                          const ulong y_slice, const float alpha)
{
    const block_place p = block_find(starts + starts_at, pair_starts + pair_starts_at, slices);
    const size_t length = p.length;
    square += square_at + p.square_at;
    x += x_at + p.slice * x_slice + p.first * x_ld;
    y += y_at + p.slice * y_slice + p.first * y_ld;
    const size_t whole = columns / VW * VW;
    const size_t rest_at = columns >= VW ? columns - VW : 0; /* the last vector starts early, its old lanes cleared */
    const uv rest = as_uv((uv)((uint)(whole - rest_at)) <= uv_lanes());

    for (size_t i = get_global_id(1) * BLOCK_ROWS; i < length; i += get_global_size(1) * BLOCK_ROWS) {
        const __global float *xs[BLOCK_ROWS]; /* rows beyond the last repeat it */
#pragma unroll
        for (uint r = 0; r < BLOCK_ROWS; ++r) xs[r] = x + min(i + r, length - 1) * x_ld;
        for (size_t j = get_global_id(0) * BLOCK_COLUMNS; j < length; j += get_global_size(0) * BLOCK_COLUMNS) {
            const __global float *ys[BLOCK_COLUMNS];
            fv sum[BLOCK_ROWS][BLOCK_COLUMNS];
#pragma unroll
            for (uint k = 0; k < BLOCK_COLUMNS; ++k) ys[k] = y + min(j + k, length - 1) * y_ld;
#pragma unroll
            for (uint r = 0; r < BLOCK_ROWS; ++r)
#pragma unroll
                for (uint k = 0; k < BLOCK_COLUMNS; ++k) sum[r][k] = (fv)(0.0f);
            for (size_t c = 0; c < whole; c += VW) {
                fv b[BLOCK_COLUMNS];
#pragma unroll
                for (uint k = 0; k < BLOCK_COLUMNS; ++k) b[k] = fv_vload(ys[k] + c);
#pragma unroll
                for (uint r = 0; r < BLOCK_ROWS; ++r) {
                    const fv a = fv_vload(xs[r] + c);
#pragma unroll
                    for (uint k = 0; k < BLOCK_COLUMNS; ++k) sum[r][k] = fma(a, b[k], sum[r][k]);
                }
            }
            if (whole < columns) {
                fv b[BLOCK_COLUMNS];
#pragma unroll
                for (uint k = 0; k < BLOCK_COLUMNS; ++k)
                    b[k] = fv_select(rest, fv_load(ys[k], rest_at, columns), (fv)(0.0f));
#pragma unroll
                for (uint r = 0; r < BLOCK_ROWS; ++r) {
                    const fv a = fv_select(rest, fv_load(xs[r], rest_at, columns), (fv)(0.0f));
#pragma unroll
                    for (uint k = 0; k < BLOCK_COLUMNS; ++k) sum[r][k] = fma(a, b[k], sum[r][k]);
                }
            }
#pragma unroll
            for (uint r = 0; r < BLOCK_ROWS; ++r) {
                if (i + r >= length) break;
                const float4 dots = alpha * fv_sum4(sum[r][0], sum[r][1], sum[r][2], sum[r][3]);
                __global float *out = square + (i + r) * length + j;
                if (j + 4 <= length) {
                    vstore4(dots, 0, out);
                } else {
                    out[0] = dots.s0;
                    if (j + 1 < length) out[1] = dots.s1;
                    if (j + 2 < length) out[2] = dots.s2;
                }
            }
        }
    }
}

/* Where tiles of square . Y read and write. */
typedef struct block_operands {
    __global float *band;
    const __global float *square, *y;
    size_t length, columns;
    size_t band_ld, y_ld;
    size_t row_step, term_step; /* element (i, j) of the left factor at i*row_step + j*term_step */
    uint accumulate;
} block_operands;

/* One tile: rows from `i`, vectors at c, c + spacing, ... all within the columns. */
static inline void block_wide_tile(const block_operands *o, const size_t i, const size_t c, const size_t spacing)
{
    const __global float *as[BLOCK_ROWS]; /* rows beyond the last repeat it */
    fv sum[BLOCK_ROWS][BLOCK_VECTORS];
#pragma unroll
    for (uint r = 0; r < BLOCK_ROWS; ++r) {
        as[r] = o->square + min(i + r, o->length - 1) * o->row_step;
#pragma unroll
        for (uint v = 0; v < BLOCK_VECTORS; ++v) sum[r][v] = (fv)(0.0f);
    }
    const __global float *y = o->y + c;
    for (size_t j = 0; j < o->length; ++j, y += o->y_ld) {
        fv b[BLOCK_VECTORS];
#pragma unroll
        for (uint v = 0; v < BLOCK_VECTORS; ++v) b[v] = fv_vload(y + v * spacing);
#pragma unroll
        for (uint r = 0; r < BLOCK_ROWS; ++r) {
            const fv a = (fv)(as[r][j * o->term_step]);
#pragma unroll
            for (uint v = 0; v < BLOCK_VECTORS; ++v) sum[r][v] = fma(a, b[v], sum[r][v]);
        }
    }
#pragma unroll
    for (uint r = 0; r < BLOCK_ROWS; ++r) {
        if (i + r >= o->length) break;
        __global float *out = o->band + (i + r) * o->band_ld + c;
#pragma unroll
        for (uint v = 0; v < BLOCK_VECTORS; ++v)
            fv_vstore(o->accumulate ? fv_vload(out + v * spacing) + sum[r][v] : sum[r][v], out + v * spacing);
    }
}

/* One vector wide, from column `c`, which may be the last few: then the vector starts early, where there is room, and
 * only its new lanes are stored. */
static inline void block_narrow_tile(const block_operands *o, const size_t i, const size_t c)
{
    const size_t at = c + VW <= o->columns || o->columns < VW ? c : o->columns - VW;
    const __global float *as[BLOCK_ROWS];
    fv sum[BLOCK_ROWS];
#pragma unroll
    for (uint r = 0; r < BLOCK_ROWS; ++r) {
        as[r] = o->square + min(i + r, o->length - 1) * o->row_step;
        sum[r] = (fv)(0.0f);
    }
    const __global float *y = o->y;
    for (size_t j = 0; j < o->length; ++j, y += o->y_ld) {
        const fv b = fv_load(y, at, o->columns);
#pragma unroll
        for (uint r = 0; r < BLOCK_ROWS; ++r) sum[r] = fma((fv)(as[r][j * o->term_step]), b, sum[r]);
    }
#pragma unroll
    for (uint r = 0; r < BLOCK_ROWS; ++r) {
        if (i + r >= o->length) break;
        __global float *out = o->band + (i + r) * o->band_ld;
        if (at == c) {
            fv_store(out, c, o->columns, o->accumulate ? fv_load(out, c, o->columns) + sum[r] : sum[r]);
        } else {
            float lanes[VW];
            fv_vstore(sum[r], lanes);
            for (size_t k = c; k < o->columns; ++k) out[k] = o->accumulate ? out[k] + lanes[k - at] : lanes[k - at];
        }
    }
}

static inline void block_all_tiles(const block_operands *o)
{
    const size_t spacing = get_local_size(0) * VW;
    for (size_t block = get_group_id(0) * BLOCK_VECTORS * spacing; block < o->columns;
         block += get_num_groups(0) * BLOCK_VECTORS * spacing) {
        const size_t c = block + get_local_id(0) * VW;
        const size_t step = get_global_size(1) * BLOCK_ROWS;
        if (c + (BLOCK_VECTORS - 1) * spacing + VW <= o->columns) {
            for (size_t i = get_global_id(1) * BLOCK_ROWS; i < o->length; i += step) block_wide_tile(o, i, c, spacing);
        } else {
            for (uint v = 0; v < BLOCK_VECTORS && c + v * spacing < o->columns; ++v)
                for (size_t i = get_global_id(1) * BLOCK_ROWS; i < o->length; i += step)
                    block_narrow_tile(o, i, c + v * spacing);
        }
    }
}

/* band = square . Y, added to the old band where `accumulate` is not 0. */
__kernel void block_apply(__global float *restrict band, const ulong band_at, const __global float *restrict square,
                          const ulong square_at, const __global float *restrict y, const ulong y_at,
                          const __global int *restrict starts, const ulong starts_at,
                          const __global int *restrict pair_starts, const ulong pair_starts_at, const uint slices,
                          const uint columns, const uint band_ld, const ulong band_slice, const uint y_ld,
                          const ulong y_slice, const uint accumulate)
{
    const block_place p = block_find(starts + starts_at, pair_starts + pair_starts_at, slices);
    const block_operands o = {band + band_at + p.slice * band_slice + p.first * band_ld,
                              square + square_at + p.square_at,
                              y + y_at + p.slice * y_slice + p.first * y_ld,
                              p.length, columns, band_ld, y_ld, p.length, 1, accumulate};
    block_all_tiles(&o);
}

/* band = squareᵀ . Y, added to the old band where `accumulate` is not 0. */
__kernel void block_apply_t(__global float *restrict band, const ulong band_at, const __global float *restrict square,
                            const ulong square_at, const __global float *restrict y, const ulong y_at,
                            const __global int *restrict starts, const ulong starts_at,
                            const __global int *restrict pair_starts, const ulong pair_starts_at, const uint slices,
                            const uint columns, const uint band_ld, const ulong band_slice, const uint y_ld,
                            const ulong y_slice, const uint accumulate)
{
    const block_place p = block_find(starts + starts_at, pair_starts + pair_starts_at, slices);
    const block_operands o = {band + band_at + p.slice * band_slice + p.first * band_ld,
                              square + square_at + p.square_at,
                              y + y_at + p.slice * y_slice + p.first * y_ld,
                              p.length, columns, band_ld, y_ld, 1, p.length, accumulate};
    block_all_tiles(&o);
}
