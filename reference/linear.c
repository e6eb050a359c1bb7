#include "reference/linear.h"

void ref_linear_forward(double *y, const double *x, const double *weight, const double *bias, ref_linear size)
{
    for (size_t r = 0; r < size.rows; ++r)
        for (size_t o = 0; o < size.out; ++o) {
            double sum = bias ? bias[o] : 0.0;
            for (size_t i = 0; i < size.in; ++i) sum += x[r * size.in + i] * weight[o * size.in + i];
            y[r * size.out + o] = sum;
        }
}

void ref_linear_backward(double *dx, double *dweight, double *dbias, const double *dy, const double *x,
                         const double *weight, ref_linear size)
{
    for (size_t r = 0; r < size.rows; ++r)
        for (size_t o = 0; o < size.out; ++o) {
            const double g = dy[r * size.out + o];
            dbias[o] += g;
            for (size_t i = 0; i < size.in; ++i) {
                dx[r * size.in + i] += g * weight[o * size.in + i];
                dweight[o * size.in + i] += g * x[r * size.in + i];
            }
        }
}
