#include "runtime/buffer.h"

#include <stdlib.h>

#include "runtime/block.h"
#include "runtime/context_state.h"
#include "runtime/profile.h"
#include "runtime/profile_hooks.h"

enum { ALIGNMENT = 64 }; /* elements: 256 bytes suit the vectors of every device */

struct rt_arena {
    rt_context *context;
    const char *purpose;
    rt_block **blocks; /* allocated one by one: views keep pointers to them */
    size_t *used;      /* elements taken from each block */
    size_t count;
    size_t current; /* the block that is being filled */
};

/* ---- arenas ---- */

st_status rt_arena_create(rt_arena **arena, rt_context *context, const char *purpose)
{
    *arena = calloc(1, sizeof **arena);
    if (!*arena) return st_fail(context->error, ST_FAILED, "out of memory while planning %s", purpose);
    (*arena)->context = context;
    (*arena)->purpose = purpose;
    return ST_OK;
}

void rt_arena_destroy(rt_arena **arena)
{
    rt_arena *a = *arena;
    if (!a) return;
    for (size_t i = 0; i < a->count; ++i) {
        rt_block_release(a->blocks[i]);
        free(a->blocks[i]);
    }
    free(a->blocks);
    free(a->used);
    free(a);
    *arena = NULL;
}

static st_status add_block(rt_arena *a)
{
    rt_block **blocks = realloc(a->blocks, (a->count + 1) * sizeof *blocks);
    if (blocks) a->blocks = blocks;
    size_t *used = realloc(a->used, (a->count + 1) * sizeof *used);
    if (used) a->used = used;
    rt_block *block = calloc(1, sizeof *block);
    if (!blocks || !used || !block) {
        free(block);
        return st_fail(a->context->error, ST_FAILED, "out of memory while planning %s", a->purpose);
    }
    block->context = a->context;
    a->blocks[a->count] = block;
    a->used[a->count] = 0;
    ++a->count;
    return ST_OK;
}

