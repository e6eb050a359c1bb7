/* Device memory that the host sees, to read results where they lie and to make values where they are needed.
 *
 * Where host and device share memory (rt_device_info.unified_memory) it is the device's own, mapped, and nothing is
 * copied. Elsewhere it is pinned memory, which the device copies from and to. Users need not know which it is.
 */
#ifndef SAFSD_RUNTIME_HOST_MAP_H
#define SAFSD_RUNTIME_HOST_MAP_H

#include "runtime/buffer.h"

typedef struct rt_host_map {
    void *host; /* the elements, until they are unmapped; NULL: nothing is mapped */
    rt_view view;
    size_t elements;
    bool writes;
} rt_host_map;

/* Waits for earlier work and maps `elements` (at least 1): to read them, or to write them all. One map of a context is
 * open at a time, and until it is unmapped nothing is enqueued that uses the view's block. What was written is on the
 * device for all work enqueued after rt_unmap. Not to be called while planning. */
st_status rt_map_read(rt_context *context, rt_view from, size_t elements, rt_host_map *map);
st_status rt_map_write(rt_context *context, rt_view to, size_t elements, rt_host_map *map);
/* Does nothing where nothing is mapped. */
st_status rt_unmap(rt_context *context, rt_host_map *map);

#endif
