/* Rectifier with dropout behind it, as the students use it (SPEC 4). Flat arrays of n elements. */
#ifndef SAFSD_MODEL_LAYERS_RELU_H
#define SAFSD_MODEL_LAYERS_RELU_H

#include "model/glossary.h"

/* y = keep * scale * max(x, 0). */
st_status nn_relu_forward(rt_context *rt, rt_view y, rt_view x, size_t n, nn_dropout_mask mask);

/* dx = beta * dx + (y > 0 ? scale * dy : 0), with the y that forward wrote. dx may be dy. */
st_status nn_relu_backward(rt_context *rt, rt_view dx, rt_view y, rt_view dy, size_t n, nn_dropout_mask mask,
                           float beta);

#endif
