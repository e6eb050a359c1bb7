#include "base/text.h"

/* glibc returns a constant object for "C": newlocale neither allocates nor fails. Elsewhere a failure leaves the locale
 * unchanged. */
locale_t text_enter_c_locale(void)
{
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return uselocale(plain);
}

void text_leave_c_locale(locale_t previous)
{
    const locale_t plain = uselocale(previous);
    if (plain != previous && plain != LC_GLOBAL_LOCALE) freelocale(plain);
}

int text_vformat(char *text, size_t size, const char *format, va_list arguments)
{
    const locale_t previous = text_enter_c_locale();
    const int length = vsnprintf(text, size, format, arguments);
    text_leave_c_locale(previous);
    return length;
}

int text_format(char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = text_vformat(text, size, format, arguments);
    va_end(arguments);
    return length;
}

int text_print(FILE *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const locale_t previous = text_enter_c_locale();
    const int length = vfprintf(out, format, arguments);
    text_leave_c_locale(previous);
    va_end(arguments);
    return length;
}

bool text_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool text_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool text_is_alphanumeric(char c)
{
    const char small = text_lower(c);
    return text_is_digit(c) || (small >= 'a' && small <= 'z');
}

char text_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_same_word(const char *a, const char *b)
{
    for (; *a && text_lower(*a) == text_lower(*b); ++a) ++b;
    return *a == '\0' && *b == '\0';
}
