#include "bench/result_table.h"

#include <string.h>

#include "bench/result_json.h"
#include "base/print.h"
#include "base/text.h"

enum { PROFILE_LINES = 12 };

static double stat(const json_t *object, const char *key)
{
    return record_real(json_object_get(object, "seconds"), key);
}

/* Nothing where it was not counted; a simulator's rates need more digits. */
static void print_rate(FILE *out, double rate)
{
    if (rate <= 0)
        fputs("          ", out);
    else
        text_print(out, rate < 0.1 ? "  %8.2g" : "  %8.1f", rate);
}

static void print_transfers(FILE *out, const json_t *transfers)
{
    if (!transfers) return;
    const json_t *moves = json_object_get(transfers, "moves");
    fputs("\nmemory                    GB/s         ms\n", out);
    for (size_t i = 0; i < json_array_size(moves); ++i) {
        const json_t *move = json_array_get(moves, i);
        text_print(out, "  %-18s  %8.2f  %9.3f\n", record_text(move, "name"), record_real(move, "gb_per_second"),
                   1e3 * record_median(move));
    }
    text_print(out, "  a kernel launched and waited for %.1f us, one of many %.1f us\n",
               1e6 * record_real(json_object_get(transfers, "launch"), "median"),
               1e6 * record_real(json_object_get(transfers, "pipelined_launch"), "median"));
}

static void print_start(FILE *out, const json_t *start)
{
    char label[RECORD_LABEL];
    const json_t *warm = json_object_get(start, "warm");
    if (!json_is_object(warm)) return;
    fprintf(out, "\nfrom the command to the end of the first step: %s\n", record_case_label(label, start));
    text_print(out, "  no compiled kernel kept %.2f s, kernels kept %.2f s (%.2f to %.2f)\n",
               record_real(start, "cold_seconds"), record_real(warm, "median"), record_real(warm, "p10"),
               record_real(warm, "p90"));
}

static void print_gemm(FILE *out, const json_t *gemm)
{
    char label[RECORD_LABEL];
    const double best = record_real(gemm, "best_gflops");
    const json_t *products = json_object_get(gemm, "products");
    fprintf(out, "\nmatrix products of %s\n", record_case_label(label, gemm));
    fputs("  m x n x k                      in a step        ms   GFLOP/s   of best\n", out);
    for (size_t i = 0; i < json_array_size(products); ++i) {
        const json_t *p = json_array_get(products, i);
        text_print(out, "  %-32s %7.0f  %8.3f", record_product_label(label, p), record_real(p, "count"),
                   1e3 * record_median(p));
        print_rate(out, record_real(p, "gflops"));
        text_print(out, "  %8.2f\n", record_real(p, "gflops") / best);
    }
}

static void print_kernels(FILE *out, const json_t *kernels)
{
    char label[RECORD_LABEL];
    const json_t *operations = json_object_get(kernels, "operations");
    fprintf(out, "\noperations of %s\n", record_case_label(label, kernels));
    fputs("                                ms    p10 to p90          GB/s   GFLOP/s\n", out);
    for (size_t i = 0; i < json_array_size(operations); ++i) {
        const json_t *o = json_array_get(operations, i);
        text_print(out, "  %-22s  %8.3f  %8.3f to %8.3f", record_text(o, "name"), 1e3 * record_median(o),
                   1e3 * stat(o, "p10"), 1e3 * stat(o, "p90"));
        print_rate(out, record_real(o, "gb_per_second"));
        print_rate(out, record_real(o, "gflops"));
        fputc('\n', out);
    }
}

static void print_steps(FILE *out, const json_t *steps)
{
    if (json_array_size(steps) == 0) return;
    fputs("\nsteps          H  rows  s a step    p10 to p90     utt/s  of GEMM  peak MiB\n", out);
    bool busier = false;
    for (size_t i = 0; i < json_array_size(steps); ++i) {
        const json_t *s = json_array_get(steps, i);
        busier = busier || record_real(s, "gemm_roofline_fraction") > 1;
        text_print(out, "  %-7.7s %-5.5s %4.0f %5.0f  %8.4f %7.4f-%7.4f  %7.1f  %7.2f  %8.0f\n",
                   record_text(s, "shape"), record_text(s, "mode"), record_real(s, "hidden"),
                   record_real(s, "utterances"), record_median(s), stat(s, "p10"), stat(s, "p90"),
                   record_real(s, "utterances_per_second"), record_real(s, "gemm_roofline_fraction"),
                   record_real(s, "peak_host_mib"));
    }
    fputs("  of GEMM: the time that the step's matrix products need at the best rate of\n"
          "  any, as a part of the step's time\n",
          out);
    if (busier) fputs("  above 1: the machine was busier while products were measured by themselves\n", out);
}

