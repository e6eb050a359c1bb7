/* summary.json: both selections (docs/model.md 10) with their classification reports, what they select by, the devices,
 * and the time a run took. */
#ifndef SAFSD_ENGINE_RUN_SUMMARY_H
#define SAFSD_ENGINE_RUN_SUMMARY_H

#include "engine/classification_report.h"
#include "engine/training.h"

/* Writes it; not `finished`: the run was interrupted. */
st_status en_summary_save(const en_training *run, bool finished, st_error *error);

/* The seconds that an earlier summary.json counts; 0 where there is none. */
double en_summary_seconds(const en_directory *directory);

/* The confusion matrix of an epoch, from 0. */
en_confusion en_epoch_confusion(const en_training *run, long epoch, ds_split split);

#endif
