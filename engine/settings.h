/* Configuration and data set, turned into the numbers the model works with. */
#ifndef SAFSD_ENGINE_SETTINGS_H
#define SAFSD_ENGINE_SETTINGS_H

#include "config/config.h"
#include "data/speakers.h"
#include "model/training/class_tables.h"
#include "model/training/evaluate.h"
#include "model/training/trainer.h"

/* The model of a configuration for this data set. ST_USAGE where it wants a modality that the data do not have. */
st_status en_settings_model(nn_config *model, const cfg_config *config, const ds_dataset *data, st_error *error);

/* The modalities that a model uses, as a configuration names them: CFG_TEXT | CFG_AUDIO | CFG_VISUAL. */
unsigned en_settings_modalities(const nn_config *model);

/* What a model does with speakers that it does not know. */
ds_unknown en_settings_unknown(const cfg_config *config);

/* The tables of its loss, from the frequencies of the training part. */
st_status en_settings_tables(nn_class_tables *tables, const cfg_config *config, const ds_dataset *data,
                             st_error *error);

/* Fills what [train] and [model] gcn_eval say; data, model, tables, paths and hooks stay as they are. */
void en_settings_trainer(nn_trainer_options *options, const cfg_config *config);

/* An evaluation as the training's. */
nn_evaluator en_settings_evaluator(const cfg_config *config, nn_loss_tables tables);

/* Dialogues that an evaluation computes at a time. */
size_t en_settings_part(const cfg_config *config);

#endif
