#include <math.h>

#include "model/layers/layernorm.h"
#include "tests/support/harness.h"
#include "reference/layernorm.h"

static const struct size {
    size_t rows, columns;
} sizes[] = {{1, 1},   {3, 2},   {1, 3},  {2, 4},  {5, 5},    {2, 7},    {15, 15},  {16, 16},
             {17, 17}, {33, 63}, {2, 64}, {3, 65}, {70, 127}, {1030, 9}, {5, 1023}, {3, 1025}};

enum { SMALL = 300 };

/* Layer, its input, and room for what forward saves. `mean` and `rstd` are the reference's, on the device. */
typedef struct setup {
    nn_layernorm layer;
    th_tensor x, gain, bias;
    double *y, *mean, *rstd;
} setup;

static setup make(th_case *t, size_t rows, size_t columns, double offset)
{
    setup s = {.x = th_normal(t, rows * columns, rows + 1, 2.0),
               .gain = th_normal(t, columns, 2, 1.0),
               .bias = th_normal(t, columns, 3, 1.0),
               .y = th_doubles(t, rows * columns),
               .mean = th_doubles(t, rows),
               .rstd = th_doubles(t, rows)};
    for (size_t i = 0; i < rows * columns; ++i) s.x.value[i] = (double)(float)(s.x.value[i] + offset);
    s.x.view = th_upload_doubles(t, s.x.value, rows * columns);
    s.layer = (nn_layernorm){.rows = rows,
                             .columns = columns,
                             .gain = s.gain.view,
                             .bias = s.bias.view,
                             .x = s.x.view,
                             .mean = th_output(t, rows),
                             .rstd = th_output(t, rows),
                             .scratch = th_output(t, nn_layernorm_scratch(rows, columns))};
    ref_layernorm_forward(s.y, s.mean, s.rstd, s.x.value, s.gain.value, s.bias.value, rows, columns);
    return s;
}

static void forward_case(th_case *t, const void *user)
{
    (void)user;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
        const size_t rows = sizes[i].rows, elements = rows * sizes[i].columns;
        if (th_small() && elements > SMALL) continue;
        const setup s = make(t, rows, sizes[i].columns, 0.5);
        const rt_view y = th_output(t, elements);
        TH_OK(t, nn_layernorm_forward(t->rt, y, &s.layer, s.x.view));
        th_expect(t, "y", y, s.y, elements, TH_ACTIVATION);
        th_expect(t, "mean", s.layer.mean, s.mean, rows, TH_ACTIVATION);
        th_expect(t, "rstd", s.layer.rstd, s.rstd, rows, TH_ACTIVATION);
        TH_OK(t, nn_layernorm_forward(t->rt, s.x.view, &s.layer, s.x.view));
        th_expect(t, "y in place of x", s.x.view, s.y, elements, TH_ACTIVATION);
    }
}

static void test_forward(void **state)
{
    th_run(state, forward_case, NULL);
}

/* A variance from the sum of squares would be lost beside a mean a hundred times the deviation. */
static void offset_case(th_case *t, const void *user)
{
    (void)user;
    const setup s = make(t, 4, 1000, 200.0);
    const rt_view y = th_output(t, 4000);
    TH_OK(t, nn_layernorm_forward(t->rt, y, &s.layer, s.x.view));
    th_expect(t, "rstd", s.layer.rstd, s.rstd, 4, 1e-5);
    th_expect(t, "y", y, s.y, 4000, 5e-4); /* the rounding of the mean */
}

static void test_offset(void **state)
{
    th_run(state, offset_case, NULL);
}

/* Equal elements: the deviation is 0 and eps alone keeps rstd finite. */
static void constant_case(th_case *t, const void *user)
{
    (void)user;
    enum { COLUMNS = 37 };
    setup s = make(t, 1, COLUMNS, 0.0);
    const th_tensor x = th_constant(t, COLUMNS, 0.75);
    ref_layernorm_forward(s.y, s.mean, s.rstd, x.value, s.gain.value, s.bias.value, 1, COLUMNS);
    const rt_view y = th_output(t, COLUMNS);
    TH_OK(t, nn_layernorm_forward(t->rt, y, &s.layer, x.view));
    th_expect(t, "y", y, s.y, COLUMNS, 1e-3); /* 1000 times the rounding of the mean */
    th_expect(t, "rstd", s.layer.rstd, s.rstd, 1, TH_ACTIVATION);
}

static void test_constant(void **state)
{
    th_run(state, constant_case, NULL);
}

/* Of one or two columns the normalised values are 0 or 1 and -1 whatever x is: dx is what rounding leaves of 0. */
static void expect_dx(th_case *t, const char *what, rt_view dx, const double *expected, size_t rows, size_t columns)
{
    if (columns > 2) {
        th_expect(t, what, dx, expected, rows * columns, TH_ACTIVATION);
        return;
    }
    const float *actual = th_fetch(t, dx, rows * columns);
    for (size_t i = 0; i < rows * columns; ++i) assert_true(fabs((double)actual[i] - expected[i]) < 1e-4);
}

