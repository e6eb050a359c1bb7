/* Launches, programs, profile and watch: what the runtime does with kernels, and how it says what went wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/codes.h"
#include "runtime/context_state.h"
#include "runtime/launch.h"
#include "runtime/profile.h"
#include "runtime/profile_hooks.h"
#include "runtime/program_given.h"
#include "runtime/watch.h"
#include "tests/support/harness.h"
#include "tests/support/scratch.h"

static void expect_text(const th_case *t, const char *piece)
{
    if (!strstr(rt_error(t->rt)->text, piece)) fail_msg("\"%s\" is not in: %s", piece, rt_error(t->rt)->text);
    st_clear(rt_error(t->rt));
}

/* ---- grids ---- */

static size_t items_of(rt_grid grid)
{
    return grid.groups[0] * grid.local[0];
}

static void grids_case(th_case *t, const void *user)
{
    (void)user;
    static const size_t sizes[] = {0, 1, 15, 16, 17, 63, 64, 65, 1000, 1024, 1025, 100003};
    const size_t width = rt_vector_width(t->rt), limit = t->setting->group_size;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
        const rt_grid items = rt_items(t->rt, sizes[i]), scalars = rt_scalars(t->rt, sizes[i]),
                      rows = rt_rows(t->rt, sizes[i]);
        assert_true(items_of(items) * width >= sizes[i] && items_of(scalars) >= sizes[i]);
        assert_true((items_of(items) - items.local[0] + (items.groups[0] == 0) * items.local[0]) * width <= sizes[i]);
        assert_int_equal(rows.groups[0], sizes[i]);
        assert_int_equal(rows.local[0], rt_row_group(t->rt));
        if (limit) assert_true(items.local[0] <= limit && rows.local[0] <= limit);
    }
    if (t->setting->vector_width) assert_int_equal(width, t->setting->vector_width);
}

static void test_grids(void **state)
{
    th_run(state, grids_case, NULL);
}

