/* Where the time of the device goes: one line per kernel name, summed over launches.
 * Needs rt_options.profile at creation; launches are then timed by OpenCL events (GEMM of a library by the clock, with a
 * finish before and after). */
#ifndef SAFSD_RUNTIME_PROFILE_H
#define SAFSD_RUNTIME_PROFILE_H

#include "runtime/context.h"

typedef struct rt_profile_line {
    const char *name; /* kernel, or "gemm" for all kernels of a matrix product */
    double seconds;
    uint64_t launches;
    double flops; /* counted for GEMM only, multiply and add as two */
} rt_profile_line;

/* Forgets what was counted so far. */
void rt_profile_reset(rt_context *context);
/* Finishes the queue and gives the lines, longest first; they are borrowed until the next call. */
st_status rt_profile_read(rt_context *context, const rt_profile_line **lines, size_t *count);

#endif
