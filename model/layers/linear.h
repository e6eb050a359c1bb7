/* A linear layer: y = x . Wᵀ + b, with W stored as [out, in] (docs/model.md 9).
 *
 * x is [N, in], y is [N, out]; both, and their gradients, may be columns of wider matrices.
 */
#ifndef SAFSD_MODEL_LAYERS_LINEAR_H
#define SAFSD_MODEL_LAYERS_LINEAR_H

#include "model/glossary.h"

typedef struct nn_linear {
    rt_view weight, bias; /* [out, in]; [out], optional */
    nn_matrix x;          /* saved: the input, only for dweight */
    rt_view scratch;      /* nn_column_sums_scratch(N, out) elements, only for dbias */
} nn_linear;

/* A gradient without a block is not computed. */
typedef struct nn_linear_gradient {
    nn_matrix dx;           /* [N, in] dy . W */
    rt_view dweight, dbias; /* [out, in] dyᵀ . x; column sums of dy */
    size_t dbias_from;      /* dbias begins with this bias; those before it have no gradient */
    float beta_dx, beta;    /* of dx; of dweight and dbias */
} nn_linear_gradient;

st_status nn_linear_forward(rt_context *rt, nn_matrix y, const nn_linear *layer, nn_matrix x);

st_status nn_linear_backward(rt_context *rt, const nn_linear_gradient *gradient, const nn_linear *layer, nn_matrix dy);

/* The two halves of backward, in this order: dx, then the gradients of the weights. Only the second reads x. */
st_status nn_linear_backward_input(rt_context *rt, const nn_linear_gradient *gradient, const nn_linear *layer,
                                   nn_matrix dy);
st_status nn_linear_backward_weights(rt_context *rt, const nn_linear_gradient *gradient, const nn_linear *layer,
                                     nn_matrix dy);

#endif
