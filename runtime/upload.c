#include "runtime/upload.h"

#include <stdlib.h>

#include "runtime/block.h"
#include "runtime/context_state.h"
#include "runtime/profile_hooks.h"

static st_status wait_for(rt_context *context, cl_event *event)
{
    rt_ticket ticket = {*event};
    *event = NULL;
    return rt_wait(context, &ticket);
}

enum { TURNS = 2 };

typedef struct turn {
    rt_block device;
    rt_block pinned; /* if memory is not shared */
    void *host;      /* mapped memory of `device` if memory is shared, else of `pinned` */
    cl_event ready;  /* the host memory may be filled after this; NULL: at once */
    cl_event read;   /* if memory is not shared: the end of the work that reads `device`; NULL if none */
} turn;

struct rt_upload {
    rt_context *context;
    const char *what;
    size_t elements;
    cl_command_queue queue; /* if memory is not shared: copies concurrently with the context's queue */
    turn turns[TURNS];
    size_t current; /* the turn that the view shows */
    bool sent;      /* the current turn is sent, and the other one is filled next */
};

st_status rt_upload_create(rt_upload **upload, rt_context *context, const char *what, size_t elements)
{
    *upload = NULL;
    if (elements > context->largest_block / sizeof(float))
        return st_too_large(context->error,
                            "%s needs %s in one piece, but the largest block of %s is %s: use a smaller model or batch",
                            what, rt_print_size(elements * sizeof(float)).text, context->device.name,
                            rt_print_size(context->largest_block).text);
    rt_upload *u = calloc(1, sizeof *u);
    if (!u) return st_fail(context->error, ST_FAILED, "out of memory while planning %s", what);
    u->context = context;
    u->what = what;
    u->elements = elements > 0 ? elements : 1;
    for (size_t t = 0; t < TURNS; ++t) {
        u->turns[t].device = (rt_block){context, NULL, u->elements};
        u->turns[t].pinned = (rt_block){context, NULL, u->elements};
    }
    *upload = u;
    return ST_OK;
}

static st_status open_queue(rt_upload *u)
{
    rt_context *context = u->context;
    cl_int code = CL_SUCCESS;
    u->queue =
        clCreateCommandQueue(context->context, context->id, context->profiling ? CL_QUEUE_PROFILING_ENABLE : 0, &code);
    if (code != CL_SUCCESS) {
        u->queue = NULL;
        return rt_cl_fail(context, code, "clCreateCommandQueue", "opening a queue for uploads");
    }
    rt_count(context, 1);
    return ST_OK;
}

st_status rt_upload_commit(rt_upload *u)
{
    const bool shared = u->context->device.unified_memory;
    if (!shared) ST_FORWARD(open_queue(u));
    for (size_t t = 0; t < TURNS; ++t) {
        turn *own = &u->turns[t];
        rt_block *host = shared ? &own->device : &own->pinned;
        ST_FORWARD(rt_block_allocate(&own->device, shared ? CL_MEM_ALLOC_HOST_PTR : 0, u->what));
        if (!shared) ST_FORWARD(rt_block_allocate(&own->pinned, CL_MEM_ALLOC_HOST_PTR, u->what));
        ST_FORWARD(rt_block_map(host, 0, u->elements, CL_MAP_WRITE_INVALIDATE_REGION, NULL, &own->host));
    }
    return ST_OK;
}

/* Waits for pending work before releasing the memory. */
static void close_turn(rt_upload *u, turn *own)
{
    rt_block *host = u->context->device.unified_memory ? &own->device : &own->pinned;
    if (own->ready) (void)wait_for(u->context, &own->ready);
    if (own->read) (void)wait_for(u->context, &own->read);
    if (own->host) (void)rt_block_unmap(host, &own->host);
}

