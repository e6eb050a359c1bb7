#include "model/layers/column_sums.h"
#include "model/layers/linear.h"
#include "tests/support/harness.h"
#include "reference/linear.h"

/* Columns that stand beside x, y and their gradients in wider matrices. */
static const struct size {
    ref_linear linear;
    size_t beside;
} sizes[] = {{{1, 1, 1}, 0},     {{2, 3, 4}, 5},     {{5, 16, 7}, 0},    {{12, 32, 32}, 0}, {{13, 33, 31}, 3},
             {{40, 17, 65}, 16}, {{130, 64, 12}, 0}, {{3, 257, 129}, 1}, {{97, 100, 1}, 2}};
enum { SIZES = sizeof sizes / sizeof *sizes, SMALL = 15000 };
static const rt_view nothing;

/* Scratch for every product that a simulator is given, at once: Oclgrind 21.10 forgets what is written to a buffer
 * beyond the size of one that was released before it, and would find it uninitialised. */
static void reserve_scratch(th_case *t)
{
    enum { SIDE = 104 };
    if (!th_small()) return;
    const nn_matrix x = th_output_matrix(t, SIDE, SIDE, SIDE), y = th_output_matrix(t, SIDE, SIDE, SIDE);
    const nn_linear layer = {.weight = th_output(t, (size_t)SIDE * SIDE)};
    rt_planning(t->rt, true);
    TH_OK(t, nn_linear_forward(t->rt, y, &layer, x));
    rt_planning(t->rt, false);
    TH_OK(t, rt_gemm_reserve(t->rt));
}

static void forward_case(th_case *t, const void *user)
{
    (void)user;
    reserve_scratch(t);
    for (size_t i = 0; i < SIZES; ++i)
        for (int biased = 0; biased < 2; ++biased) {
            const ref_linear n = sizes[i].linear;
            if (th_small() && n.rows * n.in * n.out > SMALL) continue;
            const th_matrix x = th_normal_matrix(t, n.rows, n.in, n.in + sizes[i].beside, 1 + i, 1.0);
            const th_tensor weight = th_normal(t, n.out * n.in, 2 + i, 1.0), bias = th_normal(t, n.out, 3 + i, 1.0);
            const nn_matrix y = th_output_matrix(t, n.rows, n.out, n.out + sizes[i].beside);
            double *expected = th_doubles(t, n.rows * n.out);
            ref_linear_forward(expected, x.value, weight.value, biased ? bias.value : NULL, n);
            const nn_linear layer = {.weight = weight.view, .bias = biased ? bias.view : nothing};
            TH_OK_GEMM(t, nn_linear_forward(t->rt, y, &layer, x.matrix));
            th_expect_matrix(t, "y", y, expected, TH_ACTIVATION);
        }
}

static void test_forward(void **state)
{
    th_run(state, forward_case, NULL);
}

static void one_backward(th_case *t, ref_linear n, size_t beside)
{
    const th_matrix x = th_normal_matrix(t, n.rows, n.in, n.in + beside, 1, 1.0);
    const th_matrix dy = th_normal_matrix(t, n.rows, n.out, n.out + beside, 2, 1.0);
    const th_tensor weight = th_normal(t, n.out * n.in, 3, 1.0);
    const size_t unlearned = n.out / 3, learned = n.out - unlearned;
    const nn_linear layer = {
        .weight = weight.view, .x = x.matrix, .scratch = th_output(t, nn_column_sums_scratch(n.rows, n.out))};
    nn_linear_gradient g = {.dx = th_output_matrix(t, n.rows, n.in, n.in + beside),
                            .dweight = th_output(t, n.out * n.in),
                            .dbias = th_output(t, learned),
                            .dbias_from = unlearned};
    double *dx = th_doubles(t, n.rows * n.in), *dweight = th_doubles(t, n.out * n.in), *dbias = th_doubles(t, n.out);
    for (int pass = 0; pass < 2; ++pass) {
        g.beta = g.beta_dx = (float)pass;
        ref_linear_backward(dx, dweight, dbias, dy.value, x.value, weight.value, n);
        TH_OK_GEMM(t, nn_linear_backward(t->rt, &g, &layer, dy.matrix));
        th_expect_matrix(t, pass ? "dx added to" : "dx", g.dx, dx, TH_ACTIVATION);
        th_expect(t, pass ? "dweight added to" : "dweight", g.dweight, dweight, n.out * n.in, TH_ACTIVATION);
        th_expect(t, pass ? "dbias added to" : "dbias", g.dbias, dbias + unlearned, learned, TH_ACTIVATION);
    }
}

