#include "runtime/program_pool.h"

#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <xxhash.h>

#include "runtime/codes.h"
#include "runtime/program_pool_lock.h"

typedef struct entry {
    XXH128_hash_t key;
    cl_program program;
} entry;

struct rt_program_pool {
    void *device; /* as rt_device_info.handle */
    cl_context context;
    entry *entries;
    size_t count;
    long *live_objects;
    mtx_t mutex; /* guards entries; held while a program is built */
};

static void count_object(const rt_program_pool *pool, int change)
{
    if (pool->live_objects) *pool->live_objects += change;
}

static XXH128_hash_t key_of(const char *options, const char *source)
{
    const XXH64_hash_t seed = XXH3_64bits(options, strlen(options));
    return XXH3_128bits_withSeed(source, strlen(source), seed);
}

st_status rt_program_pool_create(rt_program_pool **pool, const rt_device_info *device, long *live_objects,
                                 st_error *error)
{
    *pool = NULL;
    if (device->error[0] != '\0')
        return st_fail(error, ST_DEVICE, "device %d (%s) cannot be used: %s", device->index, device->name,
                       device->error);
    rt_program_pool *p = calloc(1, sizeof *p);
    if (!p || mtx_init(&p->mutex, mtx_plain) != thrd_success) {
        free(p);
        return st_fail(error, ST_FAILED, "out of memory for a pool of programs");
    }
    p->device = device->handle;
    p->live_objects = live_objects;
    cl_int code = CL_SUCCESS;
    cl_device_id id = device->handle;
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)device->platform_handle, 0};
    p->context = clCreateContext(properties, 1, &id, NULL, NULL, &code);
    if (code != CL_SUCCESS) {
        mtx_destroy(&p->mutex);
        free(p);
        return st_fail(error, ST_DEVICE, "opening a context on %s: clCreateContext returned %s (%d)", device->name,
                       rt_code_name(code), (int)code);
    }
    count_object(p, 1);
    *pool = p;
    return ST_OK;
}

void rt_program_pool_destroy(rt_program_pool **pool)
{
    rt_program_pool *p = *pool;
    if (!p) return;
    for (size_t i = 0; i < p->count; ++i) {
        clReleaseProgram(p->entries[i].program);
        count_object(p, -1);
    }
    clReleaseContext(p->context);
    count_object(p, -1);
    mtx_destroy(&p->mutex);
    free(p->entries);
    free(p);
    *pool = NULL;
}

size_t rt_program_pool_count(rt_program_pool *pool)
{
    mtx_lock(&pool->mutex);
    const size_t count = pool->count;
    mtx_unlock(&pool->mutex);
    return count;
}

cl_context rt_program_pool_context(struct rt_program_pool *pool, const rt_device_info *device)
{
    return pool->device == device->handle && clRetainContext(pool->context) == CL_SUCCESS ? pool->context : NULL;
}

bool rt_program_pool_find(struct rt_program_pool *pool, const char *options, const char *source, cl_program *program)
{
    const XXH128_hash_t key = key_of(options, source);
    *program = NULL;
    mtx_lock(&pool->mutex);
    for (size_t i = 0; i < pool->count && !*program; ++i)
        if (XXH128_isEqual(pool->entries[i].key, key) && clRetainProgram(pool->entries[i].program) == CL_SUCCESS)
            *program = pool->entries[i].program;
    if (*program) mtx_unlock(&pool->mutex);
    return *program != NULL;
}

void rt_program_pool_add(struct rt_program_pool *pool, const char *options, const char *source, cl_program program)
{
    entry *grown = program ? realloc(pool->entries, (pool->count + 1) * sizeof *grown) : NULL;
    if (grown) pool->entries = grown;
    if (grown && clRetainProgram(program) == CL_SUCCESS) {
        pool->entries[pool->count++] = (entry){key_of(options, source), program};
        count_object(pool, 1);
    }
    mtx_unlock(&pool->mutex);
}
