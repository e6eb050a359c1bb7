/* Data-parallel training on several devices: a model, which holds the optimiser and evaluates, and replicas of it,
 * which compute gradients of their share of every batch (docs/model.md 7 holds across the cut: rows keep their numbers
 * in the batch).
 *
 * A batch is cut into one run of dialogues per device, by work: sum of c1 L + c2 L^2. Gradients and losses of the
 * replicas pass through host memory and are added on the model's device in the order of the replicas; parameters go
 * back before the next step. Replicas have no moments. The result differs from one device's by rounding alone, and
 * repeats to the bit.
 *
 *     nn_data_parallel_create(&parallel, model, contexts, count, &options);
 *     nn_data_parallel_gradient(parallel, &batch, step, 0);
 *     nn_data_parallel_update(parallel, &adam, lr);
 *     nn_data_parallel_result_later(parallel, &pending);  ...  nn_data_parallel_result(parallel, &pending, &result);
 *     nn_data_parallel_destroy(&parallel);
 */
#ifndef SAFSD_MODEL_TRAINING_DATA_PARALLEL_H
#define SAFSD_MODEL_TRAINING_DATA_PARALLEL_H

#include "model/network/safsd.h"

typedef struct nn_data_parallel nn_data_parallel;

/* Creates a replica of `model`, with the options that made it, on every one of `count` contexts; with 0 the model
 * computes whole batches itself. The contexts outlive what is made here and share the model's error slot; it is
 * destroyed before the model. */
st_status nn_data_parallel_create(nn_data_parallel **parallel, nn_safsd *model, rt_context *const *contexts,
                                  size_t count, const nn_safsd_options *options);
void nn_data_parallel_destroy(nn_data_parallel **parallel);

/* Cuts the dialogues of a batch into `parts` runs of nearly equal work: run i begins at cuts[i] and ends before
 * cuts[i + 1]; cuts has parts + 1 entries. A run may be empty, but not the first. */
void nn_data_parallel_cut(size_t *cuts, size_t parts, const ds_batch *batch, const nn_config *config);

/* A step, as nn_safsd_gradient, _update, _result_later and _result: the model then holds the gradients and losses of
 * all devices, and their sum is what it updates with and what the result says. */
st_status nn_data_parallel_gradient(nn_data_parallel *parallel, const ds_batch *batch, uint32_t step,
                                    size_t micro_batch);
st_status nn_data_parallel_update(nn_data_parallel *parallel, const nn_adam *adam, double lr);
st_status nn_data_parallel_result_later(nn_data_parallel *parallel, nn_pending *pending);
st_status nn_data_parallel_result(nn_data_parallel *parallel, nn_pending *pending, nn_step_result *result);

#endif
