#include "runtime/context.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/internal.h"
#include "runtime/profile.h"
#include "runtime/program_given.h"

/* A block is addressed by element offsets below 2^31, the limit of GEMM libraries. */
static const uint64_t ADDRESSABLE_BYTES = ((uint64_t)1 << 33) - 4096;

static size_t vector_width_of(const rt_context *context)
{
    if (context->options.vector_width) return context->options.vector_width;
    if (context->device.type != RT_CPU) return 4;
    size_t width = 16;
    while (width > context->device.vector_width) width /= 2;
    return width > 1 ? width : 4;
}

static void set_limits(rt_context *context)
{
    const rt_options *options = &context->options;
    context->vector_width = vector_width_of(context);
    context->group_limit = context->device.max_group;
    if (options->group_size && options->group_size < context->group_limit) context->group_limit = options->group_size;
    uint64_t largest = context->device.largest_block_bytes;
    if (largest > ADDRESSABLE_BYTES) largest = ADDRESSABLE_BYTES;
    context->largest_block = largest < SIZE_MAX ? (size_t)largest : SIZE_MAX;
    if (options->largest_block && options->largest_block < context->largest_block)
        context->largest_block = options->largest_block;
}

static st_status open_device(rt_context *context)
{
    cl_int code = CL_SUCCESS;
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
                                                (cl_context_properties)context->device.platform_handle, 0};
    context->id = context->device.handle;
    context->context = clCreateContext(properties, 1, &context->id, NULL, NULL, &code);
    if (code != CL_SUCCESS) return rt_cl_fail(context, code, "clCreateContext", "opening a context");
    rt_count(context, 1);
    context->queue = clCreateCommandQueue(context->context, context->id,
                                          context->options.profile ? CL_QUEUE_PROFILING_ENABLE : 0, &code);
    if (code != CL_SUCCESS) return rt_cl_fail(context, code, "clCreateCommandQueue", "opening a queue");
    rt_count(context, 1);
    return ST_OK;
}

static st_status make_dummy(rt_context *context)
{
    context->dummy = (rt_block){context, NULL, 64};
    return rt_block_allocate(&context->dummy, 0, "tensors that are left out");
}

/* The GEMM builds its own kernels, with defines of its own. */
static bool not_gemm(const char *name)
{
    return strncmp(name, "gemm", 4) != 0;
}

/* The kernels that are given stand for the compiler, for the GEMM too. */
static st_status load_kernels(rt_context *c, const rt_given *given)
{
    ST_FORWARD(rt_program_load(&c->kernels, c, given->binary, given->size, given->path));
    return rt_given_check(given, c->kernels, c->error);
}

static st_status open_program(rt_context *c, rt_given *given)
{
    if (!c->options.program) {
        if (c->device.compiler) return ST_OK;
        return st_fail(c->error, ST_DEVICE,
                       "%s has no compiler: give a program built for it with --program (`safsd-cl kernels --export` "
                       "writes what to build)",
                       c->device.name);
    }
    c->device.compiler = false;
    ST_FORWARD(rt_given_open(given, c->options.program, &c->device, c->error));
    if (c->options.vector_width && c->options.vector_width != given->vector_width)
        return st_fail(c->error, ST_USAGE, "%s is built for vectors of %zu floats, not of %zu", given->path,
                       given->vector_width, c->options.vector_width);
    c->options.vector_width = given->vector_width;
    return ST_OK;
}

st_status rt_context_create(rt_context **context, const rt_device_info *device, const rt_options *options,
                            st_error *error)
{
    *context = NULL;
    if (device->error[0] != '\0')
        return st_fail(error, ST_DEVICE, "device %d (%s) cannot be used: %s", device->index, device->name,
                       device->error);
    rt_context *c = calloc(1, sizeof *c);
    if (!c) return st_fail(error, ST_FAILED, "out of memory while opening a device");
    c->error = error;
    c->device = *device;
    if (options) c->options = *options;
    if (c->options.separate_memory) c->device.unified_memory = false;
    st_status status = ST_OK;
    rt_given *given = calloc(1, sizeof *given);
    if (!given) {
        status = st_fail(error, ST_FAILED, "out of memory while opening a device");
        goto done;
    }
    ST_TRY(open_program(c, given));
    set_limits(c);
    ST_TRY(open_device(c));
    ST_TRY(make_dummy(c));
    if (c->options.profile) ST_TRY(rt_profile_create(c));
    ST_TRY(given->binary ? load_kernels(c, given) : rt_program_create(&c->kernels, c, not_gemm, ""));
    ST_TRY(rt_gemm_create(c, c->options.gemm ? c->options.gemm : "auto", c->options.tuning));
    c->options.tuning = NULL;
    *context = c;
done:
    rt_given_close(given);
    free(given);
    if (status != ST_OK) rt_context_destroy(&c);
    return status;
}

void rt_context_destroy(rt_context **context)
{
    rt_context *c = *context;
    if (!c) return;
    if (c->queue) clFinish(c->queue);
    if (c->gemm) rt_gemm_destroy(c);
    rt_program_destroy(&c->kernels);
    rt_profile_destroy(c);
    rt_window_release(c);
    rt_block_release(&c->dummy);
    if (c->queue) {
        clReleaseCommandQueue(c->queue);
        rt_count(c, -1);
    }
    if (c->context) {
        clReleaseContext(c->context);
        rt_count(c, -1);
    }
    free(c);
    *context = NULL;
}

st_error *rt_error(const rt_context *context)
{
    return context->error;
}

const rt_device_info *rt_device(const rt_context *context)
{
    return &context->device;
}

bool rt_keeps_programs(const rt_context *context)
{
    return context->options.cache_programs;
}

size_t rt_vector_width(const rt_context *context)
{
    return context->vector_width;
}

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

void rt_planning(rt_context *context, bool on)
{
    context->planning = on;
}
