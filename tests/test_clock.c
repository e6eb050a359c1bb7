/* The clock, and waiting by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <threads.h>

#include "base/clock.h"
#include "base/latch.h"

static void test_forwards(void **state)
{
    (void)state;
    double last = clock_seconds(), processor = clock_processor_seconds();
    assert_true(processor > 0);
    for (int i = 0; i < 100000; i++) {
        const double now = clock_seconds();
        assert_true(now >= last);
        last = now;
    }
    assert_true(clock_processor_seconds() > processor);
}

static void test_date(void **state)
{
    (void)state;
    char text[CLOCK_DATE_SIZE];
    assert_ptr_equal(clock_date(text), text);
    assert_int_equal(strlen(text), strlen("2026-01-31T23:59:59Z"));
    assert_int_equal(text[10], 'T');
    assert_int_equal(text[19], 'Z');
}

static int open_it(void *user)
{
    latch_open(user);
    return 0;
}

static void test_latch(void **state)
{
    (void)state;
    latch l;
    thrd_t thread;
    assert_true(latch_create(&l));
    assert_false(latch_is_open(&l));
    const double begin = clock_seconds();
    assert_false(latch_wait(&l, 0.05));
    assert_true(clock_seconds() - begin >= 0.05);
    assert_int_equal(thrd_create(&thread, open_it, &l), thrd_success);
    assert_true(latch_wait(&l, 1e6));
    thrd_join(thread, NULL);
    assert_true(latch_is_open(&l));
    assert_true(latch_wait(&l, 0));
    latch_destroy(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forwards),
        cmocka_unit_test(test_date),
        cmocka_unit_test(test_latch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
