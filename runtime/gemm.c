#include "runtime/gemm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/block.h"
#include "runtime/context_state.h"
#include "runtime/gemm_provider.h"
#include "runtime/profile.h"
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
    rt_gemm_call largest;             /* largest planned call since the last rt_gemm_forget; m == 0: none */
    rt_arena *arena;
    rt_view scratch[RT_GEMM_SCRATCH];
    rt_gemm_observer observer; /* NULL if not used */
    void *observer_user;
};

#define LINE(name, NAME) &rt_gemm_##name,
static const rt_gemm_methods *const providers[GEMM_PROVIDER_COUNT] = {GEMM_PROVIDERS(LINE)};

/* ---- the list of providers ---- */

/* GEMM_PROVIDER_COUNT if there is no provider of that name. */
static size_t find(const char *name)
{
    size_t at = 0;
    while (at < GEMM_PROVIDER_COUNT && strcmp(providers[at]->name, name) != 0) ++at;
    return at;
}

const char *rt_gemm_name(size_t provider)
{
    return providers[provider]->name;
}

bool rt_gemm_is_own(size_t provider)
{
    return providers[provider]->own;
}

bool rt_gemm_is_provider(const char *name)
{
    return find(name) < GEMM_PROVIDER_COUNT;
}

bool rt_gemm_can_use(size_t provider, const rt_device_info *device)
{
    return device->compiler || !providers[provider]->needs_compiler;
}

bool rt_gemm_takes(const rt_parameter *parameter)
{
    const size_t at = find(parameter->provider);
    return at < GEMM_PROVIDER_COUNT && providers[at]->takes(parameter);
}

bool rt_gemm_variant(size_t provider, const rt_device_info *device, size_t turn, rt_tuning *tuning,
                     char name[RT_GEMM_VARIANT])
{
    const rt_gemm_methods *p = providers[provider];
    return device->compiler && p->variant && p->variant(device, turn, tuning, name); /* variants are compiled */
}

static size_t rule_of(const rt_device_info *device)
{
    size_t at = 0;
    while (at + 1 < GEMM_PROVIDER_COUNT && !(rt_gemm_can_use(at, device) && providers[at]->suits(device))) ++at;
    return at;
}

const char *rt_gemm_rule(const rt_device_info *device)
{
    return providers[rule_of(device)]->name;
}

st_status rt_gemm_set_parameters(rt_tuning *tuning, const char *provider, const char *text, st_error *error)
{
    const size_t at = find(provider);
    if (at == GEMM_PROVIDER_COUNT || !providers[at]->changes_numbers) {
        if (text[0] == '\0') return ST_OK;
        return st_fail(error, ST_USAGE, "\"%.64s\" are not parameters of matrix products by %.32s", text, provider);
    }
    return rt_tuning_parse_parameters(tuning, provider, text, error);
}

/* ---- the provider of a context ---- */

/* Also releases a state that is only partly created. */
static void release(rt_context *context)
{
    struct rt_gemm_state *gemm = context->gemm;
    if (!gemm) return;
    rt_arena_destroy(&gemm->arena);
    if (gemm->own) gemm->provider->destroy(context, &gemm->own);
    free(gemm);
    context->gemm = NULL;
}

static st_status take(rt_context *context, size_t provider, const rt_tuning *tuning)
{
    struct rt_gemm_state *gemm = calloc(1, sizeof *gemm);
    if (!gemm) return st_fail(context->error, ST_FAILED, "out of memory for the GEMM");
    gemm->provider = providers[provider];
    if (tuning) gemm->tuning = *tuning;
    context->gemm = gemm;
    st_status status = ST_OK;
    ST_TRY(rt_own(context, release));
    ST_TRY(gemm->provider->create(context, &gemm->tuning, &gemm->own));
    if (gemm->provider->changes_numbers) rt_tuning_print(&gemm->tuning, gemm->provider->name, gemm->parameters);
done:
    if (status != ST_OK) release(context);
    return status;
}