/* Vectors as wide as a CPU's registers; four floats where a device says 1, or is no CPU. */
static void widths_case(th_case *t, const void *user)
{
    (void)user;
    static const struct {
        rt_device_type type;
        uint32_t native;
        size_t width;
    } cases[] = {{RT_CPU, 16, 16}, {RT_CPU, 8, 8},   {RT_CPU, 5, 4}, {RT_CPU, 3, 2},
                 {RT_CPU, 1, 4},   {RT_CPU, 64, 16}, {RT_GPU, 1, 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        rt_device_info device = *rt_device(t->rt);
        st_error error = {.status = ST_OK};
        rt_context *rt = NULL;
        device.type = cases[i].type;
        device.vector_width = cases[i].native;
        assert_int_equal(rt_context_create(&rt, &device, NULL, &error), ST_OK);
        assert_int_equal(rt_vector_width(rt), cases[i].width);
        assert_int_equal(rt_row_group(rt) > 1, cases[i].type != RT_CPU);
        rt_context_destroy(&rt);
        if (th_small()) break;
    }
}

static void test_widths(void **state)
{
    th_run_once(state, widths_case, NULL);
}

/* ---- launches ---- */

static void clamped_case(th_case *t, const void *user)
{
    (void)user;
    enum { N = 1000 };
    const th_tensor x = th_normal(t, N, 1, 1.0);
    const rt_view y = th_output(t, N);
    rt_grid grid = rt_groups((N + 4095) / 4096, 1, 1, 4096); /* more items than any group may have */
    grid.flat = true;
    TH_OK(t, RT_LAUNCH(t->rt, "mean_log_probability", grid, RT_VIEW(y), RT_VIEW(x.view), RT_UINT(N), RT_UINT(1),
                       RT_FLOAT(0.0f)));
    th_expect(t, "a copy", y, x.value, N, TH_EXACT);
}

static void test_clamped(void **state)
{
    th_run(state, clamped_case, NULL);
}

static void nothing_to_do_case(th_case *t, const void *user)
{
    (void)user;
    const rt_view y = th_output(t, 4), x = th_output(t, 4);
    const rt_arg arguments[] = {RT_VIEW(y), RT_VIEW(x), RT_UINT(0), RT_UINT(1), RT_FLOAT(0.0f)};
    TH_OK(t, rt_launch(t->rt, "mean_log_probability", rt_scalars(t->rt, 0), arguments, 5));
    rt_planning(t->rt, true);
    TH_OK(t, rt_launch(t->rt, "mean_log_probability", rt_scalars(t->rt, 4), arguments, 5));
    rt_planning(t->rt, false);
    th_expect_untouched(t, "y", y, 4);
}

static void test_nothing_to_do(void **state)
{
    th_run_once(state, nothing_to_do_case, NULL);
}

/* A program that names a kernel wrongly, or passes it what it does not take, is told so while it still only plans. */
static void refused_case(th_case *t, const void *user)
{
    (void)user;
    const rt_view y = th_output(t, 4);
    for (int planning = 0; planning < 2; ++planning) {
        rt_planning(t->rt, planning != 0);
        assert_int_equal(RT_LAUNCH(t->rt, "no_such_kernel", rt_scalars(t->rt, 4), RT_VIEW(y)), ST_FAILED);
        expect_text(t, "there is no kernel no_such_kernel");
        assert_int_equal(RT_LAUNCH(t->rt, "mean_log_probability", rt_scalars(t->rt, 4), RT_VIEW(y), RT_UINT(4)),
                         ST_FAILED);
        expect_text(t, "kernel mean_log_probability takes 7 arguments, but the program passes 3");
    }
    rt_planning(t->rt, false);
}

/* What is of another type is refused, of the same size too, on kernels that were compiled and on those of a binary. */
static void expect_types(rt_context *rt)
{
    const struct {
        rt_arg wrong[5];
        const char *said;
    } cases[] = {{{RT_VIEW((rt_view){0}), RT_VIEW((rt_view){0}), RT_FLOAT(4.0f), RT_UINT(1), RT_FLOAT(0.0f)},
                  "argument 4 of kernel mean_log_probability is a uint, but the program passes a float"},
                 {{RT_VIEW((rt_view){0}), RT_VIEW((rt_view){0}), RT_UINT(4), RT_INT(1), RT_FLOAT(0.0f)},
                  "argument 5 of kernel mean_log_probability is a uint, but the program passes an int"},
                 {{RT_VIEW((rt_view){0}), RT_VIEW((rt_view){0}), RT_UINT(4), RT_UINT(1), RT_UINT(0)},
                  "argument 6 of kernel mean_log_probability is a float, but the program passes a uint"},
                 {{RT_VIEW((rt_view){0}), RT_VIEW((rt_view){0}), RT_ULONG(4), RT_UINT(1), RT_FLOAT(0.0f)},
                  "argument 4 of kernel mean_log_probability is a uint, but the program passes a ulong"}};
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; ++i) {
        rt_planning(rt, i % 2 != 0);
        assert_int_equal(rt_launch(rt, "mean_log_probability", rt_scalars(rt, 4), cases[i / 2].wrong, 5), ST_FAILED);
        if (!strstr(rt_error(rt)->text, cases[i / 2].said))
            fail_msg("\"%s\" is not in: %s", cases[i / 2].said, rt_error(rt)->text);
        st_clear(rt_error(rt));
    }
    rt_planning(rt, false);
}

