#include "model/layers/column_sums.h"
#include "tests/support/harness.h"

static void ref_column_sums(double *sums, const double *x, size_t rows, size_t columns)
{
    for (size_t r = 0; r < rows; ++r)
        for (size_t c = 0; c < columns; ++c) sums[c] += x[r * columns + c];
}

/* Parts cover the rows once, and are a rule of their number alone. */
static void test_parts(void **state)
{
    (void)state;
    for (size_t rows = 1; rows < 5000; ++rows) {
        const nn_parts parts = nn_parts_of(rows);
        assert_true(parts.count >= 1 && parts.count <= 64);
        assert_true(parts.length >= 16);
        assert_true(parts.count * parts.length >= rows && (parts.count - 1) * parts.length < rows);
        assert_true(parts.count * 7 <= nn_column_sums_scratch(rows, 7));
        assert_true(nn_column_sums_scratch(rows, 7) >= nn_column_sums_scratch(rows - 1, 7));
    }
}

static void sums_case(th_case *t, const void *user)
{
    (void)user;
    static const struct {
        size_t rows, columns, ld;
    } sizes[] = {{1, 1, 1},    {2, 16, 16},   {15, 3, 3},   {16, 17, 20},    {17, 5, 9},
                 {33, 65, 65}, {100, 33, 40}, {1025, 7, 7}, {1100, 31, 100}, {70, 1023, 1030}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
        const size_t rows = sizes[i].rows, columns = sizes[i].columns;
        const th_matrix x = th_normal_matrix(t, rows, columns, sizes[i].ld, 1 + i, 1.0);
        const rt_view sums = th_output(t, columns), scratch = th_output(t, nn_column_sums_scratch(rows, columns));
        double *expected = th_doubles(t, columns);
        ref_column_sums(expected, x.value, rows, columns);
        TH_OK(t, nn_column_sums(t->rt, sums, scratch, x.matrix, 0.0f));
        th_expect(t, "sums", sums, expected, columns, TH_ROUNDING);
        ref_column_sums(expected, x.value, rows, columns);
        TH_OK(t, nn_column_sums(t->rt, sums, scratch, x.matrix, 1.0f));
        th_expect(t, "sums added to", sums, expected, columns, TH_ROUNDING);
    }
}

static void test_sums(void **state)
{
    th_run(state, sums_case, NULL);
}

/* Every part is summed by itself: its small numbers are not lost beside the large ones of another. */
static void parts_case(th_case *t, const void *user)
{
    (void)user;
    enum { ROWS = 32, COLUMNS = 5 };
    const size_t length = nn_parts_of(ROWS).length;
    assert_true(2 * length == ROWS);
    double values[ROWS * COLUMNS] = {0.0}, expected[COLUMNS];
    for (size_t c = 0; c < COLUMNS; ++c) {
        values[c] = 0x1p27; /* the next float is 16 more */
        for (size_t r = length; r < ROWS; ++r) values[r * COLUMNS + c] = 1.0;
        expected[c] = 0x1p27 + 16.0;
    }
    const rt_view x = th_upload_doubles(t, values, sizeof values / sizeof *values);
    const rt_view sums = th_output(t, COLUMNS), scratch = th_output(t, nn_column_sums_scratch(ROWS, COLUMNS));
    TH_OK(t, nn_column_sums(t->rt, sums, scratch, nn_dense(x, ROWS, COLUMNS), 0.0f));
    th_expect(t, "sums of parts", sums, expected, COLUMNS, TH_EXACT);
}

static void test_sums_of_parts(void **state)
{
    th_run(state, parts_case, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_sums_of_parts),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
