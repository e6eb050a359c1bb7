/* GELU in its tanh form (docs/model.md 3) followed by dropout.
 *
 *     h = mask * scale * gelu(u)         du = mask * scale * gelu'(u) * dh
 *     gelu(u) = 0.5 u (1 + tanh(sqrt(2/pi) (u + 0.044715 u^3)))
 *
 * Flat arrays of `elements`; bit e of the mask belongs to element e.
 */
#ifndef SAFSD_MODEL_LAYERS_GELU_H
#define SAFSD_MODEL_LAYERS_GELU_H

#include "model/glossary.h"

typedef struct nn_gelu {
    size_t elements;
    nn_dropout_mask mask;
    rt_view u; /* saved: the input */
} nn_gelu;

typedef struct nn_gelu_gradient {
    rt_view du; /* overwritten; may be dh or u */
    rt_view h;  /* receives the recomputed output; optional */
} nn_gelu_gradient;

/* h may be u only if backward is never called. */
st_status nn_gelu_forward(rt_context *rt, rt_view h, const nn_gelu *layer, rt_view u);

st_status nn_gelu_backward(rt_context *rt, const nn_gelu_gradient *gradient, const nn_gelu *layer, rt_view dh);

#endif
