/* Functions that take a format as printf does: compilers check their arguments. */
#ifndef SAFSD_BASE_FORMAT_H
#define SAFSD_BASE_FORMAT_H

#include <stdarg.h> /* va_list, which such functions also take */

/* Behind a declaration: which argument is the format, and which the first that it prints; 0: a va_list follows. */
#if defined(__GNUC__)
#define ST_PRINTF(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#else
#define ST_PRINTF(format_index, first_index)
#endif

#endif
