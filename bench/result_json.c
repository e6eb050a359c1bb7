#include "bench/result_json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json_text.h"
#include "base/text.h"
#include "engine/json.h"

enum { PROFILE_SHOWN = 40 };

static json_t *stats_of(bench_stats s)
{
    return json_pack("{s:f, s:f, s:f, s:I}", "median", s.median, "p10", s.p10, "p90", s.p90, "n", (json_int_t)s.n);
}

static json_t *mib(uint64_t bytes)
{
    return bytes ? json_real((double)bytes / 1048576.0) : json_null();
}

static json_t *case_of(const bench_case *what, size_t dialogues, size_t utterances)
{
    return json_pack("{s:s, s:s, s:I, s:I, s:I}", "shape", what->shape->name, "mode", what->training ? "train" : "eval",
                     "hidden", (json_int_t)what->hidden, "dialogues", (json_int_t)dialogues, "utterances",
                     (json_int_t)utterances);
}

static json_t *case_of_problem(const bench_case *what, const bench_problem *problem)
{
    return case_of(what, problem->batch.dialogues, problem->batch.rows);
}

/* Adds the keys of `more` to `object` and releases it. */
static json_t *with(json_t *object, json_t *more)
{
    if (json_object_update(object, more) != 0) {
        json_decref(object);
        object = NULL;
    }
    json_decref(more);
    return object;
}

json_t *record_transfers(const bench_transfers *t)
{
    json_t *moves = json_array();
    for (size_t i = 0; i < BENCH_TRANSFERS; ++i)
        json_array_append_new(moves, json_pack("{s:s, s:o, s:f}", "name", t->items[i].name, "seconds",
                                               stats_of(t->items[i].seconds), "gb_per_second",
                                               bench_transfer_rate(&t->items[i]) * 1e-9));
    return json_pack("{s:o, s:o, s:o, s:f}", "moves", moves, "launch", stats_of(t->launch), "pipelined_launch",
                     stats_of(t->pipelined), "bandwidth_gb_per_second", bench_transfers_bandwidth(t) * 1e-9);
}

json_t *record_start(const bench_case *what, const bench_problem *problem, const start_times *times)
{
    const bool known = times->warm.n > 0;
    return with(case_of_problem(what, problem),
                json_pack("{s:o, s:o}", "cold_seconds", known ? json_real(times->cold_seconds) : json_null(), "warm",
                          known ? stats_of(times->warm) : json_null()));
}

static json_t *product_of(const bench_product *p)
{
    return json_pack("{s:I, s:I, s:I, s:b, s:b, s:f, s:b, s:b, s:I, s:o, s:f}", "m", (json_int_t)p->call.m, "n",
                     (json_int_t)p->call.n, "k", (json_int_t)p->call.k, "transpose_a", p->call.transpose_a,
                     "transpose_b", p->call.transpose_b, "beta", (double)p->call.beta, "bias",
                     p->call.bias.block != NULL, "sums", p->call.sums.block != NULL, "count", (json_int_t)p->count,
                     "seconds", stats_of(p->seconds), "gflops", bench_product_rate(p) * 1e-9);
}

json_t *record_gemm(const bench_case *what, const bench_problem *problem, const bench_products *products)
{
    json_t *list = json_array();
    for (size_t i = 0; i < products->count; ++i) json_array_append_new(list, product_of(&products->items[i]));
    return with(case_of_problem(what, problem),
                json_pack("{s:f, s:f, s:o}", "gflop", bench_products_flops(products) * 1e-9, "best_gflops",
                          bench_products_best(products) * 1e-9, "products", list));
}

json_t *record_kernels(const bench_case *what, const bench_problem *problem, const bench_kernels *kernels)
{
    json_t *list = json_array();
    for (size_t i = 0; i < kernels->count; ++i) {
        const bench_kernel *k = &kernels->items[i];
        const double seconds = k->seconds.median;
        json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o}", "name", k->name, "seconds", stats_of(k->seconds),
                                              "gb_per_second", en_json_real(k->bytes / seconds * 1e-9), "gflops",
                                              en_json_real(k->flops / seconds * 1e-9)));
    }
    return with(case_of_problem(what, problem), json_pack("{s:o}", "operations", list));
}