static void backward_case(th_case *t, const void *user)
{
    (void)user;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
        const size_t rows = sizes[i].rows, columns = sizes[i].columns, elements = rows * columns;
        if (th_small() && elements > SMALL) continue;
        setup s = make(t, rows, columns, 0.5);
        s.layer.mean = th_upload_doubles(t, s.mean, rows);
        s.layer.rstd = th_upload_doubles(t, s.rstd, rows);
        const th_tensor dy = th_normal(t, elements, 7, 1.0);
        nn_layernorm_gradient g = {
            .dx = th_output(t, elements), .dgain = th_output(t, columns), .dbias = th_output(t, columns)};
        double *dx = th_doubles(t, elements), *dgain = th_doubles(t, columns), *dbias = th_doubles(t, columns);
        ref_layernorm_backward(dx, dgain, dbias, dy.value, s.x.value, s.gain.value, rows, columns);
        TH_OK(t, nn_layernorm_backward(t->rt, &g, &s.layer, dy.view));
        expect_dx(t, "dx", g.dx, dx, rows, columns);
        th_expect(t, "dgain", g.dgain, dgain, columns, TH_ACTIVATION);
        th_expect(t, "dbias", g.dbias, dbias, columns, TH_ACTIVATION);

        const double *once = th_copy(t, dx, elements);
        ref_layernorm_backward(dx, dgain, dbias, dy.value, s.x.value, s.gain.value, rows, columns);
        g.beta_dx = g.beta = 1.0f;
        g.y = th_output(t, elements);
        TH_OK(t, nn_layernorm_backward(t->rt, &g, &s.layer, dy.view));
        th_expect(t, "y again", g.y, s.y, elements, TH_ACTIVATION);
        expect_dx(t, "dx added to", g.dx, dx, rows, columns);
        th_expect(t, "dgain added to", g.dgain, dgain, columns, TH_ACTIVATION);
        th_expect(t, "dbias added to", g.dbias, dbias, columns, TH_ACTIVATION);

        g.dx = dy.view;
        g.beta_dx = 0.0f;
        TH_OK(t, nn_layernorm_backward(t->rt, &g, &s.layer, dy.view));
        expect_dx(t, "dx in place of dy", dy.view, once, rows, columns);
    }
}

static void test_backward(void **state)
{
    th_run(state, backward_case, NULL);
}

/* Rows are cut into parts, each summed by itself: its small numbers are not lost beside the large ones of another. */
static void parts_case(th_case *t, const void *user)
{
    (void)user;
    enum { ROWS = 32, PART = 16, COLUMNS = 5 };
    double dy[ROWS * COLUMNS] = {0.0}, expected[COLUMNS];
    for (size_t c = 0; c < COLUMNS; ++c) {
        dy[c] = 0x1p27; /* the next float is 16 more */
        for (size_t r = PART; r < ROWS; ++r) dy[r * COLUMNS + c] = 1.0;
        expected[c] = 0x1p27 + 16.0;
    }
    setup s = make(t, ROWS, COLUMNS, 0.0);
    s.layer.mean = th_constant(t, ROWS, 0.5).view;
    s.layer.rstd = th_constant(t, ROWS, 2.0).view;
    s.layer.x = th_constant(t, ROWS * COLUMNS, 1.0).view;
    const nn_layernorm_gradient g = {
        .dx = th_output(t, ROWS * COLUMNS), .dgain = th_output(t, COLUMNS), .dbias = th_output(t, COLUMNS)};
    TH_OK(t, nn_layernorm_backward(t->rt, &g, &s.layer, th_upload_doubles(t, dy, ROWS * COLUMNS)));
    th_expect(t, "dgain", g.dgain, expected, COLUMNS, TH_EXACT);
    th_expect(t, "dbias", g.dbias, expected, COLUMNS, TH_EXACT);
}

static void test_parts(void **state)
{
    th_run(state, parts_case, NULL);
}

enum { ROWS = 3, COLUMNS = 7, ELEMENTS = ROWS * COLUMNS };
typedef struct problem {
    double x[ELEMENTS], gain[COLUMNS], bias[COLUMNS], dy[ELEMENTS];
} problem;

static double loss(const void *user)
{
    const problem *p = user;
    double y[ELEMENTS], mean[ROWS], rstd[ROWS];
    ref_layernorm_forward(y, mean, rstd, p->x, p->gain, p->bias, ROWS, COLUMNS);
    return th_dot(p->dy, y, ELEMENTS);
}

static void test_reference_gradient(void **state)
{
    (void)state;
    uint64_t seed = 5;
    problem p;
    for (int i = 0; i < ELEMENTS; ++i) {
        p.x[i] = th_gauss(&seed);
        p.dy[i] = th_gauss(&seed);
    }
    for (int c = 0; c < COLUMNS; ++c) {
        p.gain[c] = th_gauss(&seed);
        p.bias[c] = th_gauss(&seed);
    }
    double dx[ELEMENTS] = {0}, dgain[COLUMNS] = {0}, dbias[COLUMNS] = {0};
    ref_layernorm_backward(dx, dgain, dbias, p.dy, p.x, p.gain, ROWS, COLUMNS);
    th_expect_gradient("x", p.x, ELEMENTS, dx, loss, &p);
    th_expect_gradient("gain", p.gain, COLUMNS, dgain, loss, &p);
    th_expect_gradient("bias", p.bias, COLUMNS, dbias, loss, &p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_gradient), cmocka_unit_test(test_forward),  cmocka_unit_test(test_offset),
        cmocka_unit_test(test_constant),           cmocka_unit_test(test_backward), cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
