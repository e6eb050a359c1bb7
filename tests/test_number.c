/* Strict numbers: what is one, what is not, and that printing loses nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/number.h"
#include "tests/support/locale.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <string.h>

static void test_integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        number_status result;
        int64_t value;
    } cases[] = {
        {"0", NUMBER_OK, 0},
        {"010", NUMBER_OK, 10}, /* decimal, whatever strtol makes of a leading zero */
        {"-7", NUMBER_OK, -7},
        {"+7", NUMBER_OK, 7},
        {"9223372036854775807", NUMBER_OK, INT64_MAX},
        {"-9223372036854775808", NUMBER_OK, INT64_MIN},
        {"9223372036854775808", NUMBER_HUGE, 0},
        {"", NUMBER_NONE, 0},
        {"-", NUMBER_NONE, 0},
        {"12abc", NUMBER_NONE, 0},
        {"0x10", NUMBER_NONE, 0},
        {"1e3", NUMBER_NONE, 0},
        {"1.0", NUMBER_NONE, 0},
        {" 1", NUMBER_NONE, 0},
        {"1 ", NUMBER_NONE, 0},
        {"+-1", NUMBER_NONE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = 42;
        if (number_int64(cases[i].text, &value) != cases[i].result) fail_msg("\"%s\"", cases[i].text);
        if (value != (cases[i].result == NUMBER_OK ? cases[i].value : 42)) fail_msg("\"%s\"", cases[i].text);
    }
}

static void test_unsigned(void **state)
{
    (void)state;
    uint64_t value = 42;
    assert_int_equal(number_uint64("18446744073709551616", &value), NUMBER_HUGE);
    assert_int_equal(number_uint64("-1", &value), NUMBER_NONE);
    assert_int_equal(number_uint64("+1", &value), NUMBER_NONE);
    assert_int_equal(number_uint64("", &value), NUMBER_NONE);
    assert_int_equal(value, 42);
    assert_int_equal(number_uint64("18446744073709551615", &value), NUMBER_OK);
    assert_true(value == UINT64_MAX);
}

static void test_reals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        number_status result;
        double value;
    } cases[] = {
        {"1", NUMBER_OK, 1},       {".5", NUMBER_OK, 0.5},
        {"5.", NUMBER_OK, 5},      {"-2.5e-3", NUMBER_OK, -0.0025},
        {"3E+2", NUMBER_OK, 300},  {"1e-8", NUMBER_OK, 1e-8},
        {"1e999", NUMBER_HUGE, 0}, {"", NUMBER_NONE, 0},
        {".", NUMBER_NONE, 0},     {"e5", NUMBER_NONE, 0},
        {"1e", NUMBER_NONE, 0},    {"1e+", NUMBER_NONE, 0},
        {"1,5", NUMBER_NONE, 0},   {"nan", NUMBER_NONE, 0},
        {"inf", NUMBER_NONE, 0},   {"0x1p3", NUMBER_NONE, 0},
        {"1.2.3", NUMBER_NONE, 0}, {"12abc", NUMBER_NONE, 0},
        {" 1", NUMBER_NONE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double value = 42;
        if (number_real(cases[i].text, &value) != cases[i].result) fail_msg("\"%s\"", cases[i].text);
        const double expected = cases[i].result == NUMBER_OK ? cases[i].value : 42;
        if (memcmp(&value, &expected, sizeof value) != 0) fail_msg("\"%s\" is %.17g", cases[i].text, value);
    }
}

static void expect_print(double value, const char *expected)
{
    char text[NUMBER_TEXT_SIZE];
    double back = 0;
    number_print(text, value);
    if (expected) assert_string_equal(text, expected);
    assert_int_equal(number_real(text, &back), NUMBER_OK);
    if (memcmp(&value, &back, sizeof value) != 0) fail_msg("%.17g became %s", value, text);
}

static void test_print(void **state)
{
    (void)state;
    expect_print(0.1, "0.1");
    expect_print(1e-4, "0.0001");
    expect_print(1024, "1024");
    expect_print(0.1807, "0.1807");
    expect_print(1.0 / 3, "0.3333333333333333");
    expect_print(DBL_MAX, NULL);
    expect_print(DBL_MIN, NULL);
    expect_print(5e-324, NULL);
    uint64_t bits = 1;
    for (int i = 0; i < 20000; i++) {
        double value = 0;
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value)) expect_print(value, NULL);
    }
}

static void test_locale(void **state)
{
    static const char *const names[] = {"de_DE.UTF-8", "ps_AF.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        tl_locale_set(names[i]);
        const struct lconv *before = localeconv();
        assert_string_not_equal(before->decimal_point, ".");
        test_reals(state);
        test_print(state);
        char *end = NULL;
        assert_true(number_scan("-2.5e1 x", &end) == -25.0);
        assert_string_equal(end, " x");
        assert_true(number_scan("2,5", &end) == 2.0);
        assert_string_not_equal(localeconv()->decimal_point, "."); /* it is left as it was */
        tl_locale_reset();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers), cmocka_unit_test(test_unsigned), cmocka_unit_test(test_reals),
        cmocka_unit_test(test_print),    cmocka_unit_test(test_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
