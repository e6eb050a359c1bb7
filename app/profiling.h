/* `train --profile`: where the time of a step goes, beside what the device can do, and a trace of the first steps.
 *
 * What a device can do is measured after the training, for a second or so, with the products that the model multiplies;
 * nothing in a run depends on it.
 */
#ifndef SAFSD_APP_PROFILING_H
#define SAFSD_APP_PROFILING_H

#include "app/app.h"
#include "engine/run_directory.h"
#include "bench/gemm.h"

enum { PROFILING_STEPS = 8 }; /* that a trace shows */

typedef struct app_profiling {
    app_state *app;
    rt_context *const *devices; /* opened with rt_options.profile; the first leads */
    size_t count;
    bench_trace planned;
    bench_products products; /* of a step, in order of their work */
    size_t steps;            /* reported so far */
} app_profiling;

/* Before the model is planned, after it is, after each step of this run, and at the end: the tables go to stdout, the
 * trace to trace.json in the directory. */
st_status profiling_start(app_profiling *profiling);
st_status profiling_planned(app_profiling *profiling);
void profiling_stepped(app_profiling *profiling);
st_status profiling_conclude(app_profiling *profiling, const en_directory *dir);
void profiling_destroy(app_profiling *profiling);

#endif
