#include <math.h>

#include "model/layers/embedding.h"
#include "model/layers/positional_encoding.h"
#include "reference/embedding.h"
#include "tests/support/harness.h"

enum { LONGEST = 40, SMALL = 600 };

static const struct size {
    size_t rows, columns, speakers;
} sizes[] = {{1, 1, 1},   {3, 4, 2},    {16, 5, 3},   {17, 15, 2},  {33, 17, 9},
             {50, 64, 5}, {130, 65, 3}, {1100, 9, 9}, {40, 1023, 2}};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* Random speakers and positions, and the lists that a batch holds of them: some rows are of nobody that the tables
 * know. Speaker 1 never speaks where there are more than two, nor does the last where there are more than four. */
typedef struct setup {
    nn_segments segments;
    nn_speakers speakers;
    int32_t *position, *speaker;
} setup;

static setup make(th_case *t, size_t rows, size_t speakers, uint64_t seed)
{
    setup s = {{.rows = rows}, {.count = speakers}, th_ints(t, rows), th_ints(t, rows)};
    int32_t *by_speaker = th_ints(t, rows), *starts = th_ints(t, speakers + 2);
    for (size_t r = 0; r < rows; ++r) {
        s.position[r] = (int32_t)(th_random(&seed) % LONGEST);
        do s.speaker[r] = (int32_t)(th_random(&seed) % (speakers + 1));
        while ((speakers > 2 && s.speaker[r] == 1) || (speakers > 4 && s.speaker[r] == (int32_t)speakers - 1));
    }
    int32_t filled = 0;
    for (size_t k = 0; k <= speakers; ++k) {
        for (size_t r = 0; r < rows; ++r)
            if (s.speaker[r] == (int32_t)k) by_speaker[filled++] = (int32_t)r;
        starts[k + 1] = filled;
    }
    s.segments.position = th_upload(t, s.position, rows);
    s.speakers.of_row = th_upload(t, s.speaker, rows);
    s.speakers.rows = th_upload(t, by_speaker, rows);
    s.speakers.starts = th_upload(t, starts, speakers + 2);
    return s;
}

static void test_positional_encoding(void **state)
{
    (void)state;
    enum { COLUMNS = 7 };
    float encoding[LONGEST * COLUMNS];
    nn_positional_encoding(encoding, LONGEST, COLUMNS);
    for (size_t p = 0; p < LONGEST; ++p)
        for (size_t c = 0; c < COLUMNS; ++c)
            assert_true(fabs((double)encoding[p * COLUMNS + c] - ref_positional_encoding(p, c, COLUMNS)) < 1e-7);
    /* By hand: position 3, columns 2 and 3 of 7. */
    assert_true(fabs((double)encoding[3 * COLUMNS + 2] - sin(3.0 * 0.07196856730011521)) < 1e-7);
    assert_true(fabs((double)encoding[3 * COLUMNS + 3] - cos(3.0 * 0.07196856730011521)) < 1e-7);
}

static void forward_case(th_case *t, const void *user)
{
    (void)user;
    for (size_t i = 0; i < SIZES; ++i) {
        const size_t rows = sizes[i].rows, columns = sizes[i].columns, elements = rows * columns;
        const size_t table_rows = sizes[i].speakers + i % 2; /* with and without a padding row */
        if (th_small() && elements > SMALL) continue;
        const setup s = make(t, rows, sizes[i].speakers, i);
        const th_tensor x = th_normal(t, elements, 1, 1.0), table = th_normal(t, table_rows * columns, 2, 1.0);
        nn_embedding layer = {.segments = &s.segments,
                              .speakers = &s.speakers,
                              .columns = columns,
                              .table = table.view,
                              .table_rows = table_rows};
        float *encoding = th_floats(t, LONGEST * columns);
        nn_positional_encoding(encoding, LONGEST, columns);
        const rt_view y = th_output(t, elements);
        double *expected = th_doubles(t, elements);

        ref_embedding_forward(expected, x.value, NULL, s.speaker, table.value, table_rows, rows, columns);
        TH_OK(t, nn_embedding_forward(t->rt, y, &layer, x.view));
        th_expect(t, "y without positional encoding", y, expected, elements, TH_ROUNDING);

        ref_embedding_forward(expected, x.value, s.position, s.speaker, table.value, table_rows, rows, columns);
        layer.positional_encoding = th_upload(t, encoding, LONGEST * columns);
        TH_OK(t, nn_embedding_forward(t->rt, y, &layer, x.view));
        th_expect(t, "y", y, expected, elements, TH_ROUNDING);
        TH_OK(t, nn_embedding_forward(t->rt, x.view, &layer, x.view));
        th_expect(t, "y in place of x", x.view, expected, elements, TH_ROUNDING);
    }
}

