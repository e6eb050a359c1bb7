/* The shapes that are measured: batches of the two corpora, with random features (docs/model.md 1 and 8). */
#ifndef SAFSD_BENCH_SHAPES_H
#define SAFSD_BENCH_SHAPES_H

#include "data/dataset.h"
#include "model/training/class_tables.h"
#include "model/network/safsd.h"

typedef struct bench_shape {
    const char *name;
    const int32_t *lengths;
    size_t dialogues;
    size_t dims[NN_MODALITIES];
    size_t classes, speakers;
    nn_gate_kind gate;
    double lambda_kl;
} bench_shape;

/* All shapes: the corpora, and one dialogue as long as the model takes. The table ends with a NULL name. */
extern const bench_shape bench_shapes[];

/* One measurement's model and batch. */
typedef struct bench_case {
    const bench_shape *shape;
    size_t hidden;    /* H = G = ffn */
    size_t dialogues; /* repeats or cuts the list of the shape; 0: as it is */
    bool training;
} bench_case;

/* The model's configuration, tables and extent, and a batch of random numbers that are the same everywhere. */
typedef struct bench_problem {
    nn_config config;
    nn_extent extent;
    nn_class_tables tables;
    ds_batch batch;
    bool training;
} bench_problem;

/* ST_USAGE where the hidden width makes no model. */
st_status bench_problem_create(bench_problem *problem, const bench_case *what, st_error *error);
void bench_problem_destroy(bench_problem *problem);

/* What the model of a problem is made of; borrows from the problem. */
nn_safsd_options bench_model_options(const bench_problem *problem);

/* The model of a problem, its parameters initialised. */
st_status bench_model_create(nn_safsd **model, rt_context *rt, const bench_problem *problem);

#endif
