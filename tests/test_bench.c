/* The benchmarks' own arithmetic: statistics, shapes, the list of a step's matrix products, and a worker's loss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bench/gemm.h"
#include "bench/harness.h"
#include "bench/kernels.h"
#include "bench/shapes.h"
#include "bench/step.h"
#include "bench/transfers.h"
#include "model/checks/operations.h"

typedef struct fixture {
    st_error error;
    rt_context *rt;
    long live;
} fixture;

static int open_device(void **state)
{
    rt_device_list list = {NULL, 0};
    size_t chosen = 0;
    fixture *f = calloc(1, sizeof *f);
    const char *selector = getenv("SAFSD_CL_DEVICE");
    if (!f) return -1;
    st_status status = rt_device_list_create(&list, &f->error);
    if (status == ST_OK) status = rt_device_select(&list, selector ? selector : "auto", &chosen, &f->error);
    const rt_options options = {.profile = true, .live_objects = &f->live};
    if (status == ST_OK) status = rt_context_create(&f->rt, &list.items[chosen], &options, &f->error);
    rt_device_list_destroy(&list);
    *state = f;
    if (status != ST_OK) print_error("%s\n", f->error.text);
    return status == ST_OK ? 0 : -1;
}

static int close_device(void **state)
{
    fixture *f = *state;
    rt_context_destroy(&f->rt);
    const long live = f->live;
    free(f);
    return live == 0 ? 0 : -1;
}

static void hold(const fixture *f, st_status status)
{
    if (status != ST_OK) fail_msg("%s", f->error.text);
}

static void statistics(void **state)
{
    (void)state;
    double five[] = {5, 1, 4, 2, 3};
    const bench_stats s = bench_stats_of(five, 5);
    assert_true(s.median == 3 && s.n == 5);
    assert_true(fabs(s.p10 - 1.4) < 1e-12 && fabs(s.p90 - 4.6) < 1e-12 && s.least == 1);
    double two[] = {2, 1};
    assert_true(bench_stats_of(two, 2).median == 1.5);
    double one[] = {7};
    const bench_stats single = bench_stats_of(one, 1);
    assert_true(single.median == 7 && single.p10 == 7 && single.p90 == 7);
    assert_true(bench_stats_of(NULL, 0).n == 0);
}

static st_status count_call(void *user)
{
    ++*(size_t *)user;
    return ST_OK;
}

static st_status fail_third(void *user)
{
    return ++*(size_t *)user == 3 ? ST_FAILED : ST_OK;
}

typedef struct waiter {
    size_t calls;
    double slowest;
} waiter;

static st_status wait_a_little(void *user)
{
    waiter *w = user;
    const double begin = clock_seconds();
    ++w->calls;
    while (clock_seconds() - begin < 0.01) continue;
    if (clock_seconds() - begin > w->slowest) w->slowest = clock_seconds() - begin;
    return ST_OK;
}

static void repetitions(void **state)
{
    (void)state;
    size_t calls = 0;
    bench_stats s;
    assert_int_equal(bench_repeat(&s, (bench_effort){2, 5, 0}, count_call, &calls), ST_OK);
    assert_int_equal(calls, 7);
    assert_int_equal(s.n, 5);
    calls = 0;
    assert_int_equal(bench_repeat(&s, (bench_effort){0, 5, 0}, fail_third, &calls), ST_FAILED);
    assert_int_equal(calls, 3);
    /* The budget is over, but three are made, unless something held one up for twenty budgets. */
    waiter w = {0, 0};
    assert_int_equal(bench_repeat(&s, (bench_effort){0, 1000, 0.001}, wait_a_little, &w), ST_OK);
    assert_true(w.calls == 3 || (w.calls < 3 && w.slowest > 0.019));
    assert_true(s.p10 >= 0.01);
    w = (waiter){0, 0};
    assert_int_equal(bench_repeat(&s, (bench_effort){0, 1000, 1e-4}, wait_a_little, &w), ST_OK);
    assert_int_equal(w.calls, 1);
}

