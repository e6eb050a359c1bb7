#include "tests/ref/gemm.h"

#include <math.h>

double ref_gemm_element(const ref_gemm *g, size_t row, size_t column, double *magnitude)
{
    double sum = 0.0;
    *magnitude = 0.0;
    for (size_t i = 0; i < g->k; ++i) {
        const double a = g->transpose_a ? g->a[i * g->lda + row] : g->a[row * g->lda + i];
        const double b = g->transpose_b ? g->b[column * g->ldb + i] : g->b[i * g->ldb + column];
        sum += a * b;
        *magnitude += fabs(a * b);
    }
    if (g->beta != 0.0) {
        const double old = g->beta * g->c[row * g->ldc + column];
        sum += old;
        *magnitude += fabs(old);
    }
    if (g->bias) {
        sum += g->bias[column];
        *magnitude += fabs((double)g->bias[column]);
    }
    return sum;
}
