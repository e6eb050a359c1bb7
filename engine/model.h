/* A trained model: a checkpoint, or weights saved from the published code, with what belongs to them; and data made to
 * fit it.
 *
 *     ST_TRY(en_model_open(&model, path, config, error));              the file, nothing on a device
 *     ST_TRY(en_model_match(&model, data, concerned, events, error));  classes, speakers, standardisation of the data
 *     ST_TRY(en_model_load(&model, rt, data, events));                 weights on the device, room for these data
 *     ... nn_evaluate(model.network, data, split, &model.evaluator, &evaluated) ...
 * done:
 *     en_model_close(&model);
 */
#ifndef SAFSD_ENGINE_MODEL_H
#define SAFSD_ENGINE_MODEL_H

#include "config/config.h"
#include "engine/events.h"
#include "model/training/checkpoint.h"
#include "model/training/class_tables.h"
#include "model/training/evaluate.h"

/* Fields are for reading; zeros before it is opened. */
typedef struct en_model {
    nn_checkpoint *checkpoint;
    const cfg_config *config; /* that it was opened with; borrowed */
    size_t speakers;          /* that the file has rows for; 0: it has no table of them */
    ds_dataset *named;        /* of published weights: no dialogue, but the sizes and names that the file implies */
    nn_config network_config; /* of published weights: by the file, and by the data once they have been matched */
    nn_class_tables tables;   /* of published weights */
    ds_statistics statistics; /* measured for published weights */
    const char *const *class_names; /* [C] of the file; numbers, or the configuration's, for published weights */
    nn_evaluator evaluator;         /* as the training's */
    nn_safsd *network;              /* NULL until it is loaded */
    nn_extent extent;               /* that the network has room for */
    nn_extent wanted;               /* by the data that it was last loaded for, before any cut */
} en_model;

/* Takes over a checkpoint that is open, for en_model_close. `config` is what it carries itself, or what is given in its
 * place: of a checkpoint of this program only the way of evaluating and batches count. */
st_status en_model_open(en_model *model, nn_checkpoint *checkpoint, const cfg_config *config, st_error *error);
void en_model_close(en_model *model);

/* Makes data fit the model: names of classes are compared, speakers take the rows of their names, features are
 * standardised with the model's statistics. Published weights take names and statistics from the data. ST_USAGE where
 * they do not fit. The parts whose speakers count are `concerned`. A model that is loaded keeps its sizes and names. */
st_status en_model_match(en_model *model, ds_dataset *data, const bool concerned[DS_SPLITS], const en_events *events,
                         st_error *error);

/* Loads the weights on a device, which has to outlive the model, with room for these data; where they are loaded and
 * have that room, nothing happens. After a failure a model that was loaded is as it was. */
st_status en_model_load(en_model *model, rt_context *rt, const ds_dataset *data, const en_events *events);

/* Loads the weights with the least room: a file that cannot be loaded is found now, and the model can be saved. */
st_status en_model_check(en_model *model, rt_context *rt);

/* Writes a checkpoint of a model that is loaded, with everything that its file carries. */
st_status en_model_save(const en_model *model, const char *path);

/* {"classes", "speakers", "dims", "modalities", "configuration", "parameters", "epoch", "selection"} as JSON text; null
 * for what published weights do not say. free() the text. */
st_status en_model_info(const en_model *model, char **text, st_error *error);

#endif
