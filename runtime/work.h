/* The shape of a launch, and the work of commands. */
#ifndef SAFSD_RUNTIME_WORK_H
#define SAFSD_RUNTIME_WORK_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/handle.h"

typedef struct rt_grid {
    unsigned dimensions;
    size_t groups[3], local[3]; /* the global size is groups * local */
    bool flat; /* only the number of items matters: a kernel that allows fewer per group is given more groups */
} rt_grid;

typedef struct rt_work {
    double bytes, flops;
} rt_work;

/* The work enqueued on the context since it was created: launches (RT_MOVES, RT_FLOPS), matrix products, transfers. */
rt_work rt_work_done(const rt_context *context);

/* Adds work. */
void rt_count_work(rt_context *context, rt_work work);

#endif
