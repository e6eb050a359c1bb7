/* The lines that a run writes while it trains: metrics.jsonl after every epoch, steps.jsonl after every step. */
#ifndef SAFSD_ENGINE_RUN_LOG_H
#define SAFSD_ENGINE_RUN_LOG_H

#include "engine/run_directory.h"
#include "model/training/trainer.h"

st_status en_log_step(const en_directory *directory, const nn_step_report *report, st_error *error);

/* One line for each part that the data have. */
st_status en_log_epoch(const en_directory *directory, const nn_epoch_report *report, st_error *error);

/* "train", "valid", "test". */
const char *en_split_name(ds_split split);

/* A loss that is a mean over nothing, where every step was skipped, is not a number. */
double en_known_loss(const nn_split_losses *losses, double loss);

#endif
