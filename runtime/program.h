/* Programs: kernels built for a context's device, by name; from OpenCL C (kernel_source.h) or from a binary.
 *
 * Where rt_options says so, what was built is kept in the program cache (program_cache.h) and found there again.
 */
#ifndef SAFSD_RUNTIME_PROGRAM_H
#define SAFSD_RUNTIME_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/queue.h"

typedef struct rt_program rt_program;
typedef struct rt_kernel rt_kernel; /* belongs to its program */

/* Builds the `.cl` files for which `wanted(name)` holds (NULL: all) into one program. `defines` is appended to the
 * options ("-DMR=12 ..."; may be ""). ST_DEVICE with the first lines of the build log when the compiler objects. */
st_status rt_program_create(rt_program **program, rt_context *context, bool (*wanted)(const char *name),
                            const char *defines);

/* The program of a binary that was built elsewhere; `name` is what messages call it. ST_DEVICE where the driver does
 * not take it. */
st_status rt_program_load(rt_program **program, rt_context *context, const void *binary, size_t size, const char *name);
void rt_program_destroy(rt_program **program);

/* The device's form of the program; the caller frees it. ST_DEVICE where the driver gives none. */
st_status rt_program_binary(const rt_program *program, unsigned char **binary, size_t *size);

/* The kernel of that name, or NULL. */
rt_kernel *rt_program_kernel(rt_program *program, const char *name);

/* Kernels of the program, sorted by name, and how many arguments each takes. */
size_t rt_program_kernels(const rt_program *program);
const char *rt_kernel_name(const rt_program *program, size_t index);
unsigned rt_kernel_arguments(const rt_program *program, size_t index);

#endif
