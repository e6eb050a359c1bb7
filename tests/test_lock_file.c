/* One run owns a directory: two of one process exclude each other as two processes do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/lock_file.h"
#include "tests/support/scratch.h"

static void test_in_one_process(void **state)
{
    const char *path = ts_path(state, "run.lock");
    en_lock *first = NULL, *second = NULL;
    st_error error = {.status = ST_OK};
    assert_false(en_lock_held(path));
    assert_int_equal(en_lock_take(&first, path, "dir", &error), ST_OK);
    assert_true(en_lock_held(path));
    assert_true(en_lock_held(path)); /* asking does not release it */
    assert_int_equal(en_lock_take(&second, path, "dir", &error), ST_USAGE);
    assert_null(second);
    assert_non_null(strstr(error.text, "another run is writing into dir"));
    st_clear(&error);
    en_lock_release(&first);
    assert_null(first);
    assert_false(en_lock_held(path));
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(en_lock_take(&second, path, "dir", &error), ST_OK);
    en_lock_release(&second);
}

static void test_ends_with_the_process(void **state)
{
    const char *path = ts_path(state, "run.lock");
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        en_lock *lock = NULL;
        st_error error = {.status = ST_OK};
        const st_status status = en_lock_take(&lock, path, "dir", &error);
        if (write(ready[1], "", 1) != 1 || status != ST_OK) _exit(1);
        pause();
    }
    char byte = 1;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    en_lock *lock = NULL;
    st_error error = {.status = ST_OK};
    assert_true(en_lock_held(path));
    assert_int_equal(en_lock_take(&lock, path, "dir", &error), ST_USAGE);
    st_clear(&error);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(access(path, F_OK), 0); /* left behind, it locks nothing */
    assert_false(en_lock_held(path));
    assert_int_equal(en_lock_take(&lock, path, "dir", &error), ST_OK);
    en_lock_release(&lock);
    close(ready[0]);
    close(ready[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_in_one_process),
                                       cmocka_unit_test(test_ends_with_the_process)};
    return cmocka_run_group_tests(tests, ts_scratch_open, ts_scratch_close);
}
