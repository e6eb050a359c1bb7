#include "bench/gemm.h"

#include <stdlib.h>
#include <string.h>

#include "data/philox.h"

static void record(void *user, const rt_gemm_call *call)
{
    bench_trace *trace = user;
    if (trace->count == trace->room) {
        const size_t room = trace->room ? 2 * trace->room : 256;
        rt_gemm_call *calls = realloc(trace->calls, room * sizeof *calls);
        trace->complete = trace->complete && calls;
        if (!calls) return;
        trace->calls = calls;
        trace->room = room;
    }
    trace->calls[trace->count++] = *call;
}

void bench_trace_begin(bench_trace *trace, rt_context *rt)
{
    *trace = (bench_trace){.complete = true};
    rt_gemm_observe(rt, record, trace);
}

st_status bench_trace_end(bench_trace *trace, rt_context *rt)
{
    rt_gemm_observe(rt, NULL, NULL);
    if (trace->complete) return ST_OK;
    bench_trace_destroy(trace);
    return st_fail(rt_error(rt), ST_FAILED, "out of memory for the list of matrix products");
}

void bench_trace_destroy(bench_trace *trace)
{
    free(trace->calls);
    *trace = (bench_trace){0};
}

double bench_call_flops(const rt_gemm_call *call)
{
    return 2.0 * (double)call->m * (double)call->n * (double)call->k;
}

double bench_trace_flops(const bench_trace *trace)
{
    double flops = 0;
    for (size_t i = 0; i < trace->count; ++i) flops += bench_call_flops(&trace->calls[i]);
    return flops;
}

/* ---- products by shape ---- */

static bool same_shape(const rt_gemm_call *a, const rt_gemm_call *b)
{
    return a->transpose_a == b->transpose_a && a->transpose_b == b->transpose_b && a->m == b->m && a->n == b->n &&
           a->k == b->k && a->lda == b->lda && a->ldb == b->ldb && a->ldc == b->ldc &&
           (a->beta != 0.0f) == (b->beta != 0.0f) && (a->bias.block != NULL) == (b->bias.block != NULL) &&
           (a->sums.block != NULL) == (b->sums.block != NULL);
}

static double work_of(const bench_product *p)
{
    return (double)p->count * bench_call_flops(&p->call);
}

static int most_work_first(const void *a, const void *b)
{
    const double x = work_of(a), y = work_of(b);
    return (x < y) - (x > y);
}

st_status bench_products_of(bench_products *products, const bench_trace *trace, st_error *error)
{
    *products = (bench_products){NULL, 0};
    products->items = calloc(trace->count + 1, sizeof *products->items);
    if (!products->items) return st_fail(error, ST_FAILED, "out of memory for the list of matrix products");
    for (size_t i = 0; i < trace->count; ++i) {
        size_t at = 0;
        while (at < products->count && !same_shape(&products->items[at].call, &trace->calls[i])) ++at;
        if (at == products->count) products->items[products->count++].call = trace->calls[i];
        ++products->items[at].count;
    }
    qsort(products->items, products->count, sizeof *products->items, most_work_first);
    return ST_OK;
}

st_status bench_products_create(bench_products *products, rt_context *rt, const bench_problem *problem)
{
    const nn_safsd_options options = bench_model_options(problem);
    nn_safsd *model = NULL;
    bench_trace trace;
    bench_trace_begin(&trace, rt);
    st_status status = nn_safsd_create(&model, rt, &options);
    nn_safsd_destroy(&model);
    const st_status traced = bench_trace_end(&trace, rt);
    if (status == ST_OK) status = traced;
    *products = (bench_products){NULL, 0};
    if (status == ST_OK) status = bench_products_of(products, &trace, rt_error(rt));
    bench_trace_destroy(&trace);
    return status;
}

void bench_products_destroy(bench_products *products)
{
    free(products->items);
    *products = (bench_products){NULL, 0};
}

double bench_products_flops(const bench_products *products)
{
    double flops = 0;
    for (size_t i = 0; i < products->count; ++i) flops += work_of(&products->items[i]);
    return flops;
}

double bench_product_rate(const bench_product *product)
{
    return product->seconds.median > 0 ? bench_call_flops(&product->call) / product->seconds.median : 0;
}

double bench_products_best(const bench_products *products)
{
    double best = 0;
    for (size_t i = 0; i < products->count; ++i) {
        const bench_product *p = &products->items[i];
        const double rate = p->seconds.least > 0 ? bench_call_flops(&p->call) / p->seconds.least : 0;
        if (rate > best) best = rate;
    }
    return best;
}

