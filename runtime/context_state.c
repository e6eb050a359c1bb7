#include "runtime/context_state.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "runtime/codes.h"
#include "runtime/program_pool_lock.h"

st_status rt_cl_fail(const struct rt_context *context, cl_int code, const char *call, const char *format, ...)
{
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    text_vformat(what, sizeof what, format, arguments);
    va_end(arguments);
    return st_fail(context->error, ST_DEVICE, "%s on %s: %s returned %s (%d)", what, context->device.name, call,
                   rt_code_name(code), (int)code);
}

void rt_count(const struct rt_context *context, int change)
{
    if (context->live_objects) *context->live_objects += change;
}

st_status rt_own(struct rt_context *context, rt_release release)
{
    for (size_t i = 0; i < context->owned_count; ++i)
        if (context->owned[i] == release) return ST_OK;
    if (context->owned_count == RT_MOST_OWNED)
        return st_fail(context->error, ST_FAILED, "a context owns more than %d objects: raise RT_MOST_OWNED",
                       RT_MOST_OWNED);
    context->owned[context->owned_count++] = release;
    return ST_OK;
}

st_status rt_device_open(struct rt_context *context)
{
    cl_int code = CL_SUCCESS;
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
                                                (cl_context_properties)context->device.platform_handle, 0};
    context->id = context->device.handle;
    if (context->pool) {
        context->context = rt_program_pool_context(context->pool, &context->device);
        if (!context->context)
            return st_fail(context->error, ST_FAILED, "the pool of programs is not for %s", context->device.name);
    } else {
        context->context = clCreateContext(properties, 1, &context->id, NULL, NULL, &code);
    }
    if (code != CL_SUCCESS) {
        context->context = NULL;
        return rt_cl_fail(context, code, "clCreateContext", "opening a context");
    }
    rt_count(context, 1);
    context->queue =
        clCreateCommandQueue(context->context, context->id, context->profiling ? CL_QUEUE_PROFILING_ENABLE : 0, &code);
    if (code != CL_SUCCESS) {
        context->queue = NULL;
        return rt_cl_fail(context, code, "clCreateCommandQueue", "opening a queue");
    }
    rt_count(context, 1);
    return ST_OK;
}

void rt_device_close(struct rt_context *context)
{
    if (context->queue) clFinish(context->queue);
    while (context->owned_count > 0) context->owned[--context->owned_count](context);
    if (context->queue) {
        clReleaseCommandQueue(context->queue);
        rt_count(context, -1);
        context->queue = NULL;
    }
    if (context->context) {
        clReleaseContext(context->context);
        rt_count(context, -1);
        context->context = NULL;
    }
}
