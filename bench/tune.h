/* Comparing GEMM providers and their parameters on the products of a model: what `tune` does.
 *
 *     bench_tuner_create(&tuner, rt, &problem);
 *     bench_search search;  bench_search_start(&search, rt);
 *     while (in time && bench_search_next(&search, &candidate)) {
 *         bench_tuner_try(tuner, &candidate, &trial);
 *         bench_search_learn(&search, &candidate, &trial);
 *     }
 *     bench_search_result(&search, &tuning);
 *
 * Of each kind of product (by what is transposed) those with most work in a step are measured. The time of a step is
 * that of all its products at the rate of their kind.
 */
#ifndef SAFSD_BENCH_TUNE_H
#define SAFSD_BENCH_TUNE_H

#include "bench/gemm.h"
#include "runtime/tuning.h"

/* x W^T forward, dy W and dy^T x backward. */
typedef enum bench_kind { BENCH_NT, BENCH_NN, BENCH_TN, BENCH_KINDS } bench_kind;

typedef struct bench_candidate {
    char name[48];    /* "panel", "panel rows 8", "clblast #3" */
    rt_tuning tuning; /* its provider is always set */
} bench_candidate;

typedef enum bench_outcome {
    BENCH_MEASURED,
    BENCH_SLOW,    /* given up: it will not be the fastest */
    BENCH_WRONG,   /* a result differs from the reference */
    BENCH_REFUSED, /* the provider, the compiler or the device does not take it */
    BENCH_LATE,    /* stopped before its end */
} bench_outcome;

typedef struct bench_trial {
    bench_outcome outcome;
    double seconds;           /* of a step's products */
    double rate[BENCH_KINDS]; /* FLOP/s; 0: the model has no such products */
    char why[256];            /* with WRONG and REFUSED */
} bench_trial;

typedef struct bench_tuner bench_tuner;

/* The context is used, and its provider changed, until the tuner is destroyed. */
st_status bench_tuner_create(bench_tuner **tuner, rt_context *rt, const bench_problem *problem);
void bench_tuner_destroy(bench_tuner **tuner);

/* Share of the work of a step that the measured products stand for as they are, and all work of a step. */
double bench_tuner_share(const bench_tuner *tuner);
double bench_tuner_flops(const bench_tuner *tuner);

/* What may end a trial: a time that nobody reaches any more, or being asked to stop (NULL: never). */
typedef struct bench_limits {
    double seconds; /* a step's products slower than this are given up; 0: no limit */
    bool (*stop)(void *user);
    void *user;
} bench_limits;

/* Compares every product with a double-precision reference, then times it. ST_OK whatever becomes of the candidate;
 * fails only where the device does not work any more, or memory is short. */
st_status bench_tuner_try(bench_tuner *tuner, const bench_candidate *candidate, bench_limits limits,
                          bench_trial *trial);

/* ---- what to try: pure bookkeeping ---- */

typedef struct bench_family {
    bench_candidate best;
    double seconds; /* of the best; 0: none yet */
    double spent;   /* seconds that its trials took */
    size_t tried;
    bool offered;   /* a CLBlast, or kernels of the program, that this device can use */
} bench_family;

typedef struct bench_search {
    rt_device_info device;
    bench_family families[2]; /* panel, clblast */
    size_t rule;              /* the family of the fixed rule */
    double rule_seconds;      /* of its untuned form */
} bench_search;

void bench_search_start(bench_search *search, rt_context *rt);

/* The next candidate: first every provider as it is, that of the fixed rule before the others, then variants of the
 * family on which less time was spent. False when there is nothing left. The same order every time, for the same
 * outcomes. */
bool bench_search_next(bench_search *search, bench_candidate *candidate);
void bench_search_learn(bench_search *search, const bench_candidate *candidate, const bench_trial *trial, double spent);

/* The fastest so far; 0 where none was measured. */
double bench_search_best(const bench_search *search);

/* A time of a step's products that makes a variant not worth measuring to the end; 0 where there is none yet. */
double bench_search_limit(const bench_search *search, const bench_candidate *candidate);

/* The provider and every family's best parameters. False where nothing was measured. What is not faster than the fixed
 * rule by 3 % does not replace it. */
bool bench_search_result(const bench_search *search, rt_tuning *tuning);

/* A valid combination of parameters of CLBlast's GEMM kernels, drawn from those that its own tuner knows. */
void bench_draw_xgemm(rt_tuning *tuning, const rt_device_info *device, uint32_t draw);
void bench_draw_direct(rt_tuning *tuning, const rt_device_info *device, uint32_t draw);

#endif
