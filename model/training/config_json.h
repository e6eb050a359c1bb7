/* An nn_config as a JSON object, with the keys of a golden case (docs/model.md 12): how a checkpoint carries the sizes
 * that its model has, whatever data it meets later. */
#ifndef SAFSD_MODEL_TRAINING_CONFIG_JSON_H
#define SAFSD_MODEL_TRAINING_CONFIG_JSON_H

#include "model/hyperparameters.h"

/* One line, keys in a fixed order; free() it. A seed that JSON's integers cannot hold is written as a string. */
st_status nn_config_to_json(const nn_config *config, char **text, st_error *error);

/* Reads it. Keys that are not of the model (optimizer, lr, mode, ...) are passed over; one that is missing or has
 * another type is ST_FAILED, naming it; so are values that make no model (nn_config_check). `where` begins the
 * sentence. */
st_status nn_config_from_json(nn_config *config, const char *text, const char *where, st_error *error);

#endif
