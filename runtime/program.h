/* A program: the kernels for a context's device, built from OpenCL C (kernel_source.h) or loaded from a binary.
 *
 * With rt_options.cache_programs, compiled programs are kept in the program cache (program_cache.h) and loaded from it.
 */
#ifndef SAFSD_RUNTIME_PROGRAM_H
#define SAFSD_RUNTIME_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/queue.h"

typedef struct rt_program rt_program;
typedef struct rt_kernel rt_kernel; /* owned by its program */

/* Compiles the `.cl` files for which `wanted(name)` is true (NULL: all) into one program. `defines` is appended to the
 * options ("-DMR=12 ..."; may be ""). ST_DEVICE with the first lines of the build log if the compiler fails. */
st_status rt_program_create(rt_program **program, rt_context *context, bool (*wanted)(const char *name),
                            const char *defines);

/* Loads a program from a binary; `name` is its name in messages. ST_DEVICE if the driver does not accept it. */
st_status rt_program_load(rt_program **program, rt_context *context, const void *binary, size_t size, const char *name);
void rt_program_destroy(rt_program **program);

/* The binary of the program; the caller frees it. ST_DEVICE if the driver returns none. */
st_status rt_program_binary(const rt_program *program, unsigned char **binary, size_t *size);

/* The kernel of that name, or NULL. */
rt_kernel *rt_program_kernel(rt_program *program, const char *name);

/* The number of kernels of the program, and, in order of their names, the name and number of arguments of each. */
size_t rt_program_kernels(const rt_program *program);
const char *rt_kernel_name(const rt_program *program, size_t index);
unsigned rt_kernel_arguments(const rt_program *program, size_t index);

#endif