void rt_upload_destroy(rt_upload **upload)
{
    rt_upload *u = *upload;
    if (!u) return;
    for (size_t t = 0; t < TURNS; ++t) close_turn(u, &u->turns[t]);
    clFinish(u->context->queue);
    for (size_t t = 0; t < TURNS; ++t) {
        rt_block_release(&u->turns[t].device);
        rt_block_release(&u->turns[t].pinned);
    }
    if (u->queue) {
        clReleaseCommandQueue(u->queue);
        rt_count(u->context, -1);
    }
    free(u);
    *upload = NULL;
}

uint64_t rt_upload_bytes(const rt_upload *u)
{
    return (uint64_t)u->elements * sizeof(float) * TURNS;
}

rt_view rt_upload_view(rt_upload *u)
{
    return (rt_view){&u->turns[u->current].device, 0};
}

static turn *to_fill(rt_upload *u)
{
    return &u->turns[u->sent ? (u->current + 1) % TURNS : u->current];
}

st_status rt_upload_open(rt_upload *u, void **host)
{
    turn *next = to_fill(u);
    *host = next->host;
    if (!*host)
        return st_fail(u->context->error, ST_FAILED, "%s cannot be filled: an earlier transfer failed", u->what);
    return next->ready ? wait_for(u->context, &next->ready) : ST_OK;
}

/* Shared memory: unmaps the next turn for the device, and maps the previous turn for the host after the work enqueued
 * so far has read it. */
static st_status exchange(rt_upload *u, turn *next, turn *before)
{
    ST_FORWARD(rt_block_unmap(&next->device, &next->host));
    if (!before) return ST_OK;
    return rt_block_map(&before->device, 0, u->elements, CL_MAP_WRITE_INVALIDATE_REGION, &before->ready, &before->host);
}

static st_status enqueue_copy(rt_upload *u, turn *next, size_t elements)
{
    rt_context *context = u->context;
    cl_event *profiled = rt_profile_move(context, "upload", (double)elements * sizeof(float));
    cl_int code = clEnqueueWriteBuffer(u->queue, next->device.memory, CL_FALSE, 0, elements * sizeof(float), next->host,
                                       next->read ? 1 : 0, next->read ? &next->read : NULL, &next->ready);
    if (code != CL_SUCCESS) return rt_cl_fail(context, code, "clEnqueueWriteBuffer", "moving %zu elements", elements);
    rt_count(context, 1);
    if (profiled && clRetainEvent(next->ready) == CL_SUCCESS) *profiled = next->ready;
    code = clFlush(u->queue);
    if (code != CL_SUCCESS) return rt_cl_fail(context, code, "clFlush", "starting an upload");
    code = clEnqueueBarrierWithWaitList(context->queue, 1, &next->ready, NULL);
    if (code != CL_SUCCESS) return rt_cl_fail(context, code, "clEnqueueBarrierWithWaitList", "waiting for an upload");
    return ST_OK;
}

/* Pinned memory: the copy waits for the work that reads the buffer of the turn before last. Work enqueued after the
 * copy waits for it; work enqueued before does not. */
static st_status copy(rt_upload *u, turn *next, turn *before, size_t elements)
{
    rt_context *context = u->context;
    if (before) {
        const cl_int code = clEnqueueMarkerWithWaitList(context->queue, 0, NULL, &before->read);
        if (code != CL_SUCCESS)
            return rt_cl_fail(context, code, "clEnqueueMarkerWithWaitList", "marking the end of a step");
        rt_count(context, 1);
    }
    ST_FORWARD(rt_flush(context)); /* the other queue may wait for this one */
    const st_status status = enqueue_copy(u, next, elements);
    if (next->read) {
        clReleaseEvent(next->read);
        rt_count(context, -1);
        next->read = NULL;
    }
    return status;
}

st_status rt_upload_send(rt_upload *u, size_t elements)
{
    turn *next = to_fill(u), *before = u->sent ? &u->turns[u->current] : NULL;
    ST_FORWARD(u->context->device.unified_memory ? exchange(u, next, before) : copy(u, next, before, elements));
    if (u->sent) u->current = (u->current + 1) % TURNS;
    u->sent = true;
    return ST_OK;
}