static json_t *profile_of(const bench_profile *p)
{
    json_t *lines = json_array();
    for (size_t i = 0; i < p->count && i < PROFILE_SHOWN; ++i)
        json_array_append_new(lines, json_pack("{s:s, s:f, s:I}", "name", p->lines[i].name, "seconds",
                                               p->lines[i].seconds, "launches", (json_int_t)p->lines[i].launches));
    return json_pack("{s:f, s:f, s:f, s:f, s:o, s:o}", "step_seconds", p->seconds, "gemm_seconds", p->gemm_seconds,
                     "other_seconds", bench_profile_other(p), "other_kernel_seconds", p->kernel_seconds, "gemm_gflops",
                     en_json_real(p->gemm_flops / p->gemm_seconds * 1e-9), "kernels", lines);
}

static json_t *step_of(const bench_case *what, const bench_step *step)
{
    return with(case_of(what, step->dialogues, step->utterances),
                json_pack("{s:o, s:o, s:o, s:f, s:o}", "utterances_per_second",
                          en_json_real((double)step->utterances / step->seconds.median), "seconds",
                          stats_of(step->seconds), "device_mib", mib(step->device_bytes), "first_step_seconds",
                          step->first_seconds, "loss", en_json_real(step->loss)));
}

json_t *record_step(const bench_case *what, const bench_step *step, const bench_profile *profile,
                    const bench_products *products)
{
    /* What products reached by themselves or, on a machine that was less busy then, within the step. */
    const double single = bench_products_best(products), inside = profile->gemm_flops / profile->gemm_seconds;
    const double flops = bench_products_flops(products), best = inside > single ? inside : single;
    return with(step_of(what, step),
                json_pack("{s:o, s:f, s:f, s:o, s:o}", "gemm_roofline_fraction",
                          en_json_real(flops / (step->seconds.median * best)), "gflop", flops * 1e-9, "best_gflops",
                          best * 1e-9, "peak_host_mib", mib(step->peak_host_bytes), "profile", profile_of(profile)));
}

json_t *record_together(const bench_case *what, const bench_step *step)
{
    return step_of(what, step);
}

/* ---- reading ---- */

/* Whether every device of a file has what bench writes of it. */
static bool is_benchmark(const json_t *file)
{
    const json_t *devices = json_object_get(file, "devices");
    for (size_t i = 0; i < json_array_size(devices); ++i) {
        const json_t *entry = json_array_get(devices, i);
        if (!json_is_string(json_object_get(json_object_get(entry, "device"), "name")) ||
            !json_is_string(json_object_get(entry, "gemm_provider")))
            return false;
    }
    return json_array_size(devices) > 0;
}

st_status record_load(json_t **old, const char *path, st_error *error)
{
    json_error_t why;
    if (!path) return ST_OK;
    FILE *file = fopen(path, "r");
    if (!file) return st_fail(error, ST_FAILED, "%.512s cannot be opened: %s", path, strerror(errno));
    json_decref(*old);
    *old = json_text_read_stream(file, 0, &why);
    fclose(file);
    if (!*old)
        return st_fail(error, ST_FAILED, "%.512s, line %d: %s; give a file that bench --json wrote", path, why.line,
                       why.text);
    if (!is_benchmark(*old))
        return st_fail(error, ST_FAILED, "%.512s holds no benchmark; give a file that bench --json wrote", path);
    return ST_OK;
}

