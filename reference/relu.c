#include "reference/relu.h"

void ref_relu_forward(double *y, const double *x, const double *kept, double scale, size_t elements)
{
    for (size_t i = 0; i < elements; ++i) {
        const double open = x[i] > 0.0 ? x[i] : 0.0;
        y[i] = (kept ? kept[i] : 1.0) * scale * open;
    }
}

void ref_relu_backward(double *dx, const double *dy, const double *x, const double *kept, double scale, size_t elements,
                       double beta)
{
    for (size_t i = 0; i < elements; ++i) {
        const double slope = x[i] > 0.0 ? (kept ? kept[i] : 1.0) * scale : 0.0;
        dx[i] = (beta != 0.0 ? beta * dx[i] : 0.0) + slope * dy[i];
    }
}

/* Where column c of modality m's half (0: x0, 1: xk) of row n lies in y, and in x0 or xk. */
static size_t joined(ref_head size, size_t n, size_t m, size_t half, size_t c)
{
    return n * size.modalities * 2 * size.graph + m * 2 * size.graph + half * size.graph + c;
}

static size_t separate(ref_head size, size_t n, size_t m, size_t c)
{
    return (m * size.rows + n) * size.graph + c;
}

void ref_head_forward(double *y, const double *x0, const double *xk, const double *kept, double scale, ref_head size)
{
    for (size_t n = 0; n < size.rows; ++n)
        for (size_t m = 0; m < size.modalities; ++m)
            for (size_t half = 0; half < 2; ++half)
                for (size_t c = 0; c < size.graph; ++c) {
                    const size_t at = joined(size, n, m, half, c);
                    ref_relu_forward(y + at, (half ? xk : x0) + separate(size, n, m, c), kept ? kept + at : NULL, scale,
                                     1);
                }
}

void ref_head_backward(double *dx0, double *dxk, const double *dy, const double *x0, const double *xk,
                       const double *kept, double scale, ref_head size)
{
    for (size_t n = 0; n < size.rows; ++n)
        for (size_t m = 0; m < size.modalities; ++m)
            for (size_t half = 0; half < 2; ++half)
                for (size_t c = 0; c < size.graph; ++c) {
                    const size_t from = joined(size, n, m, half, c), to = separate(size, n, m, c);
                    ref_relu_backward((half ? dxk : dx0) + to, dy + from, (half ? xk : x0) + to,
                                      kept ? kept + from : NULL, scale, 1, 0.0);
                }
}
