/* Host memory for batches of a data set, taken once. */
#ifndef SAFSD_MODEL_NETWORK_HOST_BATCH_H
#define SAFSD_MODEL_NETWORK_HOST_BATCH_H

#include "data/dataset.h"
#include "model/hyperparameters.h"

/* Room for any `dialogues` dialogues of one split. Features stay in the data set: they are copied when they go up. */
st_status nn_host_batch_create(ds_batch *batch, const ds_dataset *data, size_t dialogues, st_error *error);
void nn_host_batch_destroy(ds_batch *batch);

/* ST_USAGE, saying what to do, where the features, classes or speakers of the data are not those of the model; fewer
 * classes or speakers than the model knows are fine. Rows that speakers were given (data/speakers.h) may be S. */
st_status nn_check_data(const ds_dataset *data, const nn_config *config, st_error *error);

#endif
