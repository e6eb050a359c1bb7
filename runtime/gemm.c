#include "runtime/gemm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/block.h"
#include "runtime/context_state.h"
#include "runtime/gemm_clblast.h"
#include "runtime/gemm_panel.h"
#include "runtime/profile_hooks.h"
#include "runtime/queue.h"
#include "runtime/trace_event.h"

struct rt_gemm_state {
    const rt_gemm_methods *provider;
    void *own;
    rt_tuning tuning; /* as the provider applied it */
    char parameters[RT_TUNING_TEXT];
    size_t needed[RT_GEMM_SCRATCH];   /* elements recorded while planning */
    size_t reserved[RT_GEMM_SCRATCH]; /* elements allocated */
    rt_arena *arena;
    rt_view scratch[RT_GEMM_SCRATCH];
    rt_gemm_observer observer; /* NULL: nobody */
    void *observer_user;
};

static const rt_gemm_methods *const providers[] = {&rt_gemm_clblast, &rt_gemm_panel};
enum { PROVIDERS = sizeof providers / sizeof providers[0] };

const char *rt_gemm_rule(const rt_device_info *device)
{
    const bool parallel = device->type == RT_GPU || device->type == RT_ACCELERATOR;
    return parallel && device->compiler ? rt_gemm_clblast.name : rt_gemm_panel.name;
}

/* What `auto` means: the tuning's choice, else the fixed rule. */
static const char *automatic(const rt_context *context, const rt_tuning *tuning)
{
    if (tuning && tuning->gemm[0] && context->device.compiler) return tuning->gemm;
    return rt_gemm_rule(&context->device);
}

/* Also of what is half made. */
static void release(rt_context *context)
{
    struct rt_gemm_state *gemm = context->gemm;
    if (!gemm) return;
    rt_arena_destroy(&gemm->arena);
    if (gemm->own) gemm->provider->destroy(context, &gemm->own);
    free(gemm);
    context->gemm = NULL;
}

st_status rt_gemm_create(rt_context *context, const char *name, const rt_tuning *tuning)
{
    const char *wanted = !name || strcmp(name, "auto") == 0 ? automatic(context, tuning) : name;
    const rt_gemm_methods *provider = NULL;
    for (size_t i = 0; i < PROVIDERS; ++i)
        if (strcmp(providers[i]->name, wanted) == 0) provider = providers[i];
    if (!provider)
        return st_fail(context->error, ST_USAGE, "there is no GEMM provider '%s': choose auto, clblast or panel", name);
    if (provider->needs_compiler && !context->device.compiler)
        return st_fail(context->error, ST_DEVICE,
                       "the GEMM provider %s compiles its kernels, but %s has no compiler: choose auto or panel",
                       provider->name, context->device.name);
    struct rt_gemm_state *gemm = calloc(1, sizeof *gemm);
    if (!gemm) return st_fail(context->error, ST_FAILED, "out of memory for the GEMM");
    gemm->provider = provider;
    if (tuning) gemm->tuning = *tuning;
    context->gemm = gemm;
    st_status status = ST_OK;
    ST_TRY(rt_own(context, release));
    ST_TRY(provider->create(context, &gemm->tuning, &gemm->own));
    if (provider->changes_numbers) rt_tuning_print_clblast(&gemm->tuning, gemm->parameters);
done:
    if (status != ST_OK) release(context);
    return status;
}

const char *rt_gemm_provider(const rt_context *context)
{
    return context->gemm->provider->name;
}

bool rt_gemm_gives_sums(const rt_context *context)
{
    return context->gemm->provider->gives_sums;
}

const char *rt_gemm_parameters(const rt_context *context)
{
    return context->gemm->parameters;
}

const rt_tuning *rt_gemm_tuning(const rt_context *context)
{
    return &context->gemm->tuning;
}

st_status rt_gemm_choose(rt_context *context, const char *provider, const rt_tuning *tuning)
{
    const rt_tuning wanted = tuning ? *tuning : (rt_tuning){.gemm = ""}; /* `tuning` may be the old provider's */
    ST_FORWARD(rt_finish(context));
    release(context);
    return rt_gemm_create(context, provider, &wanted);
}

void rt_gemm_observe(rt_context *context, rt_gemm_observer observer, void *user)
{
    context->gemm->observer = observer;
    context->gemm->observer_user = user;
}

uint64_t rt_gemm_scratch_bytes(const rt_context *context)
{
    uint64_t elements = 0;
    for (size_t i = 0; i < RT_GEMM_SCRATCH; ++i) elements += context->gemm->needed[i];
    return elements * sizeof(float);
}

static st_status check_matrix(const rt_context *context, const char *name, rt_view view, size_t rows, size_t columns,
                              size_t ld)
{
    if (!view.block)
        return st_fail(context->error, ST_FAILED, "a matrix product is called without its matrix %s", name);
    if (rows > INT32_MAX || columns > INT32_MAX || ld > INT32_MAX)
        return st_fail(context->error, ST_FAILED, "matrix %s of a product, %zu x %zu, ld %zu, exceeds 2^31 - 1", name,
                       rows, columns, ld);
    if (ld < columns)
        return st_fail(context->error, ST_FAILED,
                       "matrix %s of a product has rows of %zu elements, but they lie %zu apart", name, columns, ld);
    const size_t end = view.at + (rows - 1) * ld + columns;
    if (!context->planning && end > view.block->elements)
        return st_fail(context->error, ST_FAILED,
                       "matrix %s of a product, %zu x %zu, ends at element %zu of a block of %zu", name, rows, columns,
                       end, view.block->elements);
    return ST_OK;
}

