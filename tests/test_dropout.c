#include <math.h>

#include "model/layers/dropout.h"
#include "reference/dropout.h"
#include "tests/support/harness.h"

static const size_t sizes[] = {1, 3, 4, 5, 15, 16, 17, 31, 32, 33, 63, 65, 257, 1023, 4099};
enum { SIZES = sizeof sizes / sizeof *sizes };

static const rt_view nothing;

static nn_dropout layer_of(size_t elements, rt_view bits, rt_view residual)
{
    return (nn_dropout){elements, {bits, 1.25f}, residual};
}

static void forward_case(th_case *t, const void *user)
{
    (void)user;
    for (size_t s = 0; s < SIZES; ++s)
        for (int masked = 0; masked < 2; ++masked)
            for (int added = 0; added < 2; ++added) {
                const size_t n = sizes[s];
                const th_tensor x = th_normal(t, n, 1 + n, 1.0), residual = th_normal(t, n, 2 + n, 3.0);
                double *kept = th_doubles(t, n), *expected = th_doubles(t, n);
                const rt_view bits = th_mask(t, n, 0.4, 3 + n, kept), y = th_output(t, n);
                ref_dropout_forward(expected, x.value, added ? residual.value : NULL, masked ? kept : NULL, 1.25, n);
                const nn_dropout layer = layer_of(n, masked ? bits : nothing, added ? residual.view : nothing);
                TH_OK(t, nn_dropout_forward(t->rt, y, &layer, x.view));
                th_expect(t, "y", y, expected, n, TH_ROUNDING);
                th_expect(t, "x", x.view, x.value, n, TH_EXACT);
            }
}

static void test_forward(void **state)
{
    th_run(state, forward_case, NULL);
}

static void in_place_case(th_case *t, const void *user)
{
    (void)user;
    enum { N = 1029 };
    const th_tensor x = th_normal(t, N, 1, 1.0), residual = th_normal(t, N, 2, 1.0);
    double *kept = th_doubles(t, N), *expected = th_doubles(t, N);
    nn_dropout layer = layer_of(N, th_mask(t, N, 0.4, 3, kept), residual.view);
    ref_dropout_forward(expected, x.value, residual.value, kept, 1.25, N);
    TH_OK(t, nn_dropout_forward(t->rt, residual.view, &layer, x.view));
    th_expect(t, "y in place of the residual", residual.view, expected, N, TH_ROUNDING);
    ref_dropout_forward(expected, x.value, NULL, kept, 1.25, N);
    layer.residual = nothing;
    TH_OK(t, nn_dropout_forward(t->rt, x.view, &layer, x.view));
    th_expect(t, "y in place of x", x.view, expected, N, TH_ROUNDING);
}

static void test_in_place(void **state)
{
    th_run(state, in_place_case, NULL);
}

static void backward_case(th_case *t, const void *user)
{
    (void)user;
    for (size_t s = 0; s < SIZES; ++s)
        for (int masked = 0; masked < 2; ++masked) {
            const size_t n = sizes[s];
            const th_tensor dy = th_normal(t, n, 1 + n, 1.0), old = th_normal(t, n, 2 + n, 1.0);
            double *kept = th_doubles(t, n), *expected = th_doubles(t, n);
            const nn_dropout layer = layer_of(n, masked ? th_mask(t, n, 0.4, 3 + n, kept) : nothing, nothing);
            const rt_view dx = th_output(t, n);
            ref_dropout_backward(expected, dy.value, masked ? kept : NULL, 1.25, n, 0.0);
            TH_OK(t, nn_dropout_backward(t->rt, &(nn_dropout_gradient){dx, 0.0f}, &layer, dy.view));
            th_expect(t, "dx", dx, expected, n, TH_ROUNDING);

            ref_dropout_backward(old.value, dy.value, masked ? kept : NULL, 1.25, n, 1.0);
            TH_OK(t, nn_dropout_backward(t->rt, &(nn_dropout_gradient){old.view, 1.0f}, &layer, dy.view));
            th_expect(t, "dx added to", old.view, old.value, n, TH_ROUNDING);

            TH_OK(t, nn_dropout_backward(t->rt, &(nn_dropout_gradient){dy.view, 0.0f}, &layer, dy.view));
            th_expect(t, "dx in place of dy", dy.view, expected, n, TH_ROUNDING);
        }
}

static void test_backward(void **state)
{
    th_run(state, backward_case, NULL);
}

/* What is not a number stays visible, dropped or not. */
static void nan_case(th_case *t, const void *user)
{
    (void)user;
    static const double values[3] = {NAN, INFINITY, 1.0};
    static const uint32_t second_and_third = 6;
    const rt_view x = th_upload_doubles(t, values, 3), y = th_output(t, 3), bits = th_upload(t, &second_and_third, 1);
    const double expected[3] = {NAN, INFINITY, 1.25};
    const nn_dropout layer = layer_of(3, bits, nothing);
    TH_OK(t, nn_dropout_forward(t->rt, y, &layer, x));
    th_expect(t, "y", y, expected, 3, TH_EXACT);
}

static void test_nan(void **state)
{
    th_run(state, nan_case, NULL);
}

enum { SMALL = 9 };
typedef struct problem {
    double x[SMALL], residual[SMALL], dy[SMALL], kept[SMALL];
} problem;

static double loss(const void *user)
{
    const problem *p = user;
    double y[SMALL];
    ref_dropout_forward(y, p->x, p->residual, p->kept, 1.25, SMALL);
    return th_dot(p->dy, y, SMALL);
}

static void test_reference_gradient(void **state)
{
    (void)state;
    uint64_t seed = 5;
    problem p;
    for (int i = 0; i < SMALL; ++i) {
        p.x[i] = th_gauss(&seed);
        p.residual[i] = th_gauss(&seed);
        p.dy[i] = th_gauss(&seed);
        p.kept[i] = i % 3 ? 1.0 : 0.0;
    }
    double dx[SMALL];
    ref_dropout_backward(dx, p.dy, p.kept, 1.25, SMALL, 0.0);
    th_expect_gradient("x", p.x, SMALL, dx, loss, &p);
    th_expect_gradient("residual", p.residual, SMALL, p.dy, loss, &p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_gradient), cmocka_unit_test(test_forward), cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_backward),           cmocka_unit_test(test_nan),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
