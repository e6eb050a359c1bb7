/* Data-parallel training on several devices: a model, which has the optimiser and evaluates, and its replicas, which
 * compute the gradients of their share of every batch. Rows keep their index in the batch, so the masks are those of
 * docs/model.md 7.
 *
 * A batch is divided into one share of consecutive dialogues per device, by work: sum of c1 L + c2 L^2. Gradients and
 * losses of the replicas are copied through host memory and added on the model's device in the order of the replicas;
 * the parameters are copied to the replicas before the next step. Replicas have no moments. The result differs from
 * that of one device only by rounding, and is bitwise reproducible.
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

/* Creates a replica of `model`, with the options of the model, on each of `count` contexts; with 0 the model computes
 * whole batches. The contexts must outlive the nn_data_parallel and share the model's error slot. Destroy it before the
 * model. */
st_status nn_data_parallel_create(nn_data_parallel **parallel, nn_safsd *model, rt_context *const *contexts,
                                  size_t count, const nn_safsd_options *options);
void nn_data_parallel_destroy(nn_data_parallel **parallel);

/* Divides the dialogues of a batch into `parts` shares of nearly equal work: share i begins at cuts[i] and ends before
 * cuts[i + 1]; cuts has parts + 1 entries. A share may be empty, except the first. */
void nn_data_parallel_cut(size_t *cuts, size_t parts, const ds_batch *batch, const nn_config *config);

/* A step, as with nn_safsd_gradient, _update, _result_later and _result. The gradients and losses of the model are then
 * the sums over all devices; update and result use these sums. */
st_status nn_data_parallel_gradient(nn_data_parallel *parallel, const ds_batch *batch, uint32_t step,
                                    size_t micro_batch);
st_status nn_data_parallel_update(nn_data_parallel *parallel, const nn_adam *adam, double lr);
st_status nn_data_parallel_result_later(nn_data_parallel *parallel, nn_pending *pending);
st_status nn_data_parallel_result(nn_data_parallel *parallel, nn_pending *pending, nn_step_result *result);

#endif