static st_status check(const rt_context *context, const rt_gemm_call *call)
{
    if (call->k == 0) return st_fail(context->error, ST_FAILED, "a matrix product has inner size 0");
    const bool ta = call->transpose_a, tb = call->transpose_b;
    ST_FORWARD(check_matrix(context, "A", call->a, ta ? call->k : call->m, ta ? call->m : call->k, call->lda));
    ST_FORWARD(check_matrix(context, "B", call->b, tb ? call->n : call->k, tb ? call->k : call->n, call->ldb));
    ST_FORWARD(check_matrix(context, "C", call->c, call->m, call->n, call->ldc));
    if (call->bias.block) ST_FORWARD(check_matrix(context, "bias", call->bias, 1, call->n, call->n));
    if (!call->sums.block) return ST_OK;
    if (!context->gemm->provider->gives_sums)
        return st_fail(context->error, ST_FAILED, "a matrix product of %s is asked for sums, which it does not give",
                       context->gemm->provider->name);
    if (call->sums_from >= call->m)
        return st_fail(context->error, ST_FAILED, "a matrix product of %zu rows is asked for sums from row %zu on",
                       call->m, call->sums_from);
    const size_t sums = call->m - call->sums_from;
    return check_matrix(context, "sums", call->sums, 1, sums, sums);
}

/* What the product is worth, each matrix once. */
static void count(rt_context *context, const rt_gemm_call *call)
{
    const double m = (double)call->m, n = (double)call->n, k = (double)call->k;
    const double elements = m * k + k * n + (call->beta != 0.0f ? 2 : 1) * m * n;
    const rt_work work = {elements * (double)sizeof(float), 2 * m * n * k};
    char detail[RT_TRACE_DETAIL];
    rt_count_work(context, work);
    if (!context->profile) return;
    snprintf(detail, sizeof detail, "%c%c %zu x %zu x %zu", call->transpose_a ? 'T' : 'N',
             call->transpose_b ? 'T' : 'N', call->m, call->n, call->k);
    rt_profile_work(context, "gemm", work, detail);
}

st_status rt_gemm(rt_context *context, const rt_gemm_call *call)
{
    if (call->m == 0 || call->n == 0) return ST_OK;
    ST_FORWARD(check(context, call));
    struct rt_gemm_state *gemm = context->gemm;
    if (gemm->observer) gemm->observer(gemm->observer_user, call);
    size_t elements[RT_GEMM_SCRATCH] = {0};
    ST_FORWARD(gemm->provider->scratch(context, gemm->own, call, elements));
    for (size_t i = 0; i < RT_GEMM_SCRATCH; ++i) {
        if (context->planning) {
            if (elements[i] > gemm->needed[i]) gemm->needed[i] = elements[i];
        } else if (elements[i] > gemm->reserved[i]) {
            return st_fail(
                context->error, ST_FAILED,
                "a matrix product of %zu x %zu x %zu needs %zu elements of scratch, but %zu are reserved: plan it",
                call->m, call->n, call->k, elements[i], gemm->reserved[i]);
        }
    }
    if (context->planning) return ST_OK;
    count(context, call);
    return gemm->provider->enqueue(context, gemm->own, call, gemm->scratch);
}

/* A new arena for all areas; earlier products may still use the old one. */
static st_status grow(rt_context *context)
{
    struct rt_gemm_state *gemm = context->gemm;
    ST_FORWARD(rt_finish(context));
    rt_arena_destroy(&gemm->arena);
    memset(gemm->reserved, 0, sizeof gemm->reserved);
    memset(gemm->scratch, 0, sizeof gemm->scratch);
    ST_FORWARD(rt_arena_create(&gemm->arena, context, "scratch of matrix products"));
    for (size_t i = 0; i < RT_GEMM_SCRATCH; ++i)
        if (gemm->needed[i])
            ST_FORWARD(rt_arena_take(gemm->arena, "the packed operand of the largest product", gemm->needed[i],
                                     &gemm->scratch[i]));
    const st_status status = rt_arena_commit(gemm->arena);
    if (status != ST_OK) rt_arena_destroy(&gemm->arena); /* not half of it */
    ST_FORWARD(status);
    memcpy(gemm->reserved, gemm->needed, sizeof gemm->reserved);
    return ST_OK;
}

void rt_gemm_forget(rt_context *context)
{
    memcpy(context->gemm->needed, context->gemm->reserved, sizeof context->gemm->needed);
}

st_status rt_gemm_reserve(rt_context *context)
{
    struct rt_gemm_state *gemm = context->gemm;
    bool enough = true;
    for (size_t i = 0; i < RT_GEMM_SCRATCH; ++i) enough = enough && gemm->needed[i] <= gemm->reserved[i];
    if (!enough) ST_FORWARD(grow(context));
    return gemm->provider->prepare ? gemm->provider->prepare(context, gemm->own) : ST_OK;
}
