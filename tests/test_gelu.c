#include <math.h>

#include "model/layers/gelu.h"
#include "reference/gelu.h"
#include "tests/support/harness.h"

static const size_t sizes[] = {1, 3, 4, 5, 15, 16, 17, 31, 32, 33, 63, 65, 1023, 4099};
enum { SIZES = sizeof sizes / sizeof *sizes };
static const double scale = 1.25;

static const rt_view nothing;

static void random_case(th_case *t, const void *user)
{
    (void)user;
    for (size_t s = 0; s < SIZES; ++s)
        for (int masked = 0; masked < 2; ++masked) {
            const size_t n = sizes[s];
            const th_tensor u = th_normal(t, n, 1 + n, 2.0), dh = th_normal(t, n, 2 + n, 1.0);
            double *kept = th_doubles(t, n), *expected = th_doubles(t, n);
            const nn_gelu layer = {n, {masked ? th_mask(t, n, 0.4, 3 + n, kept) : nothing, (float)scale}, u.view};
            if (!masked) kept = NULL;

            const rt_view h = th_output(t, n), du = th_output(t, n);
            ref_gelu_forward(expected, u.value, kept, scale, n);
            TH_OK(t, nn_gelu_forward(t->rt, h, &layer, u.view));
            th_expect(t, "h", h, expected, n, TH_ROUNDING);

            ref_gelu_backward(expected, dh.value, u.value, kept, scale, n);
            TH_OK(t, nn_gelu_backward(t->rt, &(nn_gelu_gradient){.du = du}, &layer, dh.view));
            th_expect(t, "du", du, expected, n, TH_ROUNDING);
            const rt_view again = th_output(t, n);
            TH_OK(t, nn_gelu_backward(t->rt, &(nn_gelu_gradient){dh.view, again}, &layer, dh.view));
            th_expect(t, "du in place of dh", dh.view, expected, n, TH_ROUNDING);
            ref_gelu_forward(expected, u.value, kept, scale, n);
            th_expect(t, "h again", again, expected, n, TH_ROUNDING);
        }
}

static void test_random(void **state)
{
    th_run(state, random_case, NULL);
}

/* Far out both forms saturate; nothing becomes NaN that is not. */
static void extreme_case(th_case *t, const void *user)
{
    (void)user;
    static const double values[] = {0.0,   1e-30, -1e-30, 1e-3, -1e-3, 5.0,  -5.0, 12.0,
                                    -12.0, 40.0,  -40.0,  1e4,  -1e4,  1e12, -1e12};
    enum { N = sizeof values / sizeof *values };
    double u[N], one[N], expected[N];
    for (int i = 0; i < N; ++i) {
        u[i] = (double)(float)values[i];
        one[i] = 1.0;
    }
    const rt_view input = th_upload_doubles(t, u, N), ones = th_upload_doubles(t, one, N), out = th_output(t, N);
    ref_gelu_forward(expected, u, NULL, 1.0, N);
    const nn_gelu layer = {N, NN_NO_MASK, input};
    TH_OK(t, nn_gelu_forward(t->rt, out, &layer, input));
    for (int i = 0; i < N; ++i) th_expect(t, "h", rt_view_at(out, (size_t)i), &expected[i], 1, 1e-5);
    ref_gelu_backward(expected, one, u, NULL, 1.0, N);
    const rt_view again = th_output(t, N);
    TH_OK(t, nn_gelu_backward(t->rt, &(nn_gelu_gradient){out, again}, &layer, ones));
    th_expect(t, "du", out, expected, N, TH_ROUNDING);
    ref_gelu_forward(expected, u, NULL, 1.0, N);
    for (int i = 0; i < N; ++i) th_expect(t, "h again", rt_view_at(again, (size_t)i), &expected[i], 1, 1e-5);

    const double nan[1] = {NAN};
    const rt_view bad = th_upload_doubles(t, nan, 1);
    TH_OK(t, nn_gelu_forward(t->rt, out, &(nn_gelu){1, NN_NO_MASK, nothing}, bad));
    th_expect(t, "h of NaN", out, nan, 1, TH_EXACT);
}

static void test_extremes(void **state)
{
    th_run(state, extreme_case, NULL);
}

enum { SMALL = 9 };
typedef struct problem {
    double u[SMALL], dh[SMALL], kept[SMALL];
} problem;

static double loss(const void *user)
{
    const problem *p = user;
    double h[SMALL];
    ref_gelu_forward(h, p->u, p->kept, scale, SMALL);
    return th_dot(p->dh, h, SMALL);
}

static void test_reference_gradient(void **state)
{
    (void)state;
    uint64_t seed = 5;
    problem p;
    for (int i = 0; i < SMALL; ++i) {
        p.u[i] = 2.0 * th_gauss(&seed);
        p.dh[i] = th_gauss(&seed);
        p.kept[i] = i % 4 ? 1.0 : 0.0;
    }
    double du[SMALL];
    ref_gelu_backward(du, p.dh, p.u, p.kept, scale, SMALL);
    th_expect_gradient("u", p.u, SMALL, du, loss, &p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_gradient),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_extremes),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
