/* The compiled programs of one device, shared by its contexts: the first context compiles, the others reuse.
 *
 *     rt_program_pool_create(&pool, device, NULL, &error);
 *     rt_context_create(&rt, device, &(rt_options){.pool = pool}, &error);       any number of times, on any thread
 *     ... rt_context_destroy(&rt) ...
 *     rt_program_pool_destroy(&pool);                                            after the contexts that use it
 *
 * Contexts of one pool share an OpenCL context and its programs. Each has its own queue, kernel objects and memory, so
 * contexts on different threads are independent. A pool may be used by several threads at once.
 */
#ifndef SAFSD_RUNTIME_PROGRAM_POOL_H
#define SAFSD_RUNTIME_PROGRAM_POOL_H

#include "runtime/device.h"

typedef struct rt_program_pool rt_program_pool;

/* `live_objects` (may be NULL) counts the OpenCL objects of the pool itself, as rt_options.live_objects counts those of
 * a context. */
st_status rt_program_pool_create(rt_program_pool **pool, const rt_device_info *device, long *live_objects,
                                 st_error *error);
void rt_program_pool_destroy(rt_program_pool **pool);

/* The number of programs in the pool. */
size_t rt_program_pool_count(rt_program_pool *pool);

#endif
