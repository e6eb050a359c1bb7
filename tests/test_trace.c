/* Phases of the host and commands of the device on one clock. */
#include <string.h>

#include "runtime/launch.h"
#include "runtime/profile.h"
#include "tests/support/harness.h"

enum { N = 1 << 16 };

typedef struct traced {
    rt_context *rt;
    rt_arena *arena;
    rt_view x, y;
    long live_objects;
    st_error error;
} traced;

static void open_traced(traced *d, const th_case *t, size_t most)
{
    *d = (traced){.rt = NULL};
    const rt_options options = {.profile = true, .live_objects = &d->live_objects};
    assert_int_equal(rt_context_create(&d->rt, rt_device(t->rt), &options, &d->error), ST_OK);
    assert_int_equal(rt_arena_create(&d->arena, d->rt, "a test"), ST_OK);
    assert_int_equal(rt_arena_take(d->arena, "x", N, &d->x), ST_OK);
    assert_int_equal(rt_arena_take(d->arena, "y", N, &d->y), ST_OK);
    assert_int_equal(rt_arena_commit(d->arena), ST_OK);
    assert_int_equal(rt_zero(d->rt, d->x, N), ST_OK);
    assert_int_equal(rt_finish(d->rt), ST_OK);
    rt_profile_reset(d->rt);
    assert_int_equal(rt_trace_start(d->rt, most), ST_OK);
}

static void close_traced(traced *d)
{
    rt_arena_destroy(&d->arena);
    rt_context_destroy(&d->rt);
    assert_int_equal(d->live_objects, 0);
}

static void launch(traced *d, size_t times)
{
    for (size_t i = 0; i < times; ++i)
        assert_int_equal(RT_LAUNCH(d->rt, "mean_log_probability", rt_scalars(d->rt, N), RT_VIEW(d->y), RT_VIEW(d->x),
                                   RT_UINT(N), RT_UINT(1), RT_FLOAT(0.0f), RT_MOVES(2 * N), RT_FLOPS(N)),
                         ST_OK);
}

static const rt_trace_event *find(const rt_trace_event *events, size_t count, const char *name, size_t number)
{
    for (size_t i = 0; i < count; ++i)
        if (strcmp(events[i].name, name) == 0 && number-- == 0) return &events[i];
    fail_msg("the trace lacks %s", name);
    return NULL;
}

static void assert_within(const rt_trace_event *inner, const rt_trace_event *outer, double doubt)
{
    assert_true(inner->start >= outer->start - doubt && inner->end <= outer->end + doubt);
}

