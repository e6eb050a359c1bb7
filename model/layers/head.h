/* The input of the fused classifier (SPEC 6): y = relu(drop(concat over m of [x0_m, xK_m])), [N, |M|*2G]. */
#ifndef SAFSD_MODEL_LAYERS_HEAD_H
#define SAFSD_MODEL_LAYERS_HEAD_H

#include "model/glossary.h"

typedef struct nn_head_sizes {
    size_t rows, modalities, graph; /* N, |M|, G */
} nn_head_sizes;

/* x0, xk [M, N, G]; bit r*|M|*2G + column of the mask (site head). */
st_status nn_head_forward(rt_context *rt, rt_view y, rt_view x0, rt_view xk, nn_head_sizes sizes, nn_dropout_mask mask);

/* Overwrites dx0 and dxk [M, N, G] from dy, with the y that forward wrote. */
st_status nn_head_backward(rt_context *rt, rt_view dx0, rt_view dxk, rt_view y, rt_view dy, nn_head_sizes sizes,
                           nn_dropout_mask mask);

#endif
