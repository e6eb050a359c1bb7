/* Version, errors and devices of the library. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "api/internal.h"
#include "engine/device_list.h"
#include "engine/json.h"

const char *safsd_version(void)
{
    return SAFSD_VERSION;
}

void safsd_free(void *text)
{
    free(text);
}

/* ---- errors ---- */

int api_conclude(st_error *slot, safsd_error *error)
{
    const int code = (int)slot->status;
    if (error) {
        error->code = code;
        snprintf(error->message, sizeof error->message, "%.*s", (int)sizeof error->message - 1, slot->text);
    }
    st_clear(slot);
    return code;
}

int api_refuse(safsd_error *error, const char *format, ...)
{
    if (!error) return SAFSD_USAGE;
    va_list arguments;
    va_start(arguments, format);
    text_vformat(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    error->code = SAFSD_USAGE;
    return SAFSD_USAGE;
}

bool api_options(void *copy, size_t size, const void *given, const char *name, safsd_error *error)
{
    size_t theirs = 0;
    memset(copy, 0, size);
    if (!given) {
        api_refuse(error, "%s is NULL", name);
        return false;
    }
    memcpy(&theirs, given, sizeof theirs);
    if (theirs < sizeof theirs || theirs > size) {
        api_refuse(error,
                   "%s: size is %zu, but this library (version " SAFSD_VERSION
                   ") knows %zu bytes: begin with the _INIT "
                   "macro of its header",
                   name, theirs, size);
        return false;
    }
    memcpy(copy, given, theirs);
    return true;
}

/* ---- devices ---- */

int safsd_devices(char **json, safsd_error *error)
{
    rt_device_list list = {NULL, 0};
    st_error slot = {.status = ST_OK};
    char *text = NULL;
    if (!json) return api_refuse(error, "safsd_devices: json is NULL");
    if (en_list_devices(&list, &slot) == ST_OK) (void)en_devices_json(&text, &list, &slot);
    rt_device_list_destroy(&list);
    if (slot.status == ST_OK) *json = text;
    return api_conclude(&slot, error);
}

int safsd_open_device(safsd_device **device, const char *selector, safsd_error *error)
{
    rt_device_list list = {NULL, 0};
    if (!device) return api_refuse(error, "safsd_open_device: device is NULL");
    safsd_device *opened = calloc(1, sizeof *opened);
    st_error memory = {.status = ST_OK};
    if (!opened) {
        st_fail(&memory, ST_FAILED, "out of memory while opening a device");
        return api_conclude(&memory, error);
    }
    const en_device_options options = {.selector = selector, .origin = "selector"};
    st_status status = en_list_devices(&list, &opened->error);
    if (status == ST_OK) status = en_devices_open(&opened->devices, &list, &options, 1, &opened->error);
    rt_device_list_destroy(&list);
    const int code = api_conclude(&opened->error, error);
    if (status == ST_OK)
        *device = opened;
    else
        free(opened);
    return code;
}

void safsd_close_device(safsd_device **device)
{
    if (!device || !*device) return;
    en_devices_close(&(*device)->devices);
    free(*device);
    *device = NULL;
}
