/* data/value: the text, the number and the description of what a pickle holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "data/value.h"

#define BYTES(literal) (literal), sizeof(literal) - 1

static ds_value text_value(ds_kind kind, const char *bytes, size_t size)
{
    ds_value value = {.kind = kind};
    value.as.string.bytes = (const unsigned char *)bytes;
    value.as.string.size = size;
    return value;
}

static void expect_text(ds_kind kind, const char *bytes, size_t size, const char *expected)
{
    char text[64];
    const ds_value value = text_value(kind, bytes, size);
    assert_int_equal(ds_value_text(&value, text, sizeof text), strlen(expected));
    assert_string_equal(text, expected);
}

static void test_text(void **state)
{
    (void)state;
    expect_text(DS_BYTES, BYTES("a\xe9\x92\0z"), "a\xc3\xa9\xc2\x92\xef\xbf\xbdz");
    expect_text(DS_TEXT, BYTES("a\xc3\xa9\xe2\x98\x83\xf0\x9f\x98\x80"), "a\xc3\xa9\xe2\x98\x83\xf0\x9f\x98\x80");
    expect_text(DS_TEXT, BYTES("\xed\xa0\xbd"), "\xef\xbf\xbd"); /* a lone surrogate */
    expect_text(DS_TEXT,
                BYTES("\xc0\x80\xff"
                      "a\xe2\x98"),
                "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                "a\xef\xbf\xbd\xef\xbf\xbd");
    expect_text(DS_WIDE_TEXT, BYTES("M\0\0\0\x03\x26\0\0\0\0\0\0"), "M\xe2\x98\x83");
    char text[8];
    const ds_value number = {.kind = DS_INT, .as.integer = -12};
    assert_int_equal(ds_value_text(&number, text, sizeof text), 3);
    assert_string_equal(text, "-12");
    const ds_value none = {.kind = DS_NONE};
    assert_true(ds_value_text(&none, text, sizeof text) == SIZE_MAX);
    /* A character that does not fit is left out whole, and so is what follows it. */
    const ds_value long_text = text_value(DS_TEXT, BYTES("abcdef\xe2\x98\x83xyz"));
    assert_int_equal(ds_value_text(&long_text, text, sizeof text), 12);
    assert_string_equal(text, "abcdef");
    assert_int_equal(ds_value_text(&long_text, NULL, 0), 12);
}

static void test_numbers(void **state)
{
    (void)state;
    int64_t integer = 0;
    double real = 0.0;
    ds_value value = {.kind = DS_FLOAT, .as.real = 3.0};
    assert_true(ds_value_integer(&value, &integer) && integer == 3);
    value.as.real = 3.5;
    assert_false(ds_value_integer(&value, &integer));
    assert_true(ds_value_real(&value, &real) && real == 3.5);
    value.as.real = NAN;
    assert_false(ds_value_integer(&value, &integer));
    value = (ds_value){.kind = DS_TEXT};
    assert_false(ds_value_integer(&value, &integer));
    assert_false(ds_value_real(&value, &real));
    ds_array array = {
        .type = 'u', .width = 2, .big_endian = true, .elements = 1, .data = (const unsigned char *)"\x01\x02"};
    value = (ds_value){.kind = DS_ARRAY, .as.array = &array};
    assert_true(ds_value_integer(&value, &integer) && integer == 258);
    array.elements = 2;
    assert_false(ds_value_integer(&value, &integer));
}

static void test_describe(void **state)
{
    (void)state;
    char text[128];
    ds_array array = {.type = 'f', .width = 4, .rank = 2, .shape = {14, 100}};
    ds_value value = {.kind = DS_ARRAY, .as.array = &array};
    assert_string_equal(ds_value_describe(&value, text, sizeof text), "an array of 14 x 100 float32");
    array = (ds_array){.type = 'i', .width = 8, .big_endian = true};
    assert_string_equal(ds_value_describe(&value, text, sizeof text), "an array of one big-endian int64");
    value = (ds_value){.kind = DS_DICT, .as.list.count = 4};
    assert_string_equal(ds_value_describe(&value, text, sizeof text), "a dict of 2");
    value = text_value(DS_TEXT, BYTES("a\nb"));
    assert_string_equal(ds_value_describe(&value, text, sizeof text), "'a b'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_numbers),
                                       cmocka_unit_test(test_describe)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