/* ---- measuring ---- */

static const double LONG_ENOUGH = 1e-3; /* seconds between two waits, in which the wait does not count */
enum { MOST_TIMES = 256, ROUNDS = 3 };

typedef struct multiplication {
    rt_context *rt;
    rt_gemm_call call;
    size_t times; /* calls between two waits */
} multiplication;

static st_status multiply(void *user)
{
    const multiplication *m = user;
    for (size_t i = 0; i < m->times; ++i) ST_FORWARD(rt_gemm(m->rt, &m->call));
    return rt_finish(m->rt);
}

static st_status fill(rt_context *rt, rt_view view, size_t elements)
{
    float *values = malloc(elements * sizeof *values);
    if (!values) return st_fail(rt_error(rt), ST_FAILED, "out of memory for %zu random numbers", elements);
    ds_fill_uniform((ds_stream){1, DS_SITE_SYNTH, 0}, 0, values, elements, 1.0);
    const st_status status = rt_write(rt, view, values, elements);
    free(values);
    return status;
}

/* Operands of their own for one call, its scratch, and its time. */
static st_status measure(bench_product *p, rt_context *rt, bench_effort effort)
{
    rt_gemm_call call = p->call;
    const size_t a = (call.transpose_a ? call.k : call.m) * call.lda,
                 b = (call.transpose_b ? call.n : call.k) * call.ldb;
    const size_t c = call.m * call.ldc;
    const bool biased = call.bias.block != NULL, summed = call.sums.block != NULL;
    rt_arena *arena = NULL;
    st_status status = ST_OK;
    ST_TRY(rt_arena_create(&arena, rt, "matrix products"));
    ST_TRY(rt_arena_take(arena, "matrix A", a, &call.a));
    ST_TRY(rt_arena_take(arena, "matrix B", b, &call.b));
    ST_TRY(rt_arena_take(arena, "matrix C", c, &call.c));
    call.bias = (rt_view){NULL, 0};
    call.sums = call.bias;
    if (biased) ST_TRY(rt_arena_take(arena, "bias", call.n, &call.bias));
    if (summed) ST_TRY(rt_arena_take(arena, "sums", call.m, &call.sums));
    rt_planning(rt, true);
    status = rt_gemm(rt, &call);
    rt_planning(rt, false);
    ST_TRY(status);
    ST_TRY(rt_arena_commit(arena));
    ST_TRY(rt_gemm_reserve(rt));
    ST_TRY(fill(rt, call.a, a));
    ST_TRY(fill(rt, call.b, b));
    ST_TRY(rt_zero(rt, call.c, c));
    if (biased) ST_TRY(rt_zero(rt, call.bias, call.n));
    if (summed) ST_TRY(rt_zero(rt, call.sums, call.m));
    multiplication what = {rt, call, 1};
    bench_stats alone;
    ST_TRY(bench_repeat(&alone, (bench_effort){1, 3, effort.budget}, multiply, &what));
    if (effort.budget > 0 && alone.median > effort.budget) {
        p->seconds = alone;
        goto done;
    }
    what.times = alone.median < LONG_ENOUGH ? (size_t)(LONG_ENOUGH / alone.median) + 1 : 1;
    if (what.times > MOST_TIMES) what.times = MOST_TIMES;
    ST_TRY(bench_repeat_parts(&p->seconds, effort, multiply, &what, what.times));
done:
    rt_arena_destroy(&arena);
    return status;
}

/* The better of two rounds. */
static bench_stats better(bench_stats a, bench_stats b)
{
    bench_stats best = a.n > 0 && a.median <= b.median ? a : b;
    best.least = a.n > 0 && a.least <= b.least ? a.least : b.least;
    return best;
}

st_status bench_products_measure(bench_products *products, rt_context *rt, bench_effort effort, size_t most)
{
    const size_t count = products->count < most ? products->count : most;
    const bench_effort part = {effort.warmup, (effort.repeat + ROUNDS - 1) / ROUNDS, effort.budget / ROUNDS};
    for (size_t i = 0; i < count; ++i) products->items[i].seconds = (bench_stats){0};
    for (size_t round = 0; round < ROUNDS; ++round)
        for (size_t i = 0; i < count; ++i) {
            const bench_stats earlier = products->items[i].seconds;
            ST_FORWARD(measure(&products->items[i], rt, part));
            products->items[i].seconds = better(earlier, products->items[i].seconds);
        }
    return ST_OK;
}
