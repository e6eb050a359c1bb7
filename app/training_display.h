/* A training as the user sees it: the progress line and a line per epoch. */
#ifndef SAFSD_APP_TRAINING_DISPLAY_H
#define SAFSD_APP_TRAINING_DISPLAY_H

#include "app/app.h"
#include "bench/step_profile.h"

/* The fields below the line belong to training_display.c; they start as zeros. */
typedef struct app_training_display {
    app_state *app;
    bench_step_profile *profiling; /* told of steps; may be NULL */
    size_t epoch, epochs;          /* being trained, from 1; of the whole run: set before the run begins */

    bool stepped;                  /* a step was reported */
    double epoch_started;          /* clock, when its first step was reported */
    size_t epoch_rows;             /* rows of that first report */
    double run_started, run_share; /* the same for the whole run: share of it that was done then */
} app_training_display;

/* The events borrow `display`. */
en_events app_training_events(app_training_display *display);

#endif
