#include "bench/measure.h"

#include <stdlib.h>

#include "bench/result_json.h"
#include "bench/start_time.h"
#include "engine/json.h"
#include "runtime/gemm.h"

enum { BEST_OF = 4 };

static const bench_effort short_effort = {2, 200, 0.25};

bool bench_wants(const bench_plan *plan, bench_part part)
{
    return plan->only == BENCH_EVERYTHING || plan->only == part;
}

static void tell(const bench_plan *plan, const char *what, const bench_case *of)
{
    if (plan->progress) plan->progress(plan->user, what, of);
}

/* ---- one device ---- */

static st_status add_gemm(json_t *entry, rt_context *rt, const bench_case *of, const bench_problem *problem,
                          const bench_plan *plan)
{
    bench_products products;
    tell(plan, "matrix products", of);
    ST_FORWARD(bench_products_create(&products, rt, problem));
    const st_status status = bench_products_measure(&products, rt, short_effort, products.count);
    if (status == ST_OK) json_array_append_new(json_object_get(entry, "gemm"), record_gemm(of, problem, &products));
    bench_products_destroy(&products);
    return status;
}

static st_status add_kernels(json_t *entry, rt_context *rt, const bench_case *of, const bench_problem *problem,
                             const bench_plan *plan)
{
    bench_kernels kernels;
    tell(plan, "operations", of);
    ST_FORWARD(bench_kernels_measure(&kernels, rt, problem, short_effort));
    json_array_append_new(json_object_get(entry, "kernels"), record_kernels(of, problem, &kernels));
    return ST_OK;
}

/* A profile needs a queue of its own kind, so a context of its own. */
static st_status profile_step(bench_profile *profile, rt_context *rt, const bench_problem *problem,
                              const bench_plan *plan, size_t repeat)
{
    rt_context *profiling = NULL;
    const rt_options options = {
        .profile = true, .program = plan->program, .gemm = rt_gemm_provider(rt), .tuning = rt_gemm_tuning(rt)};
    ST_FORWARD(rt_context_create(&profiling, rt_device(rt), &options, rt_error(rt)));
    const st_status status = bench_profile_measure(profile, profiling, problem, repeat);
    rt_context_destroy(&profiling);
    return status;
}

static st_status add_step(json_t *entry, rt_context *rt, const bench_case *of, const bench_problem *problem,
                          const bench_plan *plan)
{
    bench_step step;
    bench_profile *profile = calloc(1, sizeof *profile);
    bench_products products = {NULL, 0};
    st_status status = ST_OK;
    if (!profile) return st_fail(rt_error(rt), ST_FAILED, "out of memory for a profile");
    tell(plan, "steps", of);
    ST_TRY(bench_step_measure(&step, &rt, 1, problem, plan->repeat, plan->patient));
    tell(plan, "where the time goes", of);
    ST_TRY(profile_step(profile, rt, problem, plan, step.seconds.n < 3 ? 1 : 3));
    ST_TRY(bench_products_create(&products, rt, problem));
    ST_TRY(bench_products_measure(&products, rt, short_effort, BEST_OF));
    json_array_append_new(json_object_get(entry, "step"), record_step(of, &step, profile, &products));
done:
    bench_products_destroy(&products);
    free(profile);
    return status;
}

static st_status measure_case(json_t *entry, rt_context *rt, const bench_case *of, const bench_plan *plan)
{
    bench_problem problem;
    st_status status = ST_OK;
    ST_FORWARD(bench_problem_create(&problem, of, rt_error(rt)));
    if (bench_wants(plan, BENCH_GEMM)) ST_TRY(add_gemm(entry, rt, of, &problem, plan));
    if (bench_wants(plan, BENCH_KERNELS) && of->training) ST_TRY(add_kernels(entry, rt, of, &problem, plan));
    if (bench_wants(plan, BENCH_STEP)) ST_TRY(add_step(entry, rt, of, &problem, plan));
done:
    bench_problem_destroy(&problem);
    return status;
}

static st_status add_transfers(json_t *entry, rt_context *rt)
{
    bench_transfers transfers;
    ST_FORWARD(bench_transfers_measure(&transfers, rt, short_effort));
    json_object_set_new(entry, "transfers", record_transfers(&transfers));
    return ST_OK;
}

static st_status add_start(json_t *entry, rt_context *rt, const bench_case *of, const bench_plan *plan)
{
    start_times times;
    bench_problem problem;
    tell(plan, "the first step of a run", of);
    ST_FORWARD(start_measure(&times, plan->program, rt_device(rt), of, rt_error(rt)));
    ST_FORWARD(bench_problem_create(&problem, of, rt_error(rt)));
    json_object_set_new(entry, "start", record_start(of, &problem, &times));
    bench_problem_destroy(&problem);
    return ST_OK;
}

st_status bench_measure_device(json_t *devices, rt_context *rt, const bench_plan *plan)
{
    json_t *entry =
        json_pack("{s:o, s:s, s:I, s:[], s:[], s:[]}", "device", en_json_device(rt_device(rt)), "gemm_provider",
                  rt_gemm_provider(rt), "vector_width", (json_int_t)rt_vector_width(rt), "gemm", "kernels", "step");
    st_status status = entry ? ST_OK : st_fail(rt_error(rt), ST_FAILED, "out of memory for the results");
    if (status == ST_OK && plan->only == BENCH_EVERYTHING) status = add_transfers(entry, rt);
    if (status == ST_OK && bench_wants(plan, BENCH_START)) status = add_start(entry, rt, &plan->cases[0], plan);
    for (size_t i = 0; status == ST_OK && i < plan->count; ++i) status = measure_case(entry, rt, &plan->cases[i], plan);
    json_array_append_new(devices, entry);
    return status;
}

/* ---- several as one ---- */

st_status bench_measure_together(json_t *root, const en_devices *devices, const bench_plan *plan)
{
    json_t *together = json_pack("{s:[], s:[]}", "devices", "step");
    st_error *error = rt_error(devices->contexts[0]);
    st_status status = ST_OK;
    for (size_t i = 0; i < devices->count; ++i)
        json_array_append_new(json_object_get(together, "devices"),
                              json_string(rt_device(devices->contexts[i])->selector));
    for (size_t i = 0; i < plan->count && status == ST_OK; ++i) {
        bench_problem problem;
        bench_step step;
        if (!plan->cases[i].training) continue;
        tell(plan, "all devices as one", &plan->cases[i]);
        status = bench_problem_create(&problem, &plan->cases[i], error);
        if (status != ST_OK) break;
        status = bench_step_measure(&step, devices->contexts, devices->count, &problem, plan->repeat, plan->patient);
        if (status == ST_OK)
            json_array_append_new(json_object_get(together, "step"), record_together(&plan->cases[i], &step));
        bench_problem_destroy(&problem);
    }
    json_object_set_new(root, "together", together);
    return status;
}
