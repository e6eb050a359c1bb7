/* The calls by which contexts use their pool. Private to runtime/, implemented by program_pool.c. */
#ifndef SAFSD_RUNTIME_PROGRAM_POOL_LOCK_H
#define SAFSD_RUNTIME_PROGRAM_POOL_LOCK_H

#include <CL/cl.h>
#include <stdbool.h>

#include "runtime/device.h"

struct rt_program_pool;

/* The OpenCL context of the pool's programs, retained for the caller; NULL if it is for another device. */
cl_context rt_program_pool_context(struct rt_program_pool *pool, const rt_device_info *device);

/* Looks up the program of a source and build options. If it is found, returns true, with *program retained for the
 * caller. Otherwise the pool stays locked until rt_program_pool_add, which adds the built program, or nothing if it is
 * NULL. */
bool rt_program_pool_find(struct rt_program_pool *pool, const char *options, const char *source, cl_program *program);
void rt_program_pool_add(struct rt_program_pool *pool, const char *options, const char *source, cl_program program);

#endif
