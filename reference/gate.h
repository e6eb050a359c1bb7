/* The gate of an encoder in double; all matrices dense. z and dz are those of a learned gate. */
#ifndef SAFSD_REFERENCE_GATE_H
#define SAFSD_REFERENCE_GATE_H

#include <stddef.h>

#include "model/layers/gate.h"

/* y = g * x. */
void ref_gate_forward(double *y, const double *x, const double *z, nn_gate_kind kind, size_t elements);

/* Adds the gradient with respect to x to dx; writes dz. */
void ref_gate_backward(double *dx, double *dz, const double *dy, const double *x, const double *z, nn_gate_kind kind,
                       size_t elements);

#endif
