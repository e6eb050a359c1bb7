#include "runtime/gemm_panel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/block.h"
#include "runtime/context_state.h"
#include "runtime/launch.h"
#include "runtime/profile_hooks.h"

/* A tuning may set the rows of a tile and the runs. */
enum {
    DEPTH = 1024,            /* of a part: 12 x 1024 floats of A and 32 x 1024 of B fit the caches of a core */
    DEEPEST = DEPTH * 3 / 2, /* a product up to this depth is one part */
    DEPTH_STEP = 16,         /* parts start at multiples of this */
    MOST_ROWS = 32,          /* of any tile; keeps the depth of parts, and thus the sums, independent of the tuning */
    RUN_A = 8,               /* panels of A per work-item, if there are enough: they stay in a cache ... */
    RUN_B = 16,              /* ... while these panels of B are read */
    ITEMS_PER_UNIT = 8,      /* least work-items per compute unit, for load balance */
    GROUP = 32,              /* work-items per group, unless a group is a single thread of control */
    BLOCK_LOOPS = 16384,     /* most iterations in which the kernel packs a block */
};

typedef struct panel_gemm {
    rt_program *program; /* NULL if the kernels are part of a given program */
    rt_kernel *pack, *multiply;
    size_t mr, nr;       /* rows and columns of a tile: GEMM_MR and GEMM_NR of the kernels */
    size_t run_a, run_b; /* most panels of A and of B per work-item */
    size_t group, items;
} panel_gemm;