static void shapes(void **state)
{
    fixture *f = *state;
    static const struct {
        size_t shape, dialogues, rows, longest, pairs;
    } cases[] = {{0, 0, 752, 66, 38038}, {0, 2, 88, 54, 4072}, {1, 0, 143, 15, 1605}, {1, 18, 159, 15, 1751}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        const bench_case what = {&bench_shapes[cases[i].shape], 16, cases[i].dialogues, true};
        bench_problem p;
        hold(f, bench_problem_create(&p, &what, &f->error));
        assert_int_equal(p.extent.rows, cases[i].rows);
        assert_int_equal(p.batch.rows, cases[i].rows);
        assert_int_equal(p.extent.longest, cases[i].longest);
        size_t rows = 0, pairs = 0;
        for (size_t d = 0; d < p.batch.dialogues; ++d) {
            rows += (size_t)p.batch.lengths[d];
            pairs += (size_t)(p.batch.lengths[d] * p.batch.lengths[d]);
        }
        assert_int_equal(rows, cases[i].rows);
        assert_int_equal(p.extent.pairs, pairs);
        bench_problem_destroy(&p);
    }
    bench_problem p;
    const bench_case wrong = {&bench_shapes[0], 12, 0, true};
    assert_int_equal(bench_problem_create(&p, &wrong, &f->error), ST_USAGE);
    st_clear(&f->error);
}

/* Multiply-adds of docs/model.md 14 for one row: the linear layers of a forward pass; of inputs alone. */
static double forward_products(const nn_config *c)
{
    const double H = (double)c->hidden, C = (double)c->classes;
    return (9 * (6 + (c->gate == NN_GATE_LEARNED)) + 9 + 3) * H * H + 9 * H * C;
}

static double input_products(const nn_config *c)
{
    return (double)(c->dims[0] + c->dims[1] + c->dims[2]) * (double)c->hidden;
}

static void products(void **state)
{
    fixture *f = *state;
    for (size_t shape = 0; shape < 2; ++shape) {
        for (int training = 0; training < 2; ++training) {
            const bench_case what = {&bench_shapes[shape], 16, 2, training};
            bench_problem p;
            bench_products list;
            hold(f, bench_problem_create(&p, &what, &f->error));
            hold(f, bench_products_create(&list, f->rt, &p));
            const double inner = forward_products(&p.config), inputs = input_products(&p.config);
            const double wanted = 2.0 * (double)p.batch.rows * (training ? 3 * inner + 2 * inputs : inner + inputs);
            assert_true(fabs(bench_products_flops(&list) / wanted - 1) < 1e-12);
            for (size_t i = 1; i < list.count; ++i)
                assert_true((double)list.items[i].count * bench_call_flops(&list.items[i].call) <=
                            (double)list.items[i - 1].count * bench_call_flops(&list.items[i - 1].call));
            hold(f, bench_products_measure(&list, f->rt, (bench_effort){0, 3, 0}, 2));
            assert_true(bench_product_rate(&list.items[0]) > 0 && bench_product_rate(&list.items[1]) > 0);
            assert_true(bench_product_rate(&list.items[2]) == 0);
            double fastest = 0;
            for (size_t i = 0; i < 2; ++i) {
                const bench_stats seconds = list.items[i].seconds;
                const double rate = bench_call_flops(&list.items[i].call) / seconds.least;
                assert_true(seconds.least > 0 && seconds.least <= seconds.p10);
                fastest = rate > fastest ? rate : fastest;
            }
            assert_true(bench_products_best(&list) == fastest);
            bench_products_destroy(&list);
            bench_problem_destroy(&p);
        }
    }
}

/* The losses of steps one behind another are those of single steps, and what a profile counts is the step's work. */
static void steps(void **state)
{
    fixture *f = *state;
    const bench_case what = {&bench_shapes[1], 16, 3, true};
    bench_problem p;
    bench_worker one, many;
    double seconds[4] = {0};
    float losses[4] = {0};
    hold(f, bench_problem_create(&p, &what, &f->error));
    hold(f, bench_worker_create(&one, f->rt, &p));
    for (size_t i = 0; i < 4; ++i) {
        hold(f, bench_worker_once(&one));
        losses[i] = one.loss;
    }
    assert_true(isfinite(losses[0]) && losses[0] > 0 && losses[0] != losses[3]);
    hold(f, bench_worker_create(&many, f->rt, &p));
    hold(f, bench_worker_steps(&many, seconds, 4));
    assert_true(many.loss == losses[3]);
    for (size_t i = 0; i < 4; ++i) assert_true(seconds[i] > 0);

    bench_profile *profile = calloc(1, sizeof *profile);
    assert_non_null(profile);
    hold(f, bench_profile_once(profile, f->rt, &one));
    bench_products list;
    hold(f, bench_products_create(&list, f->rt, &p));
    assert_true(fabs(profile->gemm_flops / bench_products_flops(&list) - 1) < 1e-12);
    double sum = 0;
    for (size_t i = 0; i < profile->count; ++i) sum += profile->lines[i].seconds;
    assert_true(fabs(sum - profile->gemm_seconds - profile->kernel_seconds) < 1e-9);
    assert_true(profile->gemm_seconds > 0 && profile->gemm_seconds < profile->seconds);
    bench_products_destroy(&list);
    free(profile);
    bench_worker_destroy(&one);
    bench_worker_destroy(&many);
    bench_problem_destroy(&p);
}

