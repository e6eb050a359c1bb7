/* A kernel, created by program.c and used by launch.c. Private to runtime/. */
#ifndef SAFSD_RUNTIME_KERNEL_H
#define SAFSD_RUNTIME_KERNEL_H

#include <CL/cl.h>
#include <stddef.h>

#include "runtime/kernel_source.h"

struct rt_kernel {
    char name[64];
    cl_kernel handle;
    cl_uint arguments;
    unsigned char types[RT_MOST_ARGUMENTS]; /* rt_arg_type of each, as declared in the source */
    size_t group_limit;                     /* CL_KERNEL_WORK_GROUP_SIZE */
};

#endif
