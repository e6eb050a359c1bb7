/* Where the time goes: the commands of the device summed by kernel, the phases of the host by name, and a trace of
 * both. Needs rt_options.profile at creation; commands are then timed by OpenCL events (the GEMM of a library by the
 * clock, with a finish before and after). Without it everything here does nothing.
 */
#ifndef SAFSD_RUNTIME_PROFILE_H
#define SAFSD_RUNTIME_PROFILE_H

#include "runtime/trace_event.h"

typedef struct rt_profile_line {
    const char *name; /* kernel, "gemm" for all of matrix products, "upload", "download", "copy", "zero"; or a phase */
    const char *part; /* outermost phase of the host when it was enqueued; NULL: none was open */
    double seconds;
    uint64_t launches;
    rt_work work; /* bytes of kernels as RT_MOVES says */
} rt_profile_line;

/* Forgets what was counted so far. The trace stays. */
void rt_profile_reset(rt_context *context);
/* Finishes the queue and gives the lines, longest first; they are borrowed until the next call. */
st_status rt_profile_read(rt_context *context, const rt_profile_line **lines, size_t *count);

/* What the host does between begin and end; phases nest, and every begin has its end unless the work fails. The name
 * lives as long as the context. Waits and transfers that block are phases by themselves. */
void rt_phase_begin(rt_context *context, const char *name);
void rt_phase_end(rt_context *context);
/* The phases that have ended, as lines: seconds by the clock, those of inner ones included. Borrowed until the next. */
void rt_phase_read(rt_context *context, const rt_profile_line **lines, size_t *count);

/* ---- trace ---- */

/* Records from now on, at most `most` events, until the stop. The clock of the device is tied to that of the host by
 * commands that wait for nothing, now and when the trace is read. */
st_status rt_trace_start(rt_context *context, size_t most);
void rt_trace_stop(rt_context *context);
/* The events, by start; borrowed until the context ends. *doubt: seconds by which the two clocks may be apart.
 * ST_DEVICE where the device does not say when commands ran. */
st_status rt_trace_read(rt_context *context, const rt_trace_event **events, size_t *count, double *doubt);

#endif
