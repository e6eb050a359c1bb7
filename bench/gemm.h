/* The matrix products of a step: which they are, and how fast each is by itself. */
#ifndef SAFSD_BENCH_GEMM_H
#define SAFSD_BENCH_GEMM_H

#include "bench/harness.h"
#include "bench/shapes.h"
#include "runtime/gemm.h"

/* Every call between begin and end, in order: what a model asks for while it is planned is what its steps ask for. The
 * trace stays where it is until the end. */
typedef struct bench_trace {
    rt_gemm_call *calls;
    size_t count, room;
    bool complete; /* false once memory was short */
} bench_trace;

void bench_trace_begin(bench_trace *trace, rt_context *rt);
st_status bench_trace_end(bench_trace *trace, rt_context *rt);
void bench_trace_destroy(bench_trace *trace);

double bench_call_flops(const rt_gemm_call *call);
double bench_trace_flops(const bench_trace *trace);

/* Products of one shape. */
typedef struct bench_product {
    rt_gemm_call call;   /* its sizes; the views mean nothing */
    size_t count;        /* in a step */
    bench_stats seconds; /* of one of them, operands in caches as far as they fit */
} bench_product;

typedef struct bench_products {
    bench_product *items; /* most work in a step first */
    size_t count;
} bench_products;

/* The products of a trace that has ended. */
st_status bench_products_of(bench_products *products, const bench_trace *trace, st_error *error);
/* What the steps of a problem multiply. Plans the problem's model for it. */
st_status bench_products_create(bench_products *products, rt_context *rt, const bench_problem *problem);
void bench_products_destroy(bench_products *products);

double bench_products_flops(const bench_products *products);

/* Times the first `most` of them on random operands, in three rounds over all of them with a third of the effort each:
 * other work of the machine may last as long as a round. `seconds` is that of the round with the shortest median, its
 * `least` the shortest sample of all rounds. */
st_status bench_products_measure(bench_products *products, rt_context *rt, bench_effort effort, size_t most);

/* FLOP/s of one product by its median, 0 where it was not measured. */
double bench_product_rate(const bench_product *product);
/* The most that any product reached: of all shapes and samples the shortest time counts. */
double bench_products_best(const bench_products *products);

#endif
