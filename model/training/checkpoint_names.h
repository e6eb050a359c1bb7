/* The names in a checkpoint besides those of docs/model.md 9, for its writer and its reader. See checkpoint.h. */
#ifndef SAFSD_MODEL_TRAINING_CHECKPOINT_NAMES_H
#define SAFSD_MODEL_TRAINING_CHECKPOINT_NAMES_H

#include "model/training/history.h"

#define NN_OWN_PREFIX "safsd."
#define NN_MEAN "safsd.mean."
#define NN_DEVIATION "safsd.deviation."
#define NN_CLASS_WEIGHTS "safsd.class_weights"
#define NN_ALPHA "safsd.alpha"
#define NN_SIMILARITY "safsd.similarity"
#define NN_HISTORY_LOSSES "safsd.history.losses"
#define NN_HISTORY_CONFUSION "safsd.history.confusion"
#define NN_EPOCH_SUMS "safsd.epoch.sums"

#define NN_MOMENT_PREFIX "optimizer."
#define NN_MOMENT_1 "optimizer.m."
#define NN_MOMENT_2 "optimizer.v."

/* The size of a prefix with a parameter's name, and the numbers in an nn_split_losses, which is stored as it is in
 * memory. */
enum { NN_TENSOR_NAME = 104, NN_SPLIT_LOSSES = 5 };
_Static_assert(sizeof(nn_split_losses) == NN_SPLIT_LOSSES * sizeof(double), "stored as five doubles");

#endif
