/* Dropout with bits drawn beforehand (dropout_mask.h), and the residual sum that often follows it.
 *
 *     y  = mask * scale * x + residual            dx = mask * scale * dy + beta * dx
 *
 * Flat arrays of `elements`; bit e belongs to element e. The residual is optional (a view without a block); its
 * gradient is dy. A mask without bits multiplies by its scale alone.
 */
#ifndef SAFSD_MODEL_LAYERS_DROPOUT_H
#define SAFSD_MODEL_LAYERS_DROPOUT_H

#include "model/glossary.h"

/* y may be x or the residual. */
st_status nn_dropout_forward(rt_context *rt, rt_view y, rt_view x, rt_view residual, nn_dropout_mask mask,
                             size_t elements);

/* dx may be dy. beta 0: dx is overwritten, its old values are not read; 1: added to. */
st_status nn_dropout_backward(rt_context *rt, rt_view dx, rt_view dy, nn_dropout_mask mask, size_t elements,
                              float beta);

#endif
