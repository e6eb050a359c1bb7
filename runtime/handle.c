#include "runtime/handle.h"

#include "runtime/context_state.h"

enum { ROW_GROUP = 128, FLOATS_AT_ONCE = 16 };

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
    if (context->device.type != RT_CPU || context->fixed_group) return limit < ROW_GROUP ? limit : ROW_GROUP;
    /* On a CPU a group is one thread of control: vectors do the work, and more items would only take turns. Where
     * vectors are no wider than a float or two, compilers make vectors of items. */
    if (context->vector_width >= 4) return 1;
    const size_t items = FLOATS_AT_ONCE / context->vector_width;
    return items < limit ? items : limit;
}

bool rt_keeps_programs(const rt_context *context)
{
    return context->cache_programs;
}

void rt_planning(rt_context *context, bool on)
{
    context->planning = on;
}
