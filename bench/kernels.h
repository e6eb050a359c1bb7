/* Every operation of the model but matrix products, at the sizes of a problem: time, memory traffic, arithmetic. */
#ifndef SAFSD_BENCH_KERNELS_H
#define SAFSD_BENCH_KERNELS_H

#include "bench/harness.h"
#include "bench/shapes.h"

typedef struct bench_kernel {
    const char *name;    /* the layer's function without nn_ */
    double bytes, flops; /* that its launches say they move and compute (launch.h) */
    bench_stats seconds; /* of one call on rows of a whole batch */
} bench_kernel;

enum { BENCH_MOST_KERNELS = 32 };

typedef struct bench_kernels {
    bench_kernel items[BENCH_MOST_KERNELS];
    size_t count;
} bench_kernels;

/* Measures each of them. The problem must be one of training. */
st_status bench_kernels_measure(bench_kernels *kernels, rt_context *rt, const bench_problem *problem,
                                bench_effort effort);

#endif
