/* Kernel launches by name.
 *
 *     RT_LAUNCH(rt, "layernorm_forward", rt_rows(rt, rows), RT_VIEW(y), RT_VIEW(x), RT_UINT(rows), RT_UINT(columns));
 *
 * A launch fails, also while planning, unless the number and types of the arguments match the kernel's source. A view
 * fills two kernel arguments: the pointer and its element offset (ulong). A view without a block passes a valid dummy
 * pointer; the kernel has a flag that says whether the optional tensor is used.
 *
 * RT_MOVES and RT_FLOPS fill no argument. They state the work of the launch for profiles and benchmarks. RT_MOVES is
 * the number of 4-byte elements that it reads and writes: each tensor once per argument that reads or writes it,
 * without regard to caches. RT_FLOPS is the number of multiplications and additions of its products. Vectors with one
 * number per row are not counted beside matrices.
 *
 * RT_LOOPS fills no argument either. It is the most iterations that the loops of one work-item take in total. Loops
 * with a small fixed trip count, which compilers unroll, do not count. Some drivers silently end the loops of a
 * work-item after about 65,535 iterations, and others abort a launch that takes seconds. A launch with more than
 * RT_MOST_LOOPS fails: the host divides longer work over more work-items or launches.
 */
#ifndef SAFSD_RUNTIME_LAUNCH_H
#define SAFSD_RUNTIME_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/buffer.h"
#include "runtime/program.h"
#include "runtime/work.h"

enum { RT_MOST_LOOPS = 32768 };

typedef struct rt_arg {
    enum {
        RT_ARG_VIEW,
        RT_ARG_UINT,
        RT_ARG_INT,
        RT_ARG_ULONG,
        RT_ARG_FLOAT,
        RT_ARG_LOCAL,
        RT_ARG_MOVES, /* this and the next are notes, which fill no argument */
        RT_ARG_FLOPS,
        RT_ARG_LOOPS
    } kind;
    union {
        rt_view view;
        uint32_t u;
        int32_t i;
        uint64_t ul;
        float f;
        size_t bytes;
        double amount;
    } as;
} rt_arg;

#define RT_VIEW(v) ((rt_arg){.kind = RT_ARG_VIEW, .as.view = (v)})
#define RT_UINT(v) ((rt_arg){.kind = RT_ARG_UINT, .as.u = (uint32_t)(v)})
#define RT_INT(v) ((rt_arg){.kind = RT_ARG_INT, .as.i = (int32_t)(v)})
#define RT_ULONG(v) ((rt_arg){.kind = RT_ARG_ULONG, .as.ul = (uint64_t)(v)})
#define RT_FLOAT(v) ((rt_arg){.kind = RT_ARG_FLOAT, .as.f = (v)})
#define RT_LOCAL(floats) ((rt_arg){.kind = RT_ARG_LOCAL, .as.bytes = (floats) * sizeof(float)}) /* __local memory */
#define RT_MOVES(elements) ((rt_arg){.kind = RT_ARG_MOVES, .as.amount = (double)(elements)})
#define RT_FLOPS(flops) ((rt_arg){.kind = RT_ARG_FLOPS, .as.amount = (double)(flops)})
#define RT_LOOPS(iterations) ((rt_arg){.kind = RT_ARG_LOOPS, .as.amount = (double)(iterations)})

/* One work-item per VW elements of a flat array of `elements`. */
rt_grid rt_items(const rt_context *context, size_t elements);
/* One group of rt_row_group items per row; get_group_id(0) is the row. */
rt_grid rt_rows(const rt_context *context, size_t rows);
/* One work-item per scalar (no vectors), in groups of a fixed size; the kernel guards the tail. */
rt_grid rt_scalars(const rt_context *context, size_t count);
/* `x` by `y` by `z` groups of `local` items along x. */
rt_grid rt_groups(size_t x, size_t y, size_t z, size_t local);

/* Iterations of a loop over `columns` floats that the work-items of a row's group divide among them. */
size_t rt_row_loops(const rt_context *context, size_t columns);

/* The fewest shares of `count` turns of `loops` iterations each, with at most RT_MOST_LOOPS iterations per share. A
 * single turn is never divided. */
size_t rt_shares(size_t count, size_t loops);

/* Enqueues the kernel. While planning, only checks the arguments. */
st_status rt_launch(rt_context *context, const char *kernel, rt_grid grid, const rt_arg *arguments, size_t count);

/* The same with a kernel of another program. */
st_status rt_launch_kernel(rt_context *context, rt_kernel *kernel, rt_grid grid, const rt_arg *arguments, size_t count);

#define RT_LAUNCH(context, kernel, grid, ...)                                                                          \
    rt_launch((context), (kernel), (grid), (const rt_arg[]){__VA_ARGS__},                                              \
              sizeof((const rt_arg[]){__VA_ARGS__}) / sizeof(rt_arg))

#endif
