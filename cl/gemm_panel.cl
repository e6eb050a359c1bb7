/* Matrix product on packed operands: C[m, n] = op(A)[m, k] . op(B)[k, n] + beta * C + bias[n], row-major.
 *
 * op(A) is cut into panels of GEMM_MR rows, op(B) into panels of GEMM_NR columns; a panel stores k slices of GEMM_MR
 * (or GEMM_NR) consecutive floats, and the last panel is filled up with copies of its last row or column. One work-item
 * computes tiles of GEMM_MR x GEMM_NR results in registers: per slice two vectors of B and one broadcast of each float
 * of A. Both operands are read strictly forward, whatever their transposition, because the packing absorbs it.
 * Beside C a product may give sums over k of the rows of op(A): what a bias gradient is beside a weight gradient.
 * Helpers leave restrict to the kernels: inlined, theirs becomes an intrinsic that simulators of OpenCL stop at.
 * Host: runtime/gemm_panel.c. No tunable below changes a result.
 */
#include "vector.clh"

/* Rows of a tile: GEMM_MR x 2 accumulators, 2 vectors of B and a broadcast fit the vector registers, and there are more
 * accumulators than multiply-adds in flight (2 a cycle, 4 or 5 cycles each):
 *
 *     VW  registers  rows  in use  processors
 *     16         32    12      27  AVX-512
 *      8         16     6      15  AVX2
 *      4   16 or 32     6      15  SSE4; NEON
 *    1, 2                4          GPUs, where rows are registers of every item
 */
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

/* Slices that the loop of a tile adds before it jumps. With one, and all registers in use, LLVM 14 moves accumulators
 * from register to register and through the stack (AVX2: a quarter of the speed). tests/codegen/ looks at what compilers
 * make of it. */
#define GEMM_SLICES 4

/* A work-item that transposes reads whole rows, this many floats of each: long runs keep the prefetchers going. */
#ifndef GEMM_TURN_DEPTH
#define GEMM_TURN_DEPTH 1024
#endif
/* Packing moves squares of this many floats, which divide the panels of either operand. */
#if GEMM_MR % 4 == 0 && GEMM_NR % 4 == 0
#define GEMM_PIECE 4
#else
#define GEMM_PIECE 2
#endif
/* A work-item that copies takes this many slices of so many floats: rows of the source, each a long run, in at most
 * 16,384 iterations. */
#ifndef GEMM_COPY_DEPTH
#define GEMM_COPY_DEPTH 16
#endif
#ifndef GEMM_COPY_WIDTH
#define GEMM_COPY_WIDTH (VW < 4 ? 1024 : GEMM_PIECE * 1024)
#endif

typedef VECTOR_PASTE(float, GEMM_PIECE) gemm_piece;
#define gemm_piece_load(p) VECTOR_PASTE(vload, GEMM_PIECE)(0, (p))
#define gemm_piece_store(v, p) VECTOR_PASTE(vstore, GEMM_PIECE)((v), 0, (p))

/* The lanes of two pieces in turn: of their first and of their second halves. */
#if GEMM_PIECE == 4
#define gemm_zip_first(a, b) (float4)((a).s0, (b).s0, (a).s1, (b).s1)
#define gemm_zip_second(a, b) (float4)((a).s2, (b).s2, (a).s3, (b).s3)
#else
#define gemm_zip_first(a, b) (float2)((a).s0, (b).s0)
#define gemm_zip_second(a, b) (float2)((a).s1, (b).s1)
#endif

/* Transposes a square: each pass rotates one bit of the row number into the column number. */
static inline void gemm_turn(gemm_piece *v)
{
#pragma unroll
    for (uint pass = 1; pass < GEMM_PIECE; pass *= 2) {
        gemm_piece w[GEMM_PIECE];
#pragma unroll
        for (uint i = 0; i < GEMM_PIECE / 2; ++i) {
            w[2 * i] = gemm_zip_first(v[i], v[i + GEMM_PIECE / 2]);
            w[2 * i + 1] = gemm_zip_second(v[i], v[i + GEMM_PIECE / 2]);
        }
#pragma unroll
        for (uint i = 0; i < GEMM_PIECE; ++i) v[i] = w[i];
    }
}

/* Slices first .. last-1 of one panel of `width` rows, from a source whose rows are the panel's rows:
 * x[row * ld + slice]. `rows` of them exist, at least one; the last stands in for those that do not, whose results
 * nobody stores. */
