/* The data container: a data set as one safetensors file; its layout stands at ds_save in data/dataset.h. */
#ifndef SAFSD_DATA_CONTAINER_H
#define SAFSD_DATA_CONTAINER_H

#include "data/dataset_fields.h"

/* Features of type F32 stay in the file map; other types are converted. Labels may be missing (all unlabelled), so may
 * ids (numbers then), names (numbers) and sentences. */
st_status ds_container_read(ds_dataset **data, const char *path, const ds_load_options *options, st_error *error);

#endif
