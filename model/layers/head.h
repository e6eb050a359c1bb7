/* The input of the fused classifier (docs/model.md 6): y = relu(drop(concat over m of [x0_m, xK_m])), [N, |M|*2G]. */
#ifndef SAFSD_MODEL_LAYERS_HEAD_H
#define SAFSD_MODEL_LAYERS_HEAD_H

#include "model/glossary.h"

typedef struct nn_head {
    size_t rows, modalities, graph; /* N, |M|, G */
    nn_dropout_mask mask;           /* site head: bit r*|M|*2G + column */
    rt_view y;                      /* saved: the output */
} nn_head;

typedef struct nn_head_gradient {
    rt_view dx0, dxk; /* [M, N, G], overwritten */
} nn_head_gradient;

/* x0, xk [M, N, G]. */
st_status nn_head_forward(rt_context *rt, rt_view y, const nn_head *layer, rt_view x0, rt_view xk);

st_status nn_head_backward(rt_context *rt, const nn_head_gradient *gradient, const nn_head *layer, rt_view dy);

#endif
