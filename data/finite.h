/* Features that are not finite: found, or replaced. */
#ifndef SAFSD_DATA_FINITE_H
#define SAFSD_DATA_FINITE_H

#include "data/dataset_fields.h"

/* Checks or replaces the features of every modality that is not `unused`; data->replaced counts what was replaced. For
 * DS_NONFINITE_STOP: ST_FAILED, naming dialogue, utterance and feature; `file` begins the sentence and may be NULL. */
st_status ds_make_finite(ds_dataset *data, const char *file, const bool unused[DS_MODALITIES], ds_nonfinite how,
                         st_error *error);

#endif
