#include "model/layers/segment_matmul.h"

#include "runtime/launch.h"
#include "tests/support/batch.h"
#include "reference/segment_matmul.h"

typedef enum layout { HEADS, MODALITIES } layout;

typedef struct shape {
    layout layout;
    size_t slices, columns, gap; /* gap: unused elements between two rows */
    const int32_t *lengths;
    size_t dialogues;
} shape;

/* An operand as the device sees it and, dense, as the reference does. */
typedef struct operand {
    th_matrix matrix;
    nn_strided device;
    ref_strided host;
} operand;

/* Slices side by side in each row, or one below the other. */
static operand make_operand(th_case *t, const shape *s, size_t rows, uint64_t seed)
{
    const size_t across = s->layout == HEADS ? s->slices * s->columns : s->columns;
    const size_t down = s->layout == HEADS ? rows : s->slices * rows;
    const size_t ld = across + s->gap;
    operand b = {.matrix = th_normal_matrix(t, down, across, ld, seed, 1.0)};
    b.device = (nn_strided){b.matrix.matrix.view, ld, s->layout == HEADS ? s->columns : rows * ld};
    b.host = (ref_strided){b.matrix.value, across, s->layout == HEADS ? s->columns : rows * across};
    return b;
}

static operand make_output(th_case *t, const operand *like)
{
    operand b = *like;
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
    const nn_segment_matmul products = {&d.segments, s->slices, s->columns};
    const size_t squares = nn_square_elements(d.segments.pairs, s->slices);
    const operand x = make_operand(t, s, d.segments.rows, 1), y = make_operand(t, s, d.segments.rows, 2);
    const th_tensor square = th_normal(t, squares, 3, 1.0);

    double *expected = th_doubles(t, squares);
    const rt_view out = th_output(t, squares);
    TH_OK(t, nn_segment_matmul_nt(t->rt, out, &products, x.device, y.device, -0.75f));
    ref_segment_matmul_nt(expected, x.host, y.host, &d.host, s->slices, s->columns, -0.75);
    th_expect(t, "nt", out, expected, squares, TH_ACTIVATION);

    for (int transposed = 0; transposed < 2; ++transposed)
        for (int beta = 0; beta < 2; ++beta) {
            const operand z = beta ? make_operand(t, s, d.segments.rows, 4) : make_output(t, &x);
            const char *name = transposed ? (beta ? "tn, added" : "tn") : (beta ? "nn, added" : "nn");
            TH_OK(t, (transposed ? nn_segment_matmul_tn : nn_segment_matmul_nn)(t->rt, z.device, &products, square.view,
                                                                                y.device, (float)beta));
            (transposed ? ref_segment_matmul_tn : ref_segment_matmul_nn)(z.host, square.value, y.host, &d.host,
                                                                         s->slices, s->columns, beta);
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
    const size_t squares = nn_square_elements(d.segments.pairs, s->slices);
    const operand x = make_operand(t, s, d.segments.rows, 1), y = make_operand(t, s, d.segments.rows, 2);
    const th_tensor square = th_normal(t, squares, 3, 1.0);
    double *expected = th_doubles(t, squares);
    ref_segment_matmul_nt(expected, x.host, y.host, &d.host, s->slices, s->columns, 1.0);
    const operand applied = make_output(t, &x);
    ref_segment_matmul_nn(applied.host, square.value, y.host, &d.host, s->slices, s->columns, 0.0);

    for (size_t side = 1; side <= 2; ++side) {
        rt_grid grid = rt_groups(1, 1, s->dialogues * s->slices, side + 1);
        grid.local[1] = side;
        const rt_view out = th_output(t, squares);
        TH_OK(t, RT_LAUNCH(t->rt, "segment_matmul_nt", grid, RT_VIEW(out), RT_VIEW(x.device.view),
                           RT_VIEW(y.device.view), RT_VIEW(d.segments.starts), RT_VIEW(d.segments.pair_starts),
                           RT_UINT(s->slices), RT_UINT(s->columns), RT_UINT(x.device.ld), RT_ULONG(x.device.stride),
                           RT_UINT(y.device.ld), RT_ULONG(y.device.stride), RT_FLOAT(1.0f)));
        th_expect(t, "nt", out, expected, squares, TH_ACTIVATION);
        const operand z = make_output(t, &x);
        TH_OK(t, RT_LAUNCH(t->rt, "segment_matmul_nn", grid, RT_VIEW(z.device.view), RT_VIEW(square.view),
                           RT_VIEW(y.device.view), RT_VIEW(d.segments.starts), RT_VIEW(d.segments.pair_starts),
                           RT_UINT(s->slices), RT_UINT(s->columns), RT_UINT(z.device.ld), RT_ULONG(z.device.stride),
                           RT_UINT(y.device.ld), RT_ULONG(y.device.stride), RT_FLOAT(0.0f)));
        th_expect_matrix(t, "nn", z.matrix.matrix, applied.matrix.value, TH_ACTIVATION);
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
