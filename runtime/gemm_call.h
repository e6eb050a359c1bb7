/* One matrix product.
 *
 *     C[m, n] = op(A)[m, k] . op(B)[k, n] + beta * C + bias[n]        row-major, float32
 *     sums[m - sums_from] = sums over k of op(A)[sums_from .., k] + beta * sums
 *
 * op(X) is X or its transpose; ld* is the distance in elements between rows of the stored matrix. The matrices are
 * views of any alignment into larger buffers; no element outside them is read or written, and C overlaps neither A nor
 * B. beta is any number; with 0 the old C is not read. The bias is optional (a view without a block). The sums are
 * optional too: they are the gradient of a bias, which some providers compute together with that of the weights. They
 * overlap no other operand.
 */
#ifndef SAFSD_RUNTIME_GEMM_CALL_H
#define SAFSD_RUNTIME_GEMM_CALL_H

#include <stdbool.h>

#include "runtime/buffer.h"

typedef struct rt_gemm_call {
    bool transpose_a, transpose_b;
    size_t m, n, k;
    rt_view a, b, c;
    size_t lda, ldb, ldc;
    float beta;
    rt_view bias;
    rt_view sums;     /* only if rt_gemm_gives_sums */
    size_t sums_from; /* the first row of op(A) that has a sum */
} rt_gemm_call;

#endif
