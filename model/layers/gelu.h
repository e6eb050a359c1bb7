/* GELU in its tanh form (SPEC 3) followed by dropout.
 *
 *     h = mask * scale * gelu(u)         du = mask * scale * gelu'(u) * dh
 *     gelu(u) = 0.5 u (1 + tanh(sqrt(2/pi) (u + 0.044715 u^3)))
 *
 * Flat arrays of `elements`; bit e of the mask belongs to element e.
 */
#ifndef SAFSD_MODEL_LAYERS_GELU_H
#define SAFSD_MODEL_LAYERS_GELU_H

#include "model/glossary.h"

/* h may be u only where backward is never called. */
st_status nn_gelu_forward(rt_context *rt, rt_view h, rt_view u, nn_dropout_mask mask, size_t elements);

/* Overwrites du, which may be dh or u, and gives h again unless it has no block. */
st_status nn_gelu_backward(rt_context *rt, rt_view du, rt_view h, rt_view dh, rt_view u, nn_dropout_mask mask,
                           size_t elements);

#endif
