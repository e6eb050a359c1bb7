/* The cache of built programs: what it gives back, what it never gives back, what it removes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "runtime/context.h"
#include "runtime/kernel_source.h"
#include "runtime/program.h"
#include "runtime/program_cache.h"
#include "tests/support/scratch.h"

static const rt_device_info some_device = {.name = "A device",
                                           .platform_name = "A platform",
                                           .vendor = "A vendor",
                                           .driver = "1.2.3",
                                           .version = "OpenCL 1.2"};
static const rt_cache_key some_key = {&some_device, "-DVW=4", "__kernel void f() {}"};

static char folder[4096]; /* of the cache, in the scratch folder */

static int open_cache(void **state)
{
    if (ts_scratch_open(state) != 0) return -1;
    if (setenv("XDG_CACHE_HOME", ts_path(state, "."), 1) != 0) return -1;
    return rt_cache_folder(folder, sizeof folder) ? 0 : -1;
}

static int clear_cache(void **state)
{
    (void)state;
    size_t removed = 0;
    st_error error = {.status = ST_OK};
    return rt_cache_clear(&removed, &error) == ST_OK ? 0 : -1;
}

/* Removes the folders that the fixture of the scratch folder does not know. */
static int close_cache(void **state)
{
    rmdir(folder);
    *strrchr(folder, '/') = '\0';
    rmdir(folder);
    return ts_scratch_close(state);
}

static size_t entries_of(rt_cache_entry **entries)
{
    st_error error = {.status = ST_OK};
    size_t count = 0;
    assert_int_equal(rt_cache_list(entries, &count, &error), ST_OK);
    return count;
}

static size_t count_entries(void)
{
    rt_cache_entry *entries = NULL;
    const size_t count = entries_of(&entries);
    free(entries);
    return count;
}

static void expect_kept(const rt_cache_key *key, const char *text)
{
    unsigned char *binary = NULL;
    size_t size = 0;
    assert_true(rt_cache_load(key, &binary, &size));
    assert_int_equal(size, strlen(text));
    assert_memory_equal(binary, text, size);
    free(binary);
}

static void expect_nothing(const rt_cache_key *key)
{
    unsigned char *binary = NULL;
    size_t size = 1;
    assert_false(rt_cache_load(key, &binary, &size));
    assert_null(binary);
    assert_int_equal(size, 0);
}

static bool store(const rt_cache_key *key, const char *text)
{
    return rt_cache_store(key, (const unsigned char *)text, strlen(text), RT_CACHE_BYTES);
}

static void test_round_trip(void **state)
{
    (void)state;
    expect_nothing(&some_key);
    assert_int_equal(count_entries(), 0);
    assert_true(store(&some_key, "one"));
    expect_kept(&some_key, "one");
    assert_true(store(&some_key, "another one"));
    expect_kept(&some_key, "another one");
    assert_int_equal(count_entries(), 1);
    assert_false(store(&some_key, "")); /* no binary at all */
    expect_kept(&some_key, "another one");
    rt_cache_forget(&some_key);
    expect_nothing(&some_key);
}

/* Everything that decides what a compiler makes is in the key. */
static void test_full_key(void **state)
{
    (void)state;
    rt_device_info devices[5];
    for (size_t i = 0; i < 5; ++i) devices[i] = some_device;
    strcpy(devices[0].name, "B device");
    strcpy(devices[1].platform_name, "B platform");
    strcpy(devices[2].vendor, "B vendor");
    strcpy(devices[3].driver, "1.2.4");
    strcpy(devices[4].version, "OpenCL 3.0");
    assert_true(store(&some_key, "mine"));
    for (size_t i = 0; i < 5; ++i) expect_nothing(&(rt_cache_key){&devices[i], some_key.options, some_key.source});
    expect_nothing(&(rt_cache_key){&some_device, "-DVW=8", some_key.source});
    expect_nothing(&(rt_cache_key){&some_device, some_key.options, "__kernel void g() {}"});
    expect_kept(&some_key, "mine");
}

static void full_path(char path[8192])
{
    rt_cache_entry *entries = NULL;
    assert_int_equal(entries_of(&entries), 1);
    snprintf(path, 8192, "%s/%s", folder, entries[0].file);
    free(entries);
}

