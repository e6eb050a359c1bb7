/* Values of a configuration that the command line gives. */
#ifndef SAFSD_APP_OVERRIDES_H
#define SAFSD_APP_OVERRIDES_H

#include "usage/options.h"
#include "config/config.h"

/* Takes the value of an option, where it was given, as that of the key [section] key. */
st_status app_override_option(cfg_config *config, const opt_line *line, const char *option, const char *section,
                              const char *key, st_error *error);

/* The values of every --set, to be handed to cfg_load; free() the items. */
st_status app_overrides_read(cfg_overrides *overrides, const opt_line *line, st_error *error);

#endif
