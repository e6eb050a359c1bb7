/* The events of a trace (profile.h). */
#ifndef SAFSD_RUNTIME_TRACE_EVENT_H
#define SAFSD_RUNTIME_TRACE_EVENT_H

#include "runtime/work.h"

enum { RT_TRACE_DETAIL = 48 };

/* A command of the device, or a phase of the host. */
typedef struct rt_trace_event {
    const char *name;             /* a kernel has its own name, also inside "gemm" */
    const char *part;             /* outermost phase of the host when it was enqueued; NULL if none */
    char detail[RT_TRACE_DETAIL]; /* for a kernel of a matrix product: "NT 752 x 1024 x 1024"; otherwise empty */
    bool host;
    bool beside;       /* a command of another queue than the context's, which may run concurrently */
    double start, end; /* seconds on the host's clock, CLOCK_MONOTONIC */
    rt_grid grid;      /* dimensions 0: not a launch */
    rt_work work;
} rt_trace_event;

#endif
