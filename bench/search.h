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

typedef struct bench_family {
    bench_candidate best;
    double seconds; /* of the best; 0: none yet */
    double spent;   /* seconds that its trials took */
    size_t tried;
    bool offered; /* a CLBlast, or kernels of the program, that this device can use */
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

/* Seconds that a trial of its provider has taken so far, on average; 0 where none is known. */
double bench_search_cost(const bench_search *search, const bench_candidate *candidate);

/* True where it is the best of its provider so far. `spent`: seconds that the trial took in all. */
bool bench_search_learn(bench_search *search, const bench_candidate *candidate, const bench_trial *trial, double spent);

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
