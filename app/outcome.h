/* What a training came to: both selections of SPEC 10, labelled, with report and confusion matrix, and summary.json. */
#ifndef SAFSD_APP_OUTCOME_H
#define SAFSD_APP_OUTCOME_H

#include "engine/run_directory.h"
#include "config/config.h"
#include "model/training/trainer.h"

typedef struct app_outcome {
    const cfg_config *config;
    const nn_trainer *trainer;
    rt_context *const *devices; /* the first leads */
    size_t device_count;
    const char *const *class_names;
    uint64_t parameters;
    double seconds; /* of all the program's runs that this training took */
    bool finished;  /* false: interrupted */
} app_outcome;

/* On stdout. */
st_status outcome_print(const app_outcome *outcome, st_error *error);

/* Writes summary.json. */
st_status outcome_save(const app_outcome *outcome, const en_directory *dir, st_error *error);

/* The seconds that an earlier summary.json counts; 0 where there is none. */
double outcome_earlier_seconds(const en_directory *dir);

#endif
