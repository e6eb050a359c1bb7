#include "vector.clh"

/* A small product per segment (a dialogue) and slice (a head, a modality).
 * Host and operand layouts: model/layers/segment_matmul.h.
 *
 *   strided  element (row, c) of slice s at  s*stride + row*ld + c, rows counted over the batch
 *   square   element (i, j) of segment b and slice s at  pair_start_b*slices + s*L*L + i*L + j
 *
 * An item computes tiles of TILE_ROWS rows and several vectors, held in registers; operands are read from global
 * memory, where caches keep what neighbouring tiles share. Launch: any number of groups along 0 (columns) and 1 (rows),
 * any local size there; one group per segment and slice along 2; enough of them that the tiles of an item times the
 * terms of their sums stay within RT_MOST_LOOPS. Neighbouring items of dimension 0 have neighbouring
 * columns.
 */

/* Tiles, by what the registers hold: a tile of nt has TILE_ROWS_NT x 4 sums beside 4 vectors of Y, one of nn and tn
 * TILE_ROWS x TILE_VECTORS sums beside TILE_VECTORS vectors of Y; either has one register more for the left factor. Their
 * size does not change a result: every element has a sum of its own, over the same terms in the same order.
 *
 *     VW  registers    nt   nn, tn  processors
 *     16         32  6 x 4   6 x 4  AVX-512
 *      8         16  2 x 4   4 x 2  AVX2: taller tiles are spilled
 *      4  16 or 32  2 x 4   4 x 2  SSE4; NEON
 *   1, 2            4 x 4   4 x 2  GPUs
 */
#ifndef TILE_ROWS
#if VW == 16
#define TILE_ROWS 6
#else
#define TILE_ROWS 4
#endif
#endif
#ifndef TILE_ROWS_NT
#if VW == 16
#define TILE_ROWS_NT 6
#elif VW >= 4
#define TILE_ROWS_NT 2
#else
#define TILE_ROWS_NT 4
#endif
#endif
#ifndef TILE_VECTORS
#if VW == 16
#define TILE_VECTORS 4
#else
#define TILE_VECTORS 2
#endif
#endif
#define TILE_COLUMNS 4 /* of a tile of the product nt */

/* The segment and slice of a group. */
typedef struct segment_place {
    size_t first; /* row of the batch */
    size_t length;
    size_t slice;
    size_t square_at;
} segment_place;

