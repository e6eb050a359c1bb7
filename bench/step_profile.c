#include "bench/step_profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "base/text.h"
#include "engine/trace_file.h"
#include "bench/transfers.h"
#include "model/training/trainer.h"
#include "runtime/gemm.h"
#include "runtime/profile.h"

enum { MOST_EVENTS = 1 << 16, BEST_OF = 4, ROUNDS = 3, NAME_COLUMNS = 27 };

static const char trace_name[] = "trace.json";
static const bench_effort brief = {1, 15, 0.15};

/* What the device reaches at best. */
typedef struct peak {
    double bandwidth; /* bytes a second that a copy or an addition moves */
    double rate;      /* FLOP/s of the fastest product of the model by itself */
} peak;

st_status bench_step_profile_start(bench_step_profile *p)
{
    for (size_t d = 0; d < p->count; ++d) {
        rt_profile_reset(p->devices[d]);
        ST_FORWARD(rt_trace_start(p->devices[d], MOST_EVENTS));
    }
    bench_trace_begin(&p->planned, p->devices[0]);
    return ST_OK;
}

st_status bench_step_profile_planned(bench_step_profile *p)
{
    ST_FORWARD(bench_trace_end(&p->planned, p->devices[0]));
    return bench_products_of(&p->products, &p->planned, rt_error(p->devices[0]));
}

void bench_step_profile_stepped(bench_step_profile *p)
{
    if (++p->steps != PROFILING_STEPS) return;
    for (size_t d = 0; d < p->count; ++d) rt_trace_stop(p->devices[d]);
}

void bench_step_profile_destroy(bench_step_profile *p)
{
    bench_products_destroy(&p->products);
    bench_trace_destroy(&p->planned);
}

/* ---- what the device can do ---- */

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* In rounds, by the shortest times: what else the machine does can only lengthen them. */
static st_status measure_peak(bench_step_profile *p, rt_context *rt, peak *best)
{
    *best = (peak){0, 0};
    for (size_t round = 0; round < ROUNDS; ++round) {
        bench_transfers transfers;
        ST_FORWARD(bench_transfers_measure(&transfers, rt, brief));
        ST_FORWARD(bench_products_measure(&p->products, rt, brief, BEST_OF));
        for (size_t i = 0; i < BENCH_TRANSFERS; ++i) {
            const bench_transfer *t = &transfers.items[i];
            const bool counts = strcmp(t->name, "copy") == 0 || strcmp(t->name, "add") == 0;
            if (counts && t->seconds.least > 0) best->bandwidth = larger(best->bandwidth, t->bytes / t->seconds.least);
        }
        best->rate = larger(best->rate, bench_products_best(&p->products));
    }
    return ST_OK;
}

/* The part of the peak that counts: the time that the slower of memory and arithmetic would need, divided by the time
 * that was taken. */
static double share_of(const peak *best, const rt_profile_line *line)
{
    const double memory = best->bandwidth > 0 ? line->work.bytes / best->bandwidth : 0;
    const double arithmetic = best->rate > 0 ? line->work.flops / best->rate : 0;
    return line->seconds > 0 ? (memory > arithmetic ? memory : arithmetic) / line->seconds : 0;
}

/* ---- tables ---- */

/* Lines of one part, or with NULL all; a copy, for measuring counts too. */
static st_status copy_lines(rt_profile_line **copy, const rt_profile_line *lines, size_t *count, const char *part,
                            st_error *error)
{
    size_t kept = 0;
    *copy = calloc(*count + 1, sizeof **copy);
    if (!*copy) return st_fail(error, ST_FAILED, "out of memory for the profile");
    for (size_t i = 0; i < *count; ++i)
        if (!part || (lines[i].part && strcmp(lines[i].part, part) == 0)) (*copy)[kept++] = lines[i];
    *count = kept;
    return ST_OK;
}

static void print_rate(double amount, double seconds)
{
    if (amount > 0 && seconds > 0)
        text_print(stdout, "  %8.1f", 1e-9 * amount / seconds);
    else
        printf("  %8s", "-");
}

