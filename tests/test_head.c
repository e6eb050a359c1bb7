#include "model/layers/head.h"
#include "tests/support/harness.h"
#include "reference/relu.h"

static const ref_head sizes[] = {{1, 1, 1},  {16, 1, 1}, {2, 3, 3},  {3, 2, 4},   {2, 3, 5},    {1, 3, 15},  {4, 1, 16},
                                 {3, 3, 17}, {2, 2, 31}, {5, 3, 33}, {2, 3, 257}, {33, 3, 100}, {3, 2, 1030}};
static const rt_view nothing;

static void one_size(th_case *t, ref_head size, bool masked)
{
    const size_t part = size.modalities * size.rows * size.graph, all = 2 * part;
    const th_tensor x0 = th_normal(t, part, 1 + part, 1.0), xk = th_normal(t, part, 2 + part, 1.0);
    const th_tensor dy = th_normal(t, all, 3 + part, 1.0);
    double *bits = th_doubles(t, all), *kept = masked ? bits : NULL;
    const rt_view drawn = th_mask(t, all, 0.4, 4 + part, bits);
    const rt_view y = th_output(t, all), dx0 = th_output(t, part), dxk = th_output(t, part);
    const nn_head layer = {size.rows, size.modalities, size.graph, {masked ? drawn : nothing, 1.25f}, y};

    double *expected = th_doubles(t, all), *expected_dx0 = th_doubles(t, part), *expected_dxk = th_doubles(t, part);
    ref_head_forward(expected, x0.value, xk.value, kept, 1.25, size);
    TH_OK(t, nn_head_forward(t->rt, y, &layer, x0.view, xk.view));
    th_expect(t, "y", y, expected, all, TH_ROUNDING);

    ref_head_backward(expected_dx0, expected_dxk, dy.value, x0.value, xk.value, kept, 1.25, size);
    TH_OK(t, nn_head_backward(t->rt, &(nn_head_gradient){dx0, dxk}, &layer, dy.view));
    th_expect(t, "dx0", dx0, expected_dx0, part, TH_ROUNDING);
    th_expect(t, "dxk", dxk, expected_dxk, part, TH_ROUNDING);
}

static void sizes_case(th_case *t, const void *user)
{
    (void)user;
    const size_t count = th_small() ? 8 : sizeof sizes / sizeof *sizes;
    for (size_t i = 0; i < count; ++i) {
        one_size(t, sizes[i], true);
        one_size(t, sizes[i], false);
    }
}

static void test_sizes(void **state)
{
    th_run(state, sizes_case, NULL);
}

enum { N = 2, M = 2, G = 3, PART = N * M * G };
typedef struct problem {
    double x0[PART], xk[PART], dy[2 * PART], kept[2 * PART];
} problem;
static const ref_head small = {N, M, G};

static double loss(const void *user)
{
    const problem *p = user;
    double y[2 * PART];
    ref_head_forward(y, p->x0, p->xk, p->kept, 1.25, small);
    return th_dot(p->dy, y, 2 * PART);
}

static double off_the_corner(uint64_t *seed)
{
    const double value = th_gauss(seed);
    return value + (value < 0.0 ? -0.1 : 0.1);
}

static void test_reference_gradient(void **state)
{
    (void)state;
    uint64_t seed = 5;
    problem p;
    for (int i = 0; i < PART; ++i) {
        p.x0[i] = off_the_corner(&seed);
        p.xk[i] = off_the_corner(&seed);
    }
    for (int i = 0; i < 2 * PART; ++i) {
        p.dy[i] = th_gauss(&seed);
        p.kept[i] = i % 3 ? 1.0 : 0.0;
    }
    double dx0[PART], dxk[PART];
    ref_head_backward(dx0, dxk, p.dy, p.x0, p.xk, p.kept, 1.25, small);
    th_expect_gradient("x0", p.x0, PART, dx0, loss, &p);
    th_expect_gradient("xk", p.xk, PART, dxk, loss, &p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reference_gradient), cmocka_unit_test(test_sizes)};
    return cmocka_run_group_tests(tests, th_open, th_close);
}
