#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/gemm.h"
#include "runtime/gemm_clblast_variants.h"
#include "runtime/tuning_file.h"
#include "tests/support/harness.h"
#include "tests/support/scratch.h"

/* A device of which only what a tuning needs is known. */
static rt_device_info device_of(const char *name, const char *driver)
{
    rt_device_info device = {
        .type = RT_CPU, .compiler = true, .vector_width = 16, .max_group = 4096, .local_bytes = 1 << 18};
    snprintf(device.platform_name, sizeof device.platform_name, "A Platform");
    snprintf(device.name, sizeof device.name, "%s", name);
    snprintf(device.driver, sizeof device.driver, "%s", driver);
    return device;
}

static rt_tuning example(void)
{
    rt_tuning tuning = {.gemm = "clblast", .gain = 7};
    assert_true(rt_tuning_set(&tuning, "panel", "", "rows", 8));
    assert_true(rt_tuning_set(&tuning, "clblast", "Xgemm", "MWG", 64));
    assert_true(rt_tuning_set(&tuning, "panel", "", "run_b", 32));
    assert_true(rt_tuning_set(&tuning, "clblast", "GemmRoutine", "XGEMM_MIN_INDIRECT_SIZE", 1));
    assert_true(rt_tuning_set(&tuning, "clblast", "Xgemm", "NWG", 32));
    assert_true(rt_tuning_set(&tuning, "clblast", "Xgemm", "MWG", 128));
    return tuning;
}

static void assert_same(const rt_tuning *a, const rt_tuning *b)
{
    for (size_t i = 0; i < GEMM_PROVIDER_COUNT; ++i) assert_true(rt_tuning_same(a, b, rt_gemm_name(i)));
    assert_int_equal(a->count, b->count);
    assert_string_equal(a->gemm, b->gemm);
    assert_int_equal(a->gain, b->gain);
}

static void test_parameters(void **state)
{
    (void)state;
    st_error error = {0};
    rt_tuning tuning = example(), again = {.gemm = ""};
    char text[RT_TUNING_TEXT];
    rt_tuning_print(&tuning, "clblast", text);
    assert_string_equal(text, "Xgemm.MWG=128 Xgemm.NWG=32 GemmRoutine.XGEMM_MIN_INDIRECT_SIZE=1");
    assert_int_equal(rt_tuning_parse_parameters(&again, "clblast", text, &error), ST_OK);
    rt_tuning_print(&again, "clblast", text);
    assert_string_equal(text, "Xgemm.MWG=128 Xgemm.NWG=32 GemmRoutine.XGEMM_MIN_INDIRECT_SIZE=1");
    assert_int_equal(rt_tuning_parse_parameters(&again, "clblast", "", &error), ST_OK);
    assert_int_equal(again.count, 0);
    static const char *const wrong[] = {"Xgemm",
                                        "Xgemm.MWG",
                                        "Xgemm.MWG=",
                                        "Xgemm.MWG=-1",
                                        "Xgemm.MWG=0x10",
                                        "=1",
                                        ".A=1",
                                        "A.=1",
                                        "A.B=1 junk",
                                        "A.B=999999999",
                                        "Kernel_of_a_name_too_long.B=1",
                                        " A.B=1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
        if (rt_tuning_parse_parameters(&again, "clblast", wrong[i], &error) != ST_USAGE)
            fail_msg("taken: %s", wrong[i]);
        assert_int_equal(again.count, 0);
        st_clear(&error);
    }
    assert_false(rt_tuning_set(&tuning, "clblast", "Xgemm", "a name", 1));
    for (size_t i = tuning.count; i < RT_TUNING_MOST; ++i) {
        char name[8];
        snprintf(name, sizeof name, "N%zu", i);
        assert_true(rt_tuning_set(&tuning, "clblast", "Copy", name, i));
    }
    assert_false(rt_tuning_set(&tuning, "clblast", "Copy", "ONE_MORE", 1));
    assert_true(rt_tuning_set(&tuning, "clblast", "Copy", "N63", 1));
}

static void use_folder(void **state)
{
    char folder[512];
    snprintf(folder, sizeof folder, "%s", ts_path(state, "cache"));
    assert_int_equal(setenv("XDG_CACHE_HOME", folder, 1), 0);
}

