/* What an OpenCL driver needs of the program: config/tuning/drivers.ini, compiled in. */
#ifndef SAFSD_CONFIG_DRIVERS_H
#define SAFSD_CONFIG_DRIVERS_H

#include <stdbool.h>

#include "base/status.h"

typedef struct cfg_driver {
    bool program_cache;      /* keeps no built programs itself */
    bool emulator;           /* computes on the processor what other hardware would */
    char cache_variable[32]; /* of the environment: the folder of what it keeps; empty: none is known */
    char cache_folder[64]; /* the same where that variable is not set, below HOME/ or XDG_CACHE_HOME/; empty: unknown */
} cfg_driver;

/* A device as the sections name it; texts are never NULL. */
typedef struct cfg_driver_of {
    const char *platform, *device; /* their names */
    const char *version;           /* of the driver */
} cfg_driver_of;

/* What `text` says of the driver of a device; nothing for one that no section names. `text` NULL: the file that is
 * compiled in. ST_USAGE with the line of what is malformed. */
st_status cfg_driver_find(cfg_driver *driver, const char *text, cfg_driver_of of, st_error *error);

#endif
