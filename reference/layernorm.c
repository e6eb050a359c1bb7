#include "reference/layernorm.h"

#include <math.h>

static void moments(double *mean, double *rstd, const double *x, size_t columns)
{
    double sum = 0.0, squares = 0.0;
    for (size_t c = 0; c < columns; ++c) sum += x[c];
    *mean = sum / (double)columns;
    for (size_t c = 0; c < columns; ++c) squares += (x[c] - *mean) * (x[c] - *mean);
    *rstd = 1.0 / sqrt(squares / (double)columns + 1e-6);
}

void ref_layernorm_forward(double *y, double *mean, double *rstd, const double *x, const double *gain,
                           const double *bias, size_t rows, size_t columns)
{
    for (size_t r = 0; r < rows; ++r) {
        moments(&mean[r], &rstd[r], x + r * columns, columns);
        for (size_t c = 0; c < columns; ++c)
            y[r * columns + c] = (x[r * columns + c] - mean[r]) * rstd[r] * gain[c] + bias[c];
    }
}

/* The chain rule through x -> deviation -> variance -> rstd, without the shortcut that kernels take. */
static void backward_row(double *dx, const double *dy, const double *gain, const double *x, double mean, double rstd,
                         size_t columns)
{
    double drstd = 0.0, sum = 0.0;
    for (size_t c = 0; c < columns; ++c) drstd += dy[c] * gain[c] * (x[c] - mean);
    const double dvariance = drstd * -0.5 * rstd * rstd * rstd;
    for (size_t c = 0; c < columns; ++c) {
        const double ddeviation = dy[c] * gain[c] * rstd + dvariance * 2.0 * (x[c] - mean) / (double)columns;
        dx[c] += ddeviation;
        sum += ddeviation;
    }
    for (size_t c = 0; c < columns; ++c) dx[c] -= sum / (double)columns;
}

void ref_layernorm_backward(double *dx, double *dgain, double *dbias, const double *dy, const double *x,
                            const double *gain, size_t rows, size_t columns)
{
    for (size_t r = 0; r < rows; ++r, dx += columns, dy += columns, x += columns) {
        double mean = 0.0, rstd = 0.0;
        moments(&mean, &rstd, x, columns);
        for (size_t c = 0; c < columns; ++c) {
            dgain[c] += dy[c] * (x[c] - mean) * rstd;
            dbias[c] += dy[c];
        }
        backward_row(dx, dy, gain, x, mean, rstd, columns);
    }
}
