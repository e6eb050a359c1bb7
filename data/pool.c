#include "data/pool.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 1 << 16 };

typedef struct ds_chunk {
    struct ds_chunk *next;
    max_align_t bytes[];
} ds_chunk;

void *ds_pool_take(ds_pool *pool, size_t size)
{
    const size_t align = sizeof(max_align_t);
    if (size > SIZE_MAX - sizeof(ds_chunk) - align) return NULL;
    size = ((size > 0 ? size : 1) + align - 1) / align * align; /* an empty piece has a place too */
    if (size > pool->left) {
        const bool large = size > CHUNK_BYTES / 4;
        ds_chunk *chunk = calloc(1, sizeof *chunk + (large ? size : CHUNK_BYTES));
        if (!chunk) return NULL;
        if (large && pool->chunks) { /* what is left of the chunk in use stays in use */
            chunk->next = pool->chunks->next;
            pool->chunks->next = chunk;
            return chunk->bytes;
        }
        chunk->next = pool->chunks;
        pool->chunks = chunk;
        pool->free = (unsigned char *)chunk->bytes;
        pool->left = large ? size : CHUNK_BYTES;
    }
    void *taken = pool->free;
    pool->free += size;
    pool->left -= size;
    return taken;
}

void *ds_pool_array(ds_pool *pool, size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / size) return NULL;
    return ds_pool_take(pool, count * size);
}

char *ds_pool_text(ds_pool *pool, const char *text, size_t size)
{
    char *copy = size < SIZE_MAX ? ds_pool_take(pool, size + 1) : NULL;
    if (copy && size > 0) memcpy(copy, text, size);
    return copy;
}

void ds_pool_free(ds_pool *pool)
{
    while (pool->chunks) {
        ds_chunk *next = pool->chunks->next;
        free(pool->chunks);
        pool->chunks = next;
    }
    *pool = (ds_pool){0};
}