static inline void gemm_pack_turning(__global float *panel, const __global float *x, const size_t ld,
                              const uint rows, const uint width, const uint first, const uint last)
{
    const uint whole = first + (last - first) / GEMM_PIECE * GEMM_PIECE;
    for (uint slice = first; slice < whole; slice += GEMM_PIECE) {
        __global float *to = panel + (size_t)slice * width;
#pragma unroll
        for (uint strip = 0; strip < width; strip += GEMM_PIECE) {
            gemm_piece v[GEMM_PIECE];
#pragma unroll
            for (uint i = 0; i < GEMM_PIECE; ++i) v[i] = gemm_piece_load(x + min(strip + i, rows - 1) * ld + slice);
            gemm_turn(v);
#pragma unroll
            for (uint i = 0; i < GEMM_PIECE; ++i) gemm_piece_store(v[i], to + i * width + strip);
        }
    }
    for (uint slice = whole; slice < last; ++slice)
        for (uint i = 0; i < width; ++i) panel[(size_t)slice * width + i] = x[min(i, rows - 1) * ld + slice];
}

/* The same from a source whose rows are the slices: x[slice * ld + row]. */
static inline void gemm_pack_copying(__global float *panel, const __global float *x, const size_t ld,
                              const uint rows, const uint width, const uint first, const uint last)
{
    __global float *to = panel + (size_t)first * width;
    const __global float *from = x + first * ld;
    for (uint slice = first; slice < last; ++slice, to += width, from += ld) {
        if (rows < width)
            for (uint i = 0; i < width; ++i) to[i] = from[min(i, rows - 1)];
        else if (width % VW == 0)
            for (uint i = 0; i < width; i += VW) fv_vstore(fv_vload(from + i), to + i);
        else
            for (uint i = 0; i < width; i += GEMM_PIECE) gemm_piece_store(gemm_piece_load(from + i), to + i);
    }
}

/* Packs the work-item's share of one operand. Blocks of panels and slices are dealt out to all items in turn; `turn` is
 * the place in the round of this item's next block, and what is returned its place among the blocks that come after. */
static inline uint gemm_pack(__global float *packed, const __global float *x, const size_t ld,
                      const uint rows, const uint width, const uint k, const uint turning, uint turn)
{
    const uint depth = turning ? GEMM_TURN_DEPTH : GEMM_COPY_DEPTH;
    const uint run = turning ? 1 : GEMM_COPY_WIDTH / width;
    const uint panels = (rows + width - 1) / width, blocks = (panels + run - 1) / run;
    for (uint first = 0; first < k; first += depth) {
        const uint last = min(first + depth, k);
        for (; turn < blocks; turn += (uint)get_global_size(0))
            for (uint p = turn * run; p < min((turn + 1) * run, panels); ++p) {
                __global float *panel = packed + (size_t)p * width * k;
                if (turning)
                    gemm_pack_turning(panel, x + p * width * ld, ld, rows - p * width, width, first, last);
                else
                    gemm_pack_copying(panel, x + p * width, ld, rows - p * width, width, first, last);
            }
        turn -= blocks;
    }
    return turn;
}

/* Packs both operands. packed_a [ceil(m / GEMM_MR), k, GEMM_MR], packed_b [ceil(n / GEMM_NR), k, GEMM_NR].
 * a is stored as [m, k] (turn_a = 1) or [k, m] (0), b as [n, k] (turn_b = 1) or [k, n] (0).
 * Launch: any number of items; enough of them that the blocks of an item stay within RT_MOST_LOOPS iterations. */
__kernel void gemm_panel_pack(__global float *restrict packed_a, const ulong packed_a_at,
                              __global float *restrict packed_b, const ulong packed_b_at,
                              const __global float *restrict a, const ulong a_at,
                              const __global float *restrict b, const ulong b_at,
                              const uint m, const uint n, const uint k, const uint lda, const uint ldb,
                              const uint turn_a, const uint turn_b)
{
    const uint turn =
        gemm_pack(packed_a + packed_a_at, a + a_at, lda, m, GEMM_MR, k, turn_a, (uint)get_global_id(0));
    gemm_pack(packed_b + packed_b_at, b + b_at, ldb, n, GEMM_NR, k, turn_b, turn);
}

/* Writes the part of a tile that lies inside C: rows x columns, with the bias and what beta keeps of the old C. */
static inline void gemm_tile_store(__global float *c, const size_t ldc, const fv (*sum)[2], const uint rows,
                            const uint columns, const __global float *bias, const uint has_bias,
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
            if (beta != 0.0f) v = fv_fma((fv)(beta), fv_load(c, i, columns), v);
            fv_store(c, i, columns, v);
        }
}

