/* Choosing, opening and checking devices. */
#ifndef SAFSD_ENGINE_DEVICES_H
#define SAFSD_ENGINE_DEVICES_H

#include <stdbool.h>

#include "engine/events.h"
#include "runtime/context.h"

enum { EN_MOST_DEVICES = 16 };

typedef struct en_device_options {
    const char *selector;   /* "auto" (or NULL), "0", "0:1", "gpu", part of a name; several with commas */
    const char *origin;     /* where the selector stands, for messages; NULL: not said */
    const char *gemm;       /* [runtime] gemm; NULL: auto */
    const char *program;    /* kernels built elsewhere (runtime/program_given.h); NULL: compile */
    bool profile;           /* time every launch */
    size_t vector_width;    /* of the first device; 0: by capability */
    const char *other_gemm; /* of the devices after the first; NULL: as `gemm` */
    const char *parameters; /* of the first device's GEMM, as rt_gemm_parameters gives them; NULL: as tuned */
    bool unchecked;         /* the caller tests the device itself: en_device_check, or the whole self-test */
    bool untuned;           /* as if nothing were tuned, and silent about what is compiled: to measure it */
    enum { EN_KEEP_AS_NEEDED, EN_KEEP_ALWAYS, EN_KEEP_NEVER } keep_programs; /* compiled ones, beside the driver */
    const en_events *events; /* outlive the devices; NULL: told to nobody */
} en_device_options;

/* Devices that work as one, the first of them leading. */
typedef struct en_devices {
    rt_context *contexts[EN_MOST_DEVICES];
    size_t count;
} en_devices;

/* Opens those of the listed devices that the selector names, at most `room` of them, and tells which it took and how to
 * name them again. Where auto, gpu, cpu or accelerator chose one that cannot be opened, the next of them is taken, with
 * a sentence; a device that was named itself fails. With a program the device has to pass the short self-test, unless
 * `unchecked`. The contexts record their failures in `error`, which has to outlive them. ST_DEVICE, ST_USAGE; nothing
 * is open then. */
st_status en_devices_open(en_devices *devices, const rt_device_list *list, const en_device_options *options,
                          size_t room, st_error *error);

void en_devices_close(en_devices *devices);

/* The short self-test that precedes a training. ST_CHECK where the device computes wrongly, or with `forced` a
 * message. */
st_status en_device_check(rt_context *rt, bool forced, const en_events *events);

/* One product of the largest shape that the model on the device plans (model/checks/product.h), likewise. Where its
 * matrices do not fit beside the model, a message says that the check is left out. */
st_status en_device_check_product(rt_context *rt, bool forced, const en_events *events);

#endif
