/* What is known to be fastest on a device: stored by `tune`, or shipped with the program. */
#ifndef SAFSD_ENGINE_TUNED_H
#define SAFSD_ENGINE_TUNED_H

#include "engine/events.h"
#include "runtime/tuning_file.h"

/* Loads it into `tuning`, which is cleared where nothing is known. Returns "stored", "shipped" or NULL. A file that
 * cannot be used is told to `events` (NULL: to nobody) and left out. */
const char *en_tuned(rt_tuning *tuning, const rt_device_info *device, const en_events *events);

#endif
