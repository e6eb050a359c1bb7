/* What the program does when a signal of a crash ends it, by where it stands; see driver_watch.h, which calls this. */
#ifndef SAFSD_PROBE_DRIVER_CRASH_H
#define SAFSD_PROBE_DRIVER_CRASH_H

enum { CRASH_FOLDER_SIZE = 512 };

/* A crash from here on, or an exit, starts the program once more, as `argument NAME-OF-THE-SIGNAL`. */
void crash_stage_listing(const char *argument);

/* A crash from here on is no driver's. */
void crash_stage_listed(void);

/* A crash from here on prints a sentence with this device, and the folder of its driver's cache (NULL: unknown). */
void crash_stage_device(const char *device, const char *cache_folder);

#endif
