#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"

static void test_first_error_wins(void **state)
{
    (void)state;
    st_error error = {.status = ST_OK};
    assert_int_equal(st_fail(&error, ST_USAGE, "line %d of %s", 7, "a.ini"), ST_USAGE);
    assert_int_equal(error.status, ST_USAGE);
    assert_string_equal(error.text, "line 7 of a.ini");
    assert_int_equal(st_fail(&error, ST_DEVICE, "while cleaning up"), ST_DEVICE); /* passed on, not recorded */
    assert_int_equal(error.status, ST_USAGE);
    assert_string_equal(error.text, "line 7 of a.ini");
    st_clear(&error);
    assert_int_equal(error.status, ST_OK);
    assert_string_equal(error.text, "");
    st_fail(&error, ST_CHECK, "again");
    assert_string_equal(error.text, "again");
}

static void test_prefix(void **state)
{
    (void)state;
    st_error error = {.status = ST_OK};
    st_prefix(&error, "nothing to stand before");
    assert_string_equal(error.text, "");
    st_fail(&error, ST_FAILED, "it broke");
    st_prefix(&error, "file %d", 3);
    assert_string_equal(error.text, "file 3: it broke");
    assert_int_equal(error.status, ST_FAILED);
}

/* A sentence too long for the slot is cut, and the slot is never overrun. */
static void test_long_sentences(void **state)
{
    (void)state;
    struct {
        st_error error;
        char guard[16];
    } slot = {{.status = ST_OK}, "untouched"};
    char longest[2 * ST_TEXT_SIZE];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    st_fail(&slot.error, ST_FAILED, "%s", longest);
    assert_int_equal(strlen(slot.error.text), ST_TEXT_SIZE - 1);
    st_prefix(&slot.error, "%s", "before");
    assert_int_equal(strncmp(slot.error.text, "before: xxx", 11), 0);
    assert_true(strlen(slot.error.text) < ST_TEXT_SIZE);
    st_prefix(&slot.error, "%s", longest);
    assert_true(strlen(slot.error.text) < ST_TEXT_SIZE);
    assert_string_equal(slot.guard, "untouched");
}

static st_status forwards(st_status status, int *reached)
{
    ST_FORWARD(status);
    ++*reached;
    return ST_OK;
}

static st_status tries(st_status first, int *reached, int *cleaned)
{
    st_status status = ST_OK;
    ST_TRY(first);
    ++*reached;
done:
    ++*cleaned;
    return status;
}

static void test_macros(void **state)
{
    (void)state;
    int reached = 0, cleaned = 0;
    assert_int_equal(forwards(ST_DEVICE, &reached), ST_DEVICE);
    assert_int_equal(tries(ST_CHECK, &reached, &cleaned), ST_CHECK);
    assert_int_equal(reached, 0);
    assert_int_equal(forwards(ST_OK, &reached), ST_OK);
    assert_int_equal(tries(ST_OK, &reached, &cleaned), ST_OK);
    assert_int_equal(reached, 2);
    assert_int_equal(cleaned, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_error_wins),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_long_sentences),
        cmocka_unit_test(test_macros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
