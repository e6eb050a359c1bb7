/* The handle of an open device, an argument of every call of runtime/. context.h opens and closes it.
 *
 * A handle may be used by one thread at a time. Different handles are independent, also handles of the same device:
 * several threads may each use their own.
 */
#ifndef SAFSD_RUNTIME_HANDLE_H
#define SAFSD_RUNTIME_HANDLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "runtime/device.h"

typedef struct rt_context rt_context;

/* The slot in which every failure of work on the context is recorded. rt_set_error replaces it and returns the previous
 * one; the new slot is borrowed until it is replaced or the context ends. A caller with several runs sets a separate
 * slot for every run or call. */
st_error *rt_error(const rt_context *context);
st_error *rt_set_error(rt_context *context, st_error *error);

const rt_device_info *rt_device(const rt_context *context);

/* Width of the kernels' vectors in floats (the define VW), and work-items per group of a row kernel. */
size_t rt_vector_width(const rt_context *context);
size_t rt_row_group(const rt_context *context);

/* Whether the context was opened with cache_programs. */
bool rt_keeps_programs(const rt_context *context);

/* While planning, launches and GEMM calls are checked and their scratch is recorded, but nothing runs and buffers need
 * not exist. A model calls its forward and backward once with the largest batch to find out what it needs. */
void rt_planning(rt_context *context, bool on);

#endif
