/* How contexts use the pool that they are opened with; private to runtime/, implemented by program_pool.c. */
#ifndef SAFSD_RUNTIME_PROGRAM_POOL_LOCK_H
#define SAFSD_RUNTIME_PROGRAM_POOL_LOCK_H

#include <CL/cl.h>
#include <stdbool.h>

#include "runtime/device.h"

struct rt_program_pool;

/* The context of OpenCL's that its programs belong to, retained for the caller; NULL where it is of another device. */
cl_context rt_program_pool_context(struct rt_program_pool *pool, const rt_device_info *device);

/* Looks for the program of a source, built with these options. Where it is there, *program is retained for the caller,
 * and true returned. Else the pool is locked until rt_program_pool_add, which keeps what was built; NULL: nothing. */
bool rt_program_pool_find(struct rt_program_pool *pool, const char *options, const char *source, cl_program *program);
void rt_program_pool_add(struct rt_program_pool *pool, const char *options, const char *source, cl_program program);

#endif
