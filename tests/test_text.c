/* Formatted text and letters under other locales. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "base/status.h"
#include "base/text.h"
#include "tests/support/locale.h"

static void expect_texts(void)
{
    char text[64], *printed = NULL;
    size_t size = 0;
    st_error error = {.status = ST_OK};
    assert_int_equal(text_format(text, sizeof text, "%.2f|%g|%s|%.1e", 1.25, 1e-7, "\xc3\xa4", 12.0), 21);
    assert_string_equal(text, "1.25|1e-07|\xc3\xa4|1.2e+01");
    assert_int_equal(text_format(text, 4, "%.3f", 1.5), 5);
    assert_string_equal(text, "1.5");
    FILE *out = open_memstream(&printed, &size);
    assert_non_null(out);
    text_print(out, "%d %.1f", 7, -0.5);
    fclose(out);
    assert_string_equal(printed, "7 -0.5");
    free(printed);
    st_fail(&error, ST_FAILED, "%.1f", 2.5);
    st_prefix(&error, "%.1f", 1.5);
    st_append(&error, ", %.1f", 3.5);
    assert_string_equal(error.text, "1.5: 2.5, 3.5");
    assert_string_equal(print_bytes(text, 3 << 19), "1.5 MiB");
    assert_string_equal(print_duration(text, 1.25), "1.2 s");
}

static void expect_letters(void)
{
    for (int c = 0; c < 256; c++) {
        const bool large = c >= 'A' && c <= 'Z', small = c >= 'a' && c <= 'z', digit = c >= '0' && c <= '9';
        assert_int_equal(text_is_digit((char)c), digit);
        assert_int_equal(text_is_alphanumeric((char)c), digit || large || small);
        assert_int_equal(text_is_space((char)c), c && strchr(" \t\n\r\f\v", c) != NULL);
        assert_int_equal((unsigned char)text_lower((char)c), large ? c + 32 : c);
    }
    assert_true(text_same_word("TITLE", "title"));
    assert_true(text_same_word("", ""));
    assert_false(text_same_word("title", "titles"));
    assert_false(text_same_word("titles", "title"));
    assert_false(text_same_word("\xc3\xa4", "\xc3\x84"));
}

static void test_c(void **state)
{
    (void)state;
    expect_texts();
    expect_letters();
}

static void test_locales(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "ps_AF.UTF-8", "tr_TR.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        tl_locale_set(names[i]);
        expect_texts();
        expect_letters();
        assert_string_equal(setlocale(LC_ALL, NULL), names[i]);
        assert_string_not_equal(localeconv()->decimal_point, ".");
        tl_locale_reset();
    }
}

/* A thread's own locale is left as it was, and scopes nest. */
static void test_nested(void **state)
{
    (void)state;
    char text[16];
    tl_locale_set("de_DE.UTF-8");
    const locale_t own = duplocale(LC_GLOBAL_LOCALE);
    assert_true(own != (locale_t)0);
    const locale_t global = uselocale(own);
    const locale_t outer = text_enter_c_locale();
    const locale_t inner = text_enter_c_locale();
    text_leave_c_locale(inner);
    snprintf(text, sizeof text, "%.1f", 0.5);
    assert_string_equal(text, "0.5");
    text_leave_c_locale(outer);
    assert_true(uselocale((locale_t)0) == own);
    snprintf(text, sizeof text, "%.1f", 0.5);
    assert_string_equal(text, "0,5");
    uselocale(global);
    freelocale(own);
    tl_locale_reset();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_c),
        cmocka_unit_test(test_locales),
        cmocka_unit_test(test_nested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
