/* The devices of a command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "probe/driver_watch.h"
#include "probe/icd.h"
#include "engine/device_list.h"

static void message(void *user, en_level level, const char *sentence)
{
    app_state *app = user;
    if (level == EN_NOTICE || app->verbose) app_progress_say(&app->progress, "%s", sentence);
}

static void device(void *user, const rt_device_info *info)
{
    (void)user;
    watch_device(info);
}

void app_events_start(app_state *app)
{
    app->events = (en_events){.user = app, .message = message, .device = device};
}

/* The first selector of: flag, environment, configuration, auto; and where it stands, for messages. */
static void choose_selector(const app_state *app, en_device_options *options)
{
    const char *variable = getenv("SAFSD_CL_DEVICE");
    options->origin = "[runtime] device";
    if (variable && *variable) {
        options->selector = variable;
        options->origin = "SAFSD_CL_DEVICE";
    }
    if (app->device) {
        options->selector = app->device;
        options->origin = "--device";
    }
}

/* SAFSD_CL_CACHE, else what the driver needs. */
static st_status choose_cache(en_device_options *options, st_error *error)
{
    const char *variable = getenv("SAFSD_CL_CACHE");
    if (!variable || !*variable) return ST_OK;
    options->keep_programs = strcmp(variable, "always") == 0 ? EN_KEEP_ALWAYS : EN_KEEP_NEVER;
    if (options->keep_programs == EN_KEEP_ALWAYS || strcmp(variable, "never") == 0) return ST_OK;
    return st_fail(error, ST_USAGE, "SAFSD_CL_CACHE=%.64s: it takes always or never", variable);
}

/* Puts what to do behind a sentence that says that there is no device. */
static void advise(st_error *error)
{
    st_append(
        error,
        ": install or check the driver of your device, or to run on the CPU that of PoCL (Debian, Ubuntu: apt-get "
        "install pocl-opencl-icd), which needs a folder that it can write to, by HOME or POCL_CACHE_DIR");
}

void app_say_missing_drivers(app_state *app)
{
    icd_list list;
    char why[512];
    icd_list_create(&list);
    for (size_t i = 0; i < list.count; ++i)
        if (icd_unloadable(&list.items[i], why, sizeof why))
            app_progress_say(&app->progress, "the OpenCL driver of %s is not there: %s", list.items[i].path, why);
    icd_list_destroy(&list);
}

st_status app_list_devices(app_state *app, rt_device_list *list)
{
    watch_listing *watch = watch_listing_begin(&app->events);
    const st_status status = en_list_devices(list, &app->error);
    watch_listing_end(&watch);
    if (status == ST_DEVICE) {
        app_say_missing_drivers(app);
        advise(&app->error);
    }
    return status;
}

st_status app_open_devices(app_state *app, en_device_options options, size_t room, en_devices *devices)
{
    rt_device_list list = {NULL, 0};
    devices->count = 0;
    choose_selector(app, &options);
    ST_FORWARD(choose_cache(&options, &app->error));
    ST_FORWARD(app_list_devices(app, &list));
    options.program = app->program;
    options.events = &app->events;
    const st_status status = en_devices_open(devices, &list, &options, room, &app->error);
    rt_device_list_destroy(&list);
    return status;
}

st_status app_open_device(app_state *app, en_device_options options, rt_context **rt)
{
    en_devices one;
    ST_FORWARD(app_open_devices(app, options, 1, &one));
    *rt = one.contexts[0];
    return ST_OK;
}
