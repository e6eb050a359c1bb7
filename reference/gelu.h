/* GELU, tanh form, and the dropout behind it, in double; `kept` as in ref/dropout.h. */
#ifndef SAFSD_REFERENCE_GELU_H
#define SAFSD_REFERENCE_GELU_H

#include <stddef.h>

/* h = kept * scale * gelu(u). */
void ref_gelu_forward(double *h, const double *u, const double *kept, double scale, size_t elements);

/* du = kept * scale * gelu'(u) * dh. */
void ref_gelu_backward(double *du, const double *dh, const double *u, const double *kept, double scale,
                       size_t elements);

#endif
