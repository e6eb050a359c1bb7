/* An attribute for functions that take a printf format: compilers check their arguments. */
#ifndef SAFSD_BASE_FORMAT_H
#define SAFSD_BASE_FORMAT_H

#include <stdarg.h> /* va_list, which such functions also take */

/* After a declaration: the index of the format, and of the first argument that it prints, or 0 for a va_list. */
#if defined(__GNUC__)
#define ST_PRINTF(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#else
#define ST_PRINTF(format_index, first_index)
#endif

#endif
