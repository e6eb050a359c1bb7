/* A linear layer: y = x . Wᵀ + b, with W stored [out, in] as SPEC 9 names it.
 *
 * x is [N, in], y is [N, out]; both, and their gradients, may be column blocks of wider matrices.
 */
#ifndef SAFSD_MODEL_LAYERS_LINEAR_H
#define SAFSD_MODEL_LAYERS_LINEAR_H

#include "model/glossary.h"

/* Its parameters: W, and b, which is optional (a value without a block). */
typedef struct nn_linear_slot {
    nn_slot weight, bias;
    size_t in, out;
    size_t unlearned; /* less than out: the first so many biases get no gradient, bias.gradient is that of the others */
} nn_linear_slot;

st_status nn_linear_forward(rt_context *rt, nn_matrix y, nn_matrix x, const nn_linear_slot *layer);

/* The gradients of W (dyᵀ . x) and b (column sums of dy) go to the slot. */
typedef struct nn_linear_gradient {
    nn_matrix dx;    /* [N, in] dy . W; without a block it is not computed */
    nn_matrix dy;    /* [N, out] */
    nn_matrix x;     /* [N, in]; for the gradient of W alone */
    rt_view scratch; /* nn_column_sums_scratch(N, out) elements, for that of b alone */
    float beta_dx;   /* 0: dx is overwritten; 1: added to */
    float beta;      /* the same for the gradients of W and b */
} nn_linear_gradient;

st_status nn_linear_backward(rt_context *rt, const nn_linear_slot *layer, const nn_linear_gradient *gradient);

/* Its two halves, in this order: dx, then the gradients of W and b, before which x need not exist. */
st_status nn_linear_backward_input(rt_context *rt, const nn_linear_slot *layer, const nn_linear_gradient *gradient);
st_status nn_linear_backward_parameters(rt_context *rt, const nn_linear_slot *layer,
                                        const nn_linear_gradient *gradient);

#endif
