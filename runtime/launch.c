#include "runtime/launch.h"

#include "runtime/block.h"
#include "runtime/context_state.h"
#include "runtime/kernel.h"
#include "runtime/profile_hooks.h"

enum { ITEMS_GROUP = 64 };

static size_t at_most(size_t value, size_t limit)
{
    return value < limit ? value : limit;
}

size_t rt_row_loops(const rt_context *context, size_t columns)
{
    const size_t at_once = rt_row_group(context) * context->vector_width;
    return (columns + at_once - 1) / at_once;
}

size_t rt_shares(size_t count, size_t loops)
{
    const size_t most = loops < RT_MOST_LOOPS ? RT_MOST_LOOPS / (loops ? loops : 1) : 1;
    return (count + most - 1) / most;
}

static rt_grid flat_grid(const rt_context *context, size_t items)
{
    const size_t local = at_most(ITEMS_GROUP, context->group_limit);
    return (rt_grid){1, {(items + local - 1) / local, 1, 1}, {local, 1, 1}, true};
}

rt_grid rt_items(const rt_context *context, size_t elements)
{
    return flat_grid(context, (elements + context->vector_width - 1) / context->vector_width);
}

rt_grid rt_scalars(const rt_context *context, size_t count)
{
    return flat_grid(context, count);
}

rt_grid rt_rows(const rt_context *context, size_t rows)
{
    return (rt_grid){1, {rows, 1, 1}, {rt_row_group(context), 1, 1}, false};
}

rt_grid rt_groups(size_t x, size_t y, size_t z, size_t local)
{
    return (rt_grid){3, {x, y, z}, {local, 1, 1}, false};
}

static cl_int set_argument(const rt_context *context, cl_kernel kernel, cl_uint *index, const rt_arg *argument)
{
    switch (argument->kind) {
    case RT_ARG_VIEW: {
        const rt_view view = argument->as.view;
        const cl_mem memory = view.block ? view.block->memory : context->dummy->memory;
        const cl_ulong at = view.block ? view.at : 0;
        const cl_int code = clSetKernelArg(kernel, (*index)++, sizeof memory, &memory);
        return code != CL_SUCCESS ? code : clSetKernelArg(kernel, (*index)++, sizeof at, &at);
    }
    case RT_ARG_UINT:
        return clSetKernelArg(kernel, (*index)++, sizeof(cl_uint), &argument->as.u);
    case RT_ARG_INT:
        return clSetKernelArg(kernel, (*index)++, sizeof(cl_int), &argument->as.i);
    case RT_ARG_ULONG:
        return clSetKernelArg(kernel, (*index)++, sizeof(cl_ulong), &argument->as.ul);
    case RT_ARG_FLOAT:
        return clSetKernelArg(kernel, (*index)++, sizeof(cl_float), &argument->as.f);
    case RT_ARG_LOCAL:
        return clSetKernelArg(kernel, (*index)++, argument->as.bytes, NULL);
    case RT_ARG_MOVES:
    case RT_ARG_FLOPS:
    case RT_ARG_LOOPS:
        return CL_SUCCESS;
    }
    return CL_INVALID_ARG_VALUE;
}

/* The kernel arguments that one rt_arg fills; notes fill none. */
static const struct {
    unsigned char count, types[2];
} fills[] = {[RT_ARG_VIEW] = {2, {RT_TYPE_GLOBAL, RT_TYPE_ULONG}},
             [RT_ARG_UINT] = {1, {RT_TYPE_UINT}},
             [RT_ARG_INT] = {1, {RT_TYPE_INT}},
             [RT_ARG_ULONG] = {1, {RT_TYPE_ULONG}},
             [RT_ARG_FLOAT] = {1, {RT_TYPE_FLOAT}},
             [RT_ARG_LOCAL] = {1, {RT_TYPE_LOCAL}}};

/* Checks the number and types of the arguments against the kernel's source. OpenCL compares only their sizes and
 * accepts a float for a uint. */
