/* Mapped memory and uploads, on the device as it is and as if it shared no memory with the host. */
#include "runtime/host_map.h"
#include "runtime/upload.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/launch.h"
#include "tests/support/harness.h"

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

/* What a map shows is what was computed; what is put there is what kernels read; nothing beside it changes. */
static void maps_case(th_case *t, const void *user)
{
    (void)user;
    enum { N = 1000, AT = 137, COUNT = 501 };
    float *values = th_floats(t, N), *back = th_floats(t, N);
    const rt_view view = th_output(t, N), twice = th_output(t, N);
    rt_host_map map = {NULL, view, 0, false};
    for (size_t i = 0; i < N; ++i) values[i] = (float)i;
    TH_OK(t, rt_unmap(t->rt, &map)); /* not open */
    TH_OK(t, rt_write(t->rt, view, values, N));
    for (size_t round = 0; round < 3; ++round) {
        TH_OK(t, rt_map_read(t->rt, rt_view_at(view, AT), COUNT, &map));
        assert_memory_equal(map.host, values + AT, COUNT * sizeof *values);
        TH_OK(t, rt_unmap(t->rt, &map));
        assert_null(map.host);
        TH_OK(t, rt_map_write(t->rt, rt_view_at(view, AT + round), COUNT, &map));
        for (size_t i = 0; i < COUNT; ++i) values[AT + round + i] = ((float *)map.host)[i] = -(float)(i * (round + 1));
        TH_OK(t, rt_unmap(t->rt, &map));
        TH_OK(t, rt_copy(t->rt, twice, view, N)); /* enqueued behind the closing */
        TH_OK(t, rt_read(t->rt, twice, back, N));
        assert_memory_equal(back, values, N * sizeof *values);
    }
}

static void test_maps(void **state)
{
    run_both(state, maps_case);
}

static void expect_sent(th_case *t, rt_view copy, const int32_t *expected, size_t elements)
{
    th_expect_bits(t, "what was sent", copy, (const uint32_t *)expected, elements);
}

/* Each step copies what it was sent, long after the host has filled the memory anew: every copy must hold its own. */
static void uploads_case(th_case *t, const void *user)
{
    (void)user;
    enum { N = 40000, STEPS = 9 };
    rt_upload *upload = NULL;
    rt_view copies[STEPS];
    int32_t *expected = th_ints(t, N);
    void *host = NULL, *again = NULL;
    for (size_t s = 0; s < STEPS; ++s) copies[s] = th_output(t, N);
    const long before = *t->live_objects;
    TH_OK(t, rt_upload_create(&upload, t->rt, "a test", N));
    TH_OK(t, rt_upload_commit(upload));
    assert_int_equal(rt_upload_bytes(upload), 2 * N * sizeof(float));
    for (size_t s = 0; s < STEPS; ++s) {
        const size_t elements = N - s * 1000;
        TH_OK(t, rt_upload_open(upload, &host));
        TH_OK(t, rt_upload_open(upload, &again)); /* nothing was sent in between */
        assert_ptr_equal(again, host);
        for (size_t i = 0; i < elements; ++i) ((int32_t *)host)[i] = (int32_t)(s * 1000000 + i);
        TH_OK(t, rt_upload_send(upload, elements));
        for (size_t k = 0; k < 20; ++k) TH_OK(t, rt_copy(t->rt, copies[s], rt_upload_view(upload), elements));
    }
    for (size_t s = 0; s < STEPS; ++s) {
        for (size_t i = 0; i < N; ++i) expected[i] = (int32_t)(s * 1000000 + i);
        expect_sent(t, copies[s], expected, N - s * 1000);
    }
    TH_OK(t, rt_upload_open(upload, &host)); /* destroyed while open */
    rt_upload_destroy(&upload);
    assert_null(upload);
    rt_upload_destroy(&upload);
    assert_int_equal(*t->live_objects, before);
}

static void test_uploads(void **state)
{
    run_both(state, uploads_case);
}

/* A upload that was never sent, and one whose last piece nobody has read yet. */
static void early_ends_case(th_case *t, const void *user)
{
    (void)user;
    rt_upload *upload = NULL;
    void *host = NULL;
    const long before = *t->live_objects;
    for (int sent = 0; sent < 4; ++sent) {
        TH_OK(t, rt_upload_create(&upload, t->rt, "a test", 0));
        if (sent > 0) TH_OK(t, rt_upload_commit(upload));
        for (int s = 1; s < sent; ++s) {
            TH_OK(t, rt_upload_open(upload, &host));
            TH_OK(t, rt_upload_send(upload, 1));
        }
        rt_upload_destroy(&upload);
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
    rt_upload *upload = NULL;
    rt_host_map map;
    const size_t limit = 4096 / sizeof(float);
    const rt_view beyond = rt_view_at(th_output(t, 8), 100000);
    assert_int_equal(rt_upload_create(&upload, t->rt, "the batch", limit + 1), ST_DEVICE);
    assert_null(upload);
    expect_text(t, "the batch needs 4100 bytes in one piece, but the largest block of ");
    TH_OK(t, rt_upload_create(&upload, t->rt, "the batch", limit));
    rt_upload_destroy(&upload);
    assert_int_equal(rt_map_read(t->rt, beyond, 8, &map), ST_DEVICE);
    assert_null(map.host);
    expect_text(t, rt_device(t->rt)->unified_memory ? "clEnqueueMapBuffer returned CL_"
                                                    : "clEnqueueReadBuffer returned CL_");
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
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_uploads),
        cmocka_unit_test(test_early_ends),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
