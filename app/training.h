/* A training as the user sees it: the progress line, a line per epoch, metrics.jsonl and steps.jsonl. */
#ifndef SAFSD_APP_TRAINING_H
#define SAFSD_APP_TRAINING_H

#include <signal.h>

#include "app/app.h"
#include "app/interrupt.h"
#include "app/profiling.h"
#include "engine/run_directory.h"
#include "model/training/trainer.h"

/* The fields below the line belong to training.c; they start as zeros. */
typedef struct app_training {
    app_state *app;
    const en_directory *dir;
    const app_interrupt *interrupt;
    bool log_steps;               /* write steps.jsonl */
    app_profiling *profiling;     /* told of steps; may be NULL */
    volatile sig_atomic_t cancel; /* for nn_trainer_options.cancel */

    size_t epoch, epochs;          /* being trained, from 1; of the whole run */
    double epoch_started;          /* clock, when its first step was reported */
    size_t epoch_rows;             /* rows of that first report */
    double run_started, run_share; /* the same for the whole run: share of it that was done then */
} app_training;

/* The hooks borrow `training`. */
nn_trainer_hooks training_hooks(app_training *training);

/* "train", "valid", "test". */
const char *training_split_name(ds_split split);

#endif
