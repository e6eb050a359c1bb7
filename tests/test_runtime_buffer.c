#include <stdlib.h>
#include <string.h>

#include "tests/support/harness.h"

enum { UNIT = 64, BLOCK = 1024 }; /* elements: alignment, and the largest block of the small device */
static const th_setting small_blocks = {"blocks of 4 KiB", 0, 0, BLOCK * 4, false};

static void expect_text(const th_case *t, const char *piece)
{
    if (!strstr(rt_error(t->rt)->text, piece)) fail_msg("\"%s\" is not in: %s", piece, rt_error(t->rt)->text);
    st_clear(rt_error(t->rt));
}

/* Takes are aligned, do not overlap, and go to the next block where one is full. */
static void places_case(th_case *t, const void *user)
{
    (void)user;
    static const size_t sizes[] = {1, 64, 0, 65, 700, 300, 1024, 1000, 3};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    rt_view views[COUNT], again[COUNT];
    rt_arena *arena = NULL, *twin = NULL;
    TH_OK(t, rt_arena_create(&arena, t->rt, "a test"));
    TH_OK(t, rt_arena_create(&twin, t->rt, "a test"));
    for (size_t i = 0; i < COUNT; ++i) {
        TH_OK(t, rt_arena_take(arena, "a tensor", sizes[i], &views[i]));
        TH_OK(t, rt_arena_take(twin, "a tensor", sizes[i], &again[i]));
        assert_int_equal(views[i].at % UNIT, 0);
        assert_int_equal(again[i].at, views[i].at);
        for (size_t k = 0; k < i; ++k)
            if (views[k].block == views[i].block) assert_true(views[k].at + sizes[k] <= views[i].at);
    }
    assert_true(rt_arena_blocks(arena) > 1);
    assert_int_equal(rt_arena_blocks(arena), rt_arena_blocks(twin));
    uint64_t sum = 0;
    for (size_t b = 0; b < rt_arena_blocks(arena); ++b) {
        size_t elements = 0, same = 0;
        assert_non_null(rt_arena_block(arena, b, &elements).block);
        rt_arena_block(twin, b, &same);
        assert_int_equal(elements, same);
        assert_true(elements > 0 && elements <= BLOCK);
        sum += elements * sizeof(float);
    }
    assert_int_equal(rt_arena_bytes(arena), sum);
    rt_arena_destroy(&arena);
    rt_arena_destroy(&twin);
    assert_null(arena);
    rt_arena_destroy(&arena); /* nothing happens */
}

static void test_places(void **state)
{
    th_run_in(state, &small_blocks, places_case, NULL);
}

/* What is written through one view is read through it, and through no other. */
static void contents_case(th_case *t, const void *user)
{
    (void)user;
    enum { COUNT = 6, N = 200 };
    rt_view views[COUNT];
    rt_arena *arena = NULL;
    float values[N], back[N];
    TH_OK(t, rt_arena_create(&arena, t->rt, "a test"));
    for (size_t i = 0; i < COUNT; ++i) TH_OK(t, rt_arena_take(arena, "a tensor", N, &views[i]));
    TH_OK(t, rt_arena_commit(arena));
    for (size_t i = 0; i < COUNT; ++i) {
        for (size_t k = 0; k < N; ++k) values[k] = (float)(i * 1000 + k);
        TH_OK(t, rt_write(t->rt, views[i], values, N));
    }
    TH_OK(t, rt_zero(t->rt, rt_view_at(views[1], 10), 20));
    TH_OK(t, rt_copy(t->rt, rt_view_at(views[2], 7), rt_view_at(views[5], 100), 50));
    for (size_t i = 0; i < COUNT; ++i) {
        TH_OK(t, rt_read(t->rt, views[i], back, N));
        for (size_t k = 0; k < N; ++k) {
            float expected = (float)(i * 1000 + k);
            if (i == 1 && k >= 10 && k < 30) expected = 0.0f;
            if (i == 2 && k >= 7 && k < 57) expected = (float)(5000 + k - 7 + 100);
            assert_true(back[k] == expected);
        }
    }
    TH_OK(t, rt_read(t->rt, rt_view_at(views[4], 199), back, 1));
    assert_true(back[0] == 4199.0f);
    rt_arena_destroy(&arena);
}

