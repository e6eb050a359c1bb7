/* Kernel launches by name.
 *
 *     RT_LAUNCH(rt, "layernorm_forward", rt_rows(rt, rows), RT_VIEW(y), RT_VIEW(x), RT_UINT(rows), RT_UINT(columns));
 *
 * Number and types of the arguments are those that the kernel's source declares, or the launch is refused, also while
 * planning. A view fills two kernel arguments: the pointer and, as ulong, its element offset. A view without a block
 * passes a valid dummy pointer: the kernel learns from a flag of its own that the tensor is left out.
 *
 * RT_MOVES and RT_FLOPS fill no argument; they say what the launch is worth, for profiles and benchmarks: the 4-byte
 * elements that it reads and writes, each tensor once per argument that reads or writes it whatever caches save, and
 * the multiplications and additions of its products. Lists of a number per row are left out beside matrices.
 *
 * RT_LOOPS fills no argument either. It says how many iterations the loops of one work-item take in all, at most; loops
 * with a fixed and small number of turns, which compilers unroll, do not count. Some drivers end the loops of a
 * work-item without a word after about 65,535 iterations, and others stop a launch that takes seconds. No launch may
 * say more than RT_MOST_LOOPS: hosts share longer work out over more items or launches.
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
        RT_ARG_MOVES, /* from here on notes, which fill no argument */
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
/* One work-item per scalar unit of work (no vectors), in groups of a fixed size; guard the tail. */
rt_grid rt_scalars(const rt_context *context, size_t count);
/* `x` by `y` by `z` groups of `local` items along x. */
rt_grid rt_groups(size_t x, size_t y, size_t z, size_t local);

/* Iterations of a loop in which the items of a row's group share out `columns` floats. */
size_t rt_row_loops(const rt_context *context, size_t columns);

/* The fewest shares into which `count` turns of `loops` iterations each fall, so that none loops more than
 * RT_MOST_LOOPS; a single turn may. */
size_t rt_shares(size_t count, size_t loops);

/* While planning, checks the arguments and enqueues nothing. */
st_status rt_launch(rt_context *context, const char *kernel, rt_grid grid, const rt_arg *arguments, size_t count);

/* The same with a kernel of a program of the caller's own. */
st_status rt_launch_kernel(rt_context *context, rt_kernel *kernel, rt_grid grid, const rt_arg *arguments, size_t count);

#define RT_LAUNCH(context, kernel, grid, ...)                                                                          \
    rt_launch((context), (kernel), (grid), (const rt_arg[]){__VA_ARGS__},                                              \
              sizeof((const rt_arg[]){__VA_ARGS__}) / sizeof(rt_arg))

#endif
