#include "model/layers/blockproduct.h"

#include "runtime/launch.h"
#include "tests/ref/batch.h"
#include "tests/ref/blockproduct.h"

typedef enum layout { HEADS, MODALITIES } layout;

typedef struct shape {
    layout layout;
    size_t slices, columns, gap; /* gap: unused elements between two rows */
    const int32_t *lengths;
    size_t dialogues;
} shape;

/* A band as the device sees it and, dense, as the reference does. */
typedef struct band {
    th_matrix matrix;
    nn_band device;
    ref_band host;
} band;

/* Slices side by side in each row, or one below the other. */
static band make_band(th_case *t, const shape *s, size_t rows, uint64_t seed)
{
    const size_t across = s->layout == HEADS ? s->slices * s->columns : s->columns;
    const size_t down = s->layout == HEADS ? rows : s->slices * rows;
    const size_t ld = across + s->gap;
    band b = {.matrix = th_normal_matrix(t, down, across, ld, seed, 1.0)};
    b.device = (nn_band){b.matrix.matrix.view, ld, s->layout == HEADS ? s->columns : rows * ld};
    b.host = (ref_band){b.matrix.value, across, s->layout == HEADS ? s->columns : rows * across};
    return b;
}

static band make_output(th_case *t, const band *like)
{
    band b = *like;
    b.matrix.value = th_doubles(t, like->matrix.matrix.rows * like->matrix.matrix.columns);
    b.matrix.matrix =
        th_output_matrix(t, like->matrix.matrix.rows, like->matrix.matrix.columns, like->matrix.matrix.ld);
    b.device.view = b.matrix.matrix.view;
    b.host.value = b.matrix.value;
    return b;
}

static void products_case(th_case *t, const void *user)
{
    const shape *s = user;
    const th_dialogues d = th_batch(t, s->lengths, s->dialogues);
    const nn_blocks blocks = {&d.batch, s->slices, s->columns};
    const size_t squares = nn_square_elements(d.batch.pairs, s->slices);
    const band x = make_band(t, s, d.batch.rows, 1), y = make_band(t, s, d.batch.rows, 2);
    const th_tensor square = th_normal(t, squares, 3, 1.0);

    double *expected = th_doubles(t, squares);
    const rt_view out = th_output(t, squares);
    TH_OK(t, nn_blocks_outer(t->rt, out, x.device, y.device, blocks, -0.75f));
    ref_blocks_outer(expected, x.host, y.host, &d.host, s->slices, s->columns, -0.75);
    th_expect(t, "outer", out, expected, squares, TH_ACTIVATION);

    for (int transposed = 0; transposed < 2; ++transposed)
        for (int beta = 0; beta < 2; ++beta) {
            const band z = beta ? make_band(t, s, d.batch.rows, 4) : make_output(t, &x);
            const char *name = transposed ? (beta ? "apply_t, added" : "apply_t") : (beta ? "apply, added" : "apply");
            TH_OK(t, (transposed ? nn_blocks_apply_t : nn_blocks_apply)(t->rt, z.device, square.view, y.device, blocks,
                                                                        (float)beta));
            (transposed ? ref_blocks_apply_t : ref_blocks_apply)(z.host, square.value, y.host, &d.host, s->slices,
                                                                 s->columns, beta);
            th_expect_matrix(t, name, z.matrix.matrix, z.matrix.value, TH_ACTIVATION);
        }
}

/* Around every edge of a tile: rows of 4 and 6, columns of 1, 2 and 4 vectors of every width. */
static const int32_t mixed[] = {1, 2, 15, 16, 17, 33, 3, 6, 7, 5};

/* How many of them: a slow device is given the first few. */
static size_t wanted(size_t dialogues)
{
    return th_small() ? 3 : dialogues;
}

static void test_widths(void **state)
{
    static const size_t widths[] = {1,  2,  3,  4,  5,  7,  8,  9,  12, 15,  16, 17,
                                    31, 32, 33, 47, 63, 64, 65, 79, 81, 128, 131};
    const size_t count = th_small() ? 6 : sizeof widths / sizeof *widths;
    for (size_t i = 0; i < count; ++i) {
        const shape heads = {HEADS, 3, widths[i], i % 2 ? 5 : 0, mixed, wanted(10)};
        const shape modalities = {MODALITIES, 2, widths[i], i % 2 ? 0 : 3, mixed, wanted(10)};
        th_run(state, products_case, &heads);
        th_run(state, products_case, &modalities);
    }
}

static void test_long_dialogues(void **state)
{
    static const int32_t corpus[] = {110, 4, 66}, longest[] = {512};
    const shape long_ones = {HEADS, 2, 48, 0, corpus, 3}, limit = {MODALITIES, 1, 40, 1, longest, 1};
    if (th_small()) skip();
    th_run(state, products_case, &long_ones);
    th_run(state, products_case, &limit);
}

static void test_one_row(void **state)
{
    static const int32_t one[] = {1};
    const shape s = {HEADS, 1, 1, 0, one, 1};
    th_run(state, products_case, &s);
}

/* The kernels under one group of few items per product: each then walks over all tiles, as it must where a device
 * allows smaller groups than the host asks for. */
static void small_grid_case(th_case *t, const void *user)
{
    const shape *s = user;
    const th_dialogues d = th_batch(t, s->lengths, s->dialogues);
    const size_t squares = nn_square_elements(d.batch.pairs, s->slices);
    const band x = make_band(t, s, d.batch.rows, 1), y = make_band(t, s, d.batch.rows, 2);
    const th_tensor square = th_normal(t, squares, 3, 1.0);
    double *expected = th_doubles(t, squares);
    ref_blocks_outer(expected, x.host, y.host, &d.host, s->slices, s->columns, 1.0);
    const band applied = make_output(t, &x);
    ref_blocks_apply(applied.host, square.value, y.host, &d.host, s->slices, s->columns, 0.0);

    for (size_t side = 1; side <= 2; ++side) {
        rt_grid grid = rt_groups(1, 1, s->dialogues * s->slices, side + 1);
        grid.local[1] = side;
        const rt_view out = th_output(t, squares);
        TH_OK(t, RT_LAUNCH(t->rt, "block_outer", grid, RT_VIEW(out), RT_VIEW(x.device.view), RT_VIEW(y.device.view),
                           RT_VIEW(d.batch.starts), RT_VIEW(d.batch.pair_starts), RT_UINT(s->slices),
                           RT_UINT(s->columns), RT_UINT(x.device.ld), RT_ULONG(x.device.slice), RT_UINT(y.device.ld),
                           RT_ULONG(y.device.slice), RT_FLOAT(1.0f)));
        th_expect(t, "outer", out, expected, squares, TH_ACTIVATION);
        const band z = make_output(t, &x);
        TH_OK(t, RT_LAUNCH(t->rt, "block_apply", grid, RT_VIEW(z.device.view), RT_VIEW(square.view),
                           RT_VIEW(y.device.view), RT_VIEW(d.batch.starts), RT_VIEW(d.batch.pair_starts),
                           RT_UINT(s->slices), RT_UINT(s->columns), RT_UINT(z.device.ld), RT_ULONG(z.device.slice),
                           RT_UINT(y.device.ld), RT_ULONG(y.device.slice), RT_UINT(0)));
        th_expect_matrix(t, "apply", z.matrix.matrix, applied.matrix.value, TH_ACTIVATION);
    }
}

static void test_any_grid(void **state)
{
    const shape s = {MODALITIES, 2, 205, 0, mixed, wanted(10)};
    th_run(state, small_grid_case, &s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_row),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_long_dialogues),
        cmocka_unit_test(test_any_grid),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
