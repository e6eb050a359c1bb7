#include "runtime/block.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/text.h"
#include "runtime/codes.h"
#include "runtime/context_state.h"
#include "runtime/profile.h"

rt_size_text rt_print_size(uint64_t bytes)
{
    rt_size_text size;
    if (bytes < 100 * 1024)
        snprintf(size.text, sizeof size.text, "%" PRIu64 " bytes", bytes);
    else
        text_format(size.text, sizeof size.text, "%.1f MiB", (double)bytes / 1048576.0);
    return size;
}

/* The codes of drivers that are out of memory, on allocation or on first use. */
static bool is_no_room(cl_int code)
{
    return code == CL_MEM_OBJECT_ALLOCATION_FAILURE || code == CL_OUT_OF_RESOURCES || code == CL_OUT_OF_HOST_MEMORY ||
           code == CL_INVALID_BUFFER_SIZE;
}

static st_status allocation_failed(const struct rt_block *block, cl_int code, const char *call, const char *purpose)
{
    const struct rt_context *context = block->context;
    const rt_size_text size = rt_print_size(block->elements * sizeof(float));
    if (!is_no_room(code)) return rt_cl_fail(context, code, call, "allocating %s for %s", size.text, purpose);
    return st_too_large(context->error, "allocating %s for %s on %s: %s returned %s (%d)", size.text, purpose,
                        context->device.name, call, rt_code_name(code), (int)code);
}

st_status rt_block_allocate(struct rt_block *block, cl_mem_flags flags, const char *purpose)
{
    struct rt_context *context = block->context;
    const size_t bytes = block->elements * sizeof(float);
    cl_int code = CL_SUCCESS;
    block->memory = clCreateBuffer(context->context, CL_MEM_READ_WRITE | flags, bytes, NULL, &code);
    if (code != CL_SUCCESS) {
        block->memory = NULL;
        return allocation_failed(block, code, "clCreateBuffer", purpose);
    }
    rt_count(context, 1);
    /* Some drivers allocate a buffer on first use: use it now, where a failure can still be handled. */
    code = clEnqueueMigrateMemObjects(context->queue, 1, &block->memory, CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED, 0,
                                      NULL, NULL);
    if (code == CL_SUCCESS) code = clFinish(context->queue);
    return code == CL_SUCCESS ? ST_OK : allocation_failed(block, code, "clEnqueueMigrateMemObjects", purpose);
}

void rt_block_release(struct rt_block *block)
{
    if (!block->memory) return;
    clReleaseMemObject(block->memory);
    rt_count(block->context, -1);
    block->memory = NULL;
}

st_status rt_block_map(struct rt_block *block, size_t at, size_t elements, cl_map_flags flags, cl_event *ready,
                       void **host)
{
    struct rt_context *context = block->context;
    cl_int code = CL_SUCCESS;
    if (!ready) rt_phase_begin(context, "map");
    *host = clEnqueueMapBuffer(context->queue, block->memory, ready ? CL_FALSE : CL_TRUE, flags, at * sizeof(float),
                               elements * sizeof(float), 0, NULL, ready, &code);
    if (!ready) rt_phase_end(context);
    if (code != CL_SUCCESS) {
        *host = NULL;
        return rt_cl_fail(context, code, "clEnqueueMapBuffer", "mapping %s of the device for the host",
                          rt_print_size(elements * sizeof(float)).text);
    }
    if (ready) rt_count(context, 1);
    return ST_OK;
}

st_status rt_block_unmap(struct rt_block *block, void **host)
{
    const cl_int code = clEnqueueUnmapMemObject(block->context->queue, block->memory, *host, 0, NULL, NULL);
    *host = NULL;
    return code == CL_SUCCESS
               ? ST_OK
               : rt_cl_fail(block->context, code, "clEnqueueUnmapMemObject", "unmapping memory of the device");
}
