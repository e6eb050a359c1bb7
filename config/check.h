/* What the values of a configuration must be to each other. */
#ifndef SAFSD_CONFIG_CHECK_H
#define SAFSD_CONFIG_CHECK_H

#include "config/values.h"

/* `places` says for every key of the table, in its order, where its value was given: "FILE:LINE: [section] key" or
 * "--set section.key", as a sentence of error (ST_USAGE) begins; NULL for a default. */
st_status cfg_check(const cfg_config *config, char *const *places, st_error *error);

#endif
