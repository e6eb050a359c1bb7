#include "runtime/handle.h"

#include "runtime/context_state.h"

enum { ROW_GROUP = 128 };

st_error *rt_error(const rt_context *context)
{
    return context->error;
}

st_error *rt_set_error(rt_context *context, st_error *error)
{
    st_error *before = context->error;
    context->error = error;
    return before;
}

const rt_device_info *rt_device(const rt_context *context)
{
    return &context->device;
}

size_t rt_vector_width(const rt_context *context)
{
    return context->vector_width;
}

size_t rt_row_group(const rt_context *context)
{
    const size_t limit = context->group_limit;
    /* On a CPU a group is one thread of control: vectors do the work, and more items would only run one after
     * another. */
    if (context->device.type == RT_CPU && !context->fixed_group) return 1;
    return limit < ROW_GROUP ? limit : ROW_GROUP;
}

bool rt_keeps_programs(const rt_context *context)
{
    return context->cache_programs;
}

void rt_planning(rt_context *context, bool on)
{
    context->planning = on;
}
