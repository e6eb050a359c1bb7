#include "runtime/trace.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "runtime/context_state.h"

enum { TIES = 8 };

/* One moment on both clocks. */
typedef struct tie {
    double device, host, doubt;
} tie;

typedef struct recorded {
    rt_trace_event event;
    cl_ulong start, end; /* of a command, on the device's clock; 0 until known */
} recorded;

struct rt_trace {
    recorded *items;
    rt_trace_event *events; /* returned by the last read */
    size_t count, most;
    bool stopped;
    cl_ulong origin; /* of `device` in ties */
    tie begun;
};

void rt_trace_destroy(rt_trace **trace)
{
    rt_trace *t = *trace;
    if (!t) return;
    free(t->items);
    free(t->events);
    free(t);
    *trace = NULL;
}

size_t rt_trace_add(rt_trace *trace, const rt_trace_event *event)
{
    if (!trace || trace->stopped || trace->count == trace->most) return RT_TRACE_NOWHERE;
    trace->items[trace->count] = (recorded){.event = *event};
    return trace->count++;
}

void rt_trace_ran(rt_trace *trace, size_t place, cl_ulong start, cl_ulong end, bool beside)
{
    if (!trace || place == RT_TRACE_NOWHERE) return;
    trace->items[place].start = start;
    trace->items[place].end = end;
    trace->items[place].event.beside = beside;
}

/* ---- two clocks ---- */

static double since(const rt_trace *trace, cl_ulong moment)
{
    return moment >= trace->origin ? 1e-9 * (double)(moment - trace->origin) : -1e-9 * (double)(trace->origin - moment);
}

/* The first timestamp of a command; some devices report 0 for the time of queueing. */
static cl_int first_moment(cl_event event, cl_ulong *moment)
{
    static const cl_profiling_info moments[] = {CL_PROFILING_COMMAND_QUEUED, CL_PROFILING_COMMAND_SUBMIT,
                                                CL_PROFILING_COMMAND_START};
    cl_int code = CL_SUCCESS;
    *moment = 0;
    for (size_t i = 0; i < sizeof moments / sizeof *moments && code == CL_SUCCESS && *moment == 0; ++i)
        code = clGetEventProfilingInfo(event, moments[i], sizeof *moment, moment, NULL);
    return code;
}

/* Reads the clock, enqueues a marker, waits for it and reads the clock again. */
static st_status mark(rt_context *context, cl_ulong *queued, cl_ulong *ended, double clock[2])
{
    cl_event event = NULL;
    clock[0] = clock_seconds();
    cl_int code = clEnqueueMarkerWithWaitList(context->queue, 0, NULL, &event);
    if (code == CL_SUCCESS) code = clWaitForEvents(1, &event);
    clock[1] = clock_seconds();
    if (code == CL_SUCCESS) code = first_moment(event, queued);
    if (code == CL_SUCCESS) code = clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof *ended, ended, NULL);
    if (event) clReleaseEvent(event);
    return code == CL_SUCCESS ? ST_OK
                              : rt_cl_fail(context, code, "clGetEventProfilingInfo", "reading the device's clock");
}

/* Each marker gives a lower and an upper bound of the difference between the clocks; several markers narrow them. */
static st_status tie_clocks(rt_context *context, rt_trace *trace, tie *result)
{
    double least = 0, most = 0, middle = 0;
    const cl_int code = clFinish(context->queue); /* not rt_finish, which is a phase */
    if (code != CL_SUCCESS) return rt_cl_fail(context, code, "clFinish", "waiting for the queue");
    for (size_t i = 0; i < TIES; ++i) {
        cl_ulong queued = 0, ended = 0;
        double clock[2] = {0, 0};
        ST_FORWARD(mark(context, &queued, &ended, clock));
        if (trace->origin == 0) trace->origin = queued;
        const double low = clock[0] - since(trace, queued), high = clock[1] - since(trace, ended);
        if (i == 0 || low > least) least = low;
        if (i == 0 || high < most) most = high;
        middle = since(trace, ended);
    }
    *result = (tie){middle, middle + (least + most) / 2, (most > least ? most - least : least - most) / 2};
    return ST_OK;
}

/* Over a second or more, a different rate of the clocks is corrected too. */
static double by_host(const tie *first, const tie *last, double device)
{
    const double span = last->device - first->device;
    const double pace = span > 1.0 ? (last->host - first->host) / span : 1.0;
    return first->host + (device - first->device) * pace;
}

/* ---- recording ---- */

st_status rt_trace_begin(rt_context *context, rt_trace **trace, size_t most)
{
    rt_trace_destroy(trace);
    rt_trace *t = calloc(1, sizeof *t);
    *trace = t;
    if (t) t->items = calloc(most, sizeof *t->items);
    if (!t || !t->items) {
        rt_trace_destroy(trace);
        return st_fail(context->error, ST_FAILED, "out of memory for a trace of %zu events", most);
    }
    t->most = most;
    const st_status status = tie_clocks(context, t, &t->begun);
    if (status != ST_OK) rt_trace_destroy(trace);
    return status;
}

void rt_trace_halt(rt_trace *trace)
{
    if (trace) trace->stopped = true;
}

static int by_start(const void *a, const void *b)
{
    const rt_trace_event *x = a, *y = b;
    if (x->start != y->start) return x->start > y->start ? 1 : -1;
    return (x->end < y->end) - (x->end > y->end); /* enclosing events first */
}

st_status rt_trace_list(rt_context *context, rt_trace *t, const rt_trace_event **events, size_t *count, double *doubt)
{
    tie now;
    t->stopped = true;
    ST_FORWARD(tie_clocks(context, t, &now));
    free(t->events);
    t->events = calloc(t->count + 1, sizeof *t->events);
    if (!t->events) return st_fail(context->error, ST_FAILED, "out of memory for a trace of %zu events", t->count);
    size_t known = 0;
    for (size_t i = 0; i < t->count; ++i) {
        rt_trace_event event = t->items[i].event;
        if (t->items[i].end != 0) {
            event.start = by_host(&t->begun, &now, since(t, t->items[i].start));
            event.end = by_host(&t->begun, &now, since(t, t->items[i].end));
        }
        if (event.end > 0) t->events[known++] = event; /* otherwise it never ran */
    }
    qsort(t->events, known, sizeof *t->events, by_start);
    *events = t->events;
    *count = known;
    *doubt = t->begun.doubt > now.doubt ? t->begun.doubt : now.doubt;
    return ST_OK;
}
