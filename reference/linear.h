/* A linear layer in double, W [out, in]; all matrices dense. */
#ifndef SAFSD_REFERENCE_LINEAR_H
#define SAFSD_REFERENCE_LINEAR_H

#include <stddef.h>

typedef struct ref_linear {
    size_t rows, in, out;
} ref_linear;

/* y = x . Wᵀ + bias (NULL: none). */
void ref_linear_forward(double *y, const double *x, const double *weight, const double *bias, ref_linear size);

/* Adds to dx, dweight and dbias. */
void ref_linear_backward(double *dx, double *dweight, double *dbias, const double *dy, const double *x,
                         const double *weight, ref_linear size);

#endif
