#include "base/number.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char *skip_sign(const char *text)
{
    return *text == '+' || *text == '-' ? text + 1 : text;
}

static const char *skip_digits(const char *text)
{
    return text + strspn(text, "0123456789");
}

number_status number_int64(const char *text, int64_t *value)
{
    const char *digits = skip_sign(text);
    const char *end = skip_digits(digits);
    if (end == digits || *end) return NUMBER_NONE;
    errno = 0;
    const long long read = strtoll(text, NULL, 10);
    if (errno == ERANGE) return NUMBER_HUGE;
    *value = read;
    return NUMBER_OK;
}

number_status number_uint64(const char *text, uint64_t *value)
{
    const char *end = skip_digits(text);
    if (end == text || *end) return NUMBER_NONE;
    errno = 0;
    const unsigned long long read = strtoull(text, NULL, 10);
    if (errno == ERANGE) return NUMBER_HUGE;
    *value = read;
    return NUMBER_OK;
}

static bool is_real(const char *text)
{
    const char *whole = skip_sign(text);
    const char *end = skip_digits(whole);
    size_t digits = (size_t)(end - whole);
    if (*end == '.') {
        const char *fraction = end + 1;
        end = skip_digits(fraction);
        digits += (size_t)(end - fraction);
    }
    if (digits == 0) return false;
    if (*end == 'e' || *end == 'E') {
        const char *exponent = skip_sign(end + 1);
        end = skip_digits(exponent);
        if (end == exponent) return false;
    }
    return *end == '\0';
}

double number_scan(const char *text, char **end)
{
    const locale_t previous = text_enter_c_locale();
    const double value = strtod(text, end);
    text_leave_c_locale(previous);
    return value;
}

number_status number_real(const char *text, double *value)
{
    if (!is_real(text)) return NUMBER_NONE;
    const double read = number_scan(text, NULL);
    if (isinf(read)) return NUMBER_HUGE;
    *value = read;
    return NUMBER_OK;
}

void number_print(char text[NUMBER_TEXT_SIZE], double value)
{
    const locale_t previous = text_enter_c_locale();
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, NUMBER_TEXT_SIZE, "%.*g", digits, value);
        const double back = strtod(text, NULL);
        if (!(back < value) && !(back > value)) break;
    }
    text_leave_c_locale(previous);
}