static void test_contents(void **state)
{
    th_run_in(state, &small_blocks, contents_case, NULL);
    th_run_once(state, contents_case, NULL);
}

/* Temporaries between a mark and its rewind share memory with what comes next; the high-water mark stays. */
static void marks_case(th_case *t, const void *user)
{
    (void)user;
    rt_arena *arena = NULL;
    rt_view first, temporary, other, last;
    TH_OK(t, rt_arena_create(&arena, t->rt, "a test"));
    const rt_mark empty = rt_arena_mark(arena);
    TH_OK(t, rt_arena_take(arena, "first", 100, &first));
    const rt_mark mark = rt_arena_mark(arena);
    TH_OK(t, rt_arena_take(arena, "temporary", 500, &temporary));
    TH_OK(t, rt_arena_take(arena, "another block", 900, &other));
    const uint64_t most = rt_arena_bytes(arena);
    rt_arena_rewind(arena, mark);
    assert_int_equal(rt_arena_bytes(arena), most);
    TH_OK(t, rt_arena_take(arena, "last", 300, &last));
    assert_ptr_equal(last.block, temporary.block);
    assert_int_equal(last.at, temporary.at);
    assert_int_equal(rt_arena_bytes(arena), most);
    TH_OK(t, rt_arena_take(arena, "in the block that is there", 1000, &last));
    assert_ptr_equal(last.block, other.block);
    assert_int_equal(last.at, 0);
    assert_int_equal(rt_arena_blocks(arena), 2);
    rt_arena_rewind(arena, empty);
    TH_OK(t, rt_arena_take(arena, "from the start", 1, &last));
    assert_ptr_equal(last.block, first.block);
    assert_int_equal(last.at, 0);
    rt_arena_destroy(&arena);
}

static void test_marks(void **state)
{
    th_run_in(state, &small_blocks, marks_case, NULL);
}

static void too_large_case(th_case *t, const void *user)
{
    (void)user;
    rt_arena *arena = NULL;
    rt_view view = {NULL, 0};
    TH_OK(t, rt_arena_create(&arena, t->rt, "weights"));
    TH_OK(t, rt_arena_take(arena, "just fits", BLOCK, &view));
    assert_int_equal(rt_arena_take(arena, "smax_fc", 3 * BLOCK / 2, &view), ST_DEVICE);
    expect_text(t, "smax_fc (weights) needs 6144 bytes in one piece, but the largest block of ");
    rt_arena_destroy(&arena);
}

static void test_too_large(void **state)
{
    th_run_in(state, &small_blocks, too_large_case, NULL);
}

/* Reads that are waited for later, several at once. */
static void tickets_case(th_case *t, const void *user)
{
    (void)user;
    enum { N = 1000, COUNT = 4 };
    float *values = th_floats(t, COUNT * N), *back = th_floats(t, COUNT * N);
    rt_ticket down[COUNT], none = {NULL};
    rt_view views[COUNT];
    const long before = *t->live_objects;
    for (size_t i = 0; i < COUNT * N; ++i) values[i] = (float)i;
    rt_arena *arena = NULL;
    TH_OK(t, rt_arena_create(&arena, t->rt, "a test"));
    for (size_t i = 0; i < COUNT; ++i) TH_OK(t, rt_arena_take(arena, "a tensor", N, &views[i]));
    TH_OK(t, rt_arena_commit(arena));
    const long committed = *t->live_objects;
    for (size_t i = 0; i < COUNT; ++i) TH_OK(t, rt_write(t->rt, views[i], values + i * N, N));
    for (size_t i = 0; i < COUNT; ++i) TH_OK(t, rt_read_later(t->rt, views[i], back + i * N, N, &down[i]));
    assert_int_equal(*t->live_objects, committed + COUNT);
    for (size_t i = 0; i < COUNT; ++i) {
        TH_OK(t, rt_wait(t->rt, &down[i]));
        assert_null(down[i].event);
        TH_OK(t, rt_wait(t->rt, &down[i])); /* twice is once */
    }
    TH_OK(t, rt_wait(t->rt, &none));
    assert_memory_equal(back, values, COUNT * N * sizeof *values);
    assert_int_equal(*t->live_objects, committed);
    TH_OK(t, rt_read_later(t->rt, views[0], back, 0, &none));
    assert_null(none.event);
    rt_arena_destroy(&arena);
    assert_int_equal(*t->live_objects, before);
}

