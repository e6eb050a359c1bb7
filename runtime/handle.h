/* The handle of an open device: what every call of runtime/ takes. context.h opens and closes it.
 *
 * One handle serves one thread at a time. Different handles are independent: two threads may each use one, of the same
 * device too.
 */
#ifndef SAFSD_RUNTIME_HANDLE_H
#define SAFSD_RUNTIME_HANDLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "runtime/device.h"

typedef struct rt_context rt_context;

/* The slot that every failure of work on the context is recorded in. rt_set_error gives it another one, borrowed until
 * the next or the end of the context, and returns the one before: a caller that serves several runs hands every run, or
 * every call, a slot of its own. */
st_error *rt_error(const rt_context *context);
st_error *rt_set_error(rt_context *context, st_error *error);

const rt_device_info *rt_device(const rt_context *context);

/* Width in floats of the kernels' explicit vectors (the define VW), and items of a group in a row kernel. */
size_t rt_vector_width(const rt_context *context);
size_t rt_row_group(const rt_context *context);

/* Whether it was opened with cache_programs. */
bool rt_keeps_programs(const rt_context *context);

/* While planning, launches and GEMM calls are checked and their scratch is recorded, but nothing runs and buffers
 * need not exist: a model calls its own forward and backward once with the largest batch to learn what it needs. */
void rt_planning(rt_context *context, bool on);

#endif
