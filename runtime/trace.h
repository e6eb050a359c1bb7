/* The recording of a trace, for rt_trace_start (profile.h). Private to runtime/. */
#ifndef SAFSD_RUNTIME_TRACE_H
#define SAFSD_RUNTIME_TRACE_H

#include <CL/cl.h>

#include "runtime/trace_event.h"

typedef struct rt_trace rt_trace;

/* Index of an event that is not recorded. */
#define RT_TRACE_NOWHERE SIZE_MAX

/* Implement rt_trace_start, rt_trace_stop and rt_trace_read. */
st_status rt_trace_begin(rt_context *context, rt_trace **trace, size_t most);
void rt_trace_halt(rt_trace *trace);
st_status rt_trace_list(rt_context *context, rt_trace *trace, const rt_trace_event **events, size_t *count,
                        double *doubt);
void rt_trace_destroy(rt_trace **trace);

/* Records an event and returns its index, or RT_TRACE_NOWHERE if nothing is recorded; `trace` may be NULL. */
size_t rt_trace_add(rt_trace *trace, const rt_trace_event *event);

/* Sets when the command at index `place` ran, on the device's clock, and whether on another queue than the
 * context's. */
void rt_trace_ran(rt_trace *trace, size_t place, cl_ulong start, cl_ulong end, bool beside);

#endif
