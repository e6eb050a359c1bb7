/* What `tune` tries, and what it learns from it. Nothing is measured here.
 *
 *     bench_tuner_create(&tuner, rt, &problem);
 *     bench_search search;  bench_search_start(&search, rt);
 *     while (in time && bench_search_next(&search, &candidate)) {
 *         bench_tuner_try(tuner, &candidate, &trial);
 *         bench_search_learn(&search, &candidate, &trial, spent);
 *     }
 *     bench_search_result(&search, &tuning);
 */
#ifndef SAFSD_BENCH_SEARCH_H
#define SAFSD_BENCH_SEARCH_H

#include "bench/tune.h"

/* A provider, and its variants. */
typedef struct bench_family {
    bench_candidate best;
    double seconds; /* of the best; 0: none yet */
    double spent;   /* seconds that its trials took */
    size_t tried;   /* trials in all */
    size_t turn;    /* variants tried */
    size_t stale;   /* variants in a row that were no better */
    bool over;      /* nothing more of it is tried */
} bench_family;

typedef struct bench_search {
    rt_device_info device;
    bench_family families[GEMM_PROVIDER_COUNT];
    size_t rule;         /* the family of the fixed rule */
    double rule_seconds; /* of its untuned form */
    char note[160];      /* why a family was given up with the last trial; empty where none was */
} bench_search;

void bench_search_start(bench_search *search, rt_context *rt);

/* The next candidate: first every provider as it is, own kernels before libraries; then variants of one provider after
 * the other, in the same order. A provider is given up when it is far behind the best, and when its last variants were
 * no better than those before. False when nothing is left. The same order every time, for the same outcomes. */
bool bench_search_next(bench_search *search, bench_candidate *candidate);

/* Seconds that a trial of its provider has taken so far, on average; 0 where none is known. */
double bench_search_cost(const bench_search *search, const bench_candidate *candidate);

/* True where it is the best of its provider so far. `spent`: seconds that the trial took in all. */
bool bench_search_learn(bench_search *search, const bench_candidate *candidate, const bench_trial *trial, double spent);

/* The fastest so far; 0 where none was measured. */
double bench_search_best(const bench_search *search);

/* A time of a step's products that makes a candidate not worth measuring to the end; 0 where there is none yet. */
double bench_search_limit(const bench_search *search, const bench_candidate *candidate);

/* The provider and every family's best parameters. False where nothing was measured. What is not faster than the fixed
 * rule by 3 % does not replace it. */
bool bench_search_result(const bench_search *search, rt_tuning *tuning);

#endif
