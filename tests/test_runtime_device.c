#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/context.h"
#include "runtime/device.h"
#include "tests/support/scratch.h"

/* A machine nobody has: two platforms, and the first GPU is switched off. */
static rt_device_info machine[] = {
    {.index = 0,
     .platform = 0,
     .ordinal = 0,
     .platform_name = "Blue",
     .name = "Core X",
     .type = RT_CPU,
     .available = true},
    {.index = 1,
     .platform = 0,
     .ordinal = 1,
     .platform_name = "Blue",
     .name = "Flux 100",
     .type = RT_GPU,
     .available = false},
    {.index = 2,
     .platform = 1,
     .ordinal = 0,
     .platform_name = "Red",
     .name = "Flux 200",
     .type = RT_GPU,
     .available = true},
    {.index = 3,
     .platform = 1,
     .ordinal = 1,
     .platform_name = "Red",
     .name = "Flux 300",
     .type = RT_GPU,
     .available = true},
    {.index = 4,
     .platform = 1,
     .ordinal = 2,
     .platform_name = "Red",
     .name = "Board 12",
     .type = RT_ACCELERATOR,
     .available = true},
};
static const rt_device_list full = {machine, 5};

static void expect_choice(const rt_device_list *list, const char *selector, size_t expected)
{
    st_error error = {.status = ST_OK};
    size_t chosen = 99;
    if (rt_device_select(list, selector, &chosen, &error) != ST_OK) fail_msg("%s: %s", selector, error.text);
    if (chosen != expected) fail_msg("%s chose device %zu instead of %zu", selector, chosen, expected);
}

static void expect_refusal(const rt_device_list *list, const char *selector, const char *const pieces[], size_t count)
{
    st_error error = {.status = ST_OK};
    size_t chosen = 0;
    assert_int_equal(rt_device_select(list, selector, &chosen, &error), ST_DEVICE);
    for (size_t i = 0; i < count; ++i)
        if (!strstr(error.text, pieces[i])) fail_msg("\"%s\" is not in: %s", pieces[i], error.text);
}

static void test_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < full.count; ++i) {
        char index[16], pair[32];
        snprintf(index, sizeof index, "%zu", i);
        snprintf(pair, sizeof pair, "%d:%d", machine[i].platform, machine[i].ordinal);
        expect_choice(&full, index, i);
        expect_choice(&full, pair, i);
    }
    static const char *const wrong[] = {"5", "99999999999999999999", "2:0", "0:2", "1:", ":1", "1:0:0", "-1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i)
        expect_refusal(&full, wrong[i], (const char *const[]){"no device matches", "Core X", "Board 12"}, 3);
}

static void test_kinds(void **state)
{
    (void)state;
    expect_choice(&full, "cpu", 0);
    expect_choice(&full, "gpu", 2);
    expect_choice(&full, "accelerator", 4);
    expect_choice(&full, "auto", 2);
    const rt_device_list without_gpu = {machine, 2}, only_board = {machine + 4, 1};
    expect_choice(&without_gpu, "auto", 0); /* its GPU is switched off */
    expect_refusal(&without_gpu, "gpu", (const char *const[]){"\"gpu\"", "0 (", "Flux 100"}, 3);
    expect_choice(&only_board, "auto", 0);
    expect_refusal(&only_board, "cpu", (const char *const[]){"Board 12"}, 1);
}

static void test_names(void **state)
{
    (void)state;
    expect_choice(&full, "core", 0);
    expect_choice(&full, "FLUX 3", 3);
    expect_choice(&full, "x 20", 2);
    expect_refusal(&full, "flux", (const char *const[]){"matches 3 devices", "Flux 100", "Flux 200", "Flux 300"}, 4);
    expect_refusal(&full, "Red", (const char *const[]){"matches 3 devices", "Board 12"}, 2);
    expect_refusal(&full, "green", (const char *const[]){"no device matches \"green\"", "Core X"}, 2);
    expect_refusal(&full, "", (const char *const[]){"empty"}, 1);
}

/* A whole name may be a part of another; kinds may be written in capitals, and mean what can be used. */
static void test_whole_names(void **state)
{
    (void)state;
    rt_device_info devices[] = {
        {.index = 0, .name = "Flux 100", .type = RT_GPU, .available = true, .error = "it is broken"},
        {.index = 1, .name = "Flux 10", .type = RT_GPU, .available = true},
        {.index = 2, .name = "Everything", .type = RT_OTHER_DEVICE, .available = true}};
    const rt_device_list list = {devices, 3}, last = {devices + 2, 1};
    expect_choice(&list, "flux 10", 1);
    expect_choice(&list, "Flux 100", 0);
    expect_choice(&list, "GPU", 1);
    expect_choice(&list, "Auto", 1);
    expect_choice(&last, "auto", 0);
    expect_refusal(&last, "gpu", (const char *const[]){"no device matches \"gpu\"", "Everything"}, 2);
}

