/* Device memory: arenas of blocks that are planned once, views into them, and transfers.
 *
 * All device memory consists of 4-byte elements (float, int, uint). A view is a block and an element offset; it is
 * valid until its arena is destroyed. No view spans two blocks, and no block exceeds the device's largest allocation.
 *
 *     rt_arena_create(&arena, rt, "activations");
 *     rt_arena_take(arena, rows * columns, &x);       any number of times
 *     mark = rt_arena_mark(arena); ...take...; rt_arena_rewind(arena, mark);     temporaries may share memory
 *     rt_arena_commit(arena);                         allocates; from now on the views can be used
 */
#ifndef SAFSD_RUNTIME_BUFFER_H
#define SAFSD_RUNTIME_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/queue.h"

typedef struct rt_block rt_block;

typedef struct rt_view {
    rt_block *block; /* NULL: an optional tensor that is not used */
    size_t at;       /* offset of the first element */
} rt_view;

static inline rt_view rt_view_at(rt_view view, size_t elements)
{
    return (rt_view){view.block, view.at + elements};
}

typedef struct rt_arena rt_arena;
typedef struct rt_mark {
    size_t block, used;
} rt_mark;

st_status rt_arena_create(rt_arena **arena, rt_context *context, const char *purpose);
void rt_arena_destroy(rt_arena **arena);

/* Plans a tensor of `elements` (may be 0), aligned to 64 elements. ST_DEVICE, naming `what`, its size and the limit, if
 * it exceeds the largest block. */
st_status rt_arena_take(rt_arena *arena, const char *what, size_t elements, rt_view *view);

rt_mark rt_arena_mark(const rt_arena *arena);
void rt_arena_rewind(rt_arena *arena, rt_mark mark);

/* Bytes planned so far (peak). */
uint64_t rt_arena_bytes(const rt_arena *arena);

/* Allocates the blocks, uninitialised. ST_DEVICE if the device is out of memory. */
st_status rt_arena_commit(rt_arena *arena);

/* The number of blocks, and block `index` as a view with its planned elements, for work on a whole arena (clearing, the
 * optimiser). Arenas planned by the same sequence of takes have the same blocks. */
size_t rt_arena_blocks(const rt_arena *arena);
rt_view rt_arena_block(const rt_arena *arena, size_t index, size_t *elements);

/* A pending read. */
typedef struct rt_ticket {
    void *event; /* NULL: nothing pending */
} rt_ticket;

/* Transfers of `elements` 4-byte elements. rt_write and rt_read are blocking. rt_read_later returns at once: do not use
 * `host` before rt_wait on the ticket. A ticket without rt_wait leaks. rt_wait on an empty ticket does nothing. */
st_status rt_write(rt_context *context, rt_view to, const void *host, size_t elements);
st_status rt_read(rt_context *context, rt_view from, void *host, size_t elements);
st_status rt_read_later(rt_context *context, rt_view from, void *host, size_t elements, rt_ticket *ticket);
st_status rt_wait(rt_context *context, rt_ticket *ticket);

st_status rt_copy(rt_context *context, rt_view to, rt_view from, size_t elements);
st_status rt_zero(rt_context *context, rt_view to, size_t elements);

#endif