static void types_case(th_case *t, const void *user)
{
    (void)user;
    unsigned char *binary = NULL;
    size_t size = 0;
    rt_program *program = NULL;
    expect_types(t->rt);
    TH_OK(t, rt_export_binary(t->rt, &binary, &size));
    TH_OK(t, rt_program_load(&program, t->rt, binary, size, "a binary"));
    const rt_arg wrong[] = {RT_VIEW((rt_view){0}), RT_VIEW((rt_view){0}), RT_UINT(4), RT_FLOAT(1), RT_FLOAT(0.0f)};
    rt_kernel *kernel = rt_program_kernel(program, "mean_log_probability");
    assert_int_equal(rt_launch_kernel(t->rt, kernel, rt_scalars(t->rt, 4), wrong, 5), ST_FAILED);
    expect_text(t, "argument 5 of kernel mean_log_probability is a uint, but the program passes a float");
    rt_program_destroy(&program);
    free(binary);
}

static void test_types(void **state)
{
    if (th_small()) skip(); /* the simulator gives no binary */
    th_run_once(state, types_case, NULL);
}

static void test_refused(void **state)
{
    th_run_once(state, refused_case, NULL);
}

/* What a launch says of its loops is held to the bound, while planning too; shares stay within it. */
static void loops_case(th_case *t, const void *user)
{
    static const float zeros[4] = {0};
    const rt_view x = th_upload(t, zeros, 4), y = th_output(t, 4);
    (void)user;
    for (int planning = 0; planning < 2; ++planning)
        for (size_t over = 0; over < 2; ++over) {
            rt_planning(t->rt, planning != 0);
            const st_status status = RT_LAUNCH(t->rt, "relu_forward", rt_items(t->rt, 4), RT_VIEW(y), RT_VIEW(x),
                                               RT_VIEW(((rt_view){NULL, 0})), RT_UINT(4), RT_UINT(0), RT_FLOAT(1.0f),
                                               RT_LOOPS(RT_MOST_LOOPS + over));
            rt_planning(t->rt, false);
            assert_int_equal(status, over ? ST_DEVICE : ST_OK);
            if (over) expect_text(t, "relu_forward would loop 32769 times");
        }
    static const size_t counts[] = {1, 2, 63, 64, 65, 1000, 100003}, loops[] = {1, 2, 7, 100, 511, 512, RT_MOST_LOOPS};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i)
        for (size_t k = 0; k < sizeof loops / sizeof *loops; ++k) {
            const size_t shares = rt_shares(counts[i], loops[k]), turns = (counts[i] + shares - 1) / shares;
            assert_true(turns * loops[k] <= RT_MOST_LOOPS && shares >= 1);
            assert_true(shares == 1 || (counts[i] + shares - 2) / (shares - 1) * loops[k] > RT_MOST_LOOPS);
        }
}

static void test_loops(void **state)
{
    th_run(state, loops_case, NULL);
}

/* ---- programs ---- */

/* Opens a context whose kernels come from a folder with one changed file. */
static void expect_build(const th_case *t, const char *folder, st_status expected, const char *const pieces[3])
{
    st_error error = {.status = ST_OK};
    rt_context *rt = NULL;
    long live_objects = 0;
    setenv("SAFSD_CL_KERNELS", folder, 1);
    const st_status status =
        rt_context_create(&rt, rt_device(t->rt), &(rt_options){.live_objects = &live_objects}, &error);
    unsetenv("SAFSD_CL_KERNELS");
    if (status != expected) fail_msg("status %d instead of %d: %s", (int)status, (int)expected, error.text);
    for (size_t i = 0; i < 3 && pieces[i]; ++i)
        if (!strstr(error.text, pieces[i])) fail_msg("\"%s\" is not in: %s", pieces[i], error.text);
    assert_true((rt != NULL) == (expected == ST_OK));
    rt_context_destroy(&rt);
    assert_int_equal(live_objects, 0);
}

