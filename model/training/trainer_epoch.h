/* One epoch of a training; see trainer.h. */
#ifndef SAFSD_MODEL_TRAINING_TRAINER_EPOCH_H
#define SAFSD_MODEL_TRAINING_TRAINER_EPOCH_H

#include "model/training/trainer_state.h"

/* Runs the rest of the current epoch: its steps, its evaluation and its checkpoints. ST_INTERRUPTED after a cancel,
 * with the progress up to it. */
st_status nn_trainer_epoch(nn_trainer *trainer);

#endif
