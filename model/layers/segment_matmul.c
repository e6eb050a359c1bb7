#include "model/layers/segment_matmul.h"

#include "runtime/launch.h"

/* The tiles of cl/segment_matmul.cl; these numbers only determine the launch; every grid computes everything. */
enum { TILE_COLUMNS = 4, TILES_OF_ITEM = 4, GROUP_SIDE = 8 };

/* TILE_ROWS, TILE_ROWS_NT and TILE_VECTORS of the kernels. */
static size_t tile_rows(const rt_context *rt)
{
    return rt_vector_width(rt) == 16 ? 6 : 4;
}

static size_t tile_rows_nt(const rt_context *rt)
{
    return rt_vector_width(rt) == 16 ? 6 : rt_vector_width(rt) >= 4 ? 2 : 4;
}

static size_t tile_vectors(const rt_context *rt)
{
    return rt_vector_width(rt) == 16 ? 4 : 2;
}

static size_t ceil_div(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

/* Tiles of a work-item one below another, if a row of its tiles loops `loops` times: one if groups have several items;
 * otherwise several, because a group costs more than a tile of a short dialogue. */
static size_t tiles_down(const rt_context *rt, size_t loops)
{
    return rt_row_group(rt) > 1 || loops * TILES_OF_ITEM > RT_MOST_LOOPS ? 1 : TILES_OF_ITEM;
}

/* The launch for `columns` of the output, in groups of up to GROUP_SIDE x GROUP_SIDE work-items if groups have
 * several. */
static rt_grid tile_grid(const rt_context *rt, const nn_segment_matmul *shape, size_t columns, size_t columns_of_item,
                         size_t rows_of_item)
{
    const size_t items = rt_row_group(rt);
    const size_t across = items < GROUP_SIDE ? items : GROUP_SIDE;
    const size_t down = items / across < GROUP_SIDE ? items / across : GROUP_SIDE;
    const size_t rows_of_group = rows_of_item * down;
    rt_grid grid =
        rt_groups(ceil_div(columns, columns_of_item * across), ceil_div(shape->segments->longest, rows_of_group),
                  shape->segments->dialogues * shape->slices, across);
    grid.local[1] = down;
    return grid;
}

/* Elements of a strided operand, and multiplications and additions of one product. */
static size_t strided_elements(const nn_segment_matmul *shape)
{
    return shape->slices * shape->segments->rows * shape->columns;
}

static size_t square_elements(const nn_segment_matmul *shape)
{
    return nn_square_elements(shape->segments->pairs, shape->slices);
}

static double flops_of(const nn_segment_matmul *shape)
{
    return 2.0 * (double)square_elements(shape) * (double)shape->columns;
}

st_status nn_segment_matmul_nt(rt_context *rt, rt_view square, const nn_segment_matmul *shape, nn_strided x,
                               nn_strided y, float alpha)
{
    const size_t columns = shape->segments->longest; /* of the output */
    const size_t loops = ceil_div(shape->columns, rt_vector_width(rt)), tiles = tiles_down(rt, loops);
    const size_t row = ceil_div(columns, TILE_COLUMNS);
    const size_t beside = rt_row_group(rt) > 1 ? 1 : ceil_div(row, rt_shares(row, tiles * loops));
    return RT_LAUNCH(rt, "segment_matmul_nt",
                     tile_grid(rt, shape, columns, beside * TILE_COLUMNS, tiles * tile_rows_nt(rt)), RT_VIEW(square),
                     RT_VIEW(x.view), RT_VIEW(y.view), RT_VIEW(shape->segments->starts),
                     RT_VIEW(shape->segments->pair_starts), RT_UINT(shape->slices), RT_UINT(shape->columns),
                     RT_UINT(x.ld), RT_ULONG(x.stride), RT_UINT(y.ld), RT_ULONG(y.stride), RT_FLOAT(alpha),
                     RT_MOVES(2 * strided_elements(shape) + square_elements(shape)), RT_FLOPS(flops_of(shape)),
                     RT_LOOPS(beside * tiles * loops));
}

static st_status product(rt_context *rt, const char *kernel, nn_strided out, const nn_segment_matmul *shape,
                         rt_view square, nn_strided y, float beta)
{
    const size_t width = rt_vector_width(rt);
    const size_t vectors = tile_vectors(rt), loops = vectors * shape->segments->longest;
    const size_t tiles = tiles_down(rt, loops);
    return RT_LAUNCH(rt, kernel, tile_grid(rt, shape, shape->columns, vectors * width, tiles * tile_rows(rt)),
                     RT_VIEW(out.view), RT_VIEW(square), RT_VIEW(y.view), RT_VIEW(shape->segments->starts),
                     RT_VIEW(shape->segments->pair_starts), RT_UINT(shape->slices), RT_UINT(shape->columns),
                     RT_UINT(out.ld), RT_ULONG(out.stride), RT_UINT(y.ld), RT_ULONG(y.stride), RT_FLOAT(beta),
                     RT_MOVES((beta != 0.0f ? 3 : 2) * strided_elements(shape) + square_elements(shape)),
                     RT_FLOPS(flops_of(shape)), RT_LOOPS(tiles * loops));
}

st_status nn_segment_matmul_nn(rt_context *rt, nn_strided out, const nn_segment_matmul *shape, rt_view square,
                               nn_strided y, float beta)
{
    return product(rt, "segment_matmul_nn", out, shape, square, y, beta);
}

st_status nn_segment_matmul_tn(rt_context *rt, nn_strided out, const nn_segment_matmul *shape, rt_view square,
                               nn_strided y, float beta)
{
    return product(rt, "segment_matmul_tn", out, shape, square, y, beta);
}