static void store_and_load(void **state)
{
    use_folder(state);
    st_error error = {0};
    const rt_device_info device = device_of("A Device (R) \"quoted\" = # ;", "1.0\n beta"),
                         other = device_of("B", "1.0");
    const rt_tuning tuning = example();
    rt_tuning again;
    char path[RT_TUNING_PATH], path_of_other[RT_TUNING_PATH];
    bool found = true;
    assert_int_equal(rt_tuning_load(&again, &device, &found, &error), ST_OK);
    assert_false(found);
    assert_int_equal(rt_tuning_store(&tuning, &device, "a remark\nof two lines", &error), ST_OK);
    assert_int_equal(rt_tuning_load(&again, &device, &found, &error), ST_OK);
    assert_true(found);
    assert_same(&tuning, &again);

    /* What is stored anew replaces it. */
    const rt_tuning plain = {.gemm = "panel"};
    assert_int_equal(rt_tuning_store(&plain, &device, "", &error), ST_OK);
    assert_int_equal(rt_tuning_load(&again, &device, &found, &error), ST_OK);
    assert_same(&plain, &again);

    /* Another device has another file; a file that got to the wrong place is not used. */
    assert_true(rt_tuning_path(&device, path) && rt_tuning_path(&other, path_of_other));
    assert_string_not_equal(path, path_of_other);
    assert_int_equal(rt_tuning_load(&again, &other, &found, &error), ST_OK);
    assert_false(found);
    assert_int_equal(rename(path, path_of_other), 0);
    assert_int_equal(rt_tuning_load(&again, &other, &found, &error), ST_USAGE);
    assert_false(found);
    assert_int_equal(again.gemm[0], 0);
    assert_non_null(strstr(error.text, "another device"));
    st_clear(&error);

    /* Bytes that are no text, and a file cut in the middle of a line. */
    ts_write(path_of_other, "gemm = panel\n\0\n", 15);
    assert_int_equal(rt_tuning_load(&again, &other, &found, &error), ST_USAGE);
    st_clear(&error);
    assert_int_equal(remove(path_of_other), 0);
    assert_int_equal(rmdir(ts_path(state, "cache/safsd-cl/tuning")), 0);
    assert_int_equal(rmdir(ts_path(state, "cache/safsd-cl")), 0);
}

/* After a change of driver the old file says what tuning was worth; other devices' and damaged files do not. */
static void earlier(void **state)
{
    use_folder(state);
    st_error error = {0};
    const rt_device_info old = device_of("A", "1.0"), now = device_of("A", "2.0"), other = device_of("B", "2.0");
    const rt_tuning tuning = {.gemm = "panel", .gain = 40}, more = {.gemm = "panel", .gain = 90};
    char driver[256], path[RT_TUNING_PATH];
    size_t gain = 0;
    assert_false(rt_tuning_earlier(&now, &gain, driver)); /* there is no folder */
    assert_int_equal(rt_tuning_store(&more, &other, "", &error), ST_OK);
    assert_int_equal(rt_tuning_store(&more, &now, "", &error), ST_OK);
    assert_false(rt_tuning_earlier(&now, &gain, driver)); /* its own is not an earlier one */
    assert_int_equal(rt_tuning_store(&tuning, &old, "", &error), ST_OK);
    assert_true(rt_tuning_earlier(&now, &gain, driver));
    assert_int_equal(gain, 40);
    assert_string_equal(driver, "1.0");
    assert_true(rt_tuning_earlier(&old, &gain, driver));
    assert_int_equal(gain, 90);

    static const char text[] = "gemm = panel\ngain = 12345678901\n";
    assert_true(rt_tuning_path(&old, path));
    ts_write(path, text, sizeof text - 1);
    assert_false(rt_tuning_earlier(&now, &gain, driver));
    assert_int_equal(remove(path), 0);
    assert_true(rt_tuning_path(&now, path));
    assert_int_equal(remove(path), 0);
    assert_true(rt_tuning_path(&other, path));
    assert_int_equal(remove(path), 0);
    assert_int_equal(rmdir(ts_path(state, "cache/safsd-cl/tuning")), 0);
    assert_int_equal(rmdir(ts_path(state, "cache/safsd-cl")), 0);
}

