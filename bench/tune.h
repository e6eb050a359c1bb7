/* Comparing GEMM providers and their parameters on the products of a model: how `tune` measures.
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
    char name[64];    /* "panel", "panel rows 8", "clblast #3" */
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

/* Share of the work of a step that the measured products are themselves, and FLOPs of all products of a step. */
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

#endif
