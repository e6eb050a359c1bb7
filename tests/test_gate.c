#include <math.h>

#include "model/layers/gate.h"
#include "reference/gate.h"
#include "tests/support/harness.h"

static const struct size {
    size_t rows, columns, ld;
} sizes[] = {{1, 1, 1},   {2, 3, 9},   {3, 4, 4},    {5, 5, 7},    {2, 15, 15},    {7, 16, 48},
             {3, 17, 51}, {2, 63, 64}, {3, 65, 130}, {40, 33, 99}, {5, 1023, 3069}};
static const rt_view nothing;

static rt_view only_learned(rt_view z, nn_gate_kind kind)
{
    return kind == NN_GATE_LEARNED ? z : nothing;
}

static void one_kind(th_case *t, nn_gate_kind kind, struct size size)
{
    const size_t elements = size.rows * size.columns;
    const th_tensor x = th_normal(t, elements, 1 + elements, 2.0), z = th_normal(t, elements, 2 + elements, 2.0);
    const th_matrix dy = th_normal_matrix(t, size.rows, size.columns, size.ld, 3, 1.0);
    const nn_matrix y = th_output_matrix(t, size.rows, size.columns, size.ld);
    const rt_view dx = th_output(t, elements), dz = only_learned(th_output(t, elements), kind);
    const rt_view z_view = only_learned(z.view, kind);
    const nn_gate layer = {kind, x.view, z_view};
    double *expected = th_doubles(t, elements), *expected_dz = th_doubles(t, elements);

    ref_gate_forward(expected, x.value, z.value, kind, elements);
    TH_OK(t, nn_gate_forward(t->rt, y, &layer, x.view, z_view));
    th_expect_matrix(t, "y", y, expected, TH_ROUNDING);

    for (size_t i = 0; i < elements; ++i) expected[i] = 0.0;
    ref_gate_backward(expected, expected_dz, dy.value, x.value, z.value, kind, elements);
    TH_OK(t, nn_gate_backward(t->rt, &(nn_gate_gradient){dx, dz, 0.0f}, &layer, dy.matrix));
    th_expect(t, "dx", dx, expected, elements, TH_ROUNDING);
    if (kind == NN_GATE_LEARNED) th_expect(t, "dz", dz, expected_dz, elements, TH_ROUNDING);

    ref_gate_backward(expected, expected_dz, dy.value, x.value, z.value, kind, elements);
    TH_OK(t, nn_gate_backward(t->rt, &(nn_gate_gradient){dx, z_view, 1.0f}, &layer, dy.matrix));
    th_expect(t, "dx added to", dx, expected, elements, TH_ROUNDING);
    if (kind == NN_GATE_LEARNED) th_expect(t, "dz in place of z", z.view, expected_dz, elements, TH_ROUNDING);
}

static void kinds_case(th_case *t, const void *user)
{
    (void)user;
    static const nn_gate_kind kinds[] = {NN_GATE_LEARNED, NN_GATE_IDENTITY, NN_GATE_OFF};
    for (size_t k = 0; k < 3; ++k)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) one_kind(t, kinds[k], sizes[i]);
}

static void test_kinds(void **state)
{
    th_run(state, kinds_case, NULL);
}

/* A gate far open or shut is 1 or 0, and NaN passes. */
static void extreme_case(th_case *t, const void *user)
{
    (void)user;
    enum { N = 5 };
    const double values[N] = {200.0, -200.0, 0.0, 30.0, NAN}, ones[N] = {1.0, 1.0, 1.0, 1.0, 1.0};
    const rt_view z = th_upload_doubles(t, values, N), x = th_upload_doubles(t, ones, N);
    const rt_view y = th_output(t, N), dx = th_output(t, N), dz = th_output(t, N);
    const double expected[N] = {1.0, 0.0, 0.5, 1.0, NAN}, expected_dz[N] = {0.0, 0.0, 0.25, 0.0, NAN};
    const nn_gate layer = {NN_GATE_LEARNED, x, z};
    TH_OK(t, nn_gate_forward(t->rt, nn_dense(y, 1, N), &layer, x, z));
    th_expect(t, "y", y, expected, N, TH_ROUNDING);
    TH_OK(t, nn_gate_backward(t->rt, &(nn_gate_gradient){dx, dz, 0.0f}, &layer, nn_dense(x, 1, N)));
    th_expect(t, "dx", dx, expected, N, TH_ROUNDING);
    th_expect(t, "dz", dz, expected_dz, N, TH_ROUNDING);
}

static void test_extremes(void **state)
{
    th_run(state, extreme_case, NULL);
}

enum { SMALL = 9 };
typedef struct problem {
    double x[SMALL], z[SMALL], dy[SMALL];
    nn_gate_kind kind;
} problem;

static double loss(const void *user)
{
    const problem *p = user;
    double y[SMALL];
    ref_gate_forward(y, p->x, p->z, p->kind, SMALL);
    return th_dot(p->dy, y, SMALL);
}

static void test_reference_gradient(void **state)
{
    (void)state;
    for (int kind = NN_GATE_LEARNED; kind <= NN_GATE_OFF; ++kind) {
        uint64_t seed = 5;
        problem p = {.kind = (nn_gate_kind)kind};
        for (int i = 0; i < SMALL; ++i) {
            p.x[i] = 2.0 * th_gauss(&seed);
            p.z[i] = 2.0 * th_gauss(&seed);
            p.dy[i] = th_gauss(&seed);
        }
        double dx[SMALL] = {0}, dz[SMALL] = {0};
        ref_gate_backward(dx, dz, p.dy, p.x, p.z, p.kind, SMALL);
        th_expect_gradient("x", p.x, SMALL, dx, loss, &p);
        th_expect_gradient("z", p.z, SMALL, dz, loss, &p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_gradient),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_extremes),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
