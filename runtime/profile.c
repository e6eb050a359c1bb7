#include "runtime/profile.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/internal.h"

enum { PENDING_EVENTS = 4096, MOST_LINES = 256 };

struct rt_profile {
    rt_profile_line lines[MOST_LINES];
    size_t count;
    struct {
        cl_event event;
        size_t line;
    } pending[PENDING_EVENTS];
    size_t pending_count;
    const char *group; /* counts instead of the kernel's name; NULL outside begin and end */
};

st_status rt_profile_create(rt_context *context)
{
    context->profile = calloc(1, sizeof *context->profile);
    if (!context->profile) return st_fail(context->error, ST_FAILED, "out of host memory for the profile");
    return ST_OK;
}

static size_t line_of(struct rt_profile *p, const char *name)
{
    for (size_t i = 0; i < p->count; ++i)
        if (strcmp(p->lines[i].name, name) == 0) return i;
    if (p->count == MOST_LINES) return MOST_LINES - 1;
    p->lines[p->count] = (rt_profile_line){.name = name};
    return p->count++;
}

static void collect(rt_context *context)
{
    struct rt_profile *p = context->profile;
    if (p->pending_count) clFinish(context->queue);
    for (size_t i = 0; i < p->pending_count; ++i) {
        cl_ulong start = 0, end = 0;
        if (p->pending[i].event) {
            clGetEventProfilingInfo(p->pending[i].event, CL_PROFILING_COMMAND_START, sizeof start, &start, NULL);
            clGetEventProfilingInfo(p->pending[i].event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL);
            clReleaseEvent(p->pending[i].event);
        }
        rt_profile_line *line = &p->lines[p->pending[i].line];
        line->seconds += (double)(end - start) * 1e-9;
        ++line->launches;
    }
    p->pending_count = 0;
}

void rt_profile_destroy(rt_context *context)
{
    if (!context->profile) return;
    collect(context);
    free(context->profile);
    context->profile = NULL;
}

cl_event *rt_profile_event(rt_context *context, const char *name)
{
    struct rt_profile *p = context->profile;
    if (!p) return NULL;
    if (p->pending_count == PENDING_EVENTS) collect(context);
    p->pending[p->pending_count].line = line_of(p, p->group ? p->group : name);
    p->pending[p->pending_count].event = NULL;
    return &p->pending[p->pending_count++].event;
}

void rt_profile_begin(rt_context *context, const char *name)
{
    if (context->profile) context->profile->group = name;
}

void rt_profile_end(rt_context *context)
{
    if (context->profile) context->profile->group = NULL;
}

void rt_profile_flops(rt_context *context, const char *name, double flops)
{
    if (context->profile) context->profile->lines[line_of(context->profile, name)].flops += flops;
}

void rt_profile_add(rt_context *context, const char *name, double seconds)
{
    if (!context->profile) return;
    rt_profile_line *line = &context->profile->lines[line_of(context->profile, name)];
    line->seconds += seconds;
    ++line->launches;
}

void rt_profile_reset(rt_context *context)
{
    if (!context->profile) return;
    collect(context);
    context->profile->count = 0;
}

static int longest_first(const void *a, const void *b)
{
    const double x = ((const rt_profile_line *)a)->seconds, y = ((const rt_profile_line *)b)->seconds;
    return (x < y) - (x > y);
}

st_status rt_profile_read(rt_context *context, const rt_profile_line **lines, size_t *count)
{
    *lines = NULL;
    *count = 0;
    if (!context->profile) return ST_OK;
    collect(context);
    qsort(context->profile->lines, context->profile->count, sizeof *context->profile->lines, longest_first);
    *lines = context->profile->lines;
    *count = context->profile->count;
    return ST_OK;
}
