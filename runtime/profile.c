#include "runtime/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "runtime/context_state.h"
#include "runtime/profile_hooks.h"
#include "runtime/trace.h"

enum { MOST_PENDING = 4096, MOST_LINES = 512, MOST_DEPTH = 16 };

/* The lines of commands, or of phases. */
typedef struct table {
    rt_profile_line lines[MOST_LINES];
    size_t count;
} table;

struct rt_profile {
    table commands, phases;
    struct {
        cl_event event;
        size_t line, place;
    } pending[MOST_PENDING];
    size_t pending_count;
    const char *group;            /* replaces the kernel's name; NULL outside begin and end */
    char detail[RT_TRACE_DETAIL]; /* of the group */
    struct {
        const char *name;
        double begun;
    } open[MOST_DEPTH];
    size_t depth; /* open phases; those deeper than MOST_DEPTH are not recorded */
    rt_trace *trace;
};

static const char *part_of(const struct rt_profile *p)
{
    return p->depth ? p->open[0].name : NULL;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static size_t line_of(table *t, const char *name, const char *part)
{
    for (size_t i = 0; i < t->count; ++i)
        if (same(t->lines[i].name, name) && same(t->lines[i].part, part)) return i;
    if (t->count == MOST_LINES) return MOST_LINES - 1;
    t->lines[t->count] = (rt_profile_line){.name = name, .part = part};
    return t->count++;
}

static void add_work(rt_profile_line *line, rt_work work)
{
    line->work.bytes += work.bytes;
    line->work.flops += work.flops;
}

/* ---- commands ---- */

/* Waits for the first `count` pending commands, in order, and counts them. */
static void collect(rt_context *context, size_t count)
{
    struct rt_profile *p = context->profile;
    for (size_t i = 0; i < count; ++i) {
        cl_ulong start = 0, end = 0;
        cl_command_queue queue = context->queue;
        const cl_event event = p->pending[i].event;
        rt_profile_line *line = &p->commands.lines[p->pending[i].line];
        if (event) {
            clWaitForEvents(1, &event);
            clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof start, &start, NULL);
            clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL);
            clGetEventInfo(event, CL_EVENT_COMMAND_QUEUE, sizeof queue, &queue, NULL);
            clReleaseEvent(event);
        }
        line->seconds += (double)(end - start) * 1e-9;
        ++line->launches;
        rt_trace_ran(p->trace, p->pending[i].place, start, end, queue != context->queue);
    }
    p->pending_count -= count;
    memmove(p->pending, p->pending + count, p->pending_count * sizeof p->pending[0]);
}

static void release(rt_context *context)
{
    collect(context, context->profile->pending_count);
    rt_trace_destroy(&context->profile->trace);
    free(context->profile);
    context->profile = NULL;
}

st_status rt_profile_create(rt_context *context)
{
    context->profile = calloc(1, sizeof *context->profile);
    if (!context->profile) return st_fail(context->error, ST_FAILED, "out of memory for the profile");
    const st_status status = rt_own(context, release);
    if (status != ST_OK) release(context);
    return status;
}

static rt_trace_event event_of(const struct rt_profile *p, const char *name)
{
    rt_trace_event event = {.name = name, .part = part_of(p)};
    if (p->group) memcpy(event.detail, p->detail, sizeof event.detail);
    return event;
}

cl_event *rt_profile_launch(rt_context *context, const char *name, const rt_grid *grid, rt_work work)
{
    struct rt_profile *p = context->profile;
    if (!p) return NULL;
    if (p->pending_count == MOST_PENDING) collect(context, MOST_PENDING / 2); /* the device continues with the rest */
    rt_trace_event event = event_of(p, name);
    if (grid) event.grid = *grid;
    event.work = work;
    const size_t line = line_of(&p->commands, p->group ? p->group : name, part_of(p));
    add_work(&p->commands.lines[line], work);
    p->pending[p->pending_count].line = line;
    p->pending[p->pending_count].place = rt_trace_add(p->trace, &event);
    p->pending[p->pending_count].event = NULL;
    return &p->pending[p->pending_count++].event;
}

