/* The OpenCL devices of this machine: what they are, and the one a selector means.
 *
 * Indices are global, in the order in which the ICD loader lists platforms and devices; they are
 * stable for one configuration of drivers. The selector of a device ("0:1", platform:device) names it again.
 * What cannot be used, such as a platform that cannot list its devices, is listed with its error and hides nothing.
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
    char selector[32];     /* names this device again: "P:D" */
    char platform_name[128], name[256], vendor[128], driver[128], version[128], c_version[128];
    rt_device_type type;
    uint64_t memory_bytes, largest_block_bytes, local_bytes;
    uint32_t compute_units, clock_mhz, max_group, vector_width; /* vector_width: native floats, at least 1 */
    bool available, compiler, fp16, fp64, unified_memory, native_kernels;
    uint8_t uuid[16]; /* of the hardware, all 0 where the driver does not tell */
    char bus[16];     /* "0000:c1:00.0", empty where the driver does not tell */
    int same_as;      /* index of an earlier listing of what is probably the same device, or -1 */
    bool emulator;    /* stands in for hardware that is not there; the caller says so, and kinds take it last */
    char error[256];  /* why its properties could not be read; empty when all is well */
    void *platform_handle, *handle;
} rt_device_info;

typedef struct rt_device_list {
    rt_device_info *items;
    size_t count;
} rt_device_list;

/* Lists every device of every platform. ST_DEVICE where there is no platform, or none offers a device. */
st_status rt_device_list_create(rt_device_list *list, st_error *error);
void rt_device_list_destroy(rt_device_list *list);

/* Resolves one selector: an index, P:D, `gpu`, `cpu`, `accelerator`, `auto` (GPU, then accelerator, then CPU, then what
 * is none of them), a name or a part of one, of the device, its platform or its vendor. A kind means the first device
 * of that kind that can be used, emulators after all others. ST_DEVICE with the list of matches when a part is
 * ambiguous, or of devices when none matches. */
st_status rt_device_select(const rt_device_list *list, const char *selector, size_t *chosen, st_error *error);

/* Whether a selector is `auto`, `gpu`, `cpu` or `accelerator`: any device that fits will do. */
bool rt_device_names_kind(const char *selector);

/* "cpu", "gpu", "accelerator" or "other". */
const char *rt_device_type_name(rt_device_type type);

#endif
