/* The fingerprint of a run: everything that determines its results, as a JSON object.
 *
 * `last` contains it. A resume computes its own and continues only if both are equal, so a resumed run writes the same
 * bytes as an uninterrupted one. The number of epochs, the patience, the handling of steps that are not finite, and the
 * device's name are not part of it; with a cosine schedule the number of steps is.
 */
#ifndef SAFSD_MODEL_TRAINING_RUN_FINGERPRINT_H
#define SAFSD_MODEL_TRAINING_RUN_FINGERPRINT_H

#include "data/dataset.h"
#include "model/training/evaluate.h"
#include "model/network/optimizer.h"
#include "model/training/schedule.h"

typedef struct nn_run_fingerprint_parts {
    const nn_config *config;
    nn_loss_tables tables;
    const ds_dataset *data;
    const nn_adam *adam;
    const nn_schedule *schedule;
    const nn_evaluator *evaluator;
    size_t batch, micro_batch;
    rt_context *const *replicas; /* the devices of the replicas (data_parallel.h), in order */
    size_t replica_count;
} nn_run_fingerprint_parts;

/* Keys, among others: program, gemm, gemm_parameters, vector_width, row_group, workers, seed, batch, micro_batch, data.
 * The caller frees the text. */
st_status nn_run_fingerprint_write(char **text, rt_context *rt, const nn_run_fingerprint_parts *parts);

/* Copies the value of a key of a fingerprint to `value`; false if the key is missing. A resume reads gemm,
 * gemm_parameters and vector_width before it opens its device. */
bool nn_run_fingerprint_value(const char *fingerprint, const char *key, char *value, size_t room);

/* ST_USAGE, naming the first key whose values differ, both values and what to do; `where` is the file of `old`. */
st_status nn_run_fingerprint_compare(const char *old, const char *now, const char *where, st_error *error);

#endif
