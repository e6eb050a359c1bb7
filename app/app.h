/* What every command shares: how it is described, what it is given, and the device it works on. */
#ifndef SAFSD_APP_APP_H
#define SAFSD_APP_APP_H

#include <stdbool.h>
#include <stddef.h>

#include "app/files.h"
#include "app/progress.h"
#include "base/status.h"
#include "engine/devices.h"
#include "usage/command.h"

#define APP_NAME "safsd-cl"

typedef struct app_state {
    const char *device;  /* --device, or NULL */
    const char *program; /* --program: kernels built elsewhere, or NULL */
    bool verbose, quiet;
    app_files files; /* that the command reads and writes */
    app_progress progress;
    en_events events; /* what the engine tells, as lines on stderr */
    st_error error;   /* main prints it and exits with its status */
} app_state;

/* A command is one file app/commands/<name>.c that defines `const app_command cmd_<name>`, and one line in main.c. */

/* en_list_devices, which says in app->error what to install where there is no device. */
st_status app_list_devices(app_state *app, rt_device_list *list);

/* Messages about drivers that are installed but whose libraries cannot be loaded: the loader passes them over in
 * silence. After app_list_devices, which calls it where there is no device. */
void app_say_missing_drivers(app_state *app);

/* en_devices_open for the devices of --device, else of SAFSD_CL_DEVICE, else `options.selector`, which is what the
 * configuration says; with the kernels of --program. Failures on them are recorded in app->error. */
st_status app_open_devices(app_state *app, en_device_options options, size_t room, en_devices *devices);
st_status app_open_device(app_state *app, en_device_options options, rt_context **rt); /* exactly one */

/* Lets `events` print what the engine tells. */
void app_events_start(app_state *app);

#endif
