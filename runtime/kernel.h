/* A kernel as program.c makes it and launch.c uses it; private to runtime/. */
#ifndef SAFSD_RUNTIME_KERNEL_H
#define SAFSD_RUNTIME_KERNEL_H

#include <CL/cl.h>
#include <stddef.h>

struct rt_kernel {
    char name[64];
    cl_kernel handle;
    cl_uint arguments;
    size_t group_limit; /* CL_KERNEL_WORK_GROUP_SIZE */
};

#endif