/* Every single byte changed, every length but the right one: nothing comes back, and the file goes. */
static void test_damage(void **state)
{
    (void)state;
    char path[8192];
    size_t size = 0;
    assert_true(store(&some_key, "the binary"));
    full_path(path);
    unsigned char *whole = ts_read(path, &size);
    for (size_t i = 0; i < 2 * size + 1; ++i) {
        unsigned char *damaged = calloc(1, size + 1);
        memcpy(damaged, whole, size);
        if (i < size) damaged[i] ^= 0x10;
        ts_write(path, damaged, i < size ? size : i < 2 * size ? i - size : size + 1);
        free(damaged);
        rt_cache_entry *entries = NULL;
        assert_int_equal(entries_of(&entries), 1);
        assert_false(entries[0].whole);
        free(entries);
        expect_nothing(&some_key);
        assert_int_equal(access(path, F_OK), -1);
    }
    ts_write(path, whole, size);
    expect_kept(&some_key, "the binary");
    free(whole);
}

/* A whole entry under the name of another key is not that key's. */
static void test_foreign_key(void **state)
{
    (void)state;
    char mine[8192], other[8192];
    const rt_cache_key other_key = {&some_device, "-DVW=8", some_key.source};
    assert_true(store(&some_key, "mine"));
    full_path(mine);
    size_t size = 0;
    unsigned char *bytes = ts_read(mine, &size);
    rt_cache_forget(&some_key);
    assert_true(store(&other_key, "other"));
    full_path(other);
    ts_write(other, bytes, size);
    free(bytes);
    expect_nothing(&other_key);
}

static void test_size_limit(void **state)
{
    (void)state;
    enum { COUNT = 5, BYTES = 10000 };
    static unsigned char binary[BYTES];
    rt_cache_key keys[COUNT];
    char options[COUNT][16];
    for (int i = 0; i < COUNT; ++i) {
        snprintf(options[i], sizeof options[i], "-DN=%d", i);
        keys[i] = (rt_cache_key){&some_device, options[i], some_key.source};
        assert_true(rt_cache_store(&keys[i], binary, BYTES, RT_CACHE_BYTES));
        /* one hour after the other */
        rt_cache_entry *entries = NULL;
        const size_t count = entries_of(&entries);
        for (size_t e = 0; e < count; ++e) {
            char path[8192], wanted[24];
            snprintf(path, sizeof path, "%s/%s", folder, entries[e].file);
            snprintf(wanted, sizeof wanted, "-DN=%d", i);
            if (strcmp(entries[e].options, wanted) != 0) continue;
            assert_string_equal(entries[e].device, "A device");
            assert_string_equal(entries[e].driver, "1.2.3");
            assert_int_equal(utime(path, &(struct utimbuf){1000000 + i * 3600, 1000000 + i * 3600}), 0);
        }
        free(entries);
    }
    unsigned char *loaded = NULL;
    size_t size = 0;
    assert_true(rt_cache_load(&keys[0], &loaded, &size)); /* the oldest is used again */
    free(loaded);
    const rt_cache_key last = {&some_device, "-DN=last", some_key.source};
    assert_true(rt_cache_store(&last, binary, BYTES, 3 * (BYTES + 1000)));
    assert_int_equal(count_entries(), 3);
    expect_nothing(&keys[1]);
    expect_nothing(&keys[2]);
    expect_nothing(&keys[3]);
    assert_true(rt_cache_load(&keys[0], &loaded, &size));
    free(loaded);
    assert_true(rt_cache_load(&last, &loaded, &size));
    free(loaded);
    assert_false(rt_cache_store(&some_key, binary, BYTES, BYTES - 1)); /* larger than the whole cache */
}

static void test_clear(void **state)
{
    (void)state;
    size_t removed = 0;
    st_error error = {.status = ST_OK};
    assert_true(store(&some_key, "one"));
    assert_true(store(&(rt_cache_key){&some_device, "-DVW=8", some_key.source}, "two"));
    char stranger[8192];
    snprintf(stranger, sizeof stranger, "%s/notes.txt", folder);
    ts_write(stranger, "mine", 4);
    assert_int_equal(rt_cache_clear(&removed, &error), ST_OK);
    assert_int_equal(removed, 2);
    assert_int_equal(count_entries(), 0);
    assert_int_equal(access(stranger, F_OK), 0);
    unlink(stranger);
}

