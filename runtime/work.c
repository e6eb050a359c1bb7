#include "runtime/work.h"

#include "runtime/context_state.h"

rt_work rt_work_done(const rt_context *context)
{
    return (rt_work){context->work_bytes, context->work_flops};
}

void rt_count_work(rt_context *context, rt_work work)
{
    context->work_bytes += work.bytes;
    context->work_flops += work.flops;
}
