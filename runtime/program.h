/* Programs: OpenCL C sources built for a context's device, and their kernels by name.
 *
 * Sources are the files embedded from cl/; with the environment variable SAFSD_CL_KERNELS set to a folder they are read
 * from there instead, for development. `#include "x.clh"` is resolved once per program.
 */
#ifndef SAFSD_RUNTIME_PROGRAM_H
#define SAFSD_RUNTIME_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/context.h"

typedef struct rt_program rt_program;
typedef struct rt_kernel rt_kernel; /* belongs to its program */

/* Builds the `.cl` files for which `wanted(name)` holds (NULL: all) into one program. `defines` is appended to the
 * options ("-DMR=12 ..."; may be ""). ST_DEVICE with the first lines of the build log when the compiler objects. */
st_status rt_program_create(rt_program **program, rt_context *context, bool (*wanted)(const char *name),
                            const char *defines);
void rt_program_destroy(rt_program **program);

/* The kernel of that name, or NULL. */
rt_kernel *rt_program_kernel(rt_program *program, const char *name);

/* Kernels of the program, sorted by name, for tests that visit all. */
size_t rt_program_kernels(const rt_program *program);
const char *rt_kernel_name(const rt_program *program, size_t index);

/* The whole source a program is built from, include files resolved; the caller frees it. */
st_status rt_program_source(char **source, bool (*wanted)(const char *name), st_error *error);

#endif
