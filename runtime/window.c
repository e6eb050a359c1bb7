#include "runtime/window.h"

#include <stdlib.h>

#include "runtime/internal.h"
#include "runtime/profile.h"

/* ---- mapping ---- */

/* Enqueues the mapping of elements of a block into the host's memory. `ready`: an event for its end; NULL: waits. */
static st_status map(cl_command_queue queue, rt_view view, size_t elements, cl_map_flags flags, cl_event *ready,
                     void **host)
{
    rt_context *context = view.block->context;
    cl_int code = CL_SUCCESS;
    if (!ready) rt_phase_begin(context, "map");
    *host = clEnqueueMapBuffer(queue, view.block->memory, ready ? CL_FALSE : CL_TRUE, flags, view.at * sizeof(float),
                               elements * sizeof(float), 0, NULL, ready, &code);
    if (!ready) rt_phase_end(context);
    if (code != CL_SUCCESS) {
        *host = NULL;
        return rt_cl_fail(context, code, "clEnqueueMapBuffer", "opening %s of the device to the host",
                          rt_print_size(elements * sizeof(float)).text);
    }
    if (ready) rt_count(context, 1);
    return ST_OK;
}

/* The memory is the device's again for whatever is enqueued from here on. */
static st_status unmap(cl_command_queue queue, const rt_block *block, void **host)
{
    const cl_int code = clEnqueueUnmapMemObject(queue, block->memory, *host, 0, NULL, NULL);
    *host = NULL;
    return code == CL_SUCCESS
               ? ST_OK
               : rt_cl_fail(block->context, code, "clEnqueueUnmapMemObject", "closing memory to the host");
}

static st_status wait_for(rt_context *context, cl_event *event)
{
    rt_ticket ticket = {*event};
    *event = NULL;
    return rt_wait(context, &ticket);
}

/* ---- windows ---- */

/* Pinned memory of at least `elements`, mapped for good. */
static st_status stage(rt_context *context, size_t elements)
{
    rt_block *staging = &context->staging;
    if (context->staging_host && staging->elements >= elements) return ST_OK;
    rt_window_release(context);
    *staging = (rt_block){context, NULL, elements};
    ST_FORWARD(rt_block_allocate(staging, CL_MEM_ALLOC_HOST_PTR, "transfers"));
    return map(context->queue, (rt_view){staging, 0}, elements, CL_MAP_READ | CL_MAP_WRITE, NULL,
               &context->staging_host);
}

void rt_window_release(rt_context *context)
{
    if (context->staging_host) {
        (void)unmap(context->queue, &context->staging, &context->staging_host);
        clFinish(context->queue);
    }
    rt_block_release(&context->staging);
}

st_status rt_window_read(rt_context *context, rt_view from, size_t elements, rt_window *window)
{
    *window = (rt_window){NULL, from, elements, false};
    if (context->device.unified_memory) return map(context->queue, from, elements, CL_MAP_READ, NULL, &window->host);
    ST_FORWARD(stage(context, elements));
    ST_FORWARD(rt_read(context, from, context->staging_host, elements));
    window->host = context->staging_host;
    return ST_OK;
}

st_status rt_window_write(rt_context *context, rt_view to, size_t elements, rt_window *window)
{
    *window = (rt_window){NULL, to, elements, true};
    if (context->device.unified_memory)
        return map(context->queue, to, elements, CL_MAP_WRITE_INVALIDATE_REGION, NULL, &window->host);
    ST_FORWARD(stage(context, elements));
    window->host = context->staging_host;
    return ST_OK;
}

st_status rt_window_close(rt_context *context, rt_window *window)
{
    void *host = window->host;
    window->host = NULL;
    if (!host) return ST_OK;
    if (context->device.unified_memory) return unmap(context->queue, window->view.block, &host);
    return window->writes ? rt_write(context, window->view, host, window->elements) : ST_OK;
}

/* ---- feeds ---- */

enum { TURNS = 2 };

typedef struct turn {
    rt_block device;
    rt_block pinned; /* where memory is not shared */
    void *host;      /* mapped: of `device` where memory is shared, else of `pinned` */
    cl_event ready;  /* host may be filled once this is done; NULL: at once */
    cl_event read;   /* memory not shared: the work that reads `device` is done; NULL: there is none */
} turn;

struct rt_feed {
    rt_context *context;
    const char *what;
    size_t elements;
    cl_command_queue uploads; /* memory not shared: copies beside the work of the context's queue */
    turn turns[TURNS];
    size_t current; /* the turn that the view shows */
    bool sent;      /* it has been sent, so that the other one is to be filled */
};

st_status rt_feed_create(rt_feed **feed, rt_context *context, const char *what, size_t elements)
{
    *feed = NULL;
    if (elements > context->largest_block / sizeof(float))
        return st_too_large(context->error,
                            "%s needs %s in one piece, but the largest block of %s is %s: use a smaller model or batch",
                            what, rt_print_size(elements * sizeof(float)).text, context->device.name,
                            rt_print_size(context->largest_block).text);
    rt_feed *f = calloc(1, sizeof *f);
    if (!f) return st_fail(context->error, ST_FAILED, "out of memory while planning %s", what);
    f->context = context;
    f->what = what;
    f->elements = elements > 0 ? elements : 1;
    for (size_t t = 0; t < TURNS; ++t) {
        f->turns[t].device = (rt_block){context, NULL, f->elements};
        f->turns[t].pinned = (rt_block){context, NULL, f->elements};
    }
    *feed = f;
    return ST_OK;
}

