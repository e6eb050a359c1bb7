/* Dropout with a mask drawn in advance (dropout_mask.h), and the residual addition that often follows it.
 *
 *     y = mask * scale * x + residual            dx = mask * scale * dy
 *
 * Flat arrays of `elements`; bit e belongs to element e. The residual is optional (a view without a block); its
 * gradient is dy. A mask without bits only multiplies by its scale.
 */
#ifndef SAFSD_MODEL_LAYERS_DROPOUT_H
#define SAFSD_MODEL_LAYERS_DROPOUT_H

#include "model/glossary.h"

typedef struct nn_dropout {
    size_t elements;
    nn_dropout_mask mask;
    rt_view residual;
} nn_dropout;

typedef struct nn_dropout_gradient {
    rt_view dx; /* may be dy */
    float beta;
} nn_dropout_gradient;

/* y may be x or the residual. */
st_status nn_dropout_forward(rt_context *rt, rt_view y, const nn_dropout *layer, rt_view x);

st_status nn_dropout_backward(rt_context *rt, const nn_dropout_gradient *gradient, const nn_dropout *layer, rt_view dy);

#endif
