/* Windows and feeds, on the device as it is and as if it shared no memory with the host. */
#include "runtime/window.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/launch.h"
#include "tests/ref/harness.h"

static void run_both(void **state, th_body *body)
{
    static const th_setting separate = {"separate memory", 0, 0, 0, true}, own = {"own memory", 0, 0, 0, false};
    th_run_in(state, &own, body, NULL);
    th_run_in(state, &separate, body, NULL);
}

static void expect_text(const th_case *t, const char *piece)
{
    if (!strstr(rt_error(t->rt)->text, piece)) fail_msg("\"%s\" is not in: %s", piece, rt_error(t->rt)->text);
    st_clear(rt_error(t->rt));
}

/* What a window shows is what was computed; what is put there is what kernels read; nothing beside it changes. */
static void windows_case(th_case *t, const void *user)
{
    (void)user;
    enum { N = 1000, AT = 137, COUNT = 501 };
    float *values = th_floats(t, N), *back = th_floats(t, N);
    const rt_view view = th_output(t, N), twice = th_output(t, N);
    rt_window window = {NULL, view, 0, false};
    for (size_t i = 0; i < N; ++i) values[i] = (float)i;
    TH_OK(t, rt_window_close(t->rt, &window)); /* not open */
    TH_OK(t, rt_write(t->rt, view, values, N));
    for (size_t round = 0; round < 3; ++round) {
        TH_OK(t, rt_window_read(t->rt, rt_view_at(view, AT), COUNT, &window));
        assert_memory_equal(window.host, values + AT, COUNT * sizeof *values);
        TH_OK(t, rt_window_close(t->rt, &window));
        assert_null(window.host);
        TH_OK(t, rt_window_write(t->rt, rt_view_at(view, AT + round), COUNT, &window));
        for (size_t i = 0; i < COUNT; ++i)
            values[AT + round + i] = ((float *)window.host)[i] = -(float)(i * (round + 1));
        TH_OK(t, rt_window_close(t->rt, &window));
        TH_OK(t, rt_copy(t->rt, twice, view, N)); /* enqueued behind the closing */
        TH_OK(t, rt_read(t->rt, twice, back, N));
        assert_memory_equal(back, values, N * sizeof *values);
    }
}

static void test_windows(void **state)
{
    run_both(state, windows_case);
}

static void expect_sent(th_case *t, rt_view copy, const int32_t *expected, size_t elements)
{
    th_expect_bits(t, "what was sent", copy, (const uint32_t *)expected, elements);
}

/* Each step copies what it was sent, long after the host has filled the memory anew: every copy must hold its own. */
static void feeds_case(th_case *t, const void *user)
{
    (void)user;
    enum { N = 40000, STEPS = 9 };
    rt_feed *feed = NULL;
    rt_view copies[STEPS];
    int32_t *expected = th_ints(t, N);
    void *host = NULL, *again = NULL;
    for (size_t s = 0; s < STEPS; ++s) copies[s] = th_output(t, N);
    const long before = *t->live_objects;
    TH_OK(t, rt_feed_create(&feed, t->rt, "a test", N));
    TH_OK(t, rt_feed_commit(feed));
    assert_int_equal(rt_feed_bytes(feed), 2 * N * sizeof(float));
    for (size_t s = 0; s < STEPS; ++s) {
        const size_t elements = N - s * 1000;
        TH_OK(t, rt_feed_open(feed, &host));
        TH_OK(t, rt_feed_open(feed, &again)); /* nothing was sent in between */
        assert_ptr_equal(again, host);
        for (size_t i = 0; i < elements; ++i) ((int32_t *)host)[i] = (int32_t)(s * 1000000 + i);
        TH_OK(t, rt_feed_send(feed, elements));
        for (size_t k = 0; k < 20; ++k) TH_OK(t, rt_copy(t->rt, copies[s], rt_feed_view(feed), elements));
    }
    for (size_t s = 0; s < STEPS; ++s) {
        for (size_t i = 0; i < N; ++i) expected[i] = (int32_t)(s * 1000000 + i);
        expect_sent(t, copies[s], expected, N - s * 1000);
    }
    TH_OK(t, rt_feed_open(feed, &host)); /* destroyed while open */
    rt_feed_destroy(&feed);
    assert_null(feed);
    rt_feed_destroy(&feed);
    assert_int_equal(*t->live_objects, before);
}

static void test_feeds(void **state)
{
    run_both(state, feeds_case);
}

/* A feed that was never sent, and one whose last piece nobody has read yet. */
static void early_ends_case(th_case *t, const void *user)
{
    (void)user;
    rt_feed *feed = NULL;
    void *host = NULL;
    const long before = *t->live_objects;
    for (int sent = 0; sent < 4; ++sent) {
        TH_OK(t, rt_feed_create(&feed, t->rt, "a test", 0));
        if (sent > 0) TH_OK(t, rt_feed_commit(feed));
        for (int s = 1; s < sent; ++s) {
            TH_OK(t, rt_feed_open(feed, &host));
            TH_OK(t, rt_feed_send(feed, 1));
        }
        rt_feed_destroy(&feed);
        assert_int_equal(*t->live_objects, before);
    }
}

static void test_early_ends(void **state)
{
    run_both(state, early_ends_case);
}

static void refusals_case(th_case *t, const void *user)
{
    (void)user;
    rt_feed *feed = NULL;
    rt_window window;
    const size_t limit = 4096 / sizeof(float);
    const rt_view beyond = rt_view_at(th_output(t, 8), 100000);
    assert_int_equal(rt_feed_create(&feed, t->rt, "the batch", limit + 1), ST_DEVICE);
    assert_null(feed);
    expect_text(t, "the batch needs 4100 bytes in one piece, but the largest block of ");
    TH_OK(t, rt_feed_create(&feed, t->rt, "the batch", limit));
    rt_feed_destroy(&feed);
    assert_int_equal(rt_window_read(t->rt, beyond, 8, &window), ST_DEVICE);
    assert_null(window.host);
    expect_text(t, rt_device(t->rt)->unified_memory ? "clEnqueueMapBuffer said CL_" : "clEnqueueReadBuffer said CL_");
}

static void test_refusals(void **state)
{
    static const th_setting small = {"blocks of 4 KiB", 0, 0, 4096, false},
                            separate = {"blocks of 4 KiB, separate memory", 0, 0, 4096, true};
    th_run_in(state, &small, refusals_case, NULL);
    th_run_in(state, &separate, refusals_case, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_feeds),
        cmocka_unit_test(test_early_ends),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