static void print_profile(FILE *out, const json_t *step)
{
    char label[RECORD_LABEL];
    const json_t *profile = json_object_get(step, "profile"), *lines = json_object_get(profile, "kernels");
    const double whole = record_real(profile, "step_seconds"), gemm = record_real(profile, "gemm_seconds");
    const double rate = record_real(profile, "gemm_gflops"), best = record_real(step, "best_gflops");
    fprintf(out, "\nwhere the time goes: %s\n", record_case_label(label, step));
    text_print(out, "  matrix products %.1f ms (%.0f %%) at %.1f GFLOP/s, %.2f of the best rate\n", 1e3 * gemm,
               100 * gemm / whole, rate, rate / best);
    text_print(out, "  everything else %.1f ms; first step after %.2f s; device memory %.0f MiB\n",
               1e3 * record_real(profile, "other_seconds"), record_real(step, "first_step_seconds"),
               record_real(step, "device_mib"));
    for (size_t i = 0, shown = 0; i < json_array_size(lines) && shown < PROFILE_LINES; ++i) {
        const json_t *line = json_array_get(lines, i);
        if (strcmp(record_text(line, "name"), "gemm") == 0) continue;
        text_print(out, "    %-30s %9.3f ms  %5.1f %%  %5.0f launches\n", record_text(line, "name"),
                   1e3 * record_real(line, "seconds"), 100 * record_real(line, "seconds") / whole,
                   record_real(line, "launches"));
        ++shown;
    }
}

void table_print_device(FILE *out, const json_t *entry)
{
    const json_t *device = json_object_get(entry, "device"), *gemm = json_object_get(entry, "gemm");
    const json_t *kernels = json_object_get(entry, "kernels"), *steps = json_object_get(entry, "step");
    print_plain(out, record_text(device, "name"), PRINT_COLUMNS);
    text_print(out, "\n--device %s, GEMM %s, vectors of %.0f floats\n", record_text(device, "selector"),
               record_text(entry, "gemm_provider"), record_real(entry, "vector_width"));
    print_transfers(out, json_object_get(entry, "transfers"));
    print_start(out, json_object_get(entry, "start"));
    for (size_t i = 0; i < json_array_size(gemm); ++i) print_gemm(out, json_array_get(gemm, i));
    for (size_t i = 0; i < json_array_size(kernels); ++i) print_kernels(out, json_array_get(kernels, i));
    print_steps(out, steps);
    for (size_t i = 0; i < json_array_size(steps); ++i) print_profile(out, json_array_get(steps, i));
}

/* ---- an older run ---- */

typedef struct search {
    const char *label;
    const json_t *found;
} search;

static void match(void *user, const char *label, const json_t *stats)
{
    search *s = user;
    if (!s->found && strcmp(label, s->label) == 0) s->found = stats;
}

typedef struct comparison {
    FILE *out;
    const json_t *old; /* entry of the same device */
    size_t compared, changed;
} comparison;

static void compare(void *user, const char *label, const json_t *now)
{
    comparison *c = user;
    search s = {label, NULL};
    record_walk(c->old, match, &s);
    const double before = record_real(s.found, "median"), after = record_real(now, "median");
    if (!s.found || before <= 0 || after <= 0) return;
    ++c->compared;
    const bool slower = record_real(now, "p10") > record_real(s.found, "p90");
    const bool faster = record_real(now, "p90") < record_real(s.found, "p10");
    if (!slower && !faster) return;
    ++c->changed;
    fputs("  ", c->out);
    print_padded(c->out, label, 46, false);
    text_print(c->out, " %9.3f  %9.3f  %6.2f x\n", 1e3 * before, 1e3 * after, before / after);
}

static const json_t *same_device(const json_t *old, const json_t *entry, size_t index)
{
    const json_t *devices = json_object_get(old, "devices");
    const char *name = record_text(json_object_get(entry, "device"), "name");
    for (size_t i = 0; i < json_array_size(devices); ++i)
        if (strcmp(record_text(json_object_get(json_array_get(devices, i), "device"), "name"), name) == 0)
            return json_array_get(devices, i);
    return json_array_get(devices, index);
}

void table_print_changes(FILE *out, const json_t *old, const json_t *root)
{
    const json_t *devices = json_object_get(root, "devices");
    for (size_t i = 0; i < json_array_size(devices); ++i) {
        const json_t *entry = json_array_get(devices, i);
        comparison c = {.out = out, .old = same_device(old, entry, i)};
        fputs("\nchanges on ", out);
        print_plain(out, record_text(json_object_get(entry, "device"), "name"), PRINT_COLUMNS - 11);
        if (!c.old) {
            fputs("\n  the older run has no such device\n", out);
            continue;
        }
        fputs("\n                                                   old ms     new ms    speed\n", out);
        record_walk(entry, compare, &c);
        fprintf(out, "  %zu of %zu times changed by more than the noise of both runs\n", c.changed, c.compared);
    }
}
