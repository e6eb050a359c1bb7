/* Device memory mapped for the host, to read results and to write inputs in place.
 *
 * If host and device share memory (rt_device_info.unified_memory), the memory of the device is mapped and nothing is
 * copied. Otherwise it is pinned memory, from and to which the device copies. Callers need not distinguish the two.
 */
#ifndef SAFSD_RUNTIME_HOST_MAP_H
#define SAFSD_RUNTIME_HOST_MAP_H

#include "runtime/buffer.h"

typedef struct rt_host_map {
    void *host; /* the elements until rt_unmap; NULL if nothing is mapped */
    rt_view view;
    size_t elements;
    bool writes;
} rt_host_map;

/* Wait for earlier work and map `elements` (at least 1), to read them or to write all of them. A context has one map at
 * a time. Until rt_unmap, do not enqueue work that uses the view's block. Work enqueued after rt_unmap sees the written
 * elements. Do not call these functions while planning. */
st_status rt_map_read(rt_context *context, rt_view from, size_t elements, rt_host_map *map);
st_status rt_map_write(rt_context *context, rt_view to, size_t elements, rt_host_map *map);
/* Does nothing if nothing is mapped. */
st_status rt_unmap(rt_context *context, rt_host_map *map);

#endif
