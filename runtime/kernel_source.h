/* The OpenCL C text of the kernels, and what it promises to the host: names and arguments.
 *
 * Sources are the files embedded from cl/; with the environment variable SAFSD_CL_KERNELS set to a folder those that it
 * has are read from there instead, for development. `#include "x.clh"` is resolved once per text.
 */
#ifndef SAFSD_RUNTIME_KERNEL_SOURCE_H
#define SAFSD_RUNTIME_KERNEL_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* The `.cl` files for which `wanted(name)` holds (NULL: all), one after another; the caller frees the text.
 * ST_USAGE where SAFSD_CL_KERNELS names no folder. */
st_status rt_kernel_source(char **source, bool (*wanted)(const char *name), st_error *error);

typedef struct rt_signature {
    char name[64];
    unsigned arguments;
} rt_signature;

/* What a program built elsewhere must offer. The ABI number is made of every kernel's name and arguments with their
 * types and order: it changes when one of them does, and only then. */
typedef struct rt_interface {
    rt_signature *kernels; /* sorted by name */
    size_t count;
    uint32_t abi;
} rt_interface;

/* The interface of all kernels. */
st_status rt_interface_create(rt_interface *wanted, st_error *error);
void rt_interface_destroy(rt_interface *wanted);

#endif