static void test_no_folder(void **state)
{
    (void)state;
    st_error error = {0};
    const rt_device_info device = device_of("A", "1");
    const rt_tuning tuning = example();
    rt_tuning again;
    char path[RT_TUNING_PATH], *home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
    bool found = true;
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    assert_false(rt_tuning_path(&device, path));
    assert_int_equal(rt_tuning_load(&again, &device, &found, &error), ST_OK);
    assert_false(found);
    assert_int_equal(rt_tuning_store(&tuning, &device, "", &error), ST_FAILED);
    assert_non_null(strstr(error.text, "neither XDG_CACHE_HOME nor HOME"));
    setenv("HOME", "relative", 1);
    assert_false(rt_tuning_path(&device, path));
    setenv("HOME", "/a home", 1);
    assert_true(rt_tuning_path(&device, path));
    assert_memory_equal(path, "/a home/.cache/safsd-cl/tuning/A-", 33);
    if (home) setenv("HOME", home, 1);
    free(home);
}

#define IDENTITY "program = " SAFSD_VERSION "\nplatform = A Platform\ndevice = A\ndriver = 1\n"

static void test_damage(void **state)
{
    (void)state;
    const rt_device_info device = device_of("A", "1");
    rt_tuning tuning;
    st_error error = {0};
    bool meant = false;
    static const char good[] = "# a comment\n\n" IDENTITY "gemm = panel\npanel.rows = 6\nclblast.Xgemm.MWG = 16\n";
    assert_int_equal(rt_tuning_parse(&tuning, good, "x.ini", &device, false, &meant, &error), ST_OK);
    assert_true(meant);
    assert_int_equal(rt_tuning_get(&tuning, "panel", "rows", 0), 6);
    assert_int_equal(rt_tuning_count(&tuning, "clblast"), 1);
    static const struct {
        const char *text, *sentence;
    } bad[] = {
        {"", "x.ini:0: the file ends too early"},
        {IDENTITY, "x.ini:4: the file ends too early"},
        {"gemm = panel\n", "the file ends too early"},
        {IDENTITY "gemm = abacus\n", "x.ini:5: this value"},
        {IDENTITY "gemm = panel\ngemm = panel\n", "x.ini:6: gemm is given twice, first in line 5"},
        {IDENTITY "gemm = panel\nclblast.Xgemm.MWG = 1\nclblast.Xgemm.MWG = 2\n",
         "x.ini:7: clblast.xgemm.mwg is given twice, first in line 6"},
        {IDENTITY "gemm = panel\npanel.rows = 5\n", "x.ini:6: that provider has no such parameter"},
        {IDENTITY "gemm = panel\npanel.rows = 34\n", "that provider has no such parameter"},
        {IDENTITY "gemm = panel\npanel.rows = 6x\n", "that provider has no such parameter"},
        {IDENTITY "gemm = panel\npanel.run_a = 0\n", "that provider has no such parameter"},
        {IDENTITY "gemm = panel\npanel.run_b = 257\n", "that provider has no such parameter"},
        {IDENTITY "gemm = panel\npanel.columns = 6\n", "x.ini:6: that provider has no such parameter"},
        {IDENTITY "gemm = panel\nclblast.Xgemm = 6\n", "x.ini:6: that provider has no such parameter"},
        {IDENTITY "gemm = panel\nclblast.Xgemm.MWG = many\n", "that provider has no such parameter"},
        {IDENTITY "gemm panel\n", "x.ini:5: \"gemm panel\" is neither [section] nor key = value"},
        {IDENTITY "[gemm]\n", "x.ini:5: there is no such section"},
        {IDENTITY "gemm = pan", "x.ini:5: this value"},
        {IDENTITY "gemm = panel", "x.ini:5: the file ends too early"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
        memset(&tuning, 1, sizeof tuning);
        assert_int_equal(rt_tuning_parse(&tuning, bad[i].text, "x.ini", &device, false, &meant, &error), ST_USAGE);
        if (!strstr(error.text, bad[i].sentence)) fail_msg("%zu: '%s'", i, error.text);
        assert_false(meant);
        assert_int_equal(tuning.gemm[0], 0);
        assert_int_equal(tuning.count, 0);
        st_clear(&error);
    }
    char line[2000];
    memset(line, '#', sizeof line);
    line[sizeof line - 2] = '\n';
    line[sizeof line - 1] = '\0';
    assert_int_equal(rt_tuning_parse(&tuning, line, "x.ini", &device, false, &meant, &error), ST_USAGE);
    assert_non_null(strstr(error.text, "more than 1000"));
}

/* Names stand in files as they are, with signs that begin a comment elsewhere, and without any text. One that looks
 * like a text in quotes with a comment behind it is not found again. */
static void test_names_as_written(void **state)
{
    (void)state;
    static const char *const names[] = {"A #1; \"x\"", "", "#", "A = B", "\"A\" # 'B'"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        char text[256];
        rt_tuning tuning;
        st_error error = {0};
        bool meant = false;
        const rt_device_info device = device_of(names[i], "1"), other = device_of("A", "1");
        snprintf(text, sizeof text, "program = %s\nplatform = A Platform\ndevice = %s\ndriver = 1\ngemm = panel\n",
                 SAFSD_VERSION, names[i]);
        assert_int_equal(rt_tuning_parse(&tuning, text, "x.ini", &device, false, &meant, &error), ST_OK);
        assert_int_equal(meant, i < 4);
        assert_int_equal(rt_tuning_parse(&tuning, text, "x.ini", &other, false, &meant, &error), ST_OK);
        assert_int_equal(meant, i == 4);
    }
}

/* Files of the program name what a device begins with; the user's name it exactly. */
static void test_meant(void **state)
{
    (void)state;
    static const char shipped[] = "platform = A Plat\ndriver = 3.1\nvector_width = 16\ngemm = panel\n";
    rt_device_info device = device_of("A", "3.1+debian");
    rt_tuning tuning;
    st_error error = {0};
    bool meant = false;
    assert_int_equal(rt_tuning_parse(&tuning, shipped, "s", &device, true, &meant, &error), ST_OK);
    assert_true(meant);
    device.vector_width = 8;
    assert_int_equal(rt_tuning_parse(&tuning, shipped, "s", &device, true, &meant, &error), ST_OK);
    assert_false(meant);
    device = device_of("A", "3.0");
    assert_int_equal(rt_tuning_parse(&tuning, shipped, "s", &device, true, &meant, &error), ST_OK);
    assert_false(meant);
    assert_int_equal(rt_tuning_parse(&tuning, "driver = 3\ngemm = panel\n", "s", &device, true, &meant, &error),
                     ST_USAGE);
    st_clear(&error);
    assert_int_equal(rt_tuning_parse(&tuning, shipped, "s", &device, false, &meant, &error), ST_USAGE);
    st_clear(&error);
    static const char *const others[] = {
        "program = 0.0.0\nplatform = A Platform\ndevice = A\ndriver = 1\ngemm = panel\n",
        "program = " SAFSD_VERSION "\nplatform = A\ndevice = A\ndriver = 1\ngemm = panel\n",
        "program = " SAFSD_VERSION "\nplatform = A Platform\ndevice = AB\ndriver = 1\ngemm = panel\n",
        "program = " SAFSD_VERSION "\nplatform = A Platform\ndevice = A\ndriver = 11\ngemm = panel\n",
    };
    device = device_of("A", "1");
    for (size_t i = 0; i < sizeof others / sizeof *others; ++i) {
        assert_int_equal(rt_tuning_parse(&tuning, others[i], "o", &device, false, &meant, &error), ST_OK);
        assert_false(meant);
    }
}

static void rule(void **state)
{
    (void)state;
    static const struct {
        rt_device_type type;
        bool compiler;
        const char *provider;
    } cases[] = {{RT_CPU, true, "panel"},           {RT_GPU, true, "clblast"},        {RT_GPU, false, "panel"},
                 {RT_ACCELERATOR, true, "clblast"}, {RT_ACCELERATOR, false, "panel"}, {RT_OTHER_DEVICE, true, "panel"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        const rt_device_info device = {.type = cases[i].type, .compiler = cases[i].compiler};
        assert_string_equal(rt_gemm_rule(&device), cases[i].provider);
    }
}

/* A named provider comes before the tuning, the tuning before the rule. */
static void precedence(th_case *t, const void *user)
{
    (void)user;
    rt_tuning tuning = {.gemm = "clblast"};
    assert_true(rt_tuning_set(&tuning, "panel", "", "rows", 4));
    assert_string_equal(rt_gemm_parameters(t->rt), "");
    TH_OK(t, rt_gemm_choose(t->rt, "auto", NULL));
    assert_string_equal(rt_gemm_provider(t->rt), rt_gemm_rule(rt_device(t->rt)));
    TH_OK(t, rt_gemm_choose(t->rt, "auto", &tuning));
    assert_string_equal(rt_gemm_provider(t->rt), "clblast");
    TH_OK(t, rt_gemm_choose(t->rt, "panel", &tuning));
    assert_string_equal(rt_gemm_provider(t->rt), "panel");
    assert_int_equal(rt_tuning_get(rt_gemm_tuning(t->rt), "panel", "rows", 0), 4);
    TH_OK(t, rt_gemm_choose(t->rt, "auto", rt_gemm_tuning(t->rt)));
    assert_string_equal(rt_gemm_provider(t->rt), "clblast");

    /* What CLBlast takes is what the context says it uses; what it does not know is left out. */
    assert_true(rt_tuning_set(&tuning, "clblast", "GemmRoutine", "XGEMM_MIN_INDIRECT_SIZE", 777));
    assert_true(rt_tuning_set(&tuning, "clblast", "Xgemm", "MWG", 64));
    TH_OK(t, rt_gemm_choose(t->rt, "auto", &tuning));
    assert_string_equal(rt_gemm_parameters(t->rt), "GemmRoutine.XGEMM_MIN_INDIRECT_SIZE=777");
    TH_OK(t, rt_gemm_choose(t->rt, "panel", &tuning));
    assert_string_equal(rt_gemm_parameters(t->rt), "");
}

static void test_precedence(void **state)
{
    th_run_once(state, precedence, NULL);
}

/* The bits of a product do not depend on the tiles of the panel kernels. */
static void same_bits(th_case *t, const void *user)
{
    (void)user;
    enum { M = 37, N = 45, K = 70, SUMS_FROM = 5 };
    const th_tensor a = th_normal(t, M * K, 1, 1.0), b = th_normal(t, N * K, 2, 1.0);
    static const size_t rows[] = {0, 2, 4, 6, 10, 16, 32};
    float *first = NULL, *first_sums = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        rt_tuning tuning = {.gemm = ""};
        if (rows[i]) rt_tuning_set(&tuning, "panel", "", "rows", rows[i]);
        if (i) rt_tuning_set(&tuning, "panel", "", "run_a", i);
        if (i) rt_tuning_set(&tuning, "panel", "", "run_b", 2 * i);
        const rt_view c = th_output(t, M * N), sums = th_output(t, M - SUMS_FROM);
        const rt_gemm_call call = {.transpose_b = true,
                                   .m = M,
                                   .n = N,
                                   .k = K,
                                   .a = a.view,
                                   .b = b.view,
                                   .c = c,
                                   .lda = K,
                                   .ldb = K,
                                   .ldc = N,
                                   .sums = sums,
                                   .sums_from = SUMS_FROM};
        TH_OK(t, rt_gemm_choose(t->rt, "panel", &tuning));
        TH_OK_GEMM(t, rt_gemm(t->rt, &call));
        float *now = th_fetch(t, c, M * N), *sums_now = th_fetch(t, sums, M - SUMS_FROM);
        if (!first) {
            first = now;
            first_sums = sums_now;
        }
        assert_memory_equal(first, now, M * N * sizeof *now);
        assert_memory_equal(first_sums, sums_now, (M - SUMS_FROM) * sizeof *sums_now);
    }
}

static void test_same_bits(void **state)
{
    th_run(state, same_bits, NULL);
}

int main(void)
{
    const struct CMUnitTest files[] = {
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(store_and_load),
        cmocka_unit_test(test_no_folder),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_meant),
        cmocka_unit_test(test_names_as_written),
        cmocka_unit_test(rule),
        cmocka_unit_test(earlier),
    };
    const struct CMUnitTest devices[] = {
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_same_bits),
    };
    const int failed = cmocka_run_group_tests_name("files", files, ts_scratch_open, ts_scratch_close);
    return failed + cmocka_run_group_tests_name("devices", devices, th_open, th_close);
}
