/* summary.json: both selections (docs/model.md 10) with their classification reports, what they select by, the devices,
 * and the time a run took. */
#ifndef SAFSD_ENGINE_RUN_SUMMARY_H
#define SAFSD_ENGINE_RUN_SUMMARY_H

#include "config/config.h"
#include "engine/classification_report.h"
#include "engine/run_directory.h"
#include "model/training/trainer.h"

typedef struct en_run_summary {
    const cfg_config *config;
    nn_trainer *trainer;
    rt_context *const *devices; /* the first leads */
    size_t device_count;
    const char *const *class_names;
    double seconds; /* of this training, earlier parts of a resumed run included */
    bool finished;  /* false: interrupted */
} en_run_summary;

/* Writes it. */
st_status en_summary_save(const en_run_summary *run, const en_directory *directory, st_error *error);

/* The seconds that an earlier summary.json counts; 0 where there is none. */
double en_summary_seconds(const en_directory *directory);

/* The confusion matrix of an epoch, from 0. */
en_confusion en_epoch_confusion(const nn_history *history, const char *const *class_names, long epoch, ds_split split);

#endif