static void test_forward(void **state)
{
    th_run(state, forward_case, NULL);
}

static void one_backward(th_case *t, struct size size, size_t tensors, size_t padding)
{
    const size_t rows = size.rows, columns = size.columns, table_rows = size.speakers + padding;
    const setup s = make(t, rows, size.speakers, rows);
    const nn_embedding layer = {.segments = &s.segments,
                                .speakers = &s.speakers,
                                .columns = columns,
                                .table_rows = table_rows,
                                .scratch = th_output(t, nn_embedding_scratch(rows, size.speakers, columns))};
    nn_embedding_gradient g = {.dtable = th_output(t, table_rows * columns)};
    double *expected = th_doubles(t, table_rows * columns);
    th_tensor dy[NN_MODALITIES];
    rt_view views[NN_MODALITIES];
    for (size_t k = 0; k < tensors; ++k) {
        dy[k] = th_normal(t, rows * columns, 10 + k, 1.0);
        views[k] = dy[k].view;
        ref_embedding_backward(expected, dy[k].value, s.speaker, size.speakers, rows, columns);
    }
    TH_OK(t, nn_embedding_backward(t->rt, &g, &layer, views, tensors));
    th_expect(t, "dtable", g.dtable, expected, table_rows * columns, TH_ROUNDING);
    for (size_t k = 0; k < tensors; ++k)
        ref_embedding_backward(expected, dy[k].value, s.speaker, size.speakers, rows, columns);
    g.beta = 1.0f;
    TH_OK(t, nn_embedding_backward(t->rt, &g, &layer, views, tensors));
    th_expect(t, "dtable added to", g.dtable, expected, table_rows * columns, TH_ROUNDING);
}

static void backward_case(th_case *t, const void *user)
{
    (void)user;
    for (size_t i = 0; i < SIZES; ++i)
        for (size_t tensors = 1; tensors <= NN_MODALITIES; ++tensors)
            if (!th_small() || sizes[i].rows * sizes[i].columns <= SMALL)
                one_backward(t, sizes[i], tensors, tensors % 2);
}

static void test_backward(void **state)
{
    th_run(state, backward_case, NULL);
}

enum { ROWS = 5, COLUMNS = 3, SPEAKERS = 2 };
typedef struct problem {
    double x[ROWS * COLUMNS], table[SPEAKERS * COLUMNS], dy[ROWS * COLUMNS];
    int32_t position[ROWS], speaker[ROWS];
} problem;

static double loss(const void *user)
{
    const problem *p = user;
    double y[ROWS * COLUMNS];
    ref_embedding_forward(y, p->x, p->position, p->speaker, p->table, SPEAKERS, ROWS, COLUMNS);
    return th_dot(p->dy, y, ROWS * COLUMNS);
}

static void test_reference_gradient(void **state)
{
    (void)state;
    uint64_t seed = 5;
    problem p = {.position = {0, 1, 2, 0, 1}, .speaker = {1, 0, 1, SPEAKERS, 0}};
    for (int i = 0; i < ROWS * COLUMNS; ++i) {
        p.x[i] = th_gauss(&seed);
        p.dy[i] = th_gauss(&seed);
    }
    for (int i = 0; i < SPEAKERS * COLUMNS; ++i) p.table[i] = th_gauss(&seed);
    double dtable[SPEAKERS * COLUMNS] = {0};
    ref_embedding_backward(dtable, p.dy, p.speaker, SPEAKERS, ROWS, COLUMNS);
    th_expect_gradient("table", p.table, SPEAKERS * COLUMNS, dtable, loss, &p);
    th_expect_gradient("x", p.x, ROWS * COLUMNS, p.dy, loss, &p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_gradient),
        cmocka_unit_test(test_positional_encoding),
        cmocka_unit_test(test_forward),
        cmocka_unit_test(test_backward),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