static st_status check_arguments(const rt_context *context, const rt_kernel *kernel, const rt_arg *arguments,
                                 size_t count)
{
    cl_uint filled = 0, wrong = RT_MOST_ARGUMENTS;
    rt_arg_type passed = RT_TYPE_UNKNOWN;
    for (size_t i = 0; i < count; ++i) {
        if (arguments[i].kind >= RT_ARG_MOVES) continue;
        for (size_t k = 0; k < fills[arguments[i].kind].count; ++k, ++filled) {
            const unsigned char declared = filled < RT_MOST_ARGUMENTS ? kernel->types[filled] : RT_TYPE_UNKNOWN;
            if (declared == RT_TYPE_UNKNOWN || declared == fills[arguments[i].kind].types[k]) continue;
            if (wrong == RT_MOST_ARGUMENTS) passed = fills[arguments[i].kind].types[k];
            if (wrong == RT_MOST_ARGUMENTS) wrong = filled;
        }
    }
    if (filled != kernel->arguments)
        return st_fail(context->error, ST_FAILED, "kernel %s takes %u arguments, but the program passes %u",
                       kernel->name, (unsigned)kernel->arguments, (unsigned)filled);
    if (wrong == RT_MOST_ARGUMENTS) return ST_OK;
    return st_fail(context->error, ST_FAILED, "argument %u of kernel %s is %s, but the program passes %s",
                   (unsigned)wrong, kernel->name, rt_arg_type_name(kernel->types[wrong]), rt_arg_type_name(passed));
}

static rt_work work_of(const rt_arg *arguments, size_t count)
{
    rt_work work = {0, 0};
    for (size_t i = 0; i < count; ++i) {
        if (arguments[i].kind == RT_ARG_MOVES) work.bytes += arguments[i].as.amount * (double)sizeof(float);
        if (arguments[i].kind == RT_ARG_FLOPS) work.flops += arguments[i].as.amount;
    }
    return work;
}

static st_status check_loops(const rt_context *context, const char *kernel, const rt_arg *arguments, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        if (arguments[i].kind == RT_ARG_LOOPS && arguments[i].as.amount > RT_MOST_LOOPS)
            return st_too_large(
                context->error,
                "a work-item of kernel %s would loop %.0f times, more than the limit of %d that is safe with every "
                "driver: use a smaller model or batch",
                kernel, arguments[i].as.amount, RT_MOST_LOOPS);
    return ST_OK;
}

/* Reduces the items per group to what the compiled kernel allows. */
static void clamp(rt_grid *grid, size_t limit)
{
    if (grid->local[0] * grid->local[1] * grid->local[2] <= limit) return;
    const size_t items = grid->groups[0] * grid->local[0];
    grid->local[0] = limit / (grid->local[1] * grid->local[2]);
    if (grid->local[0] == 0) grid->local[0] = grid->local[1] = grid->local[2] = 1;
    if (grid->flat) grid->groups[0] = (items + grid->local[0] - 1) / grid->local[0];
}

st_status rt_launch_kernel(rt_context *context, rt_kernel *kernel, rt_grid grid, const rt_arg *arguments, size_t count)
{
    ST_FORWARD(check_arguments(context, kernel, arguments, count));
    if (grid.groups[0] * grid.groups[1] * grid.groups[2] == 0) return ST_OK;
    ST_FORWARD(check_loops(context, kernel->name, arguments, count));
    if (context->planning) return ST_OK;
    cl_uint index = 0;
    for (size_t i = 0; i < count; ++i) {
        const cl_int code = set_argument(context, kernel->handle, &index, &arguments[i]);
        if (code != CL_SUCCESS)
            return rt_cl_fail(context, code, "clSetKernelArg", "argument %u of kernel %s", (unsigned)index - 1,
                              kernel->name);
    }
    clamp(&grid, at_most(kernel->group_limit, context->group_limit));
    size_t global[3];
    for (unsigned i = 0; i < 3; ++i) global[i] = grid.groups[i] * grid.local[i];
    const rt_work work = work_of(arguments, count);
    rt_count_work(context, work);
    cl_event *event = rt_profile_launch(context, kernel->name, &grid, work);
    const cl_int code = clEnqueueNDRangeKernel(context->queue, kernel->handle, grid.dimensions, NULL, global,
                                               grid.local, 0, NULL, event);
    if (code != CL_SUCCESS)
        return rt_cl_fail(context, code, "clEnqueueNDRangeKernel", "kernel %s (global %zu x %zu x %zu, local %zu)",
                          kernel->name, global[0], global[1], global[2], grid.local[0]);
    return ST_OK;
}

st_status rt_launch(rt_context *context, const char *kernel, rt_grid grid, const rt_arg *arguments, size_t count)
{
    rt_kernel *found = rt_program_kernel(context->kernels, kernel);
    if (!found) return st_fail(context->error, ST_FAILED, "there is no kernel %s in the program", kernel);
    return rt_launch_kernel(context, found, grid, arguments, count);
}
