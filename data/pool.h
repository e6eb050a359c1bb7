/* Memory that is taken in pieces and freed as a whole. */
#ifndef SAFSD_DATA_POOL_H
#define SAFSD_DATA_POOL_H

#include <stddef.h>

typedef struct ds_pool {
    struct ds_chunk *chunks; /* the one in use first */
    unsigned char *free;     /* what is left of it */
    size_t left;
} ds_pool;

/* `size` zeroed bytes, aligned for any type; never NULL but for exhausted memory. */
void *ds_pool_take(ds_pool *pool, size_t size);

/* The same for `count` elements. */
void *ds_pool_array(ds_pool *pool, size_t count, size_t size);

/* A copy of `size` bytes with a NUL behind them. */
char *ds_pool_text(ds_pool *pool, const char *text, size_t size);

/* Frees everything; the pool is empty and usable afterwards. */
void ds_pool_free(ds_pool *pool);

#endif
