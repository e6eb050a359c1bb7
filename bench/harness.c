#include "bench/harness.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

enum { FEWEST = 3 };
static const double TOO_LONG = 20; /* budgets: after so long a call none follows */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(const double *ordered, size_t count, double fraction)
{
    const double place = fraction * (double)(count - 1);
    const size_t low = (size_t)place, high = low + 1 < count ? low + 1 : low;
    return ordered[low] + (place - (double)low) * (ordered[high] - ordered[low]);
}

bench_stats bench_stats_of(double *samples, size_t count)
{
    if (count == 0) return (bench_stats){0};
    qsort(samples, count, sizeof *samples, ascending);
    return (bench_stats){percentile(samples, count, 0.5), percentile(samples, count, 0.1),
                         percentile(samples, count, 0.9), count, samples[0]};
}

st_status bench_repeat(bench_stats *seconds, bench_effort effort, st_status (*run)(void *user), void *user)
{
    double samples[BENCH_MOST_SAMPLES];
    const size_t most = effort.repeat < BENCH_MOST_SAMPLES ? effort.repeat : BENCH_MOST_SAMPLES;
    const double start = clock_seconds();
    for (size_t i = 0; i < effort.warmup; ++i) {
        ST_FORWARD(run(user));
        if (effort.budget > 0 && clock_seconds() - start > effort.budget) break;
    }
    const double begin = clock_seconds();
    size_t count = 0;
    double now = begin;
    bool long_call = false;
    while (count < most && !long_call && (effort.budget <= 0 || count < FEWEST || now - begin < effort.budget)) {
        const double before = now;
        ST_FORWARD(run(user));
        now = clock_seconds();
        samples[count++] = now - before;
        long_call = effort.budget > 0 && now - before > TOO_LONG * effort.budget;
    }
    *seconds = bench_stats_of(samples, count);
    return ST_OK;
}

st_status bench_repeat_parts(bench_stats *seconds, bench_effort effort, st_status (*run)(void *user), void *user,
                             size_t parts)
{
    ST_FORWARD(bench_repeat(seconds, effort, run, user));
    seconds->median /= (double)parts;
    seconds->p10 /= (double)parts;
    seconds->p90 /= (double)parts;
    seconds->least /= (double)parts;
    return ST_OK;
}

uint64_t bench_peak_host_bytes(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    unsigned long long kib = 0;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %llu", &kib) == 1) break;
    if (file) fclose(file);
    return (uint64_t)kib * 1024;
}

bool bench_reset_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (!file) return false;
    const bool written = fputs("5", file) >= 0;
    return fclose(file) == 0 && written;
}
