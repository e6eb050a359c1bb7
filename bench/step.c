#include "base/clock.h"
#include "bench/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const nn_adam adam = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 1e-5};
static const double learning_rate = 1e-4;
static const double step_budget = 30; /* seconds */

st_status bench_worker_create_parallel(bench_worker *w, rt_context *const *contexts, size_t count,
                                       const bench_problem *problem)
{
    memset(w, 0, sizeof *w);
    w->problem = problem;
    st_status status = ST_OK;
    const nn_safsd_options options = bench_model_options(problem);
    ST_FORWARD(bench_model_create(&w->model, contexts[0], problem));
    if (problem->training) {
        ST_TRY(nn_data_parallel_create(&w->parallel, w->model, contexts + 1, count - 1, &options));
    } else {
        w->prediction.probabilities = malloc(problem->batch.rows * problem->config.classes * sizeof(float));
        if (!w->prediction.probabilities)
            status = st_fail(rt_error(contexts[0]), ST_FAILED, "out of memory for the predictions");
    }
done:
    if (status != ST_OK) bench_worker_destroy(w);
    return status;
}

st_status bench_worker_create(bench_worker *w, rt_context *rt, const bench_problem *problem)
{
    return bench_worker_create_parallel(w, &rt, 1, problem);
}

void bench_worker_destroy(bench_worker *w)
{
    nn_data_parallel_destroy(&w->parallel);
    nn_safsd_destroy(&w->model);
    free(w->prediction.probabilities);
    memset(w, 0, sizeof *w);
}

static st_status evaluate(bench_worker *w)
{
    const nn_evaluation how = {.mode = NN_GCN_EXPECTED};
    ST_FORWARD(nn_safsd_evaluate(w->model, &w->problem->batch, &how, &w->prediction));
    w->loss = w->prediction.loss;
    return ST_OK;
}

static st_status finish_step(bench_worker *w, nn_pending *pending)
{
    nn_step_result result;
    ST_FORWARD(nn_data_parallel_result(w->parallel, pending, &result));
    w->loss = result.loss;
    return ST_OK;
}

/* As the trainer: the gradient of a step is under way before the host waits for the outcome of the step before. */
static st_status train(bench_worker *w, double *seconds, size_t count)
{
    nn_pending pending[2] = {{.tickets = {{NULL}}}};
    double before = clock_seconds();
    st_status status = ST_OK;
    for (size_t i = 0; i <= count; ++i) {
        if (i < count) ST_TRY(nn_data_parallel_gradient(w->parallel, &w->problem->batch, w->step++, 0));
        if (i > 0) {
            ST_TRY(finish_step(w, &pending[(i - 1) % 2]));
            const double now = clock_seconds();
            seconds[i - 1] = now - before;
            before = now;
        }
        if (i == count) break;
        ST_TRY(nn_data_parallel_update(w->parallel, &adam, learning_rate));
        ST_TRY(nn_data_parallel_result_later(w->parallel, &pending[i % 2]));
    }
done:
    for (size_t i = 0; status != ST_OK && i < 4; ++i) /* nothing may still write to `pending` */
        (void)rt_wait(nn_safsd_params(w->model)->rt, &pending[i / 2].tickets[i % 2]);
    return status;
}

st_status bench_worker_steps(bench_worker *w, double *seconds, size_t count)
{
    if (w->problem->training) return train(w, seconds, count);
    for (size_t i = 0; i < count; ++i) {
        const double before = clock_seconds();
        ST_FORWARD(evaluate(w));
        seconds[i] = clock_seconds() - before;
    }
    return ST_OK;
}

st_status bench_worker_once(bench_worker *w)
{
    double seconds = 0;
    return bench_worker_steps(w, &seconds, 1);
}

/* Steps after the first, which took so long. A first step that compiled says little: then one more is made to know how
 * many fit the budget, and where that is one, it was that. */
