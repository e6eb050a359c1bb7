/* Adam and AdamW over all parameters at once (docs/model.md 8), with clipping by the global norm. The device checks
 * that the gradient is finite: otherwise the step changes no parameter, no moment and not the number of updates. */
#ifndef SAFSD_MODEL_NETWORK_OPTIMIZER_H
#define SAFSD_MODEL_NETWORK_OPTIMIZER_H

#include "model/network/params.h"

typedef struct nn_adam {
    double beta1, beta2, eps, weight_decay;
    bool decoupled; /* AdamW: decay is applied to the parameter; else it is added to the gradient */
    double clip;    /* largest global norm of the gradient; 0: no clipping */
} nn_adam;

/* The outcome of a step on the device, read back by the host. */
typedef struct nn_step_outcome {
    float norm;       /* global norm of the gradient before clipping */
    bool finite;      /* the step was applied */
    uint32_t updates; /* updates applied since the start */
    uint32_t skipped; /* steps skipped since the start */
} nn_step_outcome;

/* Indices of the control block, CONTROL_... in cl/optimizer.cl: floats, or uint32 where stated. */
typedef enum nn_control {
    NN_CONTROL_NORM,
    NN_CONTROL_FINITE,  /* uint32 */
    NN_CONTROL_FACTOR,  /* of the gradient, from clipping */
    NN_CONTROL_UPDATES, /* uint32 */
    NN_CONTROL_SKIPPED, /* uint32 */
    NN_CONTROL_CORRECTION_1,
    NN_CONTROL_CORRECTION_2,
    NN_CONTROL_ELEMENTS,
} nn_control;

typedef struct nn_optimizer {
    nn_params *params;
    rt_view control;  /* [NN_CONTROL_ELEMENTS] */
    rt_view partials; /* [slices] */
    size_t slices;
} nn_optimizer;

/* Plans control and partials in `arena`. Call it after the parameters are planned. */
st_status nn_optimizer_plan(nn_optimizer *optimizer, nn_params *params, rt_arena *arena);

/* Sets the numbers of updates and skipped steps (0, 0 at the start, or from a checkpoint). */
st_status nn_optimizer_set(nn_optimizer *optimizer, uint32_t updates, uint32_t skipped);

/* Enqueues an update with learning rate `lr` from the gradients of the parameters. */
st_status nn_optimizer_step(nn_optimizer *optimizer, const nn_adam *adam, double lr);

/* Decodes the elements of the control block. */
nn_step_outcome nn_step_outcome_of(const float control[NN_CONTROL_ELEMENTS]);

#endif
