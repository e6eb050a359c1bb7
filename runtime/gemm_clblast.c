#include "runtime/gemm_clblast.h"

#include <clblast_c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "runtime/block.h"
#include "runtime/codes.h"
#include "runtime/context_state.h"
#include "runtime/gemm_clblast_variants.h"
#include "runtime/launch.h"
#include "runtime/profile_hooks.h"
#include "runtime/queue.h"
#include "runtime/watch.h"

static const char NAME[] = "clblast";

typedef struct clblast_gemm {
    rt_program *program;
    rt_kernel *bias;
    bool warm;
} clblast_gemm;

static const char *code_name(CLBlastStatusCode code)
{
#define CODE(name)                                                                                                     \
    case CLBlast##name:                                                                                                \
        return "CLBlast" #name
    switch (code) {
        CODE(NotImplemented);
        CODE(InvalidMatrixA);
        CODE(InvalidMatrixB);
        CODE(InvalidMatrixC);
        CODE(InvalidDimension);
        CODE(InvalidLeadDimA);
        CODE(InvalidLeadDimB);
        CODE(InvalidLeadDimC);
        CODE(InsufficientMemoryA);
        CODE(InsufficientMemoryB);
        CODE(InsufficientMemoryC);
        CODE(InsufficientMemoryTemp);
        CODE(InvalidOverrideKernel);
        CODE(MissingOverrideParameter);
        CODE(InvalidLocalMemUsage);
        CODE(DatabaseError);
        CODE(UnknownError);
        CODE(UnexpectedError);
    default:
        return rt_code_name((cl_int)code); /* all others are OpenCL's codes */
    }
#undef CODE
}

static bool is_bias_source(const char *name)
{
    return strcmp(name, "gemm_bias.cl") == 0;
}

/* CLBlast caches programs of every context it has used; this context is being destroyed. */
static void destroy(rt_context *context, void **own)
{
    (void)context;
    clblast_gemm *g = *own;
    if (g->warm) CLBlastClearCache();
    rt_program_destroy(&g->program);
    free(g);
    *own = NULL;
}

/* Applies the tuning kernel by kernel. Parameters that this version of CLBlast does not accept are removed, with a
 * notice. */
static void apply_tuning(rt_context *context, rt_tuning *tuning)
{
    const rt_tuning wanted = *tuning, none = {.gemm = ""};
    rt_tuning_copy(tuning, &none, NAME);
    for (size_t first = 0, end = 0; first < wanted.count; first = end) {
        const char *names[RT_TUNING_MOST];
        size_t values[RT_TUNING_MOST];
        const rt_parameter *p = &wanted.parameters[first];
        for (end = first; end < wanted.count && strcmp(wanted.parameters[end].provider, p->provider) == 0 &&
                          strcmp(wanted.parameters[end].kernel, p->kernel) == 0;
             ++end) {
            names[end - first] = wanted.parameters[end].name;
            values[end - first] = wanted.parameters[end].value;
        }
        if (strcmp(p->provider, NAME) != 0) continue;
        const CLBlastStatusCode code =
            CLBlastOverrideParameters(context->id, p->kernel, CLBlastPrecisionSingle, end - first, names, values);
        for (size_t i = first; code == CLBlastSuccess && i < end; ++i)
            rt_tuning_set(tuning, NAME, p->kernel, names[i - first], values[i - first]);
        if (code == CLBlastSuccess || !context->notice) continue;
        char sentence[200];
        snprintf(sentence, sizeof sentence, "the tuning of %s does not fit this CLBlast (%s): tune again", p->kernel,
                 code_name(code));
        context->notice(context->notice_user, sentence);
    }
}

static st_status create(rt_context *context, rt_tuning *tuning, void **own)
{
    clblast_gemm *g = calloc(1, sizeof *g);
    if (!g) return st_fail(context->error, ST_FAILED, "out of memory for the GEMM");
    *own = g;
    apply_tuning(context, tuning);
    ST_FORWARD(rt_program_create(&g->program, context, is_bias_source, ""));
    g->bias = rt_program_kernel(g->program, "gemm_bias");
    if (!g->bias) return st_fail(context->error, ST_FAILED, "the kernel gemm_bias is missing from the program");
    return ST_OK;
}

static CLBlastTranspose turned(bool transpose)
{
    return transpose ? CLBlastTransposeYes : CLBlastTransposeNo;
}

static st_status failed(const rt_context *context, const rt_gemm_call *call, const char *what, CLBlastStatusCode code)
{
    return st_fail(context->error, ST_DEVICE, "%s returned %s for a product %c%c of %zu x %zu x %zu on %s", what,
                   code_name(code), call->transpose_a ? 'T' : 'N', call->transpose_b ? 'T' : 'N', call->m, call->n,
                   call->k, context->device.name);
}

/* Offsets of 1 are the worst case: CLBlast copies an operand that does not start at the beginning of its buffer. The
 * result is the most that a call of these sizes needs. As the sizes of the copies are rounded up, it is enough for
 * smaller calls too. */
static st_status scratch(rt_context *context, void *own, const rt_gemm_call *call, size_t elements[RT_GEMM_SCRATCH])
{
    (void)own;
    size_t bytes = 0;
    const CLBlastStatusCode code =
        CLBlastSGemmTempBufferSize(CLBlastLayoutColMajor, turned(call->transpose_b), turned(call->transpose_a), call->n,
                                   call->m, call->k, 1, call->ldb, 1, call->lda, 1, call->ldc, &context->queue, &bytes);
    if (code != CLBlastSuccess) return failed(context, call, "CLBlastSGemmTempBufferSize", code);
    elements[0] = (bytes + sizeof(float) - 1) / sizeof(float);
    return ST_OK;
}