/* Emulators come after every other device, among themselves in the same order; named, they are taken. */
static void test_emulators(void **state)
{
    (void)state;
    rt_device_info devices[] = {
        {.index = 0, .name = "Soft Flux", .type = RT_GPU, .available = true, .emulator = true},
        {.index = 1, .name = "Board Emulator", .type = RT_ACCELERATOR, .available = true, .emulator = true},
        {.index = 2, .name = "Core X", .type = RT_CPU, .available = true},
        {.index = 3, .name = "Everything", .type = RT_OTHER_DEVICE, .available = true}};
    const rt_device_list list = {devices, 4};
    expect_choice(&list, "auto", 2);
    expect_choice(&list, "gpu", 0);
    expect_choice(&list, "accelerator", 1);
    expect_choice(&list, "soft", 0);
    snprintf(devices[2].error, sizeof devices[2].error, "it failed");
    expect_choice(&list, "auto", 3);
    devices[3].emulator = true;
    expect_choice(&list, "auto", 0);
    devices[0].available = false;
    expect_choice(&list, "auto", 1);
}

static void test_names_kind(void **state)
{
    (void)state;
    assert_true(rt_device_names_kind("auto"));
    assert_true(rt_device_names_kind("GPU"));
    assert_true(rt_device_names_kind("cpu"));
    assert_true(rt_device_names_kind("accelerator"));
    assert_false(rt_device_names_kind("0"));
    assert_false(rt_device_names_kind("gpu 0"));
    assert_false(rt_device_names_kind(""));
}

static void test_type_names(void **state)
{
    (void)state;
    assert_string_equal(rt_device_type_name(RT_CPU), "cpu");
    assert_string_equal(rt_device_type_name(RT_GPU), "gpu");
    assert_string_equal(rt_device_type_name(RT_ACCELERATOR), "accelerator");
    assert_string_equal(rt_device_type_name(RT_OTHER_DEVICE), "other");
}

/* In a process whose drivers are found nowhere: before this one loads any. */
static int list_without_drivers(const char *folder)
{
    st_error error = {.status = ST_OK};
    rt_device_list list;
    setenv("OCL_ICD_VENDORS", folder, 1);
    if (rt_device_list_create(&list, &error) != ST_DEVICE) return 1;
    if (list.items || list.count) return 2;
    return strstr(error.text, "no OpenCL platform") ? 0 : 3;
}

static void test_no_platform(void **state)
{
    char folder[1024];
    snprintf(folder, sizeof folder, "%s/", ts_path(state, "."));
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(list_without_drivers(folder));
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* The devices that are here: what every other part of the program relies on. */
static void test_this_machine(void **state)
{
    (void)state;
    st_error error = {.status = ST_OK};
    rt_device_list list;
    if (rt_device_list_create(&list, &error) != ST_OK) fail_msg("%s", error.text);
    assert_true(list.count > 0);
    for (size_t i = 0; i < list.count; ++i) {
        const rt_device_info *d = &list.items[i];
        assert_int_equal(d->index, i);
        assert_true(d->name[0] && d->platform_name[0] && d->version[0]);
        expect_choice(&list, d->selector, i);
        if (d->error[0]) continue;
        assert_true(d->memory_bytes > 0 && d->largest_block_bytes > 0 && d->largest_block_bytes <= d->memory_bytes);
        assert_true(d->compute_units > 0 && d->max_group > 0 && d->vector_width > 0);
        assert_true(d->same_as < (int)i);
    }
    rt_device_list_destroy(&list);
    assert_null(list.items);
    assert_int_equal(list.count, 0);
}

/* A device whose properties could not be read cannot be opened. */
static void test_broken_device(void **state)
{
    (void)state;
    rt_device_info broken = {.index = 3, .name = "Flux", .error = "the driver answered -5 to a question"};
    st_error error = {.status = ST_OK};
    rt_context *context = NULL;
    assert_int_equal(rt_context_create(&context, &broken, NULL, &error), ST_DEVICE);
    assert_null(context);
    assert_string_equal(error.text, "device 3 (Flux) cannot be used: the driver answered -5 to a question");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_platform, ts_scratch_open,
                                        ts_scratch_close), /* before any driver is loaded */
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_whole_names),
        cmocka_unit_test(test_emulators),
        cmocka_unit_test(test_names_kind),
        cmocka_unit_test(test_type_names),
        cmocka_unit_test(test_this_machine),
        cmocka_unit_test(test_broken_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
