/* A linear layer: y = x . Wᵀ + b, with W stored [out, in] as SPEC 9 names it.
 *
 * x is [N, in], y is [N, out]; both, and their gradients, may be column blocks of wider matrices.
 */
#ifndef SAFSD_MODEL_LINEAR_H
#define SAFSD_MODEL_LINEAR_H

#include "model/glossary.h"

/* `bias` is optional (a view without a block). */
st_status nn_linear_forward(rt_context *rt, nn_matrix y, nn_matrix x, rt_view weight, rt_view bias);

typedef struct nn_linear_gradient {
    nn_matrix dx;    /* [N, in] dy . W; without a block it is not computed */
    rt_view dweight; /* [out, in] dyᵀ . x; without a block it is not computed */
    rt_view dbias;   /* [out] column sums of dy; without a block it is not computed */
    rt_view scratch; /* nn_column_sums_scratch(N, out) elements, for dbias alone */
    nn_matrix dy;    /* [N, out] */
    nn_matrix x;     /* [N, in]; for dweight alone */
    rt_view weight;  /* [out, in]; for dx alone */
    float beta_dx;   /* 0: dx is overwritten; 1: added to */
    float beta;      /* the same for dweight and dbias */
} nn_linear_gradient;

st_status nn_linear_backward(rt_context *rt, const nn_linear_gradient *gradient);

#endif