static st_status open_uploads(rt_feed *f)
{
    rt_context *context = f->context;
    cl_int code = CL_SUCCESS;
    f->uploads = clCreateCommandQueue(context->context, context->id,
                                      context->options.profile ? CL_QUEUE_PROFILING_ENABLE : 0, &code);
    if (code != CL_SUCCESS) {
        f->uploads = NULL;
        return rt_cl_fail(context, code, "clCreateCommandQueue", "opening a queue for uploads");
    }
    rt_count(context, 1);
    return ST_OK;
}

st_status rt_feed_commit(rt_feed *f)
{
    const bool shared = f->context->device.unified_memory;
    if (!shared) ST_FORWARD(open_uploads(f));
    for (size_t t = 0; t < TURNS; ++t) {
        turn *own = &f->turns[t];
        rt_block *host = shared ? &own->device : &own->pinned;
        ST_FORWARD(rt_block_allocate(&own->device, shared ? CL_MEM_ALLOC_HOST_PTR : 0, f->what));
        if (!shared) ST_FORWARD(rt_block_allocate(&own->pinned, CL_MEM_ALLOC_HOST_PTR, f->what));
        ST_FORWARD(
            map(f->context->queue, (rt_view){host, 0}, f->elements, CL_MAP_WRITE_INVALIDATE_REGION, NULL, &own->host));
    }
    return ST_OK;
}

/* Whatever is under way ends before its memory does. */
static void close_turn(rt_feed *f, turn *own)
{
    rt_block *host = f->context->device.unified_memory ? &own->device : &own->pinned;
    if (own->ready) (void)wait_for(f->context, &own->ready);
    if (own->read) (void)wait_for(f->context, &own->read);
    if (own->host) (void)unmap(f->context->queue, host, &own->host);
}

void rt_feed_destroy(rt_feed **feed)
{
    rt_feed *f = *feed;
    if (!f) return;
    for (size_t t = 0; t < TURNS; ++t) close_turn(f, &f->turns[t]);
    clFinish(f->context->queue);
    for (size_t t = 0; t < TURNS; ++t) {
        rt_block_release(&f->turns[t].device);
        rt_block_release(&f->turns[t].pinned);
    }
    if (f->uploads) {
        clReleaseCommandQueue(f->uploads);
        rt_count(f->context, -1);
    }
    free(f);
    *feed = NULL;
}

uint64_t rt_feed_bytes(const rt_feed *f)
{
    return (uint64_t)f->elements * sizeof(float) * TURNS;
}

rt_view rt_feed_view(rt_feed *f)
{
    return (rt_view){&f->turns[f->current].device, 0};
}

static turn *to_fill(rt_feed *f)
{
    return &f->turns[f->sent ? (f->current + 1) % TURNS : f->current];
}

st_status rt_feed_open(rt_feed *f, void **host)
{
    turn *next = to_fill(f);
    *host = next->host;
    if (!*host)
        return st_fail(f->context->error, ST_FAILED, "%s cannot be filled: an earlier transfer failed", f->what);
    return next->ready ? wait_for(f->context, &next->ready) : ST_OK;
}

/* Memory that is shared changes hands: the next turn's goes to the device, and that of the turn before comes back to
 * the host when the work enqueued so far has read it. */
static st_status exchange(rt_feed *f, turn *next, turn *before)
{
    ST_FORWARD(unmap(f->context->queue, &next->device, &next->host));
    if (!before) return ST_OK;
    return map(f->context->queue, (rt_view){&before->device, 0}, f->elements, CL_MAP_WRITE_INVALIDATE_REGION,
               &before->ready, &before->host);
}

static st_status enqueue_copy(rt_feed *f, turn *next, size_t elements)
{
    rt_context *context = f->context;
    cl_event *profiled = rt_profile_move(context, "upload", (double)elements * sizeof(float));
    cl_int code = clEnqueueWriteBuffer(f->uploads, next->device.memory, CL_FALSE, 0, elements * sizeof(float),
                                       next->host, next->read ? 1 : 0, next->read ? &next->read : NULL, &next->ready);
    if (code != CL_SUCCESS) return rt_cl_fail(context, code, "clEnqueueWriteBuffer", "moving %zu elements", elements);
    rt_count(context, 1);
    if (profiled && clRetainEvent(next->ready) == CL_SUCCESS) *profiled = next->ready;
    code = clFlush(f->uploads);
    if (code != CL_SUCCESS) return rt_cl_fail(context, code, "clFlush", "starting an upload");
    code = clEnqueueBarrierWithWaitList(context->queue, 1, &next->ready, NULL);
    if (code != CL_SUCCESS) return rt_cl_fail(context, code, "clEnqueueBarrierWithWaitList", "waiting for an upload");
    return ST_OK;
}

/* Pinned memory is copied once the work that reads the piece before last is done; work enqueued after the copy waits
 * for it, and what was enqueued before does not. */
static st_status copy(rt_feed *f, turn *next, turn *before, size_t elements)
{
    rt_context *context = f->context;
    if (before) {
        const cl_int code = clEnqueueMarkerWithWaitList(context->queue, 0, NULL, &before->read);
        if (code != CL_SUCCESS)
            return rt_cl_fail(context, code, "clEnqueueMarkerWithWaitList", "marking the end of a step");
        rt_count(context, 1);
    }
    ST_FORWARD(rt_flush(context)); /* the other queue may wait for it */
    const st_status status = enqueue_copy(f, next, elements);
    if (next->read) {
        clReleaseEvent(next->read);
        rt_count(context, -1);
        next->read = NULL;
    }
    return status;
}

st_status rt_feed_send(rt_feed *f, size_t elements)
{
    turn *next = to_fill(f), *before = f->sent ? &f->turns[f->current] : NULL;
    ST_FORWARD(f->context->device.unified_memory ? exchange(f, next, before) : copy(f, next, before, elements));
    if (f->sent) f->current = (f->current + 1) % TURNS;
    f->sent = true;
    return ST_OK;
}
