/* The gate at the end of an encoder (SPEC 4): y = g * x.
 *
 *     learned   g = sigmoid(z), z = x . Wgᵀ + bg computed by linear.h
 *     identity  g = sigmoid(x)
 *     off       g = 1
 *
 * x, z and their gradients are dense; y and dy may be column blocks of the concatenation that follows.
 */
#ifndef SAFSD_MODEL_LAYERS_GATE_H
#define SAFSD_MODEL_LAYERS_GATE_H

#include "model/glossary.h"

typedef enum nn_gate_kind { NN_GATE_LEARNED, NN_GATE_IDENTITY, NN_GATE_OFF } nn_gate_kind;

/* z is read where the gate is learned. */
st_status nn_gate_forward(rt_context *rt, nn_matrix y, rt_view x, rt_view z, nn_gate_kind kind);

/* dx = g * dy, plus x * g' * dy where the gate is the identity, + beta * dx (0: the old dx is not read). Where the gate
 * is learned, dz = x * g' * dy is written (it may be z): what goes through z is added to dx by linear.h. */
st_status nn_gate_backward(rt_context *rt, rt_view dx, rt_view dz, nn_matrix dy, rt_view x, rt_view z,
                           nn_gate_kind kind, float beta);

#endif