static void test_no_folder(void **state)
{
    (void)state;
    char path[4096], kept[4096];
    char *home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
    snprintf(kept, sizeof kept, "%s", getenv("XDG_CACHE_HOME"));
    setenv("HOME", "/nowhere", 1);
    unsetenv("XDG_CACHE_HOME");
    assert_true(rt_cache_folder(path, sizeof path));
    assert_string_equal(path, "/nowhere/.cache/safsd-cl/programs");
    setenv("XDG_CACHE_HOME", "relative", 1); /* to be ignored, says the XDG specification */
    assert_true(rt_cache_folder(path, sizeof path));
    assert_string_equal(path, "/nowhere/.cache/safsd-cl/programs");
    unsetenv("HOME");
    assert_false(rt_cache_folder(path, sizeof path));
    assert_false(store(&some_key, "one"));
    expect_nothing(&some_key);
    assert_int_equal(count_entries(), 0);
    setenv("XDG_CACHE_HOME", "/dev/null", 1);
    assert_false(store(&some_key, "one"));
    expect_nothing(&some_key);
    setenv("XDG_CACHE_HOME", kept, 1);
    if (home) setenv("HOME", home, 1);
    free(home);
}

static bool only_relu(const char *name)
{
    return strcmp(name, "relu.cl") == 0;
}

static void build_relu(rt_context *rt)
{
    rt_program *program = NULL;
    if (rt_program_create(&program, rt, only_relu, "") != ST_OK) fail_msg("%s", rt_error(rt)->text);
    assert_non_null(rt_program_kernel(program, "relu_forward"));
    rt_program_destroy(&program);
}

/* A whole entry that the driver does not take is built again and replaced. */
static void test_driver_refuses(void **state)
{
    (void)state;
    rt_device_list list;
    rt_context *rt = NULL;
    st_error error = {.status = ST_OK};
    size_t chosen = 0, size = 0;
    long live_objects = 0;
    char *source = NULL, options[64];
    unsigned char *binary = NULL;
    const char *selector = getenv("SAFSD_CL_DEVICE");
    assert_int_equal(rt_device_list_create(&list, &error), ST_OK);
    assert_int_equal(rt_device_select(&list, selector ? selector : "auto", &chosen, &error), ST_OK);
    const rt_options with_cache = {.gemm = "panel", .cache_programs = true, .live_objects = &live_objects};
    if (rt_context_create(&rt, &list.items[chosen], &with_cache, &error) != ST_OK) fail_msg("%s", error.text);
    assert_int_equal(count_entries(), 2); /* the layers' kernels and the GEMM's */
    assert_int_equal(rt_kernel_source(&source, only_relu, &error), ST_OK);
    snprintf(options, sizeof options, "-cl-std=CL1.2 -w -DVW=%zu", rt_vector_width(rt));
    const rt_cache_key key = {rt_device(rt), options, source};
    assert_true(store(&key, "no binary"));
    build_relu(rt);
    assert_true(rt_cache_load(&key, &binary, &size));
    assert_true(size > strlen("no binary"));
    free(binary);
    build_relu(rt);
    free(source);
    rt_context_destroy(&rt);
    rt_device_list_destroy(&list);
    assert_int_equal(live_objects, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_round_trip, clear_cache),
        cmocka_unit_test_teardown(test_full_key, clear_cache),
        cmocka_unit_test_teardown(test_damage, clear_cache),
        cmocka_unit_test_teardown(test_foreign_key, clear_cache),
        cmocka_unit_test_teardown(test_size_limit, clear_cache),
        cmocka_unit_test_teardown(test_clear, clear_cache),
        cmocka_unit_test_teardown(test_no_folder, clear_cache),
        cmocka_unit_test_teardown(test_driver_refuses, clear_cache),
    };
    return cmocka_run_group_tests(tests, open_cache, close_cache);
}
