/* Matrix product on packed operands: C[m, n] = op(A)[m, k] . op(B)[k, n] + beta * C + bias[n], row-major.
 *
 * op(A) is cut into panels of GEMM_MR rows, op(B) into panels of GEMM_NR columns; a panel stores k slices of GEMM_MR (or
 * GEMM_NR) consecutive floats, and the last panel is filled up with zeros. One work-item computes tiles of GEMM_MR x
 * GEMM_NR results in registers: per slice two vectors of B and one broadcast of each float of A. Both operands are read
 * strictly forward, whatever their transposition, because the packing absorbs it. Host: runtime/gemm_panel.c.
 *
 * Tunables, all properties of the device; results do not depend on those that cut the packing.
 */
#include "vector.clh"

/* Rows of a tile: GEMM_MR x 2 accumulators, 2 vectors of B and a broadcast fit the vector registers (32 of 16 floats;
 * 16 of 8 or 4). */
#ifndef GEMM_MR
#if VW == 16
#define GEMM_MR 12
#elif VW >= 4
#define GEMM_MR 6
#else
#define GEMM_MR 4
#endif
#endif
/* Columns of a tile. */
#define GEMM_NR (2 * VW)

/* A work-item that transposes reads whole rows, this many floats of each: long runs keep the prefetchers going. */
#ifndef GEMM_TURN_DEPTH
#define GEMM_TURN_DEPTH 1024
#endif
/* A work-item that copies takes this many slices of so many floats: rows of the source, each a long run. */
#ifndef GEMM_COPY_DEPTH
#define GEMM_COPY_DEPTH 8
#endif
#ifndef GEMM_COPY_WIDTH
#define GEMM_COPY_WIDTH 4096
#endif

/* Transposes VW x VW floats: each pass rotates one bit of the row number into the column number. */
#if VW == 1
#define gemm_turn(v)
#else
inline void gemm_turn(fv *v)
{
#pragma unroll
    for (uint pass = 1; pass < VW; pass *= 2) {
        fv w[VW];
#pragma unroll
        for (uint i = 0; i < VW / 2; ++i) {
            w[2 * i].even = v[i].lo;
            w[2 * i].odd = v[i + VW / 2].lo;
            w[2 * i + 1].even = v[i].hi;
            w[2 * i + 1].odd = v[i + VW / 2].hi;
        }
#pragma unroll
        for (uint i = 0; i < VW; ++i) v[i] = w[i];
    }
}
#endif

/* Slices first .. last-1 of one panel of `width` rows, from a source whose rows are the panel's rows: x[row * ld + slice].
 * `rows` of them exist. Strips of VW rows go last to first, because a vector that ends beyond the panel's width spills
 * into the next slice of the first strip. */
inline void gemm_pack_turning(__global float *restrict panel, const __global float *restrict x, const size_t ld,
                              const uint rows, const uint width, const uint first, const uint last)
{
    for (uint strip = (width - 1) / VW * VW + VW; strip > 0;) {
        strip -= VW;
        const uint lanes = min((uint)VW, width - strip);
        const uint here = rows > strip ? min(lanes, rows - strip) : 0;
        const __global float *from = x + strip * ld;
        for (uint slice = first; slice < last; slice += VW) {
            const uint slices = min((uint)VW, last - slice);
            fv v[VW];
            if (here == VW && slices == VW) {
#pragma unroll
                for (uint i = 0; i < VW; ++i) v[i] = fv_vload(from + i * ld + slice);
            } else if (here == width % VW && slices == VW) {
#pragma unroll
                for (uint i = 0; i < VW; ++i) v[i] = i < width % VW ? fv_vload(from + i * ld + slice) : (fv)(0.0f);
            } else {
                for (uint i = 0; i < VW; ++i) v[i] = i < here ? fv_load(from + i * ld, slice, last) : (fv)(0.0f);
            }
            gemm_turn(v);
            __global float *to = panel + (size_t)slice * width + strip;
            if (slices == VW && (lanes == VW || slice + VW < last)) {
#pragma unroll
                for (uint i = 0; i < VW; ++i) fv_vstore(v[i], to + i * width);
            } else {
                for (uint i = 0; i < slices; ++i) fv_store(to + i * width, 0, lanes, v[i]);
            }
        }
    }
}

/* The same from a source whose rows are the slices: x[slice * ld + row]. */
inline void gemm_pack_copying(__global float *restrict panel, const __global float *restrict x, const size_t ld,
                              const uint rows, const uint width, const uint first, const uint last)
{
    const uint whole = (width + VW - 1) / VW * VW;
    for (uint slice = first; slice < last; ++slice) {
        const __global float *from = x + slice * ld;
        __global float *to = panel + (size_t)slice * width;
        const bool roomy = whole == width || slice + 1 < last; /* what a vector spills is written again */
        if (whole <= rows && roomy) {
            for (uint i = 0; i < whole; i += VW) fv_vstore(fv_vload(from + i), to + i);
        } else {
            for (uint i = 0; i < width; i += VW)
                fv_store(to, i, roomy ? whole : width, fv_load(from, i, rows));
        }
    }
}

/* Work-items (blocks of panels and slices) that pack one operand, and the work of one of them. */
inline uint gemm_pack_blocks(const uint rows, const uint width, const uint k, const uint turning)
{
    const uint panels = (rows + width - 1) / width;
    const uint depth = turning ? GEMM_TURN_DEPTH : GEMM_COPY_DEPTH;
    const uint per_block = turning ? 1 : GEMM_COPY_WIDTH / width;
    return (panels + per_block - 1) / per_block * ((k + depth - 1) / depth);
}

