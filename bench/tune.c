#include "base/clock.h"
#include "base/text.h"
#include "bench/tune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/philox.h"

enum { MOST_OF_A_KIND = 3, LEAST_TIMES = 3, MOST_TIMES = 25, SITE_A = 33, SITE_B = 34, SITE_BIAS = 35, SITE_MIX = 36 };

static const double SECONDS_OF_A_PRODUCT = 0.12; /* timed for about so long */

typedef struct measured {
    rt_gemm_call call; /* its views lie in the tuner's arena */
    bench_kind kind;
    double weight;    /* seconds of a step per second of this product */
    double *expected; /* [m] the product times `mix` */
} measured;

struct bench_tuner {
    rt_context *rt;
    measured items[BENCH_KINDS * MOST_OF_A_KIND];
    size_t count;
    double flops[BENCH_KINDS], share; /* of all products of a step */
    float *a, *b, *c, *bias;          /* host copies; C is read into its */
    double *mix, *column;             /* [most n], [most k] */
    size_t a_elements, b_elements, c_elements, most_n, most_k;
    rt_arena *arena;
    rt_view device_a, device_b, device_c, device_bias;
};

static size_t stored_a(const rt_gemm_call *p)
{
    return (p->transpose_a ? p->k : p->m) * p->lda;
}

