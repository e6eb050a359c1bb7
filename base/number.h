/* Numbers as text, strictly: the whole text is the number, decimal, with a point whatever the locale says. */
#ifndef SAFSD_BASE_NUMBER_H
#define SAFSD_BASE_NUMBER_H

#include <stdint.h>

typedef enum number_status {
    NUMBER_OK,
    NUMBER_NONE, /* the text is not a number of this kind; the value is untouched */
    NUMBER_HUGE  /* a number that the type cannot hold; the value is untouched */
} number_status;

/* [+-]digits; no hexadecimal, no octal, no blanks. */
number_status number_int64(const char *text, int64_t *value);

/* digits */
number_status number_uint64(const char *text, uint64_t *value);

/* [+-]digits[.digits][e[+-]digits], where one side of the point may be empty; no infinity, no NaN. */
number_status number_real(const char *text, double *value);

/* As strtod, with a point: what C calls a number, blanks before it, hexadecimals, infinities and NaN too. `end` may be
 * NULL. errno stays as it is but for ERANGE. */
double number_scan(const char *text, char **end);

enum { NUMBER_TEXT_SIZE = 32 };

/* The shortest text that reads back as the same double. */
void number_print(char text[NUMBER_TEXT_SIZE], double value);

#endif
