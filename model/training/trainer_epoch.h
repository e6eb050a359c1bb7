/* One epoch of a training; trainer.h has the whole. */
#ifndef SAFSD_MODEL_TRAINING_TRAINER_EPOCH_H
#define SAFSD_MODEL_TRAINING_TRAINER_EPOCH_H

#include "model/training/trainer_state.h"

/* The rest of the epoch at which the run stands: its steps, its evaluation, its checkpoints. ST_INTERRUPTED where a
 * cancel was seen; the progress then says how far it came. */
st_status nn_trainer_epoch(nn_trainer *trainer);

#endif
