#include "runtime/host_map.h"

#include <stdlib.h>

#include "runtime/block.h"
#include "runtime/context_state.h"

/* The pinned memory of a context whose device has separate memory. It stays mapped. */
struct rt_pinned {
    rt_block block;
    void *host;
};

static void unpin(struct rt_pinned *pinned)
{
    if (pinned->host) {
        (void)rt_block_unmap(&pinned->block, &pinned->host);
        clFinish(pinned->block.context->queue);
    }
    rt_block_release(&pinned->block);
}

static void release(rt_context *context)
{
    unpin(context->pinned);
    free(context->pinned);
    context->pinned = NULL;
}

/* Makes sure that there is pinned memory of at least `elements`. */
static st_status pin(rt_context *context, size_t elements)
{
    if (!context->pinned) {
        context->pinned = calloc(1, sizeof *context->pinned);
        if (!context->pinned) return st_fail(context->error, ST_FAILED, "out of memory for transfers");
        const st_status status = rt_own(context, release);
        if (status != ST_OK) release(context);
        ST_FORWARD(status);
    }
    struct rt_pinned *pinned = context->pinned;
    if (pinned->host && pinned->block.elements >= elements) return ST_OK;
    unpin(pinned);
    pinned->block = (rt_block){context, NULL, elements};
    ST_FORWARD(rt_block_allocate(&pinned->block, CL_MEM_ALLOC_HOST_PTR, "transfers"));
    return rt_block_map(&pinned->block, 0, elements, CL_MAP_READ | CL_MAP_WRITE, NULL, &pinned->host);
}

st_status rt_map_read(rt_context *context, rt_view from, size_t elements, rt_host_map *map)
{
    *map = (rt_host_map){NULL, from, elements, false};
    if (context->device.unified_memory)
        return rt_block_map(from.block, from.at, elements, CL_MAP_READ, NULL, &map->host);
    ST_FORWARD(pin(context, elements));
    ST_FORWARD(rt_read(context, from, context->pinned->host, elements));
    map->host = context->pinned->host;
    return ST_OK;
}

st_status rt_map_write(rt_context *context, rt_view to, size_t elements, rt_host_map *map)
{
    *map = (rt_host_map){NULL, to, elements, true};
    if (context->device.unified_memory)
        return rt_block_map(to.block, to.at, elements, CL_MAP_WRITE_INVALIDATE_REGION, NULL, &map->host);
    ST_FORWARD(pin(context, elements));
    map->host = context->pinned->host;
    return ST_OK;
}

st_status rt_unmap(rt_context *context, rt_host_map *map)
{
    void *host = map->host;
    map->host = NULL;
    if (!host) return ST_OK;
    if (context->device.unified_memory) return rt_block_unmap(map->view.block, &host);
    return map->writes ? rt_write(context, map->view, host, map->elements) : ST_OK;
}
