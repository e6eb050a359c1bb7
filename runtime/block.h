/* A piece of device memory; private to runtime/. */
#ifndef SAFSD_RUNTIME_BLOCK_H
#define SAFSD_RUNTIME_BLOCK_H

#include <CL/cl.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct rt_context;

struct rt_block {
    struct rt_context *context;
    cl_mem memory; /* NULL until it is allocated */
    size_t elements;
};

/* Allocates the memory of a block of block->elements, at once and not when it is first used; `flags` go beside
 * CL_MEM_READ_WRITE. A failure says what it was for. Releasing what has no memory does nothing. */
st_status rt_block_allocate(struct rt_block *block, cl_mem_flags flags, const char *purpose);
void rt_block_release(struct rt_block *block);

/* Enqueues the mapping of elements of a block into the host's memory, and the end of one, which clears *host. `ready`:
 * an event for its end; NULL: waits. After unmapping, the memory is the device's again for what is enqueued next. */
st_status rt_block_map(struct rt_block *block, size_t at, size_t elements, cl_map_flags flags, cl_event *ready,
                       void **host);
st_status rt_block_unmap(struct rt_block *block, void **host);

/* "1.5 MiB", or bytes where those are few. */
typedef struct rt_size_text {
    char text[32];
} rt_size_text;
rt_size_text rt_print_size(uint64_t bytes);

#endif
