/* From a configuration to the data set it names. */
#ifndef SAFSD_APP_SOURCE_H
#define SAFSD_APP_SOURCE_H

#include <stdbool.h>

#include "app/options.h"
#include "config/config.h"
#include "data/dataset.h"

/* Takes the value of an option, where it was given, as that of the key [section] key. */
st_status source_option(cfg_config *config, const opt_line *line, const char *option, const char *section,
                        const char *key, st_error *error);

/* The values of every --set, to be handed to cfg_load; free() the items. */
st_status source_overrides(cfg_overrides *overrides, const opt_line *line, st_error *error);

/* Makes the data set of format = synth. */
st_status source_synth(ds_dataset **data, const cfg_data *config, st_error *error);

/* Reads or makes the data set, with the classes of the configuration and, with `hold_out`, its validation part held
 * out. ST_USAGE where no path is given. */
st_status source_load(ds_dataset **data, const cfg_config *config, bool hold_out, st_error *error);

#endif
