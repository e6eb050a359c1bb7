/* From a configuration to the data set it names. */
#ifndef SAFSD_ENGINE_DATA_SOURCE_H
#define SAFSD_ENGINE_DATA_SOURCE_H

#include <stdbool.h>

#include "config/config.h"
#include "data/dataset.h"
#include "engine/events.h"

/* Makes the data set of format = synth. */
st_status en_data_synth(ds_dataset **data, const cfg_data *config, st_error *error);

/* Reads or makes the data set, with the classes of the configuration and, with `hold_out`, its validation part held
 * out. ST_USAGE where no path is given. */
st_status en_data_load(ds_dataset **data, const cfg_config *config, bool hold_out, st_error *error);

/* The modalities that a configuration leaves out, and what it does with features that are not finite: for ds_load. */
void en_data_checks(ds_load_options *options, const cfg_data *config);

/* What a configuration does with features that are not finite. */
ds_nonfinite en_data_nonfinite(const cfg_data *config);

/* Says what was replaced, where it was. */
void en_say_replaced(const ds_dataset *data, ds_nonfinite how, const en_events *events);

/* What follows the reading: the names of classes are checked and, with `hold_out`, the validation part is held out. */
st_status en_data_prepare(ds_dataset *data, const cfg_config *config, bool hold_out, st_error *error);

#endif
