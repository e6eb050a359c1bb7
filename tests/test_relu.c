#include <math.h>

#include "model/layers/relu.h"
#include "tests/support/harness.h"
#include "reference/relu.h"

static const size_t sizes[] = {1, 3, 4, 5, 15, 16, 17, 31, 32, 33, 63, 65, 257, 1023, 4099};
enum { SIZES = sizeof sizes / sizeof *sizes };
static const rt_view nothing;

static nn_relu layer_of(size_t elements, rt_view bits, rt_view y)
{
    return (nn_relu){elements, {bits, 1.25f}, y};
}

static void sizes_case(th_case *t, const void *user)
{
    (void)user;
    for (size_t s = 0; s < SIZES; ++s)
        for (int masked = 0; masked < 2; ++masked) {
            const size_t n = sizes[s];
            const th_tensor x = th_normal(t, n, 1 + n, 1.0), dy = th_normal(t, n, 2 + n, 1.0),
                            old = th_normal(t, n, 3 + n, 1.0);
            double *bits = th_doubles(t, n), *kept = masked ? bits : NULL, *expected = th_doubles(t, n);
            const rt_view drawn = th_mask(t, n, 0.4, 4 + n, bits), y = th_output(t, n), dx = th_output(t, n);
            const nn_relu layer = layer_of(n, masked ? drawn : nothing, y);

            ref_relu_forward(expected, x.value, kept, 1.25, n);
            TH_OK(t, nn_relu_forward(t->rt, y, &layer, x.view));
            th_expect(t, "y", y, expected, n, TH_ROUNDING);

            ref_relu_backward(expected, dy.value, x.value, kept, 1.25, n, 0.0);
            TH_OK(t, nn_relu_backward(t->rt, &(nn_relu_gradient){dx, 0.0f}, &layer, dy.view));
            th_expect(t, "dx", dx, expected, n, TH_ROUNDING);
            th_expect(t, "dy", dy.view, dy.value, n, TH_EXACT);

            ref_relu_backward(old.value, dy.value, x.value, kept, 1.25, n, 0.5);
            TH_OK(t, nn_relu_backward(t->rt, &(nn_relu_gradient){old.view, 0.5f}, &layer, dy.view));
            th_expect(t, "dx added to", old.view, old.value, n, TH_ROUNDING);

            TH_OK(t, nn_relu_backward(t->rt, &(nn_relu_gradient){dy.view, 0.0f}, &layer, dy.view));
            th_expect(t, "dx in place of dy", dy.view, expected, n, TH_ROUNDING);
        }
}

static void test_sizes(void **state)
{
    th_run(state, sizes_case, NULL);
}

/* The corner belongs to the closed side; what is not a number stays visible unless dropped. */
static void corner_case(th_case *t, const void *user)
{
    (void)user;
    enum { N = 6 };
    static const double values[N] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 1e-30}, ones[N] = {1, 1, 1, 1, 1, 1};
    const double expected[N] = {0.0, 0.0, INFINITY, 0.0, NAN, 1.25e-30}, slope[N] = {0.0, 0.0, 1.25, 0.0, 0.0, 1.25};
    const rt_view x = th_upload_doubles(t, values, N), dy = th_upload_doubles(t, ones, N);
    const rt_view y = th_output(t, N), dx = th_output(t, N);
    const nn_relu layer = layer_of(N, nothing, y);
    TH_OK(t, nn_relu_forward(t->rt, y, &layer, x));
    th_expect(t, "y", y, expected, N, TH_EXACT + 1e-7);
    TH_OK(t, nn_relu_backward(t->rt, &(nn_relu_gradient){dx, 0.0f}, &layer, dy));
    th_expect(t, "dx", dx, slope, N, TH_EXACT);
}

static void test_corners(void **state)
{
    th_run(state, corner_case, NULL);
}

enum { SMALL = 9 };
typedef struct problem {
    double x[SMALL], dy[SMALL], kept[SMALL];
} problem;

static double loss(const void *user)
{
    const problem *p = user;
    double y[SMALL];
    ref_relu_forward(y, p->x, p->kept, 1.25, SMALL);
    return th_dot(p->dy, y, SMALL);
}

static void test_reference_gradient(void **state)
{
    (void)state;
    uint64_t seed = 5;
    problem p;
    for (int i = 0; i < SMALL; ++i) {
        const double value = th_gauss(&seed);
        p.x[i] = value + (value < 0.0 ? -0.1 : 0.1); /* differences stay on one side of the corner */
        p.dy[i] = th_gauss(&seed);
        p.kept[i] = i % 3 ? 1.0 : 0.0;
    }
    double dx[SMALL];
    ref_relu_backward(dx, p.dy, p.x, p.kept, 1.25, SMALL, 0.0);
    th_expect_gradient("x", p.x, SMALL, dx, loss, &p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_gradient),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_corners),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
