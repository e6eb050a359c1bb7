/* Whether a model can be used with a data set. */
#ifndef SAFSD_MODEL_NETWORK_DATA_CHECK_H
#define SAFSD_MODEL_NETWORK_DATA_CHECK_H

#include "data/dataset.h"
#include "model/hyperparameters.h"

/* ST_USAGE, with what to do, if the features, classes or speakers of the data do not fit the model. The data may have
 * fewer classes or speakers than the model. Speakers that were mapped (data/speakers.h) may be S. */
st_status nn_check_data(const ds_dataset *data, const nn_config *config, st_error *error);

#endif
