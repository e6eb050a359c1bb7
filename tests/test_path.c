/* Names of files and folders, and making folders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/path.h"
#include "tests/support/scratch.h"

static void test_join(void **state)
{
    (void)state;
    char path[8];
    assert_true(path_join(path, sizeof path, "abc", "def"));
    assert_string_equal(path, "abc/def");
    assert_false(path_join(path, sizeof path, "abc", "defg"));
    assert_string_equal(path, "");
}

static void test_folder_of(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"a", "."},     {"a/b", "a"}, {"/a", "/"},
                                           {"/a/b", "/a"}, {"", "."},    {"a b/\xc3\xa4/c", "a b/\xc3\xa4"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char *folder = path_folder(pairs[i][0]);
        assert_string_equal(folder, pairs[i][1]);
        free(folder);
    }
}

static char *kept(const char *variable)
{
    const char *value = getenv(variable);
    return value ? strdup(value) : NULL;
}

static void put_back(const char *variable, char *value)
{
    if (value)
        setenv(variable, value, 1);
    else
        unsetenv(variable);
    free(value);
}

static void test_cache(void **state)
{
    (void)state;
    char path[32], *caches = kept("XDG_CACHE_HOME"), *home = kept("HOME");
    setenv("XDG_CACHE_HOME", "/caches", 1);
    setenv("HOME", "/a home", 1);
    assert_true(path_in_cache(path, sizeof path, "x/y"));
    assert_string_equal(path, "/caches/x/y");
    assert_true(path_in_home(path, sizeof path, "x"));
    assert_string_equal(path, "/a home/x");
    setenv("XDG_CACHE_HOME", "relative", 1);
    assert_true(path_in_cache(path, sizeof path, "x"));
    assert_string_equal(path, "/a home/.cache/x");
    assert_false(path_in_cache(path, 16, "x"));
    assert_string_equal(path, "");
    setenv("HOME", "", 1);
    assert_false(path_in_cache(path, sizeof path, "x"));
    assert_false(path_in_home(path, sizeof path, "x"));
    put_back("XDG_CACHE_HOME", caches);
    put_back("HOME", home);
}

static void test_make(void **state)
{
    struct stat about;
    char path[512];
    snprintf(path, sizeof path, "%s", ts_path(state, "one//two/three/"));
    assert_int_equal(folder_make(path, 0700), 0);
    assert_int_equal(stat(path, &about), 0);
    assert_true(S_ISDIR(about.st_mode));
    assert_int_equal(about.st_mode & 0777, 0700);
    assert_int_equal(folder_make(path, 0700), 0);
    snprintf(path, sizeof path, "%s", ts_path(state, "one/four/"));
    assert_int_equal(folder_make_parents(path, 0700), 0);
    assert_int_not_equal(access(path, F_OK), 0);
    ts_write(ts_path(state, "one/file"), "x", 1);
    assert_int_equal(folder_make(ts_path(state, "one/file"), 0700), EEXIST);
    assert_int_equal(folder_make(ts_path(state, "one/file/two"), 0700), ENOTDIR);
    assert_int_equal(folder_make_parents("file", 0700), 0);
    remove(ts_path(state, "one/file"));
    rmdir(ts_path(state, "one/two/three"));
    rmdir(ts_path(state, "one/two"));
    rmdir(ts_path(state, "one"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_folder_of),
        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_make),
    };
    return cmocka_run_group_tests(tests, ts_scratch_open, ts_scratch_close);
}
