/* A kernel as program.c makes it and launch.c uses it; private to runtime/. */
#ifndef SAFSD_RUNTIME_KERNEL_H
#define SAFSD_RUNTIME_KERNEL_H

#include <CL/cl.h>
#include <stddef.h>

#include "runtime/kernel_source.h"

struct rt_kernel {
    char name[64];
    cl_kernel handle;
    cl_uint arguments;
    unsigned char types[RT_MOST_ARGUMENTS]; /* rt_arg_type of each, as its source declares them */
    size_t group_limit;                     /* CL_KERNEL_WORK_GROUP_SIZE */
};

#endif
