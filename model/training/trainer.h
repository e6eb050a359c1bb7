/* Training: epochs of steps, an evaluation after each epoch, selections, checkpoints and resume (docs/model.md 7, 8,
 * 10).
 *
 *     nn_trainer *trainer = NULL;
 *     ST_TRY(nn_trainer_create(&trainer, rt, &options));          plans the model, initialises or resumes
 *     status = nn_trainer_run(trainer);                           ST_OK, ST_INTERRUPTED, or the failure
 *     ... nn_trainer_history(trainer), nn_history_best ...
 *     nn_trainer_destroy(&trainer);
 *
 * A run is bitwise reproducible on one device, also if it was stopped at any step and resumed. A single device never
 * waits for the host: the outcome of a step is read while the gradient of the next one is computed. Several devices
 * wait while gradients are added. Everything in the options is borrowed until the trainer is destroyed.
 */
#ifndef SAFSD_MODEL_TRAINING_TRAINER_H
#define SAFSD_MODEL_TRAINING_TRAINER_H

#include "model/training/trainer_options.h"

typedef struct nn_trainer nn_trainer;

/* Creates the model and its parameters. ST_USAGE if there is no training dialogue, if sizes and data disagree, or if a
 * resume would not compute the same numbers (run_fingerprint.h: the context must have the GEMM provider and the vector
 * width of the run's fingerprint). ST_DEVICE if the model does not fit. If micro_batch is 0, a resume uses that of the
 * file. */
st_status nn_trainer_create(nn_trainer **trainer, rt_context *rt, const nn_trainer_options *options);
void nn_trainer_destroy(nn_trainer **trainer);

/* Trains to the last epoch or until patience ends the run. Writes `best` whenever the selection improves, and `last` as
 * set in the options. `best` follows DS_VALID, or DS_TEST without a validation part; without both it is the last epoch.
 * An epoch whose evaluation is not finite is never `best`; if there is no other, the run ends with ST_FAILED.
 * ST_INTERRUPTED after a cancel: `last` is written, even within an epoch, and the sentence gives the progress of the
 * run. ST_FAILED after a step that is not finite (NN_NONFINITE_STOP): the sentence names the step and the first tensor
 * that is not finite; `last` is the state before that step, which a resume computes again. If an evaluation is not
 * finite, the sentence names the last step before it, and `last` is the state to evaluate again. */
st_status nn_trainer_run(nn_trainer *trainer);

nn_safsd *nn_trainer_model(nn_trainer *trainer);
const nn_history *nn_trainer_history(const nn_trainer *trainer);
const nn_progress *nn_trainer_progress(const nn_trainer *trainer);
size_t nn_trainer_micro_batch(const nn_trainer *trainer); /* dialogues computed at a time */
size_t nn_trainer_batches(const nn_trainer *trainer);     /* steps of an epoch */
bool nn_trainer_stopped_early(const nn_trainer *trainer); /* patience ended the run */

#endif
