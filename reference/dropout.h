/* Dropout in double; `kept` holds 0 or 1 per element, or is NULL where nothing is masked. */
#ifndef SAFSD_REFERENCE_DROPOUT_H
#define SAFSD_REFERENCE_DROPOUT_H

#include <stddef.h>

/* y = kept * scale * x + residual (NULL: none). */
void ref_dropout_forward(double *y, const double *x, const double *residual, const double *kept, double scale,
                         size_t elements);

/* dx = kept * scale * dy + beta * dx. */
void ref_dropout_backward(double *dx, const double *dy, const double *kept, double scale, size_t elements, double beta);

#endif
