/* The OpenCL C source of the kernels, and their interface to the host: names and arguments.
 *
 * The sources are the files embedded from cl/. For development, set the environment variable SAFSD_CL_KERNELS to a
 * folder: files that it contains are read from there instead. `#include "x.clh"` is resolved, each file once per text.
 */
#ifndef SAFSD_RUNTIME_KERNEL_SOURCE_H
#define SAFSD_RUNTIME_KERNEL_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* The `.cl` files for which `wanted(name)` is true (NULL: all), concatenated. The caller frees the text. ST_USAGE if
 * SAFSD_CL_KERNELS is not a folder. */
st_status rt_kernel_source(char **source, bool (*wanted)(const char *name), st_error *error);

/* The type of a kernel argument. */
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

/* The type for messages: "a uint", "a global pointer". */
const char *rt_arg_type_name(rt_arg_type type);

/* The kernels of an OpenCL C source. The ABI number is computed from the name of every kernel and the types, names and
 * order of its arguments; it changes only if one of these changes. */
typedef struct rt_interface {
    rt_signature *kernels; /* sorted by name */
    size_t count;
    uint32_t abi;
} rt_interface;

/* The interface of all kernels, which a given program must have, and the interface of one source. */
st_status rt_interface_create(rt_interface *wanted, st_error *error);
st_status rt_interface_parse(rt_interface *found, const char *source, st_error *error);
void rt_interface_destroy(rt_interface *wanted);

/* The kernel of that name, or NULL. */
const rt_signature *rt_interface_find(const rt_interface *interface, const char *name);

#endif
