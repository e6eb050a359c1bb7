/* Addition in double. */
#ifndef SAFSD_REFERENCE_ADD_H
#define SAFSD_REFERENCE_ADD_H

#include <stddef.h>

/* z = x + y. */
void ref_add(double *z, const double *x, const double *y, size_t elements);

#endif