cl_event *rt_profile_move(rt_context *context, const char *name, double bytes)
{
    const rt_work work = {bytes, 0};
    rt_count_work(context, work);
    return rt_profile_launch(context, name, NULL, work);
}

void rt_profile_begin(rt_context *context, const char *name)
{
    if (context->profile) context->profile->group = name;
}

void rt_profile_end(rt_context *context)
{
    if (context->profile) context->profile->group = NULL;
}

void rt_profile_abandon(rt_context *context)
{
    if (!context->profile) return;
    context->profile->group = NULL;
    context->profile->depth = 0;
}

void rt_profile_work(rt_context *context, const char *name, rt_work work, const char *detail)
{
    struct rt_profile *p = context->profile;
    if (!p) return;
    snprintf(p->detail, sizeof p->detail, "%s", detail);
    add_work(&p->commands.lines[line_of(&p->commands, name, part_of(p))], work);
}

void rt_profile_add(rt_context *context, const char *name, double seconds)
{
    struct rt_profile *p = context->profile;
    if (!p) return;
    rt_profile_line *line = &p->commands.lines[line_of(&p->commands, name, part_of(p))];
    line->seconds += seconds;
    ++line->launches;
    rt_trace_event event = event_of(p, name);
    event.end = clock_seconds();
    event.start = event.end - seconds;
    memcpy(event.detail, p->detail, sizeof event.detail);
    rt_trace_add(p->trace, &event);
}

void rt_profile_reset(rt_context *context)
{
    if (!context->profile) return;
    collect(context, context->profile->pending_count);
    context->profile->commands.count = context->profile->phases.count = 0;
}

static int longest_first(const void *a, const void *b)
{
    const double x = ((const rt_profile_line *)a)->seconds, y = ((const rt_profile_line *)b)->seconds;
    return (x < y) - (x > y);
}

static void read_table(table *t, const rt_profile_line **lines, size_t *count)
{
    qsort(t->lines, t->count, sizeof t->lines[0], longest_first);
    *lines = t->lines;
    *count = t->count;
}

st_status rt_profile_read(rt_context *context, const rt_profile_line **lines, size_t *count)
{
    *lines = NULL;
    *count = 0;
    if (!context->profile) return ST_OK;
    collect(context, context->profile->pending_count);
    read_table(&context->profile->commands, lines, count);
    return ST_OK;
}

/* ---- phases ---- */

void rt_phase_begin(rt_context *context, const char *name)
{
    struct rt_profile *p = context->profile;
    if (!p) return;
    if (p->depth < MOST_DEPTH) {
        p->open[p->depth].name = name;
        p->open[p->depth].begun = clock_seconds();
    }
    ++p->depth;
}

void rt_phase_end(rt_context *context)
{
    struct rt_profile *p = context->profile;
    if (!p || p->depth == 0 || p->depth-- > MOST_DEPTH) return;
    const char *name = p->open[p->depth].name, *part = p->open[0].name;
    const double begun = p->open[p->depth].begun, ended = clock_seconds();
    rt_profile_line *line = &p->phases.lines[line_of(&p->phases, name, part)];
    line->seconds += ended - begun;
    ++line->launches;
    rt_trace_add(p->trace, &(rt_trace_event){.name = name, .part = part, .host = true, .start = begun, .end = ended});
}

void rt_phase_read(rt_context *context, const rt_profile_line **lines, size_t *count)
{
    *lines = NULL;
    *count = 0;
    if (context->profile) read_table(&context->profile->phases, lines, count);
}

/* ---- trace ---- */

st_status rt_trace_start(rt_context *context, size_t most)
{
    if (!context->profile) return ST_OK;
    collect(context, context->profile->pending_count); /* they belong to an earlier trace */
    return rt_trace_begin(context, &context->profile->trace, most);
}

void rt_trace_stop(rt_context *context)
{
    if (context->profile) rt_trace_halt(context->profile->trace);
}

st_status rt_trace_read(rt_context *context, const rt_trace_event **events, size_t *count, double *doubt)
{
    *events = NULL;
    *count = 0;
    *doubt = 0;
    if (!context->profile || !context->profile->trace) return ST_OK;
    collect(context, context->profile->pending_count);
    return rt_trace_list(context, context->profile->trace, events, count, doubt);
}
