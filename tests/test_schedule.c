#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/training/schedule.h"

static void expect_rates(const nn_schedule *schedule, const double *expected, size_t count)
{
    for (size_t s = 0; s < count; ++s) {
        const double rate = nn_schedule_rate(schedule, s);
        if (!(fabs(rate - expected[s]) < 1e-15))
            fail_msg("step %zu: %.17g where %.17g is expected", s, rate, expected[s]);
    }
}

static void test_constant(void **state)
{
    (void)state;
    const nn_schedule schedule = {NN_SCHEDULE_CONSTANT, 1e-4, 0, 10};
    assert_true(nn_schedule_rate(&schedule, 0) == 1e-4);
    assert_true(nn_schedule_rate(&schedule, 9) == 1e-4);
    assert_true(nn_schedule_rate(&schedule, UINT64_MAX) == 1e-4);
}

static void test_warmup(void **state)
{
    (void)state;
    const nn_schedule schedule = {NN_SCHEDULE_CONSTANT, 0.8, 3, 10};
    const double expected[] = {0.2, 0.4, 0.6, 0.8, 0.8, 0.8};
    expect_rates(&schedule, expected, sizeof expected / sizeof *expected);
}

/* cos(0), cos(pi/4), cos(pi/2), cos(3pi/4); then the run is over. */
static void test_cosine(void **state)
{
    (void)state;
    const nn_schedule schedule = {NN_SCHEDULE_COSINE, 2.0, 0, 4};
    const double half = sqrt(0.5), expected[] = {2, 1 + half, 1, 1 - half, 0, 0};
    expect_rates(&schedule, expected, sizeof expected / sizeof *expected);
}

static void test_cosine_after_warmup(void **state)
{
    (void)state;
    const nn_schedule schedule = {NN_SCHEDULE_COSINE, 2.0, 3, 5};
    const double expected[] = {0.5, 1, 1.5, 2, 1, 0};
    expect_rates(&schedule, expected, sizeof expected / sizeof *expected);
}

static void test_warmup_longer_than_run(void **state)
{
    (void)state;
    const nn_schedule schedule = {NN_SCHEDULE_COSINE, 1.0, 9, 4};
    const double expected[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0};
    expect_rates(&schedule, expected, sizeof expected / sizeof *expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constant),
        cmocka_unit_test(test_warmup),
        cmocka_unit_test(test_cosine),
        cmocka_unit_test(test_cosine_after_warmup),
        cmocka_unit_test(test_warmup_longer_than_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