static st_status sgemm(rt_context *context, const rt_gemm_call *call, float beta, cl_mem temporary)
{
    const CLBlastStatusCode code = CLBlastSgemmWithTempBuffer(
        CLBlastLayoutColMajor, turned(call->transpose_b), turned(call->transpose_a), call->n, call->m, call->k, 1.0f,
        call->b.block->memory, call->b.at, call->ldb, call->a.block->memory, call->a.at, call->lda, beta,
        call->c.block->memory, call->c.at, call->ldc, &context->queue, NULL, temporary);
    return code == CLBlastSuccess ? ST_OK : failed(context, call, "CLBlastSgemmWithTempBuffer", code);
}

/* When profiling, the call is timed by the clock between two finishes: the launches of the library have no profiling
 * events. */
static st_status timed_sgemm(rt_context *context, const rt_gemm_call *call, float beta, cl_mem temporary)
{
    ST_FORWARD(rt_finish(context));
    const double start = clock_seconds();
    ST_FORWARD(sgemm(context, call, beta, temporary));
    ST_FORWARD(rt_finish(context));
    rt_profile_add(context, "gemm", clock_seconds() - start);
    return ST_OK;
}

/* c = beta * c + bias; the product is then added to it. */
static st_status lay_bias(rt_context *context, const clblast_gemm *g, const rt_gemm_call *call)
{
    const size_t vectors = (call->n + context->vector_width - 1) / context->vector_width;
    const size_t local = context->group_limit < 64 ? context->group_limit : 64;
    rt_grid grid = rt_groups((vectors + local - 1) / local, call->m, 1, local);
    grid.flat = true;
    const rt_arg arguments[] = {RT_VIEW(call->c), RT_VIEW(call->bias), RT_UINT(call->n), RT_UINT(call->ldc),
                                RT_FLOAT(call->beta)};
    rt_profile_begin(context, "gemm");
    const st_status status =
        rt_launch_kernel(context, g->bias, grid, arguments, sizeof arguments / sizeof arguments[0]);
    rt_profile_end(context);
    return status;
}

static st_status enqueue(rt_context *context, void *own, const rt_gemm_call *call, const rt_view areas[RT_GEMM_SCRATCH])
{
    clblast_gemm *g = own;
    g->warm = true;
    if (call->bias.block) ST_FORWARD(lay_bias(context, g, call));
    const float beta = call->bias.block ? 1.0f : call->beta;
    const cl_mem temporary = areas[0].block ? areas[0].block->memory : NULL;
    return context->profile ? timed_sgemm(context, call, beta, temporary) : sgemm(context, call, beta, temporary);
}

/* Computes a tiny product: CLBlast compiles all kernels of its GEMM on the first call on a device. */
static st_status prepare(rt_context *context, void *own)
{
    clblast_gemm *g = own;
    if (g->warm) return ST_OK;
    g->warm = true;
    enum { SIZE = 16 };
    const float zeros[SIZE * SIZE] = {0};
    rt_arena *arena = NULL;
    rt_gemm_call call = {.m = SIZE, .n = SIZE, .k = SIZE, .lda = SIZE, .ldb = SIZE, .ldc = SIZE};
    char sentence[400];
    snprintf(sentence, sizeof sentence, "compiling the matrix products of CLBlast for %s", context->device.name);
    rt_watch *watch = rt_watch_start(context, sentence);
    st_status status = ST_OK;
    ST_TRY(rt_arena_create(&arena, context, "a first matrix product"));
    ST_TRY(rt_arena_take(arena, "A", (size_t)SIZE * SIZE, &call.a));
    ST_TRY(rt_arena_take(arena, "B", (size_t)SIZE * SIZE, &call.b));
    ST_TRY(rt_arena_take(arena, "C", (size_t)SIZE * SIZE, &call.c));
    ST_TRY(rt_arena_commit(arena));
    ST_TRY(rt_write(context, call.a, zeros, (size_t)SIZE * SIZE));
    ST_TRY(rt_write(context, call.b, zeros, (size_t)SIZE * SIZE));
    ST_TRY(sgemm(context, &call, 0.0f, NULL));
    ST_TRY(rt_finish(context));
done:
    rt_watch_stop(&watch);
    rt_arena_destroy(&arena);
    return status;
}

st_status rt_gemm_clblast_override(const rt_context *context, const char *kernel, size_t count,
                                   const char *const *names, const size_t *values)
{
    const CLBlastStatusCode code =
        CLBlastOverrideParameters(context->id, kernel, CLBlastPrecisionSingle, count, (const char **)names, values);
    if (code == CLBlastSuccess) return ST_OK;
    return st_fail(context->error, ST_DEVICE,
                   "CLBlastOverrideParameters returned %s for the %zu parameters of %s on %s", code_name(code), count,
                   kernel, context->device.name);
}

/* ---- the provider's table ---- */

/* Libraries are tuned for GPUs and accelerators. */
static bool suits(const rt_device_info *device)
{
    return device->type == RT_GPU || device->type == RT_ACCELERATOR;
}

/* The library checks its parameters itself. */
static bool takes(const rt_parameter *p)
{
    return p->kernel[0] != '\0';
}

const rt_gemm_methods rt_gemm_clblast = {.name = NAME,
                                         .own = false,
                                         .needs_compiler = true,
                                         .gives_sums = false,
                                         .changes_numbers = true,
                                         .suits = suits,
                                         .takes = takes,
                                         .variant = rt_gemm_clblast_variant,
                                         .create = create,
                                         .destroy = destroy,
                                         .scratch = scratch,
                                         .prepare = prepare,
                                         .enqueue = enqueue};