/* A model and its replica on two contexts make the first step of one, and say how long their steps take. */
static void together(void **state)
{
    fixture *f = *state;
    const bench_case what = {&bench_shapes[1], 16, 4, true};
    bench_problem p;
    bench_step alone, both;
    rt_context *contexts[2] = {f->rt, NULL};
    const rt_options options = {.live_objects = &f->live};
    hold(f, bench_problem_create(&p, &what, &f->error));
    hold(f, rt_context_create(&contexts[1], rt_device(f->rt), &options, &f->error));
    hold(f, bench_step_measure(&alone, contexts, 1, &p, 1, true));
    hold(f, bench_step_measure(&both, contexts, 2, &p, 2, true));
    assert_int_equal(both.seconds.n, 2);
    assert_true(both.seconds.median > 0);
    assert_true(fabs(both.loss / alone.loss - 1) < 1e-5);
    rt_context_destroy(&contexts[1]);
    bench_problem_destroy(&p);
}

/* Every kernel that the self-test knows of, but those of matrix products and the long loop, which no step has, since
 * the last reset of the profile. */
static void assert_every_kernel_ran(const fixture *f)
{
    const rt_profile_line *lines = NULL;
    size_t count = 0;
    hold(f, rt_profile_read(f->rt, &lines, &count));
    for (const nn_operation *const *o = nn_operations; *o; ++o) {
        for (const char *const *kernel = (*o)->kernels; *kernel; ++kernel) {
            size_t i = 0;
            if (strncmp(*kernel, "gemm", 4) == 0 || strcmp(*kernel, "long_loop") == 0) continue;
            while (i < count && strcmp(lines[i].name, *kernel) != 0) ++i;
            if (i == count) fail_msg("no benchmark runs the kernel %s", *kernel);
        }
    }
}

static void everything_else(void **state)
{
    fixture *f = *state;
    const bench_case what = {&bench_shapes[1], 16, 3, true};
    bench_problem p;
    bench_step step;
    bench_kernels *kernels = calloc(1, sizeof *kernels);
    bench_transfers transfers;
    assert_non_null(kernels);
    hold(f, bench_problem_create(&p, &what, &f->error));
    hold(f, bench_step_measure(&step, &f->rt, 1, &p, 3, true));
    assert_int_equal(step.seconds.n, 3);
    assert_int_equal(step.utterances, p.batch.rows);
    assert_true(step.device_bytes > 4 * 4 * 1000 && isfinite(step.loss));
    rt_profile_reset(f->rt);
    hold(f, bench_kernels_measure(kernels, f->rt, &p, (bench_effort){0, 3, 0}));
    assert_true(kernels->count > 20);
    for (size_t i = 0; i < kernels->count; ++i) {
        const char *name = kernels->items[i].name;
        const bool multiplies = strncmp(name, "attention", 9) == 0 || strncmp(name, "gcn", 3) == 0;
        assert_true(kernels->items[i].seconds.median > 0);
        assert_true(kernels->items[i].bytes > 0 && multiplies == (kernels->items[i].flops > 0));
    }
    hold(f, bench_transfers_measure(&transfers, f->rt, (bench_effort){0, 3, 0.01}));
    assert_every_kernel_ran(f);
    for (size_t i = 0; i < BENCH_TRANSFERS; ++i) assert_true(bench_transfer_rate(&transfers.items[i]) > 0);
    assert_true(transfers.launch.median > 0 && transfers.pipelined.median > 0);
    bench_problem_destroy(&p);
    free(kernels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics),      cmocka_unit_test(repetitions), cmocka_unit_test(shapes),
        cmocka_unit_test(products),        cmocka_unit_test(steps),       cmocka_unit_test(together),
        cmocka_unit_test(everything_else),
    };
    return cmocka_run_group_tests(tests, open_device, close_device);
}
