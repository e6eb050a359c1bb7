#include "reference/dropout.h"

void ref_dropout_forward(double *y, const double *x, const double *residual, const double *kept, double scale,
                         size_t elements)
{
    for (size_t i = 0; i < elements; ++i) y[i] = (kept ? kept[i] : 1.0) * scale * x[i] + (residual ? residual[i] : 0.0);
}

void ref_dropout_backward(double *dx, const double *dy, const double *kept, double scale, size_t elements, double beta)
{
    for (size_t i = 0; i < elements; ++i)
        dx[i] = (kept ? kept[i] : 1.0) * scale * dy[i] + (beta != 0.0 ? beta * dx[i] : 0.0);
}
