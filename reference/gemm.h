/* C = op(A) . op(B) + beta * C + bias in double, one element at a time; matrices as in runtime/gemm.h. */
#ifndef SAFSD_REFERENCE_GEMM_H
#define SAFSD_REFERENCE_GEMM_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ref_gemm {
    bool transpose_a, transpose_b;
    size_t m, n, k;
    const float *a, *b, *c;
    size_t lda, ldb, ldc;
    double beta;       /* 0: c is not read */
    const float *bias; /* NULL: none */
} ref_gemm;

/* Element (row, column) of the new C. `magnitude` gets the sum of the absolute values of all that is added: rounding
 * errors are in proportion to it. */
double ref_gemm_element(const ref_gemm *g, size_t row, size_t column, double *magnitude);
/* The sum over k of a row of op(A), to which `old` times beta is added. */
double ref_gemm_row_sum(const ref_gemm *g, size_t row, double old, double *magnitude);

#endif
