/* Words where a driver hangs or crashes. Signals, processes and threads for this are the program's alone: no
 * other folder below app/ has any.
 *
 * While devices are listed: after two seconds a message names the drivers that are being asked, and another the one
 * that does not answer. A crash, or a driver that ends the process, starts the program once more in the same process
 * with WATCH_CRASH_ARGUMENT, which asks each driver alone and names the one at fault, with exit status 3.
 *
 * Once a device is open: a crash prints one sentence that names the device and what its driver keeps on disk, which may
 * be damaged, and then ends the process as it would have anyway. */
#ifndef SAFSD_PROBE_DRIVER_WATCH_H
#define SAFSD_PROBE_DRIVER_WATCH_H

#include "engine/events.h"
typedef struct watch_listing watch_listing;

/* Around rt_device_list_create. NULL, which watch_listing_end takes, where there is nothing to watch with. */
watch_listing *watch_listing_begin(const en_events *events);
void watch_listing_end(watch_listing **listing);

/* A device is about to be opened; and again once it is, for drivers install handlers of their own. Where several are
 * opened, each adds to the sentence. */
void watch_device(const rt_device_info *device);

#define WATCH_CRASH_ARGUMENT "--drivers-crashed"

/* What the program does with that argument: finds the driver at fault. `how`: the name of the signal. */
st_status watch_explain_crash(const char *how, st_error *error);

#endif