/* Two kernels and a read in a phase, one kernel in another part. */
static void clocks_case(th_case *t, const void *user)
{
    (void)user;
    traced d;
    float value = 1.0f;
    rt_ticket ticket;
    open_traced(&d, t, 1000);
    rt_phase_begin(d.rt, "first");
    rt_phase_begin(d.rt, "inside");
    launch(&d, 2);
    rt_phase_end(d.rt);
    assert_int_equal(rt_read_later(d.rt, d.y, &value, 1, &ticket), ST_OK);
    assert_int_equal(rt_wait(d.rt, &ticket), ST_OK);
    rt_phase_end(d.rt);
    rt_phase_begin(d.rt, "second");
    launch(&d, 1);
    assert_int_equal(rt_finish(d.rt), ST_OK);
    rt_phase_end(d.rt);
    launch(&d, 1);

    const rt_profile_line *lines = NULL;
    const rt_trace_event *events = NULL;
    size_t count = 0, line_count = 0;
    double doubt = 1, seconds = 0, ran = 0;
    assert_int_equal(rt_trace_read(d.rt, &events, &count, &doubt), ST_OK);
    assert_true(doubt >= 0 && doubt < 0.1);
    const rt_trace_event *first = find(events, count, "first", 0), *inside = find(events, count, "inside", 0),
                         *second = find(events, count, "second", 0), *wait = find(events, count, "wait", 0),
                         *read = find(events, count, "download", 0);
    assert_true(first->host && inside->host && wait->host && !read->host && !read->beside);
    assert_string_equal(inside->part, "first");
    assert_string_equal(second->part, "second");
    assert_within(inside, first, 0);
    assert_within(wait, first, 0);
    assert_true(second->start >= first->end);
    for (size_t i = 0; i < 4; ++i) {
        static const char *const parts[] = {"first", "first", "second", NULL};
        const rt_trace_event *kernel = find(events, count, "mean_log_probability", i);
        if (i < 3) assert_within(kernel, i < 2 ? first : second, doubt);
        if (i < 2) assert_true(kernel->end <= wait->end + doubt && kernel->end <= read->start + 1e-9);
        assert_true(parts[i] ? kernel->part && strcmp(kernel->part, parts[i]) == 0 : !kernel->part);
        assert_true(!kernel->host && kernel->end >= kernel->start && kernel->grid.dimensions == 1);
        assert_true(kernel->grid.groups[0] * kernel->grid.local[0] >= N);
        assert_true(kernel->work.bytes == 8.0 * N && kernel->work.flops == N);
        ran += kernel->end - kernel->start;
    }
    for (size_t i = 1; i < count; ++i) assert_true(events[i].start >= events[i - 1].start);

    /* The lines say the same, by part. */
    assert_int_equal(rt_profile_read(d.rt, &lines, &line_count), ST_OK);
    size_t launches = 0;
    for (size_t i = 0; i < line_count; ++i) {
        if (strcmp(lines[i].name, "mean_log_probability") != 0) continue;
        const bool in_first = lines[i].part && strcmp(lines[i].part, "first") == 0;
        assert_int_equal(lines[i].launches, in_first ? 2 : 1);
        assert_true(lines[i].work.bytes == 8.0 * N * (double)lines[i].launches);
        launches += lines[i].launches;
        seconds += lines[i].seconds;
    }
    assert_int_equal(launches, 4);
    assert_true(seconds > 0 && ran > 0.99 * seconds - 1e-8 && ran < 1.01 * seconds + 1e-8);
    rt_phase_read(d.rt, &lines, &line_count);
    for (size_t i = 0; i < line_count; ++i)
        if (strcmp(lines[i].name, "inside") == 0) assert_int_equal(lines[i].launches, 1);
    assert_true(line_count >= 4 && lines[0].seconds >= lines[1].seconds);
    close_traced(&d);
}

static void test_clocks(void **state)
{
    th_run_once(state, clocks_case, NULL);
}

/* Neither more events than asked for, nor any after the stop; phases deeper than are kept do no harm. */
static void bounds_case(th_case *t, const void *user)
{
    (void)user;
    traced d;
    const rt_trace_event *events = NULL;
    size_t count = 0;
    double doubt = 0;
    open_traced(&d, t, 5);
    launch(&d, 9);
    assert_int_equal(rt_trace_read(d.rt, &events, &count, &doubt), ST_OK);
    assert_int_equal(count, 5);
    assert_int_equal(rt_trace_start(d.rt, 100), ST_OK);
    launch(&d, 3);
    rt_trace_stop(d.rt);
    launch(&d, 3);
    assert_int_equal(rt_trace_read(d.rt, &events, &count, &doubt), ST_OK);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 40; ++i) rt_phase_begin(d.rt, "deep");
    for (size_t i = 0; i < 41; ++i) rt_phase_end(d.rt);
    rt_phase_begin(d.rt, "shallow");
    rt_phase_end(d.rt);
    const rt_profile_line *lines = NULL;
    rt_phase_read(d.rt, &lines, &count);
    for (size_t i = 0; i < count; ++i)
        if (strcmp(lines[i].name, "shallow") == 0) assert_string_equal(lines[i].part, "shallow");
    close_traced(&d);
}

static void test_bounds(void **state)
{
    th_run_once(state, bounds_case, NULL);
}

/* Without a profile nothing is kept. */
static void nothing_case(th_case *t, const void *user)
{
    (void)user;
    const rt_trace_event *events = NULL;
    const rt_profile_line *lines = NULL;
    size_t count = 7;
    double doubt = 1;
    TH_OK(t, rt_trace_start(t->rt, 10));
    rt_phase_begin(t->rt, "a phase");
    rt_phase_end(t->rt);
    rt_trace_stop(t->rt);
    TH_OK(t, rt_trace_read(t->rt, &events, &count, &doubt));
    assert_int_equal(count, 0);
    rt_phase_read(t->rt, &lines, &count);
    assert_int_equal(count, 0);
}

static void test_nothing(void **state)
{
    th_run_once(state, nothing_case, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_clocks), cmocka_unit_test(test_bounds),
                                       cmocka_unit_test(test_nothing)};
    return cmocka_run_group_tests(tests, th_open, th_close);
}