/* A slice of a tile: the outer product of GEMM_MR floats of A and GEMM_NR of B. */
static inline void gemm_slice_add(fv (*sum)[2], const __global float *a, const __global float *b)
{
    const fv b0 = fv_vload(b), b1 = fv_vload(b + VW);
#pragma unroll
    for (uint r = 0; r < GEMM_MR; ++r) {
        sum[r][0] = fv_fma((fv)(a[r]), b0, sum[r][0]);
        sum[r][1] = fv_fma((fv)(a[r]), b1, sum[r][1]);
    }
}

/* One tile: a panel of A times a panel of B. */
static inline void gemm_tile_sum(fv (*sum)[2], const __global float *a, const __global float *b, const uint k)
{
#pragma unroll
    for (uint r = 0; r < GEMM_MR; ++r) sum[r][0] = sum[r][1] = (fv)(0.0f);
    uint slice = 0;
    for (; slice + GEMM_SLICES <= k; slice += GEMM_SLICES)
#pragma unroll
        for (uint s = 0; s < GEMM_SLICES; ++s, a += GEMM_MR, b += GEMM_NR) gemm_slice_add(sum, a, b);
    for (; slice < k; ++slice, a += GEMM_MR, b += GEMM_NR) gemm_slice_add(sum, a, b);
}

/* Sums over the slices of a panel of A, which is about to be read for tiles: every fourth slice has a sum of its own. */
static inline void gemm_row_sums(float *sum, const __global float *a, const uint k)
{
    gemm_piece part[4][GEMM_MR / GEMM_PIECE];
#pragma unroll
    for (uint i = 0; i < GEMM_MR / GEMM_PIECE; ++i) part[0][i] = part[1][i] = part[2][i] = part[3][i] = 0.0f;
    uint slice = 0;
    for (; slice + 4 <= k; slice += 4)
#pragma unroll
        for (uint s = 0; s < 4; ++s, a += GEMM_MR)
#pragma unroll
            for (uint i = 0; i < GEMM_MR / GEMM_PIECE; ++i) part[s][i] += gemm_piece_load(a + i * GEMM_PIECE);
    for (; slice < k; ++slice, a += GEMM_MR)
#pragma unroll
        for (uint i = 0; i < GEMM_MR / GEMM_PIECE; ++i) part[0][i] += gemm_piece_load(a + i * GEMM_PIECE);
#pragma unroll
    for (uint i = 0; i < GEMM_MR / GEMM_PIECE; ++i)
        gemm_piece_store((part[0][i] + part[1][i]) + (part[2][i] + part[3][i]), sum + i * GEMM_PIECE);
}

/* C and sums from packed operands. c [m, n] with ldc, bias [n] if has_bias; sums [m - sums_from] of the rows of op(A)
 * from sums_from on, m where there are none. Launch: get_global_id(0) takes `run_a` panels of A, a set that stays in a
 * cache while the `run_b` panels of B that get_global_id(1) takes pass by: run_a * run_b * k within RT_MOST_LOOPS. */
__kernel void gemm_panel(__global float *restrict c, const ulong c_at,
                         const __global float *restrict packed_a, const ulong packed_a_at,
                         const __global float *restrict packed_b, const ulong packed_b_at,
                         const __global float *restrict bias, const ulong bias_at,
                         __global float *restrict sums, const ulong sums_at, const uint sums_from,
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
    sums += sums_at;
    for (uint row = first_row; first_column == 0 && row < end_row; row += GEMM_MR) {
        if (row + GEMM_MR <= sums_from) continue;
        float sum[GEMM_MR];
        gemm_row_sums(sum, packed_a + (size_t)row * k, k);
        for (uint r = row; r < min(row + GEMM_MR, m); ++r)
            if (r >= sums_from) sums[r - sums_from] = sum[r - row] + (beta != 0.0f ? beta * sums[r - sums_from] : 0.0f);
    }
    for (uint column = first_column; column < end_column; column += GEMM_NR)
        for (uint row = first_row; row < end_row; row += GEMM_MR) {
            fv sum[GEMM_MR][2];
            gemm_tile_sum(sum, packed_a + (size_t)row * k, packed_b + (size_t)column * k, k);
            gemm_tile_store(c + (size_t)row * ldc + column, ldc, sum, min((uint)GEMM_MR, m - row),
                            min((uint)GEMM_NR, n - column), bias + column, has_bias, beta);
        }
}