static st_status time_steps(bench_worker *w, double first_seconds, bool patient, double *samples, size_t *count)
{
    if (!patient && first_seconds * (double)*count > step_budget) {
        ST_FORWARD(bench_worker_steps(w, samples, 1));
        const double fitting = step_budget / samples[0];
        if (fitting < (double)*count) *count = fitting < 1 ? 1 : (size_t)fitting;
        if (*count == 1) return ST_OK;
    }
    return bench_worker_steps(w, samples, *count);
}

st_status bench_step_measure(bench_step *step, rt_context *const *contexts, size_t count, const bench_problem *problem,
                             size_t repeat, bool patient)
{
    memset(step, 0, sizeof *step);
    size_t timed = repeat < BENCH_MOST_SAMPLES ? repeat : BENCH_MOST_SAMPLES;
    double samples[BENCH_MOST_SAMPLES];
    bench_worker worker;
    bench_reset_peak();
    const double begin = clock_seconds();
    ST_FORWARD(bench_worker_create_parallel(&worker, contexts, count, problem));
    st_status status = ST_OK;
    ST_TRY(bench_worker_once(&worker));
    step->first_seconds = clock_seconds() - begin;
    step->loss = (double)worker.loss;
    ST_TRY(time_steps(&worker, step->first_seconds, patient, samples, &timed));
    step->seconds = bench_stats_of(samples, timed);
    step->peak_host_bytes = bench_peak_host_bytes();
    step->utterances = problem->batch.rows;
    step->dialogues = problem->batch.dialogues;
    const nn_memory memory = nn_safsd_memory(worker.model);
    step->device_bytes = memory.parameters + memory.activations + memory.gemm;
done:
    bench_worker_destroy(&worker);
    return status;
}

/* ---- profile ---- */

st_status bench_profile_once(bench_profile *profile, rt_context *rt, bench_worker *worker)
{
    memset(profile, 0, sizeof *profile);
    ST_FORWARD(rt_finish(rt));
    rt_profile_reset(rt);
    const double begin = clock_seconds();
    ST_FORWARD(bench_worker_once(worker));
    profile->seconds = clock_seconds() - begin;
    const rt_profile_line *lines = NULL;
    size_t count = 0;
    ST_FORWARD(rt_profile_read(rt, &lines, &count));
    for (size_t i = 0; i < count; ++i) {
        const bool gemm = strcmp(lines[i].name, "gemm") == 0;
        if (gemm) profile->gemm_flops = lines[i].work.flops;
        *(gemm ? &profile->gemm_seconds : &profile->kernel_seconds) += lines[i].seconds;
        if (profile->count == BENCH_PROFILE_LINES) continue;
        bench_profile_line *line = &profile->lines[profile->count++];
        *line = (bench_profile_line){.seconds = lines[i].seconds, .launches = lines[i].launches};
        snprintf(line->name, sizeof line->name, "%s", lines[i].name);
    }
    return ST_OK;
}

static int by_seconds(const void *a, const void *b)
{
    const double x = ((const bench_profile *)a)->seconds, y = ((const bench_profile *)b)->seconds;
    return (x > y) - (x < y);
}

st_status bench_profile_measure(bench_profile *profile, rt_context *rt, const bench_problem *problem, size_t repeat)
{
    bench_worker worker;
    bench_profile *all = calloc(repeat, sizeof *all);
    if (!all) return st_fail(rt_error(rt), ST_FAILED, "out of memory for %zu profiles", repeat);
    st_status status = bench_worker_create(&worker, rt, problem);
    if (status != ST_OK) {
        free(all);
        return status;
    }
    ST_TRY(bench_worker_once(&worker));
    for (size_t i = 0; i < repeat; ++i) ST_TRY(bench_profile_once(&all[i], rt, &worker));
    qsort(all, repeat, sizeof *all, by_seconds);
    *profile = all[(repeat - 1) / 2];
done:
    bench_worker_destroy(&worker);
    free(all);
    return status;
}
