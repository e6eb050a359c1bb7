/* The fingerprint of a run: everything that decides its numbers, as a JSON object of texts.
 *
 * `last` carries it. A resume builds its own and continues only where both are equal, so that a resumed run gives
 * the bytes of an uninterrupted one. How long a run lasts, its patience, what it does about a step that is not finite,
 * and the device's name are no part of it; with a cosine the number of steps is.
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
 * free() the text. */
st_status nn_run_fingerprint_write(char **text, rt_context *rt, const nn_run_fingerprint_parts *parts);

/* The value of a key in a fingerprint, copied into `value`; false where there is none. Before a resume opens its device
 * it asks for gemm, gemm_parameters and vector_width. */
bool nn_run_fingerprint_value(const char *fingerprint, const char *key, char *value, size_t room);

/* ST_USAGE, naming the first key whose values differ, with both values and what to do; `where` is the file of `old`. */
st_status nn_run_fingerprint_compare(const char *old, const char *now, const char *where, st_error *error);

#endif
