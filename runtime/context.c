#include "runtime/context.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/block.h"
#include "runtime/context_state.h"
#include "runtime/gemm.h"
#include "runtime/profile_hooks.h"
#include "runtime/program.h"
#include "runtime/program_given.h"

/* Element offsets in a block are below 2^31, the limit of GEMM libraries. */
static const uint64_t ADDRESSABLE_BYTES = ((uint64_t)1 << 33) - 4096;

static size_t vector_width_of(const rt_device_info *device)
{
    if (device->type != RT_CPU) return 4;
    size_t width = 16;
    while (width > device->vector_width) width /= 2;
    return width > 1 ? width : 4;
}

/* Sets the limits from the device and the caller's options; `vector_width` may be 0. */
static void set_limits(rt_context *c, const rt_options *options, size_t vector_width)
{
    c->vector_width = vector_width ? vector_width : vector_width_of(&c->device);
    c->group_limit = c->device.max_group;
    c->fixed_group = options->group_size > 0;
    if (options->group_size && options->group_size < c->group_limit) c->group_limit = options->group_size;
    uint64_t largest = c->device.largest_block_bytes;
    if (largest > ADDRESSABLE_BYTES) largest = ADDRESSABLE_BYTES;
    c->largest_block = largest < SIZE_MAX ? (size_t)largest : SIZE_MAX;
    if (options->largest_block && options->largest_block < c->largest_block) c->largest_block = options->largest_block;
}

static void release_dummy(rt_context *context)
{
    rt_block_release(context->dummy);
    free(context->dummy);
    context->dummy = NULL;
}

static st_status make_dummy(rt_context *context)
{
    context->dummy = calloc(1, sizeof *context->dummy);
    if (!context->dummy) return st_fail(context->error, ST_FAILED, "out of memory while opening a device");
    *context->dummy = (rt_block){context, NULL, 64};
    st_status status = rt_own(context, release_dummy);
    if (status != ST_OK)
        release_dummy(context);
    else
        status = rt_block_allocate(context->dummy, 0, "optional tensors that are not used");
    return status;
}

static void release_kernels(rt_context *context)
{
    rt_program_destroy(&context->kernels);
}

/* The GEMM builds its kernels itself, with its own defines. */
static bool not_gemm(const char *name)
{
    return strncmp(name, "gemm", 4) != 0;
}

/* A given program replaces the compiler, also for the GEMM. */
static st_status load_kernels(rt_context *c, const rt_given *given)
{
    ST_FORWARD(rt_program_load(&c->kernels, c, given->binary, given->size, given->path));
    return rt_given_check(given, c->kernels, c->error);
}

/* Reads the given program, if there is one, and sets *vector_width to that of the program. */
static st_status open_program(rt_context *c, rt_given *given, const char *path, size_t *vector_width)
{
    if (!path) {
        if (c->device.compiler) return ST_OK;
        return st_fail(c->error, ST_DEVICE,
                       "%s has no compiler: give a program built for it with --program (`safsd-cl kernels --export` "
                       "writes what to build)",
                       c->device.name);
    }
    c->given_program = true;
    c->device.compiler = false;
    ST_FORWARD(rt_given_open(given, path, &c->device, c->error));
    if (*vector_width && *vector_width != given->vector_width)
        return st_fail(c->error, ST_USAGE, "%s is built for vectors of %zu floats, not of %zu", given->path,
                       given->vector_width, *vector_width);
    *vector_width = given->vector_width;
    return ST_OK;
}

static rt_context *new_context(const rt_device_info *device, const rt_options *options, st_error *error)
{
    rt_context *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->error = error;
    c->device = *device;
    if (options->separate_memory) c->device.unified_memory = false;
    c->profiling = options->profile;
    c->cache_programs = options->cache_programs;
    c->pool = options->pool;
    c->notice = options->notice;
    c->notice_user = options->notice_user;
    c->live_objects = options->live_objects;
    return c;
}

st_status rt_context_create(rt_context **context, const rt_device_info *device, const rt_options *options,
                            st_error *error)
{
    static const rt_options usual = {.gemm = NULL};
    *context = NULL;
    if (device->error[0] != '\0')
        return st_fail(error, ST_DEVICE, "device %d (%s) cannot be used: %s", device->index, device->name,
                       device->error);
    if (!options) options = &usual;
    rt_context *c = new_context(device, options, error);
    rt_given *given = calloc(1, sizeof *given);
    size_t vector_width = options->vector_width;
    st_status status = ST_OK;
    if (!c || !given) {
        status = st_fail(error, ST_FAILED, "out of memory while opening a device");
        goto done;
    }
    ST_TRY(open_program(c, given, options->program, &vector_width));
    set_limits(c, options, vector_width);
    ST_TRY(rt_device_open(c));
    ST_TRY(make_dummy(c));
    if (c->profiling) ST_TRY(rt_profile_create(c));
    ST_TRY(rt_own(c, release_kernels));
    ST_TRY(given->binary ? load_kernels(c, given) : rt_program_create(&c->kernels, c, not_gemm, ""));
    ST_TRY(rt_gemm_create(c, options->gemm, options->tuning));
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
    rt_device_close(c);
    free(c);
    *context = NULL;
}

st_status rt_recover(rt_context *c)
{
    rt_planning(c, false);
    rt_profile_abandon(c);
    rt_gemm_forget(c);
    rt_gemm_observe(c, NULL, NULL);
    return rt_finish(c);
}
