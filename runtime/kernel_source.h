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

/* What one argument of a kernel is. */
typedef enum rt_arg_type {
    RT_TYPE_UNKNOWN,
    RT_TYPE_GLOBAL, /* a pointer into global or constant memory */
    RT_TYPE_LOCAL,
    RT_TYPE_UINT,
    RT_TYPE_INT,
    RT_TYPE_ULONG,
    RT_TYPE_FLOAT
} rt_arg_type;

enum { RT_MOST_ARGUMENTS = 64 };

typedef struct rt_signature {
    char name[64];
    unsigned arguments;
    unsigned char types[RT_MOST_ARGUMENTS]; /* rt_arg_type of each */
} rt_signature;

/* "uint" for RT_TYPE_UINT, "global pointer" for RT_TYPE_GLOBAL. */
const char *rt_arg_type_name(rt_arg_type type);

/* The kernels of a text of OpenCL C. The ABI number is made of every kernel's name and arguments with their
 * types and order: it changes when one of them does, and only then. */
typedef struct rt_interface {
    rt_signature *kernels; /* sorted by name */
    size_t count;
    uint32_t abi;
} rt_interface;

/* The interface of all kernels, which a program built elsewhere must offer; and that of one text. */
st_status rt_interface_create(rt_interface *wanted, st_error *error);
st_status rt_interface_parse(rt_interface *found, const char *source, st_error *error);
void rt_interface_destroy(rt_interface *wanted);

/* The kernel of that name, or NULL. */
const rt_signature *rt_interface_find(const rt_interface *interface, const char *name);

#endif
