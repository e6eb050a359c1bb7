#include "runtime/queue.h"

#include "runtime/context_state.h"
#include "runtime/profile.h"

st_status rt_finish(rt_context *context)
{
    rt_phase_begin(context, "wait");
    const cl_int code = clFinish(context->queue);
    rt_phase_end(context);
    if (code != CL_SUCCESS) return rt_cl_fail(context, code, "clFinish", "waiting for the queue");
    return ST_OK;
}

st_status rt_flush(rt_context *context)
{
    const cl_int code = clFlush(context->queue);
    if (code != CL_SUCCESS) return rt_cl_fail(context, code, "clFlush", "starting the queue");
    return ST_OK;
}
