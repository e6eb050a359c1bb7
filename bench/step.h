/* Whole steps: training as the trainer does it, or evaluation, of one problem on one device. */
#ifndef SAFSD_BENCH_STEP_H
#define SAFSD_BENCH_STEP_H

#include "bench/harness.h"
#include "bench/shapes.h"
#include "model/training/data_parallel.h"
#include "runtime/profile.h"

/* A model at work. Training: the batch goes up, masks, forward, backward, Adam, and the outcome of a step is read while
 * the next one is computed. Evaluation: forward, losses, and the probabilities come down. */
typedef struct bench_worker {
    const bench_problem *problem;
    nn_safsd *model;
    nn_data_parallel *parallel; /* of the model and what works for it; NULL in evaluation */
    nn_prediction prediction;
    uint32_t step;
    float loss; /* of the last step that is over */
} bench_worker;

/* The context and the problem are borrowed. */
st_status bench_worker_create(bench_worker *worker, rt_context *rt, const bench_problem *problem);

/* The same on several devices, the first of which leads (model/training/data_parallel.h); they share an error slot.
 * Training alone. */
st_status bench_worker_create_parallel(bench_worker *worker, rt_context *const *contexts, size_t count,
                                       const bench_problem *problem);
void bench_worker_destroy(bench_worker *worker);

/* One step from a device at rest to a device at rest. */
st_status bench_worker_once(bench_worker *worker);

/* `count` steps one behind another; the time between the ends of neighbouring ones goes to `seconds` [count]. */
st_status bench_worker_steps(bench_worker *worker, double *seconds, size_t count);

typedef struct bench_step {
    bench_stats seconds;  /* of a step in the middle of many */
    double first_seconds; /* from a problem in memory to the end of the first step: planning, allocation,
                             initialisation, kernels that are compiled */
    size_t utterances, dialogues;
    uint64_t peak_host_bytes; /* of this process until the last step; 0: not known */
    uint64_t device_bytes;    /* of the first device: parameters with gradients and moments, activations, scratch */
    double loss;              /* of the first step: the same on every device but for rounding */
} bench_step;

/* Times `repeat` steps, or as many as fit 30 seconds, but at least one, where `patient` is false. */
st_status bench_step_measure(bench_step *step, rt_context *const *contexts, size_t count, const bench_problem *problem,
                             size_t repeat, bool patient);

/* Where the time of one step goes. Needs a context opened with rt_options.profile. */
typedef struct bench_profile_line {
    char name[64]; /* a kernel, or "gemm" for all matrix products */
    double seconds;
    uint64_t launches;
} bench_profile_line;

enum { BENCH_PROFILE_LINES = 128 };

typedef struct bench_profile {
    double seconds;      /* by the clock */
    double gemm_seconds; /* the device at matrix products */
    double gemm_flops;
    double kernel_seconds;                         /* the device at everything else */
    bench_profile_line lines[BENCH_PROFILE_LINES]; /* longest first */
    size_t count;
} bench_profile;

/* `other` of a step is its time by the clock less that of its matrix products: other kernels and every gap. */
static inline double bench_profile_other(const bench_profile *profile)
{
    return profile->seconds - profile->gemm_seconds;
}

/* One profiled step of a worker that has made one before. */
st_status bench_profile_once(bench_profile *profile, rt_context *rt, bench_worker *worker);

/* Profiles `repeat` steps and keeps the one whose time by the clock is the median. */
st_status bench_profile_measure(bench_profile *profile, rt_context *rt, const bench_problem *problem, size_t repeat);

#endif
