/* JSON under other locales. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "tests/support/locale.h"
#include "tests/support/scratch.h"

static const char wanted[] = "{\"a\": [0.5, -1.25e-30, 3], \"b\": \"1,5\"}";

static void assert_value(json_t *value)
{
    assert_non_null(value);
    const json_t *list = json_object_get(value, "a");
    assert_true(json_real_value(json_array_get(list, 0)) == 0.5);
    assert_true(json_real_value(json_array_get(list, 1)) == -1.25e-30);
    assert_true(json_is_integer(json_array_get(list, 2)));
    char *text = json_text_print(value, JSON_REAL_PRECISION(9));
    assert_string_equal(text, wanted);
    free(text);
    json_decref(value);
}

static void expect_round(void **state)
{
    const char *path = ts_path(state, "value.json");
    json_error_t why;
    ts_write(path, wanted, strlen(wanted));
    assert_value(json_text_read(wanted, 0, NULL));
    assert_value(json_text_read_bytes(wanted, strlen(wanted), 0, &why));
    assert_value(json_text_read_file(path, 0, &why));
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    assert_value(json_text_read_stream(stream, 0, &why));
    fclose(stream);
    assert_null(json_text_read("[0,5", 0, &why));
    assert_int_equal(why.line, 1);
}

static void test_c(void **state)
{
    expect_round(state);
}

static void test_locales(void **state)
{
    static const char *const names[] = {"de_DE.UTF-8", "ps_AF.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        tl_locale_set(names[i]);
        expect_round(state);
        assert_string_not_equal(localeconv()->decimal_point, ".");
        tl_locale_reset();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_c),
        cmocka_unit_test(test_locales),
    };
    return cmocka_run_group_tests(tests, ts_scratch_open, ts_scratch_close);
}
