/* What an OpenCL driver needs of the program: config/tuning/drivers.ini, compiled in. */
#ifndef SAFSD_CONFIG_DRIVERS_H
#define SAFSD_CONFIG_DRIVERS_H

#include <stdbool.h>

#include "base/status.h"

typedef struct cfg_driver {
    bool program_cache;      /* keeps no built programs itself */
    char cache_variable[32]; /* of the environment: the folder of what it keeps; empty: below XDG_CACHE_HOME, or nothing
                              */
} cfg_driver;

/* What `text` says of a driver, by the name of its platform and its version; nothing for one that no section names.
 * `text` NULL: the file that is compiled in. ST_USAGE with the line of what is malformed. */
st_status cfg_driver_find(cfg_driver *driver, const char *text, const char *platform, const char *version,
                          st_error *error);

#endif