static inline segment_place segment_find(const __global int *starts, const __global int *pair_starts, const uint slices)
{
    const size_t dialogue = get_group_id(2) / slices;
    segment_place p;
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
__kernel void segment_matmul_nt(__global float *restrict square, const ulong square_at,
                                const __global float *restrict x, const ulong x_at, const __global float *restrict y,
                                const ulong y_at, const __global int *restrict starts, const ulong starts_at,
                                const __global int *restrict pair_starts, const ulong pair_starts_at, const uint slices,
                                const uint columns, const uint x_ld, const ulong x_stride, const uint y_ld,
                                const ulong y_stride, const float alpha)
{
    const segment_place p = segment_find(starts + starts_at, pair_starts + pair_starts_at, slices);
    const size_t length = p.length;
    square += square_at + p.square_at;
    x += x_at + p.slice * x_stride + p.first * x_ld;
    y += y_at + p.slice * y_stride + p.first * y_ld;
    const size_t whole = columns / VW * VW;
    const size_t rest_at = columns >= VW ? columns - VW : 0; /* the last vector starts early, its old lanes cleared */
    const uv rest = as_uv((uv)((uint)(whole - rest_at)) <= uv_lanes());

    for (size_t i = get_global_id(1) * TILE_ROWS_NT; i < length; i += get_global_size(1) * TILE_ROWS_NT) {
        const __global float *xs[TILE_ROWS_NT]; /* rows beyond the last repeat it */
#pragma unroll
        for (uint r = 0; r < TILE_ROWS_NT; ++r) xs[r] = x + min(i + r, length - 1) * x_ld;
        for (size_t j = get_global_id(0) * TILE_COLUMNS; j < length; j += get_global_size(0) * TILE_COLUMNS) {
            const __global float *ys[TILE_COLUMNS];
            fv sum[TILE_ROWS_NT][TILE_COLUMNS];
#pragma unroll
            for (uint k = 0; k < TILE_COLUMNS; ++k) ys[k] = y + min(j + k, length - 1) * y_ld;
#pragma unroll
            for (uint r = 0; r < TILE_ROWS_NT; ++r)
#pragma unroll
                for (uint k = 0; k < TILE_COLUMNS; ++k) sum[r][k] = (fv)(0.0f);
            for (size_t c = 0; c < whole; c += VW) {
                fv b[TILE_COLUMNS];
#pragma unroll
                for (uint k = 0; k < TILE_COLUMNS; ++k) b[k] = fv_vload(ys[k] + c);
#pragma unroll
                for (uint r = 0; r < TILE_ROWS_NT; ++r) {
                    const fv a = fv_vload(xs[r] + c);
#pragma unroll
                    for (uint k = 0; k < TILE_COLUMNS; ++k) sum[r][k] = fv_fma(a, b[k], sum[r][k]);
                }
            }
            if (whole < columns) {
                fv b[TILE_COLUMNS];
#pragma unroll
                for (uint k = 0; k < TILE_COLUMNS; ++k)
                    b[k] = fv_select(rest, fv_load(ys[k], rest_at, columns), (fv)(0.0f));
#pragma unroll
                for (uint r = 0; r < TILE_ROWS_NT; ++r) {
                    const fv a = fv_select(rest, fv_load(xs[r], rest_at, columns), (fv)(0.0f));
#pragma unroll
                    for (uint k = 0; k < TILE_COLUMNS; ++k) sum[r][k] = fv_fma(a, b[k], sum[r][k]);
                }
            }
#pragma unroll
            for (uint r = 0; r < TILE_ROWS_NT; ++r) {
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
typedef struct segment_operands {
    __global float *out;
    const __global float *square, *y;
    size_t length, columns;
    size_t out_ld, y_ld;
    size_t row_step, term_step; /* element (i, j) of the left factor at i*row_step + j*term_step */
    float beta;
} segment_operands;

/* One tile: rows from `i`, vectors at c, c + spacing, ... all within the columns. */
static inline void segment_wide_tile(const segment_operands *o, const size_t i, const size_t c, const size_t spacing)
{
    const __global float *as[TILE_ROWS]; /* rows beyond the last repeat it */
    fv sum[TILE_ROWS][TILE_VECTORS];
#pragma unroll
    for (uint r = 0; r < TILE_ROWS; ++r) {
        as[r] = o->square + min(i + r, o->length - 1) * o->row_step;
#pragma unroll
        for (uint v = 0; v < TILE_VECTORS; ++v) sum[r][v] = (fv)(0.0f);
    }
    const __global float *y = o->y + c;
    for (size_t j = 0; j < o->length; ++j, y += o->y_ld) {
        fv b[TILE_VECTORS];
#pragma unroll
        for (uint v = 0; v < TILE_VECTORS; ++v) b[v] = fv_vload(y + v * spacing);
#pragma unroll
        for (uint r = 0; r < TILE_ROWS; ++r) {
            const fv a = (fv)(as[r][j * o->term_step]);
#pragma unroll
            for (uint v = 0; v < TILE_VECTORS; ++v) sum[r][v] = fv_fma(a, b[v], sum[r][v]);
        }
    }
#pragma unroll
    for (uint r = 0; r < TILE_ROWS; ++r) {
        if (i + r >= o->length) break;
        __global float *row = o->out + (i + r) * o->out_ld + c;
#pragma unroll
        for (uint v = 0; v < TILE_VECTORS; ++v)
            fv_vstore(o->beta != 0.0f ? o->beta * fv_vload(row + v * spacing) + sum[r][v] : sum[r][v],
                      row + v * spacing);
    }
}

/* One vector wide, from column `c`, which may be the last few: then the vector starts early, where there is room, and
 * only its new lanes are stored. */
static inline void segment_narrow_tile(const segment_operands *o, const size_t i, const size_t c)
{
    const size_t at = c + VW <= o->columns || o->columns < VW ? c : o->columns - VW;
    const __global float *as[TILE_ROWS];
    fv sum[TILE_ROWS];
#pragma unroll
    for (uint r = 0; r < TILE_ROWS; ++r) {
        as[r] = o->square + min(i + r, o->length - 1) * o->row_step;
        sum[r] = (fv)(0.0f);
    }
    const __global float *y = o->y;
    for (size_t j = 0; j < o->length; ++j, y += o->y_ld) {
        const fv b = fv_load(y, at, o->columns);
#pragma unroll
        for (uint r = 0; r < TILE_ROWS; ++r) sum[r] = fv_fma((fv)(as[r][j * o->term_step]), b, sum[r]);
    }
#pragma unroll
    for (uint r = 0; r < TILE_ROWS; ++r) {
        if (i + r >= o->length) break;
        __global float *row = o->out + (i + r) * o->out_ld;
        if (at == c) {
            fv_store(row, c, o->columns, o->beta != 0.0f ? o->beta * fv_load(row, c, o->columns) + sum[r] : sum[r]);
        } else {
            float lanes[VW];
            fv_vstore(sum[r], lanes);
            for (size_t k = c; k < o->columns; ++k)
                row[k] = o->beta != 0.0f ? o->beta * row[k] + lanes[k - at] : lanes[k - at];
        }
    }
}

static inline void segment_all_tiles(const segment_operands *o)
{
    const size_t spacing = get_local_size(0) * VW;
    for (size_t block = get_group_id(0) * TILE_VECTORS * spacing; block < o->columns;
         block += get_num_groups(0) * TILE_VECTORS * spacing) {
        const size_t c = block + get_local_id(0) * VW;
        const size_t step = get_global_size(1) * TILE_ROWS;
        if (c + (TILE_VECTORS - 1) * spacing + VW <= o->columns) {
            for (size_t i = get_global_id(1) * TILE_ROWS; i < o->length; i += step) segment_wide_tile(o, i, c, spacing);
        } else {
            for (uint v = 0; v < TILE_VECTORS && c + v * spacing < o->columns; ++v)
                for (size_t i = get_global_id(1) * TILE_ROWS; i < o->length; i += step)
                    segment_narrow_tile(o, i, c + v * spacing);
        }
    }
}

/* out = square . Y + beta * out; beta 0 does not read the old out. */
__kernel void segment_matmul_nn(__global float *restrict out, const ulong out_at, const __global float *restrict square,
                                const ulong square_at, const __global float *restrict y, const ulong y_at,
                                const __global int *restrict starts, const ulong starts_at,
                                const __global int *restrict pair_starts, const ulong pair_starts_at, const uint slices,
                                const uint columns, const uint out_ld, const ulong out_stride, const uint y_ld,
                                const ulong y_stride, const float beta)
{
    const segment_place p = segment_find(starts + starts_at, pair_starts + pair_starts_at, slices);
    const segment_operands o = {out + out_at + p.slice * out_stride + p.first * out_ld,
                                square + square_at + p.square_at,
                                y + y_at + p.slice * y_stride + p.first * y_ld,
                                p.length,
                                columns,
                                out_ld,
                                y_ld,
                                p.length,
                                1,
                                beta};
    segment_all_tiles(&o);
}

/* out = squareᵀ . Y + beta * out; beta 0 does not read the old out. */
__kernel void segment_matmul_tn(__global float *restrict out, const ulong out_at, const __global float *restrict square,
                                const ulong square_at, const __global float *restrict y, const ulong y_at,
                                const __global int *restrict starts, const ulong starts_at,
                                const __global int *restrict pair_starts, const ulong pair_starts_at, const uint slices,
                                const uint columns, const uint out_ld, const ulong out_stride, const uint y_ld,
                                const ulong y_stride, const float beta)
{
    const segment_place p = segment_find(starts + starts_at, pair_starts + pair_starts_at, slices);
    const segment_operands o = {out + out_at + p.slice * out_stride + p.first * out_ld,
                                square + square_at + p.square_at,
                                y + y_at + p.slice * y_stride + p.first * y_ld,
                                p.length,
                                columns,
                                out_ld,
                                y_ld,
                                1,
                                p.length,
                                beta};
    segment_all_tiles(&o);
}
