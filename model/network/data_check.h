/* Whether a model can read a data set. */
#ifndef SAFSD_MODEL_NETWORK_DATA_CHECK_H
#define SAFSD_MODEL_NETWORK_DATA_CHECK_H

#include "data/dataset.h"
#include "model/hyperparameters.h"

/* ST_USAGE, saying what to do, where the features, classes or speakers of the data are not those of the model; fewer
 * classes or speakers than the model knows are fine. Rows that speakers were given (data/speakers.h) may be S. */
st_status nn_check_data(const ds_dataset *data, const nn_config *config, st_error *error);

#endif
