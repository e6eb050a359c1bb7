/* A profile: the time of device commands summed by kernel, of host phases summed by name, and a trace of both. It needs
 * rt_options.profile when the context is created. Commands are then timed by OpenCL events (the GEMM of a library by
 * the clock, with a finish before and after). Otherwise these functions do nothing.
 */
#ifndef SAFSD_RUNTIME_PROFILE_H
#define SAFSD_RUNTIME_PROFILE_H

#include "runtime/trace_event.h"

typedef struct rt_profile_line {
    const char *name; /* kernel, "gemm" for all of matrix products, "upload", "download", "copy", "zero"; or phase */
    const char *part; /* outermost phase of the host when it was enqueued; NULL if none */
    double seconds;
    uint64_t launches;
    rt_work work; /* bytes of kernels from RT_MOVES */
} rt_profile_line;

/* Resets all counts. The trace is kept. */
void rt_profile_reset(rt_context *context);
/* Finishes the queue and returns the lines, longest time first; borrowed until the next call. */
st_status rt_profile_read(rt_context *context, const rt_profile_line **lines, size_t *count);

/* Begin and end a phase of the host. Phases nest; every begin has an end unless the work fails. The name must live as
 * long as the context. Waits and blocking transfers are phases too. */
void rt_phase_begin(rt_context *context, const char *name);
void rt_phase_end(rt_context *context);
/* The ended phases as lines, with seconds by the clock, including inner phases; borrowed until the next call. */
void rt_phase_read(rt_context *context, const rt_profile_line **lines, size_t *count);

/* ---- trace ---- */

/* Records at most `most` events until rt_trace_stop. The clocks of device and host are compared by marker commands now
 * and when the trace is read. */
st_status rt_trace_start(rt_context *context, size_t most);
void rt_trace_stop(rt_context *context);
/* The events, sorted by start; borrowed until the context ends. *doubt is the possible error between the two clocks, in
 * seconds. ST_DEVICE if the device does not report when commands ran. */
st_status rt_trace_read(rt_context *context, const rt_trace_event **events, size_t *count, double *doubt);

#endif
