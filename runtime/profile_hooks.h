/* The calls with which the modules of runtime/ report to the profile. Private to runtime/, implemented by profile.c. */
#ifndef SAFSD_RUNTIME_PROFILE_HOOKS_H
#define SAFSD_RUNTIME_PROFILE_HOOKS_H

#include <CL/cl.h>

#include "runtime/work.h"

/* Starts profiling a context, until it ends. */
st_status rt_profile_create(rt_context *context);

/* Where to store the event of the command that is enqueued next; NULL when not profiling. The command is counted under
 * `name`, a string that must live as long as the context. rt_profile_move also counts the bytes as work. */
cl_event *rt_profile_launch(rt_context *context, const char *name, const rt_grid *grid, rt_work work);
cl_event *rt_profile_move(rt_context *context, const char *name, double bytes);

/* Between begin and end, launches are counted under `name` instead of the kernel's name. rt_profile_work adds work to
 * that line, and `detail` describes the launches of the group in the trace. */
void rt_profile_begin(rt_context *context, const char *name);
void rt_profile_end(rt_context *context);
void rt_profile_work(rt_context *context, const char *name, rt_work work, const char *detail);

/* Ends the open group and phases after the work in them failed. */
void rt_profile_abandon(rt_context *context);

/* Adds a time measured by the clock. */
void rt_profile_add(rt_context *context, const char *name, double seconds);

#endif