static void programs_case(th_case *t, const void *user)
{
    void *scratch = NULL;
    (void)user;
    assert_int_equal(ts_scratch_open(&scratch), 0);
    char folder[1024], file[1024];
    snprintf(folder, sizeof folder, "%.1000s", ts_path(&scratch, "."));
    snprintf(file, sizeof file, "%.1000s", ts_path(&scratch, "relu.cl"));

    static const char broken[] =
        "/* one */\n/* two */\n__kernel void relu_forward(__global float *y) { y[0] = nobody; }\n";
    ts_write(file, broken, sizeof broken - 1);
    expect_build(t, folder, ST_DEVICE, (const char *const[]){"CL_BUILD_PROGRAM_FAILURE", "relu.cl:3", "nobody"});
    static const char lost[] = "#include \"nowhere.clh\"\n";
    ts_write(file, lost, sizeof lost - 1);
    expect_build(t, folder, ST_FAILED,
                 (const char *const[]){"kernel source nowhere.clh is not part of the program", NULL, NULL});
    static const char fine[] =
        "#include \"vector.clh\"\n__kernel void of_the_folder(__global float *y) { y[0] = 1.0f; }\n";
    ts_write(file, fine, sizeof fine - 1);
    expect_build(t, folder, ST_OK, (const char *const[]){NULL, NULL, NULL});
    assert_int_equal(ts_scratch_close(&scratch), 0);
}

static void test_programs(void **state)
{
    if (th_small()) skip(); /* the simulator ends the process where a program does not build */
    th_run_once(state, programs_case, NULL);
}

/* ---- profile ---- */

static const rt_profile_line *line_of(rt_context *rt, const char *name)
{
    const rt_profile_line *lines = NULL;
    size_t count = 0;
    assert_int_equal(rt_profile_read(rt, &lines, &count), ST_OK);
    for (size_t i = 1; i < count; ++i) assert_true(lines[i - 1].seconds >= lines[i].seconds);
    for (size_t i = 0; i < count; ++i)
        if (strcmp(lines[i].name, name) == 0) return &lines[i];
    return NULL;
}

static void launch_copies(rt_context *rt, rt_view y, rt_view x, size_t n, size_t times)
{
    for (size_t i = 0; i < times; ++i)
        assert_int_equal(RT_LAUNCH(rt, "mean_log_probability", rt_scalars(rt, n), RT_VIEW(y), RT_VIEW(x), RT_UINT(n),
                                   RT_UINT(1), RT_FLOAT(0.0f)),
                         ST_OK);
}

static void profile_case(th_case *t, const void *user)
{
    (void)user;
    enum { N = 4096, MANY = 5000 }; /* more launches than events that are kept at once */
    const size_t many = th_small() ? 50 : MANY;
    st_error error = {.status = ST_OK};
    long live_objects = 0;
    rt_context *rt = NULL;
    rt_arena *arena = NULL;
    rt_view x, y;
    float value = 0.0f;
    const rt_options options = {.profile = true, .live_objects = &live_objects};
    assert_int_equal(rt_context_create(&rt, rt_device(t->rt), &options, &error), ST_OK);
    assert_int_equal(rt_arena_create(&arena, rt, "a test"), ST_OK);
    assert_int_equal(rt_arena_take(arena, "x", N, &x), ST_OK);
    assert_int_equal(rt_arena_take(arena, "y", N, &y), ST_OK);
    assert_int_equal(rt_arena_commit(arena), ST_OK);
    assert_int_equal(rt_zero(rt, x, N), ST_OK);

    launch_copies(rt, y, x, N, many);
    assert_int_equal(rt_write(rt, x, &value, 1), ST_OK);
    assert_int_equal(rt_read(rt, y, &value, 1), ST_OK);
    const rt_profile_line *copies = line_of(rt, "mean_log_probability");
    assert_non_null(copies);
    assert_int_equal(copies->launches, many);
    assert_true(copies->seconds > 0);
    assert_int_equal(line_of(rt, "upload")->launches, 1);
    assert_int_equal(line_of(rt, "download")->launches, 1);
    assert_int_equal(line_of(rt, "zero")->launches, 1);

    rt_profile_reset(rt);
    assert_null(line_of(rt, "mean_log_probability"));
    rt_profile_begin(rt, "together");
    launch_copies(rt, y, x, N, 2);
    assert_int_equal(rt_copy(rt, y, x, N), ST_OK);
    rt_profile_end(rt);
    launch_copies(rt, y, x, N, 1);
    rt_profile_work(rt, "together", (rt_work){3.0, 12.0}, "a sum");
    rt_profile_add(rt, "by the clock", 0.25);
    assert_int_equal(line_of(rt, "together")->launches, 3);
    assert_true(line_of(rt, "together")->work.flops == 12.0);
    assert_int_equal(line_of(rt, "mean_log_probability")->launches, 1);
    assert_true(line_of(rt, "by the clock")->seconds == 0.25);

    launch_copies(rt, y, x, N, 3); /* events that nobody reads */
    rt_arena_destroy(&arena);
    rt_context_destroy(&rt);
    assert_int_equal(live_objects, 0);
}

