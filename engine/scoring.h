/* A checkpoint, a data set, and a device on which they meet: what `eval` and `predict` share.
 *
 * Model and standardisation are those of the checkpoint. A file without a configuration of its own (published weights)
 * takes them from the configuration that is given. The data set is the one that is given, else that of the given
 * configuration, else that of the config.ini beside the file.
 *
 *     ST_TRY(en_scoring_open(&scoring, &options, error));      checkpoint, configuration, data
 *     ... open a device as en_scoring_device wants it ...
 *     ST_TRY(en_scoring_begin(&scoring, rt));                  the model
 *     ... nn_evaluate(scoring.model.network, scoring.data, split, &scoring.model.evaluator, ...) ...
 * done:
 *     en_scoring_close(&scoring);
 */
#ifndef SAFSD_ENGINE_SCORING_H
#define SAFSD_ENGINE_SCORING_H

#include "config/config.h"
#include "engine/devices.h"
#include "engine/model.h"

typedef enum en_part {
    EN_PART_TRAIN,
    EN_PART_VALID,
    EN_PART_TEST,
    EN_PART_ALL,
    EN_PART_USUAL, /* the test part, or all where the data have none */
} en_part;

typedef struct en_scoring_options {
    const char *checkpoint;  /* path */
    const char *file;        /* configuration; NULL: the config.ini beside the checkpoint, or what that carries */
    const char *data;        /* path; NULL: that of the configuration */
    cfg_overrides overrides; /* SECTION.KEY=VALUE */
    en_part part;
    const en_events *events; /* may be NULL */
} en_scoring_options;

typedef struct en_scoring {
    en_scoring_options options;
    st_error *error;
    en_part part; /* never EN_PART_USUAL */
    cfg_config config;
    char beside[4096]; /* the config.ini beside the checkpoint, where it was read */
    en_model model;
    ds_dataset *data;
} en_scoring;

/* Reads everything but the device. Options and what they point to are borrowed; `error` has to be the slot of the
 * device too. To be closed in any case. */
st_status en_scoring_open(en_scoring *scoring, const en_scoring_options *options, st_error *error);
void en_scoring_close(en_scoring *scoring);

/* What the device is to be opened with. */
en_device_options en_scoring_device(const en_scoring *scoring);

/* Creates the model on a device that outlives it. */
st_status en_scoring_begin(en_scoring *scoring, rt_context *rt);

/* Whether a split is among the parts to be scored. */
bool en_scoring_includes(const en_scoring *scoring, ds_split split);

/* "the test part", for messages. */
const char *en_part_name(en_part part);

#endif
