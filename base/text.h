/* Text that is the same under every locale: numbers have a decimal point, and only ASCII letters have a case.
 *
 * A program may run under any locale, and a library that it loads may set one. printf, strtod and the functions of
 * <ctype.h> depend on it; files and messages must not. Outside base/ the functions of this header replace them; a check
 * of the sources forbids the others.
 */
#ifndef SAFSD_BASE_TEXT_H
#define SAFSD_BASE_TEXT_H

#include <locale.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/format.h"

/* As fprintf, snprintf and vsnprintf, under the locale "C". */
int text_print(FILE *out, const char *format, ...) ST_PRINTF(2, 3);
int text_format(char *text, size_t size, const char *format, ...) ST_PRINTF(3, 4);
int text_vformat(char *text, size_t size, const char *format, va_list arguments);

/* Space, tab, line feed, carriage return, form feed or vertical tab. */
bool text_is_space(char c);
bool text_is_digit(char c);
bool text_is_alphanumeric(char c);

/* The lower case of an ASCII letter; other characters are unchanged. */
char text_lower(char c);

/* Whether two words are equal, ignoring the case of ASCII letters. */
bool text_same_word(const char *a, const char *b);

/* Sets the locale of the calling thread to "C" and restores it, around calls into libraries that depend on the locale.
 * Nothing in between may depend on the user's locale. */
locale_t text_enter_c_locale(void);
void text_leave_c_locale(locale_t previous);

#endif
