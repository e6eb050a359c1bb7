/* A very short training: for tests of what trains. */
#ifndef SAFSD_TESTS_SUPPORT_SMALL_RUN_H
#define SAFSD_TESTS_SUPPORT_SMALL_RUN_H

#include "data/dataset.h"
#include "model/training/class_tables.h"
#include "model/training/trainer.h"

enum { TS_BATCH = 3 };

typedef struct ts_small_run {
    ds_dataset *data; /* 16 dialogues with all modalities, of all three parts */
    nn_class_tables tables;
} ts_small_run;

/* Failure ends the test. */
void ts_small_run_create(ts_small_run *run, nn_weights_form weights);
void ts_small_run_destroy(ts_small_run *run);

/* Two epochs in steps of TS_BATCH dialogues, with all losses, dropout and clipping, at a constant rate; no files,
 * nobody who watches. What a test is about it sets itself. */
nn_trainer_options ts_small_run_options(const ts_small_run *run);

#endif
