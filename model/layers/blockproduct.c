#include "model/layers/blockproduct.h"

#include "runtime/launch.h"

/* The tiles of cl/blockproduct.cl; these numbers only shape the launch, any grid covers everything. */
enum { TILE_COLUMNS = 4, TILES_OF_ITEM = 4, GROUP_SIDE = 8 };

/* BLOCK_ROWS of the kernels. */
static size_t tile_rows(const rt_context *rt)
{
    return rt_vector_width(rt) >= 8 ? 6 : 4;
}

static size_t ceil_div(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

/* Groups of up to GROUP_SIDE x GROUP_SIDE items where groups have items; otherwise each item takes several tiles, for a
 * group costs more than a tile of a short dialogue. */
static rt_grid block_grid(const rt_context *rt, const nn_blocks *blocks, size_t columns_of_item)
{
    const size_t items = rt_row_group(rt);
    const size_t across = items < GROUP_SIDE ? items : GROUP_SIDE;
    const size_t down = items / across < GROUP_SIDE ? items / across : GROUP_SIDE;
    const size_t rows_of_group = tile_rows(rt) * (items > 1 ? down : TILES_OF_ITEM);
    rt_grid grid =
        rt_groups(ceil_div(blocks->columns, columns_of_item * across), ceil_div(blocks->batch->longest, rows_of_group),
                  blocks->batch->dialogues * blocks->slices, across);
    grid.local[1] = down;
    return grid;
}

/* Elements of all blocks of a band, and multiplications and additions of one product. */
static size_t band_elements(const nn_blocks *blocks, size_t columns)
{
    return blocks->slices * blocks->batch->rows * columns;
}

static double flops_of(const nn_blocks *blocks, size_t columns)
{
    return 2.0 * (double)nn_square_elements(blocks->batch->pairs, blocks->slices) * (double)columns;
}

st_status nn_blocks_outer(rt_context *rt, rt_view square, nn_band x, nn_band y, nn_blocks blocks, float alpha)
{
    const size_t columns = blocks.columns;
    blocks.columns = blocks.batch->longest; /* of the output */
    const size_t item = rt_row_group(rt) > 1 ? TILE_COLUMNS : blocks.columns;
    return RT_LAUNCH(
        rt, "block_outer", block_grid(rt, &blocks, item), RT_VIEW(square), RT_VIEW(x.view), RT_VIEW(y.view),
        RT_VIEW(blocks.batch->starts), RT_VIEW(blocks.batch->pair_starts), RT_UINT(blocks.slices), RT_UINT(columns),
        RT_UINT(x.ld), RT_ULONG(x.slice), RT_UINT(y.ld), RT_ULONG(y.slice), RT_FLOAT(alpha),
        RT_MOVES(2 * band_elements(&blocks, columns) + nn_square_elements(blocks.batch->pairs, blocks.slices)),
        RT_FLOPS(flops_of(&blocks, columns)));
}

static st_status apply(rt_context *rt, const char *kernel, nn_band band, rt_view square, nn_band y,
                       const nn_blocks *blocks, float beta)
{
    const size_t width = rt_vector_width(rt);
    const size_t vectors = width >= 8 ? 4 : 2;
    return RT_LAUNCH(rt, kernel, block_grid(rt, blocks, vectors * width), RT_VIEW(band.view), RT_VIEW(square),
                     RT_VIEW(y.view), RT_VIEW(blocks->batch->starts), RT_VIEW(blocks->batch->pair_starts),
                     RT_UINT(blocks->slices), RT_UINT(blocks->columns), RT_UINT(band.ld), RT_ULONG(band.slice),
                     RT_UINT(y.ld), RT_ULONG(y.slice), RT_UINT(beta != 0.0f),
                     RT_MOVES((beta != 0.0f ? 3 : 2) * band_elements(blocks, blocks->columns) +
                              nn_square_elements(blocks->batch->pairs, blocks->slices)),
                     RT_FLOPS(flops_of(blocks, blocks->columns)));
}

st_status nn_blocks_apply(rt_context *rt, nn_band band, rt_view square, nn_band y, nn_blocks blocks, float beta)
{
    return apply(rt, "block_apply", band, square, y, &blocks, beta);
}

st_status nn_blocks_apply_t(rt_context *rt, nn_band band, rt_view square, nn_band y, nn_blocks blocks, float beta)
{
    return apply(rt, "block_apply_t", band, square, y, &blocks, beta);
}
