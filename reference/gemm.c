#include "reference/gemm.h"

#include <math.h>

static double element_of_a(const ref_gemm *g, size_t row, size_t i)
{
    return g->transpose_a ? g->a[i * g->lda + row] : g->a[row * g->lda + i];
}

double ref_gemm_element(const ref_gemm *g, size_t row, size_t column, double *magnitude)
{
    double sum = 0.0;
    *magnitude = 0.0;
    for (size_t i = 0; i < g->k; ++i) {
        const double a = element_of_a(g, row, i);
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

double ref_gemm_row_sum(const ref_gemm *g, size_t row, double old, double *magnitude)
{
    double sum = g->beta != 0.0 ? g->beta * old : 0.0;
    *magnitude = fabs(sum);
    for (size_t i = 0; i < g->k; ++i) {
        sum += element_of_a(g, row, i);
        *magnitude += fabs(element_of_a(g, row, i));
    }
    return sum;
}