static size_t parts(size_t value, size_t size)
{
    return (value + size - 1) / size;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool is_panel_source(const char *name)
{
    return strcmp(name, "gemm_panel.cl") == 0;
}

static void destroy(rt_context *context, void **own)
{
    (void)context;
    panel_gemm *p = *own;
    rt_program_destroy(&p->program);
    free(p);
    *own = NULL;
}

static st_status create(rt_context *context, rt_tuning *tuning, void **own)
{
    panel_gemm *p = calloc(1, sizeof *p);
    if (!p) return st_fail(context->error, ST_FAILED, "out of memory for the GEMM");
    *own = p;
    const size_t width = context->vector_width;
    p->mr = width == 16 ? 12 : width >= 4 ? 6 : 4; /* the defaults of the kernels, as in given programs */
    p->nr = 2 * width;
    if (!context->given_program) p->mr = rt_tuning_get(tuning, "panel", "rows", p->mr);
    p->run_a = rt_tuning_get(tuning, "panel", "run_a", RUN_A);
    p->run_b = rt_tuning_get(tuning, "panel", "run_b", RUN_B);
    const bool single = context->device.type == RT_CPU && !context->fixed_group;
    p->group = single ? 1 : smaller(GROUP, context->group_limit);
    p->items = (size_t)ITEMS_PER_UNIT * (context->device.compute_units ? context->device.compute_units : 1) * p->group;
    char defines[32];
    snprintf(defines, sizeof defines, "-DGEMM_MR=%zu", p->mr);
    if (!context->given_program) ST_FORWARD(rt_program_create(&p->program, context, is_panel_source, defines));
    rt_program *kernels = p->program ? p->program : context->kernels;
    p->pack = rt_program_kernel(kernels, "gemm_panel_pack");
    p->multiply = rt_program_kernel(kernels, "gemm_panel");
    if (!p->pack || !p->multiply)
        return st_fail(context->error, ST_FAILED,
                       "the kernels gemm_panel_pack and gemm_panel are missing from the program");
    return ST_OK;
}

/* Depth of the parts of a sum over k: equal, multiples of DEPTH_STEP, and small enough for the packed operands to fit
 * the largest block.
 */
static size_t depth_of(const rt_context *context, const panel_gemm *p, size_t m, size_t n, size_t k)
{
    const size_t count = k <= DEEPEST ? 1 : (k + DEPTH / 2) / DEPTH;
    size_t depth = parts(parts(k, count), DEPTH_STEP) * DEPTH_STEP;
    const size_t rows = m + MOST_ROWS - 1, columns = parts(n, p->nr) * p->nr;
    const size_t room = context->largest_block / sizeof(float) / (rows > columns ? rows : columns);
    if (depth > room) depth = room < DEPTH_STEP ? room : room / DEPTH_STEP * DEPTH_STEP;
    return depth;
}

/* A smaller k may have deeper parts than a larger one, so the scratch is that of the deepest part up to k. */
static st_status scratch(rt_context *context, void *own, const rt_gemm_call *call, size_t elements[RT_GEMM_SCRATCH])
{
    const panel_gemm *p = own;
    const size_t depth = smaller(parts(call->k, DEPTH_STEP) * DEPTH_STEP, DEEPEST);
    const size_t limit = context->largest_block / sizeof(float) / 64 * 64;
    if (depth_of(context, p, call->m, call->n, call->k) == 0)
        return st_too_large(context->error,
                            "a matrix product of %zu x %zu is too large for the blocks of %s (%.1f MiB)", call->m,
                            call->n, context->device.name, (double)context->largest_block / 1048576.0);
    elements[0] = smaller(parts(call->m, p->mr) * p->mr * depth, limit);
    elements[1] = smaller(parts(call->n, p->nr) * p->nr * depth, limit);
    return ST_OK;
}

/* `items` work-items along x; some of the last group may be idle. */
static rt_grid grid_of(const panel_gemm *p, size_t items, size_t y)
{
    rt_grid grid = rt_groups(parts(items, p->group), y, 1, p->group);
    grid.flat = true;
    return grid;
}

/* The most iterations in which the kernel packs the operands: every panel, and the last one again float by float. */
static size_t packing_loops(const panel_gemm *p, const rt_gemm_call *call, size_t depth)
{
    const size_t a = parts(call->m, p->mr) * parts(p->mr, 2), b = parts(call->n, p->nr) * parts(p->nr, 4);
    return depth * (a + p->mr + b + p->nr);
}

/* Packs slices first .. first + depth - 1 of both operands. */
static st_status pack(rt_context *context, const panel_gemm *p, const rt_gemm_call *call, size_t first, size_t depth,
                      const rt_view packed[RT_GEMM_SCRATCH])
{
    /* One work-item per panel, or more if an item would loop too long. Items take blocks of BLOCK_LOOPS in turn. */
    const size_t panels = parts(call->m, p->mr) + parts(call->n, p->nr), loops = packing_loops(p, call, depth);
    const size_t least = parts(loops, RT_MOST_LOOPS - BLOCK_LOOPS), items = panels > least ? panels : least;
    const rt_view a = rt_view_at(call->a, call->transpose_a ? first * call->lda : first);
    const rt_view b = rt_view_at(call->b, call->transpose_b ? first : first * call->ldb);
    const rt_arg arguments[] = {RT_VIEW(packed[0]),
                                RT_VIEW(packed[1]),
                                RT_VIEW(a),
                                RT_VIEW(b),
                                RT_UINT(call->m),
                                RT_UINT(call->n),
                                RT_UINT(depth),
                                RT_UINT(call->lda),
                                RT_UINT(call->ldb),
                                RT_UINT(!call->transpose_a),
                                RT_UINT(call->transpose_b),
                                RT_LOOPS(BLOCK_LOOPS + loops / items)};
    return rt_launch_kernel(context, p->pack, grid_of(p, items, 1), arguments, sizeof arguments / sizeof arguments[0]);
}

/* Loop iterations of a work-item that multiplies: the slices and rows of its tiles, and the sums of rows. */
static size_t multiplying_loops(const panel_gemm *p, size_t depth, size_t run_a, size_t run_b)
{
    return run_a * (run_b * (depth + 2 * p->mr) + depth / 4 + p->mr);
}

/* Chooses the most panels per work-item that leave enough items for all compute units and keep each within the limit of
 * loops. Does not change results.
 */
static void choose_runs(const panel_gemm *p, size_t depth, size_t a_panels, size_t b_panels, size_t *run_a,
                        size_t *run_b)
{
    *run_a = parts(a_panels, parts(a_panels, p->run_a));
    *run_b = parts(b_panels, parts(b_panels, p->run_b));
    while (parts(a_panels, *run_a) * parts(b_panels, *run_b) < p->items && *run_a * *run_b > 1) {
        size_t *longer = *run_b >= *run_a ? run_b : run_a;
        *longer /= 2;
    }
    while (multiplying_loops(p, depth, *run_a, *run_b) > RT_MOST_LOOPS && *run_a * *run_b > 1)
        --*(*run_b > 1 ? run_b : run_a);
}

static st_status multiply(rt_context *context, const panel_gemm *p, const rt_gemm_call *call, size_t first,
                          size_t depth, const rt_view packed[RT_GEMM_SCRATCH])
{
    const size_t a_panels = parts(call->m, p->mr), b_panels = parts(call->n, p->nr);
    size_t run_a = 1, run_b = 1;
    choose_runs(p, depth, a_panels, b_panels, &run_a, &run_b);
    const rt_arg arguments[] = {RT_VIEW(call->c),
                                RT_VIEW(packed[0]),
                                RT_VIEW(packed[1]),
                                RT_VIEW(call->bias),
                                RT_VIEW(call->sums),
                                RT_UINT(call->sums.block ? call->sums_from : call->m),
                                RT_UINT(call->m),
                                RT_UINT(call->n),
                                RT_UINT(depth),
                                RT_UINT(call->ldc),
                                RT_UINT(run_a),
                                RT_UINT(run_b),
                                RT_UINT(first == 0 && call->bias.block != NULL),
                                RT_FLOAT(first == 0 ? call->beta : 1.0f),
                                RT_LOOPS(multiplying_loops(p, depth, run_a, run_b))};
    return rt_launch_kernel(context, p->multiply, grid_of(p, parts(a_panels, run_a), parts(b_panels, run_b)), arguments,
                            sizeof arguments / sizeof arguments[0]);
}

static st_status enqueue(rt_context *context, void *own, const rt_gemm_call *call,
                         const rt_view packed[RT_GEMM_SCRATCH])
{
    const panel_gemm *p = own;
    const size_t step = depth_of(context, p, call->m, call->n, call->k);
    st_status status = ST_OK;
    rt_profile_begin(context, "gemm");
    for (size_t first = 0; first < call->k && status == ST_OK; first += step) {
        const size_t depth = smaller(step, call->k - first);
        status = pack(context, p, call, first, depth, packed);
        if (status == ST_OK) status = multiply(context, p, call, first, depth, packed);
    }
    rt_profile_end(context);
    return status;
}

/* ---- the provider's table ---- */

/* CPUs, simulators, devices without a compiler, and all others that no library suits. */
static bool suits(const rt_device_info *device)
{
    (void)device;
    return true;
}

/* The parameters of a tuning: rows of a tile (an even number), and panels of A and of B per work-item. */
static bool takes(const rt_parameter *p)
{
    if (p->kernel[0]) return false;
    if (strcmp(p->name, "rows") == 0) return p->value >= 2 && p->value <= MOST_ROWS && p->value % 2 == 0;
    return (strcmp(p->name, "run_a") == 0 || strcmp(p->name, "run_b") == 0) && p->value >= 1 && p->value <= 256;
}

/* First the rows of a tile, then the runs with the best rows. */
static bool variant(const rt_device_info *device, size_t turn, rt_tuning *tuning, char name[RT_GEMM_VARIANT])
{
    static const size_t rows[] = {14, 10, 8, 6, 16, 4};
    static const size_t runs[][2] = {{8, 32}, {4, 16}, {16, 16}, {4, 32}, {8, 8}, {16, 32}, {32, 8}};
    enum { ROWS = sizeof rows / sizeof *rows, RUNS = sizeof runs / sizeof *runs };
    (void)device;
    if (turn < ROWS) {
        rt_tuning_set(tuning, "panel", "", "rows", rows[turn]);
        snprintf(name, RT_GEMM_VARIANT, "%zu rows", rows[turn]);
        return true;
    }
    if (turn >= ROWS + RUNS) return false;
    const size_t run_a = runs[turn - ROWS][0], run_b = runs[turn - ROWS][1];
    const size_t best = rt_tuning_get(tuning, "panel", "rows", 0);
    rt_tuning_set(tuning, "panel", "", "run_a", run_a);
    rt_tuning_set(tuning, "panel", "", "run_b", run_b);
    if (best)
        snprintf(name, RT_GEMM_VARIANT, "%zu rows, runs %zu x %zu", best, run_a, run_b);
    else
        snprintf(name, RT_GEMM_VARIANT, "runs %zu x %zu", run_a, run_b);
    return true;
}

const rt_gemm_methods rt_gemm_panel = {.name = "panel",
                                       .own = true,
                                       .needs_compiler = false,
                                       .gives_sums = true,
                                       .changes_numbers = false,
                                       .suits = suits,
                                       .takes = takes,
                                       .variant = variant,
                                       .create = create,
                                       .destroy = destroy,
                                       .scratch = scratch,
                                       .prepare = NULL,
                                       .enqueue = enqueue};
