/* The compiled programs of one device, shared by contexts of it: every kernel is compiled once, whichever opens first.
 *
 *     rt_program_pool_create(&pool, device, NULL, &error);
 *     rt_context_create(&rt, device, &(rt_options){.pool = pool}, &error);       any number of times, on any thread
 *     ... rt_context_destroy(&rt) ...
 *     rt_program_pool_destroy(&pool);                                            after the contexts that use it
 *
 * Contexts of one pool share a context of OpenCL's and its programs. Queues, kernels with their arguments and memory
 * are each one's own, so contexts on different threads stay independent. A pool may be used by several threads at once.
 */
#ifndef SAFSD_RUNTIME_PROGRAM_POOL_H
#define SAFSD_RUNTIME_PROGRAM_POOL_H

#include "runtime/device.h"

typedef struct rt_program_pool rt_program_pool;

/* `live_objects` (may be NULL) counts the OpenCL objects that the pool itself holds, as rt_options.live_objects does
 * those of a context. */
st_status rt_program_pool_create(rt_program_pool **pool, const rt_device_info *device, long *live_objects,
                                 st_error *error);
void rt_program_pool_destroy(rt_program_pool **pool);

/* Programs that it holds. */
size_t rt_program_pool_count(rt_program_pool *pool);

#endif
