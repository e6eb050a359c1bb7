/* Numbers as text, strictly: the whole text is the number, decimal, with a point whatever the locale says. */
#ifndef SAFSD_BASE_NUMBER_H
#define SAFSD_BASE_NUMBER_H

#include <stdint.h>

typedef enum cfg_number {
    CFG_NUMBER_OK,
    CFG_NUMBER_NONE, /* the text is not a number of this kind; the value is untouched */
    CFG_NUMBER_HUGE  /* a number that the type cannot hold; the value is untouched */
} cfg_number;

/* [+-]digits; no hexadecimal, no octal, no blanks. */
cfg_number cfg_number_int64(const char *text, int64_t *value);

/* digits */
cfg_number cfg_number_uint64(const char *text, uint64_t *value);

/* [+-]digits[.digits][e[+-]digits], where one side of the point may be empty; no infinity, no NaN. */
cfg_number cfg_number_real(const char *text, double *value);

enum { CFG_NUMBER_TEXT = 32 };

/* The shortest text that reads back as the same double. */
void cfg_number_print(char text[CFG_NUMBER_TEXT], double value);

#endif
