/* Layer normalisation of the rows of x [N, columns], eps 1e-6 (docs/model.md 3).
 *
 *     mean, variance of the row (population);  rstd = 1 / sqrt(variance + eps);  y = (x - mean) * rstd * gain + bias
 */
#ifndef SAFSD_MODEL_LAYERS_LAYERNORM_H
#define SAFSD_MODEL_LAYERS_LAYERNORM_H

#include "model/glossary.h"

typedef struct nn_layernorm {
    size_t rows, columns;
    rt_view gain, bias; /* [columns] */
    rt_view x;          /* saved: the input */
    rt_view mean, rstd; /* saved, [rows] */
    rt_view scratch;    /* nn_layernorm_scratch elements, for backward */
} nn_layernorm;

typedef struct nn_layernorm_gradient {
    rt_view dx;           /* may be dy if beta_dx is 0 */
    rt_view y;            /* receives the recomputed output; optional */
    rt_view dgain, dbias; /* [columns] */
    float beta_dx, beta;  /* of dx; of dgain and dbias */
} nn_layernorm_gradient;

size_t nn_layernorm_scratch(size_t rows, size_t columns);

/* y [rows, columns] may be x only if backward is never called. */
st_status nn_layernorm_forward(rt_context *rt, rt_view y, const nn_layernorm *layer, rt_view x);

st_status nn_layernorm_backward(rt_context *rt, const nn_layernorm_gradient *gradient, const nn_layernorm *layer,
                                rt_view dy);

#endif
