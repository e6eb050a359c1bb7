/* Strict reading and printing of decimal numbers: the number is the whole text, with a decimal point under every
 * locale. */
#ifndef SAFSD_BASE_NUMBER_H
#define SAFSD_BASE_NUMBER_H

#include <stdint.h>

typedef enum number_status {
    NUMBER_OK,
    NUMBER_NONE, /* not a number of this kind; the value is unchanged */
    NUMBER_HUGE  /* outside the range of the type; the value is unchanged */
} number_status;

/* [+-]digits. No hexadecimal or octal numbers, no blanks. */
number_status number_int64(const char *text, int64_t *value);

/* digits */
number_status number_uint64(const char *text, uint64_t *value);

/* [+-]digits[.digits][e[+-]digits]. One side of the point may be empty. No infinity, no NaN. */
number_status number_real(const char *text, double *value);

/* As strtod under the locale "C": leading blanks, hexadecimal numbers, infinities and NaN are accepted. `end` may be
 * NULL. Sets errno to ERANGE or leaves it unchanged. */
double number_scan(const char *text, char **end);

enum { NUMBER_TEXT_SIZE = 32 };

/* The shortest text that is read back as the same double. */
void number_print(char text[NUMBER_TEXT_SIZE], double value);

#endif
