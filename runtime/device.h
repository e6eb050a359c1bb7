/* The OpenCL devices of this machine, and how a selector chooses one.
 *
 * Indices are global, in the order in which the ICD loader lists platforms and devices. They are stable as long as the
 * installed drivers do not change. Every device has a selector of its own ("0:1", platform:device). An unusable device
 * or platform is listed with its error and does not hide others.
 */
#ifndef SAFSD_RUNTIME_DEVICE_H
#define SAFSD_RUNTIME_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef enum rt_device_type { RT_CPU = 1, RT_GPU = 2, RT_ACCELERATOR = 4, RT_OTHER_DEVICE = 8 } rt_device_type;

typedef struct rt_device_info {
    int index;             /* global */
    int platform, ordinal; /* P:D */
    char selector[32];     /* selects this device: "P:D" */
    char platform_name[128], name[256], vendor[128], driver[128], version[128], c_version[128];
    rt_device_type type;
    uint64_t memory_bytes, largest_block_bytes, local_bytes;
    uint32_t compute_units, clock_mhz, max_group, vector_width; /* vector_width: native width in floats, at least 1 */
    bool available, compiler, fp16, fp64, unified_memory, native_kernels;
    uint8_t uuid[16]; /* of the hardware; all 0 if the driver does not report it */
    char bus[16];     /* "0000:c1:00.0"; empty if the driver does not report it */
    int same_as;      /* index of an earlier entry that is probably the same device, or -1 */
    bool emulator;    /* emulates hardware; set by the caller; kinds choose it last */
    char error[256];  /* why the device cannot be used; empty if it can */
    void *platform_handle, *handle;
} rt_device_info;

typedef struct rt_device_list {
    rt_device_info *items;
    size_t count;
} rt_device_list;

/* Lists every device of every platform. ST_DEVICE if there is no platform or no platform has a device. */
st_status rt_device_list_create(rt_device_list *list, st_error *error);
void rt_device_list_destroy(rt_device_list *list);

/* Resolves a selector: an index, P:D, a kind (`gpu`, `cpu`, `accelerator`, or `auto`: GPU, then accelerator, then CPU,
 * then any other), or the name, or part of it, of a device, its platform or its vendor. A kind chooses its first usable
 * device, emulators last. ST_DEVICE with the list of matches if a name is ambiguous, or the list of devices if none
 * matches. */
st_status rt_device_select(const rt_device_list *list, const char *selector, size_t *chosen, st_error *error);

/* Whether a selector is a kind: `auto`, `gpu`, `cpu` or `accelerator`. */
bool rt_device_names_kind(const char *selector);

/* "cpu", "gpu", "accelerator" or "other". */
const char *rt_device_type_name(rt_device_type type);

#endif
