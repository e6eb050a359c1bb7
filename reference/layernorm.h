/* Layer normalisation of rows in double. */
#ifndef SAFSD_REFERENCE_LAYERNORM_H
#define SAFSD_REFERENCE_LAYERNORM_H

#include <stddef.h>

/* Writes y [rows, columns], mean and rstd [rows]. */
void ref_layernorm_forward(double *y, double *mean, double *rstd, const double *x, const double *gain,
                           const double *bias, size_t rows, size_t columns);

/* Adds to dx [rows, columns], dgain and dbias [columns]. */
void ref_layernorm_backward(double *dx, double *dgain, double *dbias, const double *dy, const double *x,
                            const double *gain, size_t rows, size_t columns);

#endif