static void test_profile(void **state)
{
    th_run_once(state, profile_case, NULL);
}

static void no_profile_case(th_case *t, const void *user)
{
    (void)user;
    const rt_profile_line *lines = NULL;
    size_t count = 7;
    rt_profile_begin(t->rt, "nothing");
    rt_profile_end(t->rt);
    rt_profile_add(t->rt, "nothing", 1.0);
    rt_profile_work(t->rt, "nothing", (rt_work){1.0, 1.0}, "");
    rt_profile_reset(t->rt);
    TH_OK(t, rt_profile_read(t->rt, &lines, &count));
    assert_null(lines);
    assert_int_equal(count, 0);
}

static void test_no_profile(void **state)
{
    th_run_once(state, no_profile_case, NULL);
}

/* ---- watch ---- */

typedef struct heard {
    int times;
    char sentence[64];
} heard;

static void hear(void *user, const char *sentence)
{
    heard *h = user;
    ++h->times;
    snprintf(h->sentence, sizeof h->sentence, "%.60s", sentence);
}

static void sleep_for(double seconds)
{
    const struct timespec pause = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&pause, NULL);
}

/* It speaks once when the work lasts longer than a second, and not at all when it does not. */
static void test_watch(void **state)
{
    (void)state;
    heard h = {0, ""};
    const rt_context talkative = {.notice = hear, .notice_user = &h}, silent = {.notice = NULL};
    rt_watch *watch = rt_watch_start(&talkative, "compiling");
    rt_watch_stop(&watch);
    assert_null(watch);
    assert_int_equal(h.times, 0);
    watch = rt_watch_start(&talkative, "compiling");
    sleep_for(1.5);
    assert_int_equal(h.times, 1);
    sleep_for(1.2);
    rt_watch_stop(&watch);
    assert_int_equal(h.times, 1);
    assert_string_equal(h.sentence, "compiling");
    watch = rt_watch_start(&silent, "compiling");
    assert_null(watch);
    rt_watch_stop(&watch);
}

static void test_code_names(void **state)
{
    (void)state;
    assert_string_equal(rt_code_name(0), "CL_SUCCESS");
    assert_string_equal(rt_code_name(-5), "CL_OUT_OF_RESOURCES");
    assert_string_equal(rt_code_name(-54), "CL_INVALID_WORK_GROUP_SIZE");
    assert_string_equal(rt_code_name(-1001), "CL_PLATFORM_NOT_FOUND_KHR");
    assert_string_equal(rt_code_name(-9999), "an unknown code");
    for (int code = -1; code >= -68; --code)
        if (code <= -30 || code >= -19) assert_string_not_equal(rt_code_name(code), "an unknown code");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grids),    cmocka_unit_test(test_widths),     cmocka_unit_test(test_clamped),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_types),      cmocka_unit_test(test_nothing_to_do),
        cmocka_unit_test(test_programs), cmocka_unit_test(test_profile),    cmocka_unit_test(test_no_profile),
        cmocka_unit_test(test_watch),    cmocka_unit_test(test_code_names), cmocka_unit_test(test_loops),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