inline void gemm_pack_block(__global float *restrict packed, const __global float *restrict x, const size_t ld,
                            const uint rows, const uint width, const uint k, const uint turning, const uint block)
{
    const uint panels = (rows + width - 1) / width;
    const uint depth = turning ? GEMM_TURN_DEPTH : GEMM_COPY_DEPTH;
    const uint per_block = turning ? 1 : GEMM_COPY_WIDTH / width;
    const uint columns = (panels + per_block - 1) / per_block;
    const uint first = block / columns * depth, last = min(first + depth, k);
    const uint end = min((block % columns + 1) * per_block, panels);
    for (uint p = block % columns * per_block; p < end; ++p) {
        __global float *panel = packed + (size_t)p * width * k;
        if (turning)
            gemm_pack_turning(panel, x + p * width * ld, ld, rows - p * width, width, first, last);
        else
            gemm_pack_copying(panel, x + p * width, ld, rows - p * width, width, first, last);
    }
}

/* Packs both operands. packed_a [ceil(m / GEMM_MR), k, GEMM_MR], packed_b [ceil(n / GEMM_NR), k, GEMM_NR].
 * a is stored as [m, k] (turn_a = 1) or [k, m] (0), b as [n, k] (turn_b = 1) or [k, n] (0). m = 0 or n = 0 leaves that
 * operand out. Launch: any number of items; the blocks are dealt out one by one. */
__kernel void gemm_panel_pack(__global float *restrict packed_a, const ulong packed_a_at,
                              __global float *restrict packed_b, const ulong packed_b_at,
                              const __global float *restrict a, const ulong a_at,
                              const __global float *restrict b, const ulong b_at,
                              const uint m, const uint n, const uint k, const uint lda, const uint ldb,
                              const uint turn_a, const uint turn_b)
{
    packed_a += packed_a_at;
    packed_b += packed_b_at;
    a += a_at;
    b += b_at;
    const uint of_a = gemm_pack_blocks(m, GEMM_MR, k, turn_a), of_b = gemm_pack_blocks(n, GEMM_NR, k, turn_b);
    for (uint block = (uint)get_global_id(0); block < of_a + of_b; block += (uint)get_global_size(0)) {
        if (block < of_a)
            gemm_pack_block(packed_a, a, lda, m, GEMM_MR, k, turn_a, block);
        else
            gemm_pack_block(packed_b, b, ldb, n, GEMM_NR, k, turn_b, block - of_a);
    }
}

/* Writes the part of a tile that lies inside C: rows x columns, with the bias and what beta keeps of the old C. */
inline void gemm_tile_store(__global float *restrict c, const size_t ldc, const fv (*sum)[2], const uint rows,
                            const uint columns, const __global float *restrict bias, const uint has_bias,
                            const float beta)
{
    float tile[GEMM_MR * GEMM_NR];
#pragma unroll
    for (uint r = 0; r < GEMM_MR; ++r) {
        fv_vstore(sum[r][0], tile + r * GEMM_NR);
        fv_vstore(sum[r][1], tile + r * GEMM_NR + VW);
    }
    for (uint r = 0; r < rows; ++r, c += ldc)
        for (uint i = 0; i < columns; i += VW) {
            fv v = fv_vload(tile + r * GEMM_NR + i);
            if (has_bias) v += fv_load(bias, i, columns);
            if (beta != 0.0f) v = fma((fv)(beta), fv_load(c, i, columns), v);
            fv_store(c, i, columns, v);
        }
}

/* One tile: a panel of A times a panel of B. */
inline void gemm_tile_sum(fv (*sum)[2], const __global float *restrict a, const __global float *restrict b, const uint k)
{
#pragma unroll
    for (uint r = 0; r < GEMM_MR; ++r) sum[r][0] = sum[r][1] = (fv)(0.0f);
    for (uint slice = 0; slice < k; ++slice, a += GEMM_MR, b += GEMM_NR) {
        const fv b0 = fv_vload(b), b1 = fv_vload(b + VW);
#pragma unroll
        for (uint r = 0; r < GEMM_MR; ++r) {
            sum[r][0] = fma((fv)(a[r]), b0, sum[r][0]);
            sum[r][1] = fma((fv)(a[r]), b1, sum[r][1]);
        }
    }
}

/* C from packed operands. c [m, n] with ldc, bias [n] if has_bias. Launch: get_global_id(0) takes `run_a` panels of A, a
 * set that stays in a cache while the `run_b` panels of B that get_global_id(1) takes pass by. */
__kernel void gemm_panel(__global float *restrict c, const ulong c_at,
                         const __global float *restrict packed_a, const ulong packed_a_at,
                         const __global float *restrict packed_b, const ulong packed_b_at,
                         const __global float *restrict bias, const ulong bias_at,
                         const uint m, const uint n, const uint k, const uint ldc, const uint run_a, const uint run_b,
                         const uint has_bias, const float beta)
{
    const uint first_row = (uint)get_global_id(0) * run_a * GEMM_MR, end_row = min(first_row + run_a * GEMM_MR, m);
    const uint first_column = (uint)get_global_id(1) * run_b * GEMM_NR;
    const uint end_column = min(first_column + run_b * GEMM_NR, n);
    c += c_at;
    packed_a += packed_a_at;
    packed_b += packed_b_at;
    bias += bias_at;
    for (uint column = first_column; column < end_column; column += GEMM_NR)
        for (uint row = first_row; row < end_row; row += GEMM_MR) {
            fv sum[GEMM_MR][2];
            gemm_tile_sum(sum, packed_a + (size_t)row * k, packed_b + (size_t)column * k, k);
            gemm_tile_store(c + (size_t)row * ldc + column, ldc, sum, min((uint)GEMM_MR, m - row),
                            min((uint)GEMM_NR, n - column), bias + column, has_bias, beta);
        }
}