/* Computes a product of small whole numbers, whose sums are exact in float32 in any order. */
static st_status try_product(rt_context *context)
{
    enum { M = 24, N = 20, K = 16 };
    float a[M * K], b[K * N], c[M * N];
    rt_arena *arena = NULL;
    rt_gemm_call call = {.m = M, .n = N, .k = K, .lda = K, .ldb = N, .ldc = N};
    st_status status = ST_OK;
    for (size_t i = 0; i < M * K; ++i) a[i] = (float)(i % 7) - 3;
    for (size_t i = 0; i < K * N; ++i) b[i] = (float)(i % 5) - 2;
    ST_TRY(rt_arena_create(&arena, context, "a first matrix product"));
    ST_TRY(rt_arena_take(arena, "A", M * K, &call.a));
    ST_TRY(rt_arena_take(arena, "B", K * N, &call.b));
    ST_TRY(rt_arena_take(arena, "C", M * N, &call.c));
    ST_TRY(rt_arena_commit(arena));
    ST_TRY(rt_write(context, call.a, a, M * K));
    ST_TRY(rt_write(context, call.b, b, K * N));
    rt_planning(context, true);
    status = rt_gemm(context, &call);
    rt_planning(context, false);
    if (status == ST_OK) status = rt_gemm_reserve(context);
    if (status == ST_OK) status = rt_gemm(context, &call);
    if (status == ST_OK) status = rt_read(context, call.c, c, M * N);
    for (size_t i = 0; i < M * N && status == ST_OK; ++i) {
        float sum = 0;
        for (size_t k = 0; k < K; ++k) sum += a[i / N * K + k] * b[k * N + i % N];
        if (c[i] != sum)
            status = st_fail(context->error, ST_CHECK, "element %zu of its first product is %g instead of %g", i,
                             (double)c[i], (double)sum);
    }
done:
    rt_arena_destroy(&arena);
    return status;
}

/* Sends a notice that a provider, which the caller did not name, is not used, and why. */
static void pass_over(rt_context *context, const char *provider)
{
    char sentence[512];
    snprintf(sentence, sizeof sentence, "matrix products are not computed by %s, which does not work here: %.360s",
             provider, context->error->text);
    st_clear(context->error);
    if (context->notice) context->notice(context->notice_user, sentence);
}

/* Takes the provider at `first`, or the next one if its trial fails. The work of the trial is not counted. */
static st_status take_working(rt_context *context, size_t first, const rt_tuning *tuning)
{
    const char *failed = NULL;
    st_status status = ST_OK;
    for (size_t i = 0; i < GEMM_PROVIDER_COUNT; ++i) {
        const size_t at = (first + i) % GEMM_PROVIDER_COUNT;
        if (!rt_gemm_can_use(at, &context->device)) continue;
        if (failed) pass_over(context, failed);
        status = take(context, at, tuning);
        if (status == ST_OK && !providers[at]->own) status = try_product(context);
        if (status == ST_OK) break;
        release(context);
        failed = providers[at]->name;
    }
    context->work_bytes = context->work_flops = 0;
    rt_profile_reset(context);
    return status;
}

