/* A checkpoint, a data set, and a device on which they meet: what `eval` and `predict` share.
 *
 * Model and standardisation are those of the checkpoint. A file without a configuration of its own (published weights)
 * takes them from --config. The data set is that of --data, else of --config, else of the config.ini beside the file.
 */
#ifndef SAFSD_APP_SCORING_H
#define SAFSD_APP_SCORING_H

#include "app/app.h"
#include "config/config.h"
#include "model/training/checkpoint.h"
#include "model/training/class_tables.h"
#include "model/training/evaluate.h"

typedef enum app_part { PART_TRAIN, PART_VALID, PART_TEST, PART_ALL } app_part;

typedef struct app_scoring {
    app_state *app;
    app_part part; /* of --split */
    cfg_config config;
    nn_checkpoint *checkpoint;
    ds_dataset *data;
    size_t speakers; /* that the checkpoint has rows for; 0: it has no table of them */
    nn_config model_config;
    nn_class_tables tables;         /* of published weights */
    ds_statistics statistics;       /* measured for published weights */
    const char *const *class_names; /* [C] */
    rt_context *rt;
    nn_safsd *model;
    nn_evaluator evaluator;
} app_scoring;

/* The options that both commands take, to be followed by their own. */
#define SCORING_OPTIONS                                                                                                \
    {"config", 0, "FILE", "configuration, instead of the config.ini beside the checkpoint"},                           \
        {"data", 0, "FILE", "data set, instead of that of the configuration"},                                         \
        {"split", 0, "PART", "train, valid, test or all (default: test; all where the data have no test part)"},       \
    {                                                                                                                  \
        "set", 0, "S.K=VALUE", "change one value of the configuration; may be repeated"                                \
    }

/* Loads everything; to be closed in any case. */
st_status scoring_open(app_scoring *scoring, app_state *app, const opt_line *line);
void scoring_close(app_scoring *scoring);

/* The parts that --split means: `split` < DS_SPLITS counts upwards from DS_TRAIN. */
bool scoring_includes(const app_scoring *scoring, ds_split split);

/* "the test part", for messages. */
const char *scoring_part_name(const app_scoring *scoring);

#endif
