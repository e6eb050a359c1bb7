/* SAFSD-GLNet on one device: forward, backward, one training step, one evaluation (docs/model.md 2 to 7).
 *
 * All device memory is planned for the largest batch when the model is created; a step allocates none. A step only
 * uploads the inputs and reads back the losses and the optimiser's outcome.
 *
 *     nn_safsd_create(&model, rt, &(nn_safsd_options){config, tables, extent, true});
 *     nn_params_initialise(nn_safsd_params(model), config.seed);     or nn_checkpoint_load
 *     nn_safsd_gradient(model, &batch, step, 0);
 *     nn_safsd_update(model, &adam, lr);
 *     nn_safsd_result_later(model, &pending);  ...  nn_safsd_result(model, &pending, &result);
 *     nn_safsd_destroy(&model);
 */
#ifndef SAFSD_MODEL_NETWORK_SAFSD_H
#define SAFSD_MODEL_NETWORK_SAFSD_H

#include "data/dataset.h"
#include "model/hyperparameters.h"
#include "model/layers/losses.h"
#include "model/network/optimizer.h"
#include "model/network/params.h"

typedef struct nn_safsd nn_safsd;

typedef struct nn_safsd_options {
    nn_config config;
    nn_loss_tables tables; /* copied */
    nn_extent extent;
    bool training; /* false: no gradients, no moments, less memory */
} nn_safsd_options;

/* Plans the memory, checks that it fits the device and allocates it. ST_DEVICE if it does not fit, with the total, the
 * largest block and what would fit. Parameters are zero until they are initialised or loaded. */
st_status nn_safsd_create(nn_safsd **model, rt_context *rt, const nn_safsd_options *options);
/* The same for a replica, which only computes gradients and has no moments: another model has the optimiser
 * (data_parallel.h). */
st_status nn_safsd_create_replica(nn_safsd **model, rt_context *rt, const nn_safsd_options *options);
void nn_safsd_destroy(nn_safsd **model);

nn_params *nn_safsd_params(nn_safsd *model);
nn_optimizer *nn_safsd_optimizer(nn_safsd *model); /* NULL without training, and for a replica */
const nn_config *nn_safsd_config(const nn_safsd *model);

/* Bytes of device memory: parameters with gradients and moments, activations and scratch, GEMM scratch. */
typedef struct nn_memory {
    uint64_t parameters, activations, gemm;
} nn_memory;
nn_memory nn_safsd_memory(const nn_safsd *model);

/* ---- training ---- */

/* Computes the gradients of the loss of a whole optimiser batch in `step` (docs/model.md 7). The batch is computed in
 * parts of `micro_batch` dialogues (0: all at once), each within the extent; except for rounding, the result does not
 * depend on `micro_batch`. `batch` is copied before the function returns. */
st_status nn_safsd_gradient(nn_safsd *model, const ds_batch *batch, uint32_t step, size_t micro_batch);

/* Updates the parameters from these gradients. */
st_status nn_safsd_update(nn_safsd *model, const nn_adam *adam, double lr);

typedef struct nn_step_result {
    float loss, ce, saf, kl; /* ce, saf and kl without lambda; docs/model.md 6 */
    nn_step_outcome outcome;
} nn_step_result;

/* nn_safsd_result_later starts to read the losses and the outcome of the step just enqueued, without waiting;
 * nn_safsd_result waits for them. One result may be pending while the next step is enqueued. */
typedef struct nn_pending {
    float values[4 + NN_CONTROL_ELEMENTS];
    rt_ticket tickets[2];
} nn_pending;
st_status nn_safsd_result_later(nn_safsd *model, nn_pending *pending);
st_status nn_safsd_result(nn_safsd *model, nn_pending *pending, nn_step_result *result);

/* ---- evaluation ---- */

typedef enum nn_gcn_eval { NN_GCN_EXPECTED, NN_GCN_SAMPLE, NN_GCN_MEAN } nn_gcn_eval;

typedef struct nn_evaluation {
    nn_gcn_eval mode;
    size_t repetitions; /* of NN_GCN_MEAN */
    size_t first_row;   /* row of the batch's first utterance in its split, in file order (docs/model.md 7) */
    const ds_batch
        *whole; /* the batch of which this is a part, for the form `published` (docs/model.md 6); NULL: this */
} nn_evaluation;

/* The results of an evaluated batch, in memory of the caller. */
typedef struct nn_prediction {
    float loss, ce, saf, kl;
    float *probabilities;         /* [N, C] teacher */
    float *student_probabilities; /* [M, N, C]; NULL if not used */
} nn_prediction;

/* Computes the forward pass without dropout, and the losses of this batch. Blocks until the results are read. */
st_status nn_safsd_evaluate(nn_safsd *model, const ds_batch *batch, const nn_evaluation *evaluation,
                            nn_prediction *prediction);

/* ---- inspection, for golden cases and tests, after a gradient or an evaluation of a batch in one part ---- */

typedef enum nn_activation { NN_LOGITS, NN_STUDENT_LOGITS, NN_FUSED, NN_GRAPH } nn_activation;

/* Copies logits [N, C]; student logits [N, C] or fused features F_m [N, H] of modality m; or x^K [M, N, G]. */
st_status nn_safsd_read(nn_safsd *model, nn_activation which, nn_modality modality, float *values);

#endif