static void test_tickets(void **state)
{
    th_run_once(state, tickets_case, NULL);
}

/* While planning nothing moves, and blocks need not exist. */
static void planning_case(th_case *t, const void *user)
{
    (void)user;
    rt_arena *arena = NULL;
    rt_view view;
    rt_ticket ticket = {NULL};
    float value = 3.0f;
    TH_OK(t, rt_arena_create(&arena, t->rt, "a test"));
    TH_OK(t, rt_arena_take(arena, "a tensor", 1, &view));
    rt_planning(t->rt, true);
    TH_OK(t, rt_write(t->rt, view, &value, 1));
    TH_OK(t, rt_read(t->rt, view, &value, 1));
    TH_OK(t, rt_read_later(t->rt, view, &value, 1, &ticket));
    TH_OK(t, rt_copy(t->rt, view, view, 1));
    TH_OK(t, rt_zero(t->rt, view, 1));
    rt_planning(t->rt, false);
    assert_null(ticket.event);
    assert_true(value == 3.0f);
    rt_arena_destroy(&arena);
}

static void test_planning(void **state)
{
    th_run_once(state, planning_case, NULL);
}

/* The driver's refusals come back with its call, its code by name, and what was moved. */
static void refused_case(th_case *t, const void *user)
{
    (void)user;
    float values[UNIT];
    rt_ticket ticket = {NULL};
    const rt_view beyond = rt_view_at(th_output(t, 8), 1000);
    assert_int_equal(rt_read(t->rt, beyond, values, UNIT), ST_DEVICE);
    expect_text(t, "clEnqueueReadBuffer returned CL_INVALID_VALUE (-30)");
    assert_int_equal(rt_write(t->rt, beyond, values, UNIT), ST_DEVICE);
    assert_non_null(strstr(rt_error(t->rt)->text, "moving 64 elements on "));
    expect_text(t, "clEnqueueWriteBuffer returned CL_INVALID_VALUE");
    assert_int_equal(rt_read_later(t->rt, beyond, values, UNIT, &ticket), ST_DEVICE);
    expect_text(t, rt_device(t->rt)->name);
    assert_null(ticket.event);
    assert_int_equal(rt_copy(t->rt, beyond, beyond, UNIT), ST_DEVICE);
    expect_text(t, "clEnqueueCopyBuffer returned");
    assert_int_equal(rt_zero(t->rt, beyond, UNIT), ST_DEVICE);
    expect_text(t, "clEnqueueFillBuffer returned");
}

static void test_refused(void **state)
{
    th_run_once(state, refused_case, NULL);
}

/* A block that the driver will not allocate: it promises more than it has. */
static void no_memory_case(th_case *t, const void *user)
{
    (void)user;
    rt_device_info boastful = *rt_device(t->rt);
    const uint64_t real = boastful.largest_block_bytes, wanted = real + (real >> 3);
    if (wanted >= (uint64_t)1 << 33) {
        print_message("skipped: the device allocates more in one piece than a block may be\n");
        return;
    }
    boastful.largest_block_bytes = (uint64_t)1 << 33;
    st_error error = {.status = ST_OK};
    long live_objects = 0;
    rt_context *rt = NULL;
    rt_arena *arena = NULL;
    rt_view view;
    assert_int_equal(rt_context_create(&rt, &boastful, &(rt_options){.live_objects = &live_objects}, &error), ST_OK);
    assert_int_equal(rt_arena_create(&arena, rt, "much"), ST_OK);
    assert_int_equal(rt_arena_take(arena, "a tensor", wanted / sizeof(float), &view), ST_OK);
    assert_int_equal(rt_arena_commit(arena), ST_DEVICE);
    if (!strstr(error.text, " MiB for much on ") || !strstr(error.text, "clCreateBuffer returned CL_"))
        fail_msg("not the expected sentence: %s", error.text);
    rt_arena_destroy(&arena);
    rt_context_destroy(&rt);
    assert_int_equal(live_objects, 0);
}

static void test_no_memory(void **state)
{
    th_run_once(state, no_memory_case, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),  cmocka_unit_test(test_contents),  cmocka_unit_test(test_marks),
        cmocka_unit_test(test_tickets), cmocka_unit_test(test_planning),  cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