st_status rt_arena_take(rt_arena *a, const char *what, size_t elements, rt_view *view)
{
    const size_t limit = a->context->largest_block / sizeof(float);
    const size_t rounded = (elements + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + (elements == 0 ? ALIGNMENT : 0);
    if (rounded > limit)
        return st_too_large(
            a->context->error,
            "%s (%s) needs %s in one piece, but the largest block of %s is %s: use a smaller model or batch", what,
            a->purpose, rt_print_size(rounded * sizeof(float)).text, a->context->device.name,
            rt_print_size(limit * sizeof(float)).text);
    while (a->current < a->count && a->used[a->current] + rounded > limit) {
        ++a->current;
        if (a->current < a->count) a->used[a->current] = 0;
    }
    if (a->current == a->count) ST_FORWARD(add_block(a));
    *view = (rt_view){a->blocks[a->current], a->used[a->current]};
    a->used[a->current] += rounded;
    if (a->used[a->current] > view->block->elements) view->block->elements = a->used[a->current];
    return ST_OK;
}

rt_mark rt_arena_mark(const rt_arena *a)
{
    return (rt_mark){a->current, a->current < a->count ? a->used[a->current] : 0};
}

void rt_arena_rewind(rt_arena *a, rt_mark mark)
{
    a->current = mark.block;
    if (a->current < a->count) a->used[a->current] = mark.used;
}

uint64_t rt_arena_bytes(const rt_arena *a)
{
    uint64_t elements = 0;
    for (size_t i = 0; i < a->count; ++i) elements += a->blocks[i]->elements;
    return elements * sizeof(float);
}

st_status rt_arena_commit(rt_arena *a)
{
    for (size_t i = 0; i < a->count; ++i) {
        const st_status status = rt_block_allocate(a->blocks[i], 0, a->purpose);
        if (status != ST_OK && a->count > 1) st_prefix(a->context->error, "block %zu of %zu", i + 1, a->count);
        ST_FORWARD(status);
    }
    return ST_OK;
}

size_t rt_arena_blocks(const rt_arena *a)
{
    return a->count;
}

rt_view rt_arena_block(const rt_arena *a, size_t index, size_t *elements)
{
    *elements = a->blocks[index]->elements;
    return (rt_view){a->blocks[index], 0};
}

/* ---- transfers ---- */

static st_status transfer_failed(rt_context *context, cl_int code, const char *call, size_t elements)
{
    return rt_cl_fail(context, code, call, "moving %zu elements", elements);
}

st_status rt_write(rt_context *context, rt_view to, const void *host, size_t elements)
{
    if (context->planning || elements == 0) return ST_OK;
    rt_phase_begin(context, "write");
    const cl_int code =
        clEnqueueWriteBuffer(context->queue, to.block->memory, CL_TRUE, to.at * sizeof(float), elements * sizeof(float),
                             host, 0, NULL, rt_profile_move(context, "upload", (double)elements * sizeof(float)));
    rt_phase_end(context);
    return code == CL_SUCCESS ? ST_OK : transfer_failed(context, code, "clEnqueueWriteBuffer", elements);
}

st_status rt_read(rt_context *context, rt_view from, void *host, size_t elements)
{
    if (context->planning || elements == 0) return ST_OK;
    rt_phase_begin(context, "read");
    const cl_int code = clEnqueueReadBuffer(context->queue, from.block->memory, CL_TRUE, from.at * sizeof(float),
                                            elements * sizeof(float), host, 0, NULL,
                                            rt_profile_move(context, "download", (double)elements * sizeof(float)));
    rt_phase_end(context);
    return code == CL_SUCCESS ? ST_OK : transfer_failed(context, code, "clEnqueueReadBuffer", elements);
}

st_status rt_read_later(rt_context *context, rt_view from, void *host, size_t elements, rt_ticket *ticket)
{
    ticket->event = NULL;
    if (context->planning || elements == 0) return ST_OK;
    cl_event event = NULL, *profiled = rt_profile_move(context, "download", (double)elements * sizeof(float));
    const cl_int code = clEnqueueReadBuffer(context->queue, from.block->memory, CL_FALSE, from.at * sizeof(float),
                                            elements * sizeof(float), host, 0, NULL, &event);
    if (code != CL_SUCCESS) return transfer_failed(context, code, "clEnqueueReadBuffer", elements);
    rt_count(context, 1);
    if (profiled && clRetainEvent(event) == CL_SUCCESS) *profiled = event;
    ticket->event = event;
    return ST_OK;
}

st_status rt_wait(rt_context *context, rt_ticket *ticket)
{
    if (!ticket->event) return ST_OK;
    cl_event event = ticket->event;
    rt_phase_begin(context, "wait");
    const cl_int code = clWaitForEvents(1, &event);
    rt_phase_end(context);
    clReleaseEvent(event);
    rt_count(context, -1);
    ticket->event = NULL;
    return code == CL_SUCCESS ? ST_OK : rt_cl_fail(context, code, "clWaitForEvents", "waiting for a transfer");
}

st_status rt_copy(rt_context *context, rt_view to, rt_view from, size_t elements)
{
    if (context->planning || elements == 0) return ST_OK;
    const cl_int code = clEnqueueCopyBuffer(
        context->queue, from.block->memory, to.block->memory, from.at * sizeof(float), to.at * sizeof(float),
        elements * sizeof(float), 0, NULL, rt_profile_move(context, "copy", 2.0 * (double)elements * sizeof(float)));
    return code == CL_SUCCESS ? ST_OK : transfer_failed(context, code, "clEnqueueCopyBuffer", elements);
}

st_status rt_zero(rt_context *context, rt_view to, size_t elements)
{
    if (context->planning || elements == 0) return ST_OK;
    const float zero = 0.0f;
    const cl_int code = clEnqueueFillBuffer(context->queue, to.block->memory, &zero, sizeof zero, to.at * sizeof(float),
                                            elements * sizeof(float), 0, NULL,
                                            rt_profile_move(context, "zero", (double)elements * sizeof(float)));
    return code == CL_SUCCESS ? ST_OK : transfer_failed(context, code, "clEnqueueFillBuffer", elements);
}
