/* Where the modules of runtime/ tell the profile what they do; private to runtime/, implemented by profile.c. */
#ifndef SAFSD_RUNTIME_PROFILE_HOOKS_H
#define SAFSD_RUNTIME_PROFILE_HOOKS_H

#include <CL/cl.h>

#include "runtime/work.h"

/* Begins to time the commands of a context, to its end. */
st_status rt_profile_create(rt_context *context);

/* The place for the event of the command that is enqueued next, counted under `name` (a string that lives as long as
 * the context), or NULL when not profiling; rt_profile_move counts its bytes as work done too. */
cl_event *rt_profile_launch(rt_context *context, const char *name, const rt_grid *grid, rt_work work);
cl_event *rt_profile_move(rt_context *context, const char *name, double bytes);

/* Between begin and end, launches count as `name` instead of their own kernel's name; rt_profile_work adds to that
 * line, and says what the launches of the group are for. */
void rt_profile_begin(rt_context *context, const char *name);
void rt_profile_end(rt_context *context);
void rt_profile_work(rt_context *context, const char *name, rt_work work, const char *detail);

/* Ends the group and the phases that are open: the work in them failed. */
void rt_profile_abandon(rt_context *context);

/* Counts what was timed by the clock. */
void rt_profile_add(rt_context *context, const char *name, double seconds);

#endif