/* Gives true where a line is above the peak, which it is then not a part of. */
static bool print_commands(const rt_profile_line *lines, size_t count, double steps, const peak *best)
{
    double all = 0;
    bool above = false;
    for (size_t i = 0; i < count; ++i) all += lines[i].seconds;
    printf("%-*s  %5s  %9s  %6s  %8s  %8s  %5s\n", NAME_COLUMNS, "", "calls", "ms", "share", "GB/s", "GFLOP/s", "peak");
    for (size_t i = 0; i < count; ++i) {
        const rt_profile_line *line = &lines[i];
        const double share = share_of(best, line);
        print_padded(stdout, line->name, NAME_COLUMNS, false);
        text_print(stdout, "  %5.0f  %9.3f  %5.1f%%", (double)line->launches / steps, 1e3 * line->seconds / steps,
                   all > 0 ? 100 * line->seconds / all : 0);
        print_rate(line->work.bytes, line->seconds);
        print_rate(line->work.flops, line->seconds);
        above = above || share > 1;
        if (share > 1)
            printf("  >100%%\n");
        else if (share > 0)
            text_print(stdout, "  %4.0f%%\n", 100 * share);
        else
            printf("  %5s\n", "-");
    }
    text_print(stdout, "%-*s  %5s  %9.3f\n", NAME_COLUMNS, "sum", "", 1e3 * all / steps);
    return above;
}

static void print_phases(rt_context *rt, double steps)
{
    const rt_profile_line *lines = NULL;
    size_t count = 0;
    rt_phase_read(rt, &lines, &count);
    printf("\nthe host in a step, by the clock; inner phases stand by themselves too\n");
    for (size_t i = 0; i < count; ++i) {
        if (strcmp(lines[i].part, NN_PHASE_TRAINING) != 0) continue;
        const bool whole = strcmp(lines[i].name, NN_PHASE_TRAINING) == 0;
        print_padded(stdout, whole ? "all of it" : lines[i].name, NAME_COLUMNS, false);
        text_print(stdout, "  %5.0f  %9.3f\n", whole ? 1.0 : (double)lines[i].launches / steps,
                   1e3 * lines[i].seconds / steps);
    }
}

static st_status print_device(bench_step_profile *p, size_t d)
{
    rt_context *rt = p->devices[d];
    const rt_profile_line *lines = NULL;
    rt_profile_line *own = NULL;
    size_t count = 0;
    peak best;
    const double steps = p->steps > 0 ? (double)p->steps : 1;
    ST_FORWARD(rt_profile_read(rt, &lines, &count));
    /* Workers do nothing but steps. */
    ST_FORWARD(copy_lines(&own, lines, &count, d == 0 ? NN_PHASE_TRAINING : NULL, rt_error(p->devices[0])));
    const st_status status = measure_peak(p, rt, &best);
    if (status == ST_OK) {
        printf("\na step on device %s, by kernel: the mean of %zu\n", rt_device(rt)->selector, p->steps);
        const bool above = print_commands(own, count, steps, &best);
        text_print(stdout,
                   "peak: %.1f GB/s (large blocks) or %.1f GFLOP/s (the fastest of the model's\n"
                   "products by itself), whichever limits\n",
                   1e-9 * best.bandwidth, 1e-9 * best.rate);
        if (above)
            printf(">100%%: faster than that peak, for caches hold what the kernel moves, or\n"
                   "the machine was busier while the peak was measured\n");
    }
    free(own);
    return status;
}

st_status bench_step_profile_conclude(bench_step_profile *p, const en_directory *dir)
{
    char path[EN_PATH_SIZE];
    for (size_t d = 0; d < p->count; ++d) rt_trace_stop(p->devices[d]);
    if (p->steps == 0) return ST_OK;
    ST_FORWARD(en_trace_save(dir, trace_name, p->devices, p->count, rt_error(p->devices[0])));
    print_phases(p->devices[0], (double)p->steps);
    for (size_t d = 0; d < p->count; ++d) ST_FORWARD(print_device(p, d));
    en_say(p->events, EN_NOTICE, "%s shows the first %zu steps: open it with chrome://tracing or ui.perfetto.dev",
           en_directory_file(dir, trace_name, path), p->steps < PROFILING_STEPS ? p->steps : (size_t)PROFILING_STEPS);
    return ST_OK;
}
