#include "model/layers/add.h"
#include "reference/add.h"
#include "tests/support/harness.h"

static const size_t sizes[] = {1, 3, 4, 5, 15, 16, 17, 31, 32, 33, 63, 65, 257, 1023, 4099};

static void sizes_case(th_case *t, const void *user)
{
    (void)user;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; ++s) {
        const size_t n = sizes[s];
        const th_tensor x = th_normal(t, n, 1 + n, 1.0), y = th_normal(t, n, 2 + n, 1.0);
        const rt_view z = th_output(t, n);
        double *expected = th_doubles(t, n);
        ref_add(expected, x.value, y.value, n);
        TH_OK(t, nn_add(t->rt, z, x.view, y.view, n));
        th_expect(t, "z", z, expected, n, TH_ROUNDING);
        th_expect(t, "x", x.view, x.value, n, TH_EXACT);
        TH_OK(t, nn_add(t->rt, x.view, x.view, y.view, n));
        th_expect(t, "z in place of x", x.view, expected, n, TH_ROUNDING);
        th_expect(t, "y", y.view, y.value, n, TH_EXACT);
    }
}

static void test_sizes(void **state)
{
    th_run(state, sizes_case, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sizes)};
    return cmocka_run_group_tests(tests, th_open, th_close);
}
