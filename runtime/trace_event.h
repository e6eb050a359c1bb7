/* What a trace (profile.h) is made of. */
#ifndef SAFSD_RUNTIME_TRACE_EVENT_H
#define SAFSD_RUNTIME_TRACE_EVENT_H

#include "runtime/work.h"

enum { RT_TRACE_DETAIL = 48 };

/* One command of the device, or one phase of the host. */
typedef struct rt_trace_event {
    const char *name;             /* a kernel by its own name */
    const char *part;             /* outermost phase of the host when it was enqueued; NULL: none was open */
    char detail[RT_TRACE_DETAIL]; /* of a kernel of a matrix product: "NT 752 x 1024 x 1024"; else empty */
    bool host;
    bool beside;       /* a command of another queue than the context's: it may run beside those */
    double start, end; /* seconds by the clock of the host, CLOCK_MONOTONIC */
    rt_grid grid;      /* dimensions 0: no launch */
    rt_work work;
} rt_trace_event;

#endif