static size_t stored_b(const rt_gemm_call *p)
{
    return (p->transpose_b ? p->n : p->k) * p->ldb;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* ---- what is measured ---- */

static bench_kind kind_of(const rt_gemm_call *p)
{
    return p->transpose_a ? BENCH_TN : p->transpose_b ? BENCH_NT : BENCH_NN;
}

/* The products with most work of each kind, each standing for its share of the kind. */
static void choose(bench_tuner *t, const bench_products *products)
{
    double chosen[BENCH_KINDS] = {0};
    size_t taken[BENCH_KINDS] = {0};
    for (size_t i = 0; i < products->count; ++i) {
        const bench_product *p = &products->items[i];
        const bench_kind kind = kind_of(&p->call);
        const double work = (double)p->count * bench_call_flops(&p->call);
        t->flops[kind] += work;
        if (taken[kind] == MOST_OF_A_KIND) continue;
        ++taken[kind];
        chosen[kind] += work;
        measured *item = &t->items[t->count++];
        *item = (measured){.call = p->call, .kind = kind, .weight = (double)p->count};
        item->call.sums.block = NULL; /* which not every provider takes */
    }
    double all = 0, covered = 0;
    for (size_t kind = 0; kind < BENCH_KINDS; ++kind) {
        all += t->flops[kind];
        covered += chosen[kind];
    }
    t->share = all > 0 ? covered / all : 0;
    for (size_t i = 0; i < t->count; ++i) {
        const bench_kind kind = t->items[i].kind;
        t->items[i].weight *= t->flops[kind] / chosen[kind];
    }
}

static void measure_sizes(bench_tuner *t)
{
    for (size_t i = 0; i < t->count; ++i) {
        const rt_gemm_call *p = &t->items[i].call;
        t->a_elements = larger(t->a_elements, stored_a(p));
        t->b_elements = larger(t->b_elements, stored_b(p));
        t->c_elements = larger(t->c_elements, p->m * p->ldc);
        t->most_n = larger(t->most_n, p->n);
        t->most_k = larger(t->most_k, p->k);
    }
}

/* ---- the reference: every product times one vector, in double precision ---- */

static void expect(const bench_tuner *t, measured *item)
{
    const rt_gemm_call *p = &item->call;
    double biases = 0;
    for (size_t k = 0; k < p->k; ++k) {
        double sum = 0;
        for (size_t j = 0; j < p->n; ++j)
            sum += (double)t->b[p->transpose_b ? j * p->ldb + k : k * p->ldb + j] * t->mix[j];
        t->column[k] = sum;
    }
    for (size_t j = 0; p->bias.block && j < p->n; ++j) biases += (double)t->bias[j] * t->mix[j];
    for (size_t i = 0; i < p->m; ++i) {
        double sum = biases;
        for (size_t k = 0; k < p->k; ++k)
            sum += (double)t->a[p->transpose_a ? k * p->lda + i : i * p->lda + k] * t->column[k];
        item->expected[i] = sum;
    }
}

static st_status make_references(bench_tuner *t)
{
    for (size_t i = 0; i < t->count; ++i) {
        t->items[i].expected = malloc(t->items[i].call.m * sizeof(double));
        if (!t->items[i].expected) return st_fail(rt_error(t->rt), ST_FAILED, "out of memory for reference products");
        expect(t, &t->items[i]);
    }
    return ST_OK;
}

/* The factors are 0.5 to 1 in size, so that no element of C goes unseen. */
static st_status make_operands(bench_tuner *t)
{
    t->a = malloc((t->a_elements + 1) * sizeof *t->a);
    t->b = malloc((t->b_elements + 1) * sizeof *t->b);
    t->c = malloc((t->c_elements + 1) * sizeof *t->c);
    t->bias = malloc((t->most_n + 1) * sizeof *t->bias);
    t->mix = malloc((t->most_n + 1) * sizeof *t->mix);
    t->column = malloc((t->most_k + 1) * sizeof *t->column);
    if (!t->a || !t->b || !t->c || !t->bias || !t->mix || !t->column)
        return st_fail(rt_error(t->rt), ST_FAILED, "out of memory for reference products");
    ds_fill_uniform((ds_stream){1, DS_SITE_SYNTH + SITE_A, 0}, 0, t->a, t->a_elements, 1.0);
    ds_fill_uniform((ds_stream){1, DS_SITE_SYNTH + SITE_B, 0}, 0, t->b, t->b_elements, 1.0);
    ds_fill_uniform((ds_stream){1, DS_SITE_SYNTH + SITE_BIAS, 0}, 0, t->bias, t->most_n, 1.0);
    for (size_t j = 0; j < t->most_n; ++j) {
        const double unit = ds_unit(ds_philox_word((ds_stream){1, DS_SITE_SYNTH + SITE_MIX, 0}, j));
        t->mix[j] = unit < 0.5 ? unit - 1 : unit;
    }
    return make_references(t);
}

static st_status upload(bench_tuner *t)
{
    ST_FORWARD(rt_arena_create(&t->arena, t->rt, "matrix products"));
    ST_FORWARD(rt_arena_take(t->arena, "matrix A", t->a_elements, &t->device_a));
    ST_FORWARD(rt_arena_take(t->arena, "matrix B", t->b_elements, &t->device_b));
    ST_FORWARD(rt_arena_take(t->arena, "matrix C", t->c_elements, &t->device_c));
    ST_FORWARD(rt_arena_take(t->arena, "bias", t->most_n, &t->device_bias));
    ST_FORWARD(rt_arena_commit(t->arena));
    for (size_t i = 0; i < t->count; ++i) {
        rt_gemm_call *call = &t->items[i].call;
        call->a = t->device_a;
        call->b = t->device_b;
        call->c = t->device_c;
        if (call->bias.block) call->bias = t->device_bias;
    }
    ST_FORWARD(rt_write(t->rt, t->device_a, t->a, t->a_elements));
    ST_FORWARD(rt_write(t->rt, t->device_b, t->b, t->b_elements));
    return rt_write(t->rt, t->device_bias, t->bias, t->most_n);
}

st_status bench_tuner_create(bench_tuner **tuner, rt_context *rt, const bench_problem *problem)
{
    bench_products products = {NULL, 0};
    *tuner = NULL;
    bench_tuner *t = calloc(1, sizeof *t);
    if (!t) return st_fail(rt_error(rt), ST_FAILED, "out of memory for reference products");
    t->rt = rt;
    st_status status = ST_OK;
    ST_TRY(bench_products_create(&products, rt, problem));
    choose(t, &products);
    measure_sizes(t);
    ST_TRY(make_operands(t));
    ST_TRY(upload(t));
    *tuner = t;
done:
    bench_products_destroy(&products);
    if (status != ST_OK) bench_tuner_destroy(&t);
    return status;
}

void bench_tuner_destroy(bench_tuner **tuner)
{
    bench_tuner *t = *tuner;
    if (!t) return;
    rt_arena_destroy(&t->arena);
    for (size_t i = 0; i < t->count; ++i) free(t->items[i].expected);
    free(t->a);
    free(t->b);
    free(t->c);
    free(t->bias);
    free(t->mix);
    free(t->column);
    free(t);
    *tuner = NULL;
}

double bench_tuner_share(const bench_tuner *tuner)
{
    return tuner->share;
}

double bench_tuner_flops(const bench_tuner *tuner)
{
    double all = 0;
    for (size_t kind = 0; kind < BENCH_KINDS; ++kind) all += tuner->flops[kind];
    return all;
}

/* ---- one candidate ---- */

/* The old C is zero, or where it must not be read, no number. */
static st_status check(bench_tuner *t, const measured *item, bench_trial *trial)
{
    const rt_gemm_call *p = &item->call;
    const size_t elements = p->m * p->ldc;
    /* Some sixteen times what float32 sums of so many random products deviate. */
    const double limit = 2e-7 * (double)p->k * sqrt((double)p->n) + 1e-5;
    for (size_t i = 0; i < elements; ++i) t->c[i] = p->beta == 0.0f ? NAN : 0.0f;
    ST_FORWARD(rt_write(t->rt, p->c, t->c, elements));
    ST_FORWARD(rt_gemm(t->rt, p));
    ST_FORWARD(rt_read(t->rt, p->c, t->c, elements));
    for (size_t i = 0; i < p->m; ++i) {
        double sum = 0;
        for (size_t j = 0; j < p->n; ++j) sum += (double)t->c[i * p->ldc + j] * t->mix[j];
        if (fabs(sum - item->expected[i]) <= limit) continue;
        trial->outcome = BENCH_WRONG;
        text_format(trial->why, sizeof trial->why, "row %zu of %c%c %zu x %zu x %zu differs from the reference by %.3g",
                    i, p->transpose_a ? 'T' : 'N', p->transpose_b ? 'T' : 'N', p->m, p->n, p->k,
                    fabs(sum - item->expected[i]));
        return ST_OK;
    }
    return ST_OK;
}

/* The shortest of some calls: what else the machine does can only lengthen one. A single call is enough where it takes
 * longer than `limit` (0: none). */
static st_status time_product(bench_tuner *t, const measured *item, double limit, double *seconds)
{
    const double flops = bench_call_flops(&item->call);
    const size_t calls = flops < 1e8 ? (size_t)(1e8 / flops) + 1 : 1;
    double all = 0, shortest = 0;
    for (size_t i = 0; i < MOST_TIMES && (i < LEAST_TIMES || all < SECONDS_OF_A_PRODUCT); ++i) {
        const double start = clock_seconds();
        for (size_t call = 0; call < calls; ++call) ST_FORWARD(rt_gemm(t->rt, &item->call));
        ST_FORWARD(rt_finish(t->rt));
        const double took = (clock_seconds() - start) / (double)calls;
        all += took * (double)calls;
        if (i == 0 || took < shortest) shortest = took;
        if (limit > 0 && took > limit) break;
    }
    *seconds = shortest;
    return ST_OK;
}

static st_status prepare(bench_tuner *t, const bench_candidate *candidate, bench_trial *trial)
{
    ST_FORWARD(rt_gemm_choose(t->rt, candidate->tuning.gemm, &candidate->tuning));
    const rt_tuning *applied = rt_gemm_tuning(t->rt);
    if (!rt_tuning_same(applied, &candidate->tuning, candidate->tuning.gemm)) {
        trial->outcome = BENCH_REFUSED;
        snprintf(trial->why, sizeof trial->why, "the provider does not take these parameters");
        return ST_OK;
    }
    st_status status = ST_OK;
    rt_planning(t->rt, true);
    for (size_t i = 0; i < t->count && status == ST_OK; ++i) status = rt_gemm(t->rt, &t->items[i].call);
    rt_planning(t->rt, false);
    return status == ST_OK ? rt_gemm_reserve(t->rt) : status;
}

static st_status measure(bench_tuner *t, const bench_candidate *candidate, bench_limits limits, bench_trial *trial)
{
    double spent[BENCH_KINDS] = {0};
    ST_FORWARD(prepare(t, candidate, trial));
    for (size_t i = 0; i < t->count && trial->outcome == BENCH_MEASURED; ++i) {
        double seconds = 0;
        if (limits.stop && limits.stop(limits.user)) {
            trial->outcome = BENCH_LATE;
            return ST_OK;
        }
        ST_FORWARD(check(t, &t->items[i], trial));
        if (trial->outcome != BENCH_MEASURED) return ST_OK;
        ST_FORWARD(time_product(t, &t->items[i], limits.seconds / t->items[i].weight, &seconds));
        spent[t->items[i].kind] += seconds * t->items[i].weight;
        trial->seconds += seconds * t->items[i].weight;
        if (limits.seconds > 0 && trial->seconds > limits.seconds) trial->outcome = BENCH_SLOW;
    }
    for (size_t kind = 0; kind < BENCH_KINDS; ++kind)
        trial->rate[kind] = spent[kind] > 0 ? t->flops[kind] / spent[kind] : 0;
    return ST_OK;
}

st_status bench_tuner_try(bench_tuner *t, const bench_candidate *candidate, bench_limits limits, bench_trial *trial)
{
    st_error *error = rt_error(t->rt);
    memset(trial, 0, sizeof *trial);
    if (measure(t, candidate, limits, trial) == ST_OK) return ST_OK;
    /* A device that still computes has only refused this one. */
    trial->outcome = BENCH_REFUSED;
    snprintf(trial->why, sizeof trial->why, "%.255s", error->text);
    st_error refused = *error;
    st_clear(error);
    if (rt_write(t->rt, t->device_bias, t->bias, t->most_n) == ST_OK && rt_finish(t->rt) == ST_OK) return ST_OK;
    *error = refused;
    return refused.status;
}
