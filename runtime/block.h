/* A block of device memory. Private to runtime/. */
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

/* Allocates block->elements elements now, not on first use. `flags` are added to CL_MEM_READ_WRITE; `purpose` is named
 * in the message of a failure. Releasing a block without memory does nothing. */
st_status rt_block_allocate(struct rt_block *block, cl_mem_flags flags, const char *purpose);
void rt_block_release(struct rt_block *block);

/* Enqueue mapping elements of a block into host memory, and unmapping them, which clears *host. `ready` receives the
 * event of the mapping; with NULL the call waits. After unmapping, commands that are enqueued next may use the
 * memory. */
st_status rt_block_map(struct rt_block *block, size_t at, size_t elements, cl_map_flags flags, cl_event *ready,
                       void **host);
st_status rt_block_unmap(struct rt_block *block, void **host);

/* "1.5 MiB", or bytes for a small size. */
typedef struct rt_size_text {
    char text[32];
} rt_size_text;
rt_size_text rt_print_size(uint64_t bytes);

#endif
