/* ReLU followed by dropout, for the students (docs/model.md 4). Flat arrays of `elements`.
 *
 *     y = mask * scale * max(x, 0)            dx = scale * dy where y > 0, else 0
 */
#ifndef SAFSD_MODEL_LAYERS_RELU_H
#define SAFSD_MODEL_LAYERS_RELU_H

#include "model/glossary.h"

typedef struct nn_relu {
    size_t elements;
    nn_dropout_mask mask;
    rt_view y; /* saved: the output */
} nn_relu;

typedef struct nn_relu_gradient {
    rt_view dx; /* may be dy */
    float beta;
} nn_relu_gradient;

st_status nn_relu_forward(rt_context *rt, rt_view y, const nn_relu *layer, rt_view x);

st_status nn_relu_backward(rt_context *rt, const nn_relu_gradient *gradient, const nn_relu *layer, rt_view dy);

#endif
