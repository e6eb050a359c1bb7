/* What the files of the library share. */
#ifndef SAFSD_API_INTERNAL_H
#define SAFSD_API_INTERNAL_H

#include "engine/devices.h"
#include "engine/model.h"
#include "safsd.h"

struct safsd_device {
    st_error error; /* the slot of all work on it; empty between calls */
    en_devices devices;
};

struct safsd_data {
    ds_dataset *set;
};

struct safsd_model {
    safsd_device *device;
    cfg_config config; /* that of the checkpoint, or the one given in its place */
    en_model model;
};

static inline rt_context *api_context(const safsd_device *device)
{
    return device->devices.contexts[0];
}

/* Ends a call: hands a failure over, empties the slot and returns the code. */
int api_conclude(st_error *slot, safsd_error *error);

/* Fails a call before anything was begun. */
int api_refuse(safsd_error *error, const char *format, ...) ST_PRINTF(2, 3);

/* Copies a struct of the caller that begins with its size: fields that an older caller does not have are 0. False, with
 * the reason in `error`, where it is NULL, or larger than this library knows. */
bool api_options(void *copy, size_t size, const void *given, const char *name, safsd_error *error);

#endif