double record_real(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

double record_median(const json_t *object)
{
    return record_real(json_object_get(object, "seconds"), "median");
}

const char *record_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

const char *record_digits(char text[RECORD_DIGITS], double value)
{
    if (!(value > 0) || isinf(value))
        snprintf(text, RECORD_DIGITS, "-");
    else if (value < 1e-3 || value >= 1e7)
        text_format(text, RECORD_DIGITS, "%.1e", value);
    else
        text_format(text, RECORD_DIGITS, "%.*f",
                    value < 1      ? 4
                    : value < 10   ? 3
                    : value < 100  ? 2
                    : value < 1000 ? 1
                                   : 0,
                    value);
    return text;
}

const char *record_case_label(char label[RECORD_LABEL], const json_t *object)
{
    text_format(label, RECORD_LABEL, "%.16s %.8s H=%.0f %.0f dialogues", record_text(object, "shape"),
                record_text(object, "mode"), record_real(object, "hidden"), record_real(object, "dialogues"));
    return label;
}

const json_t *record_case(const json_t *list, const char *label)
{
    char other[RECORD_LABEL];
    for (size_t i = 0; i < json_array_size(list); ++i)
        if (strcmp(record_case_label(other, json_array_get(list, i)), label) == 0) return json_array_get(list, i);
    return NULL;
}

const char *record_product_label(char label[RECORD_LABEL], const json_t *p)
{
    text_format(label, RECORD_LABEL, "%c%c %.0f x %.0f x %.0f%s%s%s",
                json_is_true(json_object_get(p, "transpose_a")) ? 'T' : 'N',
                json_is_true(json_object_get(p, "transpose_b")) ? 'T' : 'N', record_real(p, "m"), record_real(p, "n"),
                record_real(p, "k"), record_real(p, "beta") != 0.0 ? " +C" : "",
                json_is_true(json_object_get(p, "bias")) ? " +b" : "",
                json_is_true(json_object_get(p, "sums")) ? " +s" : "");
    return label;
}

/* The items of one list, labelled "<case>: <name>". */
static void walk_list(const json_t *of_case, const char *key, record_visitor visit, void *user)
{
    char label[2 * RECORD_LABEL + 16], name[RECORD_LABEL], where[RECORD_LABEL];
    const json_t *items = json_object_get(of_case, key);
    for (size_t i = 0; i < json_array_size(items); ++i) {
        const json_t *item = json_array_get(items, i);
        const json_t *text = json_object_get(item, "name");
        snprintf(label, sizeof label, "%s: %s", record_case_label(where, of_case),
                 text ? json_string_value(text) : record_product_label(name, item));
        visit(user, label, json_object_get(item, "seconds"));
    }
}

void record_walk(const json_t *entry, record_visitor visit, void *user)
{
    char label[RECORD_LABEL];
    const json_t *transfers = json_object_get(entry, "transfers"), *moves = json_object_get(transfers, "moves");
    const json_t *gemm = json_object_get(entry, "gemm"), *kernels = json_object_get(entry, "kernels");
    const json_t *steps = json_object_get(entry, "step");
    for (size_t i = 0; i < json_array_size(moves); ++i)
        visit(user, record_text(json_array_get(moves, i), "name"),
              json_object_get(json_array_get(moves, i), "seconds"));
    if (transfers) visit(user, "launch", json_object_get(transfers, "launch"));
    if (transfers) visit(user, "pipelined launch", json_object_get(transfers, "pipelined_launch"));
    const json_t *start = json_object_get(entry, "start");
    if (record_real(json_object_get(start, "warm"), "median") > 0)
        visit(user, "command to first step, warm", json_object_get(start, "warm"));
    for (size_t i = 0; i < json_array_size(gemm); ++i) walk_list(json_array_get(gemm, i), "products", visit, user);
    for (size_t i = 0; i < json_array_size(kernels); ++i)
        walk_list(json_array_get(kernels, i), "operations", visit, user);
    for (size_t i = 0; i < json_array_size(steps); ++i) {
        const json_t *step = json_array_get(steps, i);
        visit(user, record_case_label(label, step), json_object_get(step, "seconds"));
    }
}
