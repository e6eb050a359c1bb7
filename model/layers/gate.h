/* The gate at the end of an encoder (docs/model.md 4): y = g * x.
 *
 *     learned   g = sigmoid(z), z = x . Wgᵀ + bg computed by linear.h
 *     identity  g = sigmoid(x)
 *     off       g = 1
 *
 * x, z and their gradients are dense; y and dy may be columns of the concatenation that follows.
 */
#ifndef SAFSD_MODEL_LAYERS_GATE_H
#define SAFSD_MODEL_LAYERS_GATE_H

#include "model/glossary.h"

typedef enum nn_gate_kind { NN_GATE_LEARNED, NN_GATE_IDENTITY, NN_GATE_OFF } nn_gate_kind;

typedef struct nn_gate {
    nn_gate_kind kind;
    rt_view x, z; /* saved: the inputs */
} nn_gate;

typedef struct nn_gate_gradient {
    rt_view dx; /* without the gradient through z, which linear.h adds */
    rt_view dz; /* overwritten if the gate is learned; may be z */
    float beta; /* of dx */
} nn_gate_gradient;

/* z is read only if the gate is learned. */
st_status nn_gate_forward(rt_context *rt, nn_matrix y, const nn_gate *layer, rt_view x, rt_view z);

/* dx = g * dy, plus x * g' * dy if the gate is the identity; dz = x * g' * dy. */
st_status nn_gate_backward(rt_context *rt, const nn_gate_gradient *gradient, const nn_gate *layer, nn_matrix dy);

#endif