st_status rt_gemm_create(rt_context *context, const char *name, const rt_tuning *tuning)
{
    if (!name || strcmp(name, "auto") == 0) {
        const bool tuned = tuning && tuning->gemm[0] && context->device.compiler && rt_gemm_is_provider(tuning->gemm);
        return take_working(context, tuned ? find(tuning->gemm) : rule_of(&context->device), tuning);
    }
    const size_t at = find(name);
    if (at == GEMM_PROVIDER_COUNT)
        return st_fail(context->error, ST_USAGE, "there is no GEMM provider '%s': choose one of " GEMM_PROVIDER_WORDS,
                       name);
    if (!rt_gemm_can_use(at, &context->device))
        return st_fail(context->error, ST_DEVICE,
                       "the GEMM provider %s compiles its kernels, but %s has no compiler: choose auto",
                       providers[at]->name, context->device.name);
    return take(context, at, tuning);
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
    if (!view.block) return st_fail(context->error, ST_FAILED, "a matrix product is called without matrix %s", name);
    if (rows > INT32_MAX || columns > INT32_MAX || ld > INT32_MAX)
        return st_fail(context->error, ST_FAILED, "matrix %s of a product, %zu x %zu, ld %zu, exceeds 2^31 - 1", name,
                       rows, columns, ld);
    if (ld < columns)
        return st_fail(context->error, ST_FAILED, "matrix %s of a product has rows of %zu elements, but its ld is %zu",
                       name, columns, ld);
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
        return st_fail(context->error, ST_FAILED,
                       "a matrix product with sums is called, but the provider %s does not compute sums",
                       context->gemm->provider->name);
    if (call->sums_from >= call->m)
        return st_fail(context->error, ST_FAILED, "a matrix product of %zu rows is called with sums from row %zu on",
                       call->m, call->sums_from);
    const size_t sums = call->m - call->sums_from;
    return check_matrix(context, "sums", call->sums, 1, sums, sums);
}

/* Counts the work of the product, with each matrix moved once. */
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

static double work_of(const rt_gemm_call *call)
{
    return (double)call->m * (double)call->n * (double)call->k;
}

const rt_gemm_call *rt_gemm_largest(const rt_context *context)
{
    const rt_gemm_call *largest = &context->gemm->largest;
    return largest->m ? largest : NULL;
}

st_status rt_gemm(rt_context *context, const rt_gemm_call *call)
{
    if (call->m == 0 || call->n == 0) return ST_OK;
    ST_FORWARD(check(context, call));
    struct rt_gemm_state *gemm = context->gemm;
    if (gemm->observer) gemm->observer(gemm->observer_user, call);
    if (context->planning && work_of(call) > work_of(&gemm->largest)) gemm->largest = *call;
    size_t elements[RT_GEMM_SCRATCH] = {0};
    ST_FORWARD(gemm->provider->scratch(context, gemm->own, call, elements));
    for (size_t i = 0; i < RT_GEMM_SCRATCH; ++i) {
        if (context->planning) {
            if (elements[i] > gemm->needed[i]) gemm->needed[i] = elements[i];
        } else if (elements[i] > gemm->reserved[i]) {
            return st_fail(context->error, ST_FAILED,
                           "a matrix product of %zu x %zu x %zu needs %zu elements of scratch, but %zu are reserved: "
                           "plan it first",
                           call->m, call->n, call->k, elements[i], gemm->reserved[i]);
        }
    }
    if (context->planning) return ST_OK;
    count(context, call);
    return gemm->provider->enqueue(context, gemm->own, call, gemm->scratch);
}

/* Allocates a new arena for all areas. Earlier products may still use the old one. */
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
    if (status != ST_OK) rt_arena_destroy(&gemm->arena); /* never keep a part of it */
    ST_FORWARD(status);
    memcpy(gemm->reserved, gemm->needed, sizeof gemm->reserved);
    return ST_OK;
}

void rt_gemm_forget(rt_context *context)
{
    memcpy(context->gemm->needed, context->gemm->reserved, sizeof context->gemm->needed);
    context->gemm->largest.m = 0;
}

st_status rt_gemm_reserve(rt_context *context)
{
    struct rt_gemm_state *gemm = context->gemm;
    bool enough = true;
    for (size_t i = 0; i < RT_GEMM_SCRATCH; ++i) enough = enough && gemm->needed[i] <= gemm->reserved[i];
    if (!enough) ST_FORWARD(grow(context));
    return gemm->provider->prepare ? gemm->provider->prepare(context, gemm->own) : ST_OK;
}