static void backward_case(th_case *t, const void *user)
{
    (void)user;
    reserve_scratch(t);
    for (size_t i = 0; i < SIZES; ++i) {
        const ref_linear n = sizes[i].linear;
        if (!th_small() || n.rows * n.in * n.out <= SMALL) one_backward(t, n, sizes[i].beside);
    }
}

static void test_backward(void **state)
{
    th_run(state, backward_case, NULL);
}

/* CLBlast gives no sums beside a product: those of the bias are made by themselves. */
static void clblast_case(th_case *t, const void *user)
{
    (void)user;
    TH_OK(t, rt_gemm_choose(t->rt, "clblast", NULL));
    for (size_t i = 0; i < SIZES; ++i) one_backward(t, sizes[i].linear, sizes[i].beside);
    TH_OK(t, rt_gemm_choose(t->rt, "auto", NULL));
}

static void test_clblast(void **state)
{
    if (th_small()) skip(); /* the library's kernels alarm simulators */
    th_run_once(state, clblast_case, NULL);
}

/* What has no block is left out and needs nothing of what it would be computed from. */
static void left_out_case(th_case *t, const void *user)
{
    (void)user;
    const ref_linear n = {6, 5, 4};
    const th_matrix x = th_normal_matrix(t, n.rows, n.in, n.in, 1, 1.0);
    const th_matrix dy = th_normal_matrix(t, n.rows, n.out, n.out, 2, 1.0);
    const th_tensor weight = th_normal(t, n.out * n.in, 3, 1.0);
    double *dx = th_doubles(t, n.rows * n.in), *dweight = th_doubles(t, n.out * n.in), *dbias = th_doubles(t, n.out);
    ref_linear_backward(dx, dweight, dbias, dy.value, x.value, weight.value, n);

    const nn_linear weight_alone = {.x = x.matrix};
    const nn_linear_gradient of_weight = {.dweight = th_output(t, n.out * n.in)};
    TH_OK_GEMM(t, nn_linear_backward(t->rt, &of_weight, &weight_alone, dy.matrix));
    th_expect(t, "dweight alone", of_weight.dweight, dweight, n.out * n.in, TH_ACTIVATION);

    const nn_linear bias_alone = {.scratch = th_output(t, nn_column_sums_scratch(n.rows, n.out))};
    const nn_linear_gradient of_bias = {.dbias = th_output(t, n.out - 1), .dbias_from = 1};
    TH_OK_GEMM(t, nn_linear_backward(t->rt, &of_bias, &bias_alone, dy.matrix));
    th_expect(t, "dbias alone", of_bias.dbias, dbias + 1, n.out - 1, TH_ACTIVATION);

    const nn_linear input_alone = {.weight = weight.view};
    const nn_linear_gradient of_input = {.dx = th_output_matrix(t, n.rows, n.in, n.in)};
    TH_OK_GEMM(t, nn_linear_backward(t->rt, &of_input, &input_alone, dy.matrix));
    th_expect_matrix(t, "dx alone", of_input.dx, dx, TH_ACTIVATION);
}

static void test_left_out(void **state)
{
    th_run(state, left_out_case, NULL);
}

enum { ROWS = 3, IN = 4, OUT = 2 };
typedef struct problem {
    double x[ROWS * IN], weight[OUT * IN], bias[OUT], dy[ROWS * OUT];
} problem;
static const ref_linear small = {ROWS, IN, OUT};

static double loss(const void *user)
{
    const problem *p = user;
    double y[ROWS * OUT];
    ref_linear_forward(y, p->x, p->weight, p->bias, small);
    return th_dot(p->dy, y, ROWS * OUT);
}

static void test_reference_gradient(void **state)
{
    (void)state;
    uint64_t seed = 5;
    problem p;
    for (int i = 0; i < ROWS * IN; ++i) p.x[i] = th_gauss(&seed);
    for (int i = 0; i < OUT * IN; ++i) p.weight[i] = th_gauss(&seed);
    for (int i = 0; i < ROWS * OUT; ++i) p.dy[i] = th_gauss(&seed);
    for (int i = 0; i < OUT; ++i) p.bias[i] = th_gauss(&seed);
    double dx[ROWS * IN] = {0}, dweight[OUT * IN] = {0}, dbias[OUT] = {0};
    ref_linear_backward(dx, dweight, dbias, p.dy, p.x, p.weight, small);
    th_expect_gradient("x", p.x, ROWS * IN, dx, loss, &p);
    th_expect_gradient("weight", p.weight, OUT * IN, dweight, loss, &p);
    th_expect_gradient("bias", p.bias, OUT, dbias, loss, &p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_gradient), cmocka_unit_test(test_forward),
        cmocka_unit_test(test_backward),           cmocka_unit_test(test_clblast),
        cmocka_unit_test(test_left_out),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
