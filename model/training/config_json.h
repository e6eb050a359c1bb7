/* An nn_config as a JSON object, with the keys of a golden case (docs/model.md 12). A checkpoint stores the sizes of
 * its model in this form, independent of the data it is used with later. */
#ifndef SAFSD_MODEL_TRAINING_CONFIG_JSON_H
#define SAFSD_MODEL_TRAINING_CONFIG_JSON_H

#include "model/hyperparameters.h"

/* One line, with the keys in a fixed order; the caller frees it. A seed outside the range of JSON integers is written
 * as a string. */
st_status nn_config_to_json(const nn_config *config, char **text, st_error *error);

/* Reads an nn_config. Other keys (optimizer, lr, mode, ...) are ignored. ST_FAILED, naming the key, if it is missing or
 * has another type, and for values that are not valid (nn_config_check). Messages begin with `where`. */
st_status nn_config_from_json(nn_config *config, const char *text, const char *where, st_error *error);

#endif
