/* Training: epochs of steps, an evaluation after each, selections, checkpoints, resume (docs/model.md 7, 8, 10).
 *
 *     nn_trainer *trainer = NULL;
 *     ST_TRY(nn_trainer_create(&trainer, rt, &options));          plans the model; initialises or resumes
 *     status = nn_trainer_run(trainer);                           ST_OK, ST_INTERRUPTED, or what failed
 *     ... nn_trainer_history(trainer), nn_history_best ...
 *     nn_trainer_destroy(&trainer);
 *
 * A run is repeatable to the bit on one device, and so is one that was stopped anywhere and resumed. One device never
 * waits for the host (several wait while gradients are added): the outcome of a step is read while the gradient of the
 * next one is computed.
 * Everything in the options is borrowed until the trainer is destroyed.
 */
#ifndef SAFSD_MODEL_TRAINING_TRAINER_H
#define SAFSD_MODEL_TRAINING_TRAINER_H

#include "model/training/trainer_options.h"

typedef struct nn_trainer nn_trainer;

/* Creates the model and its parameters. ST_USAGE where there is no training dialogue, sizes and data disagree, or a
 * resume would not compute the same numbers (run_fingerprint.h: the context must have the GEMM provider and the vector
 * width of the run's fingerprint); ST_DEVICE where the model does not fit. A resume takes its micro_batch from the file
 * where the options say 0. */
st_status nn_trainer_create(nn_trainer **trainer, rt_context *rt, const nn_trainer_options *options);
void nn_trainer_destroy(nn_trainer **trainer);

/* Trains to the last epoch or until patience ends, writing `best` whenever the selection improves and `last` as asked.
 * `best` follows DS_VALID, or DS_TEST without a validation part; without both it is the last epoch. An epoch whose
 * evaluation is not finite is never `best`; where no other could be, the run ends with ST_FAILED.
 * ST_INTERRUPTED after a cancel: `last` is written, mid-epoch where need be, and the sentence says where the run
 * stands. ST_FAILED after a step that was not finite (NN_NONFINITE_STOP): the sentence names the step and the tensor
 * where it first appeared; `last` is written as it was before that step, which a resume computes again. Where such a
 * run's evaluation is not finite, it names the last step before that, and `last` is the state to evaluate again. */
st_status nn_trainer_run(nn_trainer *trainer);

nn_safsd *nn_trainer_model(nn_trainer *trainer);
const nn_history *nn_trainer_history(const nn_trainer *trainer);
const nn_progress *nn_trainer_progress(const nn_trainer *trainer);
size_t nn_trainer_micro_batch(const nn_trainer *trainer); /* dialogues computed at a time */
size_t nn_trainer_batches(const nn_trainer *trainer);     /* steps of an epoch */
bool nn_trainer_stopped_early(const nn_trainer *trainer); /* patience ended the run */

#endif
