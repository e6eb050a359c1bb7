/* `train --profile`: where the time of a step goes, beside what the device can do, and a trace of the first steps.
 *
 * What a device can do is measured after the training, for a second or so, with the products that the model multiplies;
 * nothing in a run depends on it.
 */
#ifndef SAFSD_BENCH_STEP_PROFILE_H
#define SAFSD_BENCH_STEP_PROFILE_H

#include "engine/events.h"
#include "engine/run_directory.h"
#include "bench/gemm.h"

enum { PROFILING_STEPS = 8 }; /* that a trace shows */

typedef struct bench_step_profile {
    const en_events *events;
    rt_context *const *devices; /* opened with rt_options.profile; the first leads */
    size_t count;
    bench_trace planned;
    bench_products products; /* of a step, in order of their work */
    size_t steps;            /* reported so far */
} bench_step_profile;

/* Before the model is planned, after it is, after each step of this run, and at the end: the tables go to stdout, the
 * trace to trace.json in the directory. */
st_status bench_step_profile_start(bench_step_profile *profile);
st_status bench_step_profile_planned(bench_step_profile *profile);
void bench_step_profile_stepped(bench_step_profile *profile);
st_status bench_step_profile_conclude(bench_step_profile *profile, const en_directory *dir);
void bench_step_profile_destroy(bench_step_profile *profile);

#endif
