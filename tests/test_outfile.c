/* Files that appear whole or not at all: finished, given up, refused, killed in the middle, on a full disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/outfile.h"
#include "tests/support/scratch.h"

#ifndef OUTFILE_LEFT_BY_KILL
#define OUTFILE_LEFT_BY_KILL 0
#endif

static void expect_content(const char *path, const char *wanted)
{
    size_t size = 0;
    unsigned char *bytes = ts_read(path, &size);
    assert_string_equal(bytes, wanted);
    free(bytes);
}

static void write_file(const char *path, const char *text)
{
    outfile file;
    st_error error = {.status = ST_OK};
    assert_int_equal(outfile_open(&file, path, &error), ST_OK);
    fputs(text, file.stream);
    assert_int_equal(outfile_finish(&file, &error), ST_OK);
    outfile_close(&file);
    assert_null(file.path);
    outfile_close(&file);
}

static void test_finish(void **state)
{
    const char *path = ts_path(state, "a file");
    struct stat about;
    const mode_t mask = umask(027);
    write_file(path, "one\n");
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0640);
    umask(mask);
    expect_content(path, "one\n");
    write_file(path, "two\n");
    expect_content(path, "two\n");
    assert_int_equal(ts_files(state), 1);
}

/* Two at once, as threads or processes may have them: the last one to finish stays. */
static void test_give_up(void **state)
{
    const char *path = ts_path(state, "a file");
    outfile first, second;
    st_error error = {.status = ST_OK};
    ts_write(path, "old", 3);
    assert_int_equal(outfile_open(&first, path, &error), ST_OK);
    assert_int_equal(outfile_open(&second, path, &error), ST_OK);
    fputs("first", first.stream);
    fputs("second", second.stream);
    expect_content(path, "old");
    assert_int_equal(outfile_finish(&second, &error), ST_OK);
    expect_content(path, "second");
    outfile_close(&first);
    outfile_close(&second);
    expect_content(path, "second");
    assert_int_equal(ts_files(state), 1);
}

static void test_refused(void **state)
{
    outfile file;
    st_error error = {.status = ST_OK};
    char sentence[512];
    const char *path = ts_path(state, "none/a file");
    assert_int_equal(outfile_open(&file, path, &error), ST_FAILED);
    snprintf(sentence, sizeof sentence, "%s cannot be written: %s", path, strerror(ENOENT));
    assert_string_equal(error.text, sentence);
    assert_null(file.stream);
    st_clear(&error);
    path = ts_path(state, ".");
    assert_int_equal(outfile_open(&file, path, &error), ST_FAILED);
    snprintf(sentence, sizeof sentence, "%s cannot be written: %s", path, strerror(EISDIR));
    assert_string_equal(error.text, sentence);
    st_clear(&error);

    /* The folder goes away before the end. */
    path = ts_path(state, "gone/a file");
    assert_int_equal(mkdir(ts_path(state, "gone"), 0777), 0);
    assert_int_equal(outfile_open(&file, path, &error), ST_OK);
    fputs("text", file.stream);
    if (file.temporary[0]) unlink(file.temporary);
    assert_int_equal(rmdir(ts_path(state, "gone")), 0);
    assert_int_equal(outfile_finish(&file, &error), ST_FAILED);
    outfile_close(&file);
    assert_int_equal(ts_files(state), 1);
}

/* A disk that is full is like a limit on the size of files. */
static void test_full(void **state)
{
    const char *path = ts_path(state, "a file");
    struct rlimit before, tight;
    outfile file;
    st_error error = {.status = ST_OK};
    ts_write(path, "old", 3);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    tight = before;
    tight.rlim_cur = 4096;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    assert_int_equal(outfile_open(&file, path, &error), ST_OK);
    for (int i = 0; i < 100000; i++) fputs("more ", file.stream);
    const st_status status = outfile_finish(&file, &error);
    outfile_close(&file);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, ST_FAILED);
    assert_non_null(strstr(error.text, strerror(EFBIG)));
    expect_content(path, "old");
    assert_int_equal(ts_files(state), 1);
}

static void test_killed(void **state)
{
    const char *path = ts_path(state, "a file");
    ts_write(path, "old", 3);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        outfile file;
        st_error error = {.status = ST_OK};
        if (outfile_open(&file, path, &error) == ST_OK) {
            fputs("half", file.stream);
            fflush(file.stream);
            raise(SIGKILL);
        }
        _exit(1);
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how));
    expect_content(path, "old");
    assert_int_equal(ts_files(state), 1 + OUTFILE_LEFT_BY_KILL);
    if (OUTFILE_LEFT_BY_KILL) {
        char left[64];
        snprintf(left, sizeof left, "a file.%ld-0.part", (long)child);
        assert_int_equal(remove(ts_path(state, left)), 0);
    }
}

/* A pipe is written directly, and stays one. */
static void test_special(void **state)
{
    const char *path = ts_path(state, "pipe");
    st_error error = {.status = ST_OK};
    outfile file;
    struct stat about;
    char text[8] = "";
    assert_int_equal(mkfifo(path, 0600), 0);
    FILE *reader = fopen(path, "r+");
    assert_non_null(reader);
    assert_int_equal(outfile_open(&file, path, &error), ST_OK);
    fputs("text\n", file.stream);
    assert_int_equal(outfile_finish(&file, &error), ST_OK);
    outfile_close(&file);
    assert_non_null(fgets(text, sizeof text, reader));
    assert_string_equal(text, "text\n");
    fclose(reader);
    assert_int_equal(stat(path, &about), 0);
    assert_true(S_ISFIFO(about.st_mode));
    assert_int_equal(remove(path), 0);
}

static void test_temporary_names(void **state)
{
    (void)state;
    assert_true(outfile_is_temporary("config.ini.4711.part", "config.ini"));
    assert_true(outfile_is_temporary("config.ini.4711-0.part", "config.ini"));
    assert_false(outfile_is_temporary("config.ini.part", "config.ini"));
    assert_false(outfile_is_temporary("config.ini.a1.part", "config.ini"));
    assert_false(outfile_is_temporary("config.ini", "config.ini"));
    assert_false(outfile_is_temporary("my.part", "config.ini"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finish),          cmocka_unit_test(test_give_up),
        cmocka_unit_test(test_refused),         cmocka_unit_test(test_full),
        cmocka_unit_test(test_killed),          cmocka_unit_test(test_special),
        cmocka_unit_test(test_temporary_names),
    };
    return cmocka_run_group_tests(tests, ts_scratch_open, ts_scratch_close);
}
