/* Measuring: repetitions, their median and spread, and the memory of this process. */
#ifndef SAFSD_BENCH_HARNESS_H
#define SAFSD_BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Percentiles interpolate between the two nearest samples. `least` is the shortest sample: other work of the machine
 * can only lengthen one. */
typedef struct bench_stats {
    double median, p10, p90;
    size_t n;
    double least;
} bench_stats;

/* Sorts the samples. Without any, all fields are 0. */
bench_stats bench_stats_of(double *samples, size_t count);

/* How long to measure: `warmup` untimed calls, then `repeat` timed ones. Where `budget` is not 0, both end once so many
 * seconds have passed, but not before one untimed and three timed calls; none follows a timed call of twenty budgets.
 */
typedef struct bench_effort {
    size_t warmup, repeat;
    double budget;
} bench_effort;

enum { BENCH_MOST_SAMPLES = 1024 }; /* `repeat` is cut to it */

/* Times `run`, which returns when its work is done. */
st_status bench_repeat(bench_stats *seconds, bench_effort effort, st_status (*run)(void *user), void *user);

/* Times `run`, which takes `parts` equal pieces of work, as seconds of one piece. */
st_status bench_repeat_parts(bench_stats *seconds, bench_effort effort, st_status (*run)(void *user), void *user,
                             size_t parts);

/* The most memory this process has held (VmHWM), 0 where the system does not say. `bench_reset_peak` makes that what it
 * holds now; false where the system does not allow it: the peak is then that of the whole process so far. */
uint64_t bench_peak_host_bytes(void);
bool bench_reset_peak(void);

#endif
