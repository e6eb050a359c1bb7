/* Rectifier with dropout behind it, and the classifier's input made of it (docs/model.md 6), in double. `kept` holds 0
 * or 1, NULL: nothing is dropped. */
#ifndef SAFSD_REFERENCE_RELU_H
#define SAFSD_REFERENCE_RELU_H

#include <stddef.h>

/* y = kept * scale * max(x, 0). */
void ref_relu_forward(double *y, const double *x, const double *kept, double scale, size_t elements);

/* dx = beta * dx + the gradient. */
void ref_relu_backward(double *dx, const double *dy, const double *x, const double *kept, double scale, size_t elements,
                       double beta);

typedef struct ref_head {
    size_t rows, modalities, graph;
} ref_head;

/* y [N, M*2G]: row n is relu(drop([x0_m[n], xk_m[n]])) for every m, side by side; x0 and xk [M, N, G], kept as y. */
void ref_head_forward(double *y, const double *x0, const double *xk, const double *kept, double scale, ref_head size);

/* Writes dx0 and dxk. */
void ref_head_backward(double *dx0, double *dxk, const double *dy, const double *x0, const double *xk,
                       const double *kept, double scale, ref_head size);

#endif
