/* safsd-cl bench: how fast the chosen devices are at the work of this program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "bench/device_table.h"
#include "bench/measure.h"
#include "bench/result_page.h"
#include "bench/result_json.h"
#include "bench/start_time.h"
#include "bench/result_table.h"
#include "engine/json.h"
#include "base/clock.h"
#include "base/json_text.h"
#include "base/outfile.h"
#include "base/number.h"
#include "base/text.h"
#include "runtime/gemm.h"

enum { MOST_HIDDEN = 1 << 14, MOST_DIALOGUES = 1 << 12 };

/* ---- the command line ---- */

static st_status read_count(const opt_line *line, const char *name, size_t most, size_t *value, st_error *error)
{
    const char *text = opt_value(line, name);
    uint64_t number = 0;
    if (!text) return ST_OK;
    if (number_uint64(text, &number) != NUMBER_OK || number < 1 || number > most)
        return st_fail(error, ST_USAGE, "--%s %.64s: it takes a number from 1 to %zu", name, text, most);
    *value = (size_t)number;
    return ST_OK;
}

static st_status read_wish(bench_plan *plan, const opt_line *line, st_error *error)
{
    static const char *const parts[] = {"gemm", "kernels", "step", "start", NULL}, *const modes[] = {"train", "eval",
                                                                                                     NULL};
    static const char *const shapes[] = {"iemocap", "meld", "longest", NULL}; /* the order of bench_shapes */
    enum { USUAL = 2 };                                                       /* so many of them where none is named */
    size_t part = 4, shape = USUAL, mode = 2, hidden = 1024, dialogues = 0;
    plan->repeat = 5;
    ST_FORWARD(opt_choice(line, "only", parts, &part, error));
    ST_FORWARD(opt_choice(line, "shape", shapes, &shape, error));
    ST_FORWARD(opt_choice(line, "mode", modes, &mode, error));
    ST_FORWARD(read_count(line, "hidden", MOST_HIDDEN, &hidden, error));
    ST_FORWARD(read_count(line, "dialogues", MOST_DIALOGUES, &dialogues, error));
    ST_FORWARD(read_count(line, "repeat", BENCH_MOST_SAMPLES, &plan->repeat, error));
    plan->patient = opt_has(line, "repeat");
    plan->only = part == 0   ? BENCH_GEMM
                 : part == 1 ? BENCH_KERNELS
                 : part == 2 ? BENCH_STEP
                 : part == 3 ? BENCH_START
                             : BENCH_EVERYTHING;
    const bool named = opt_has(line, "shape");
    for (size_t s = 0; shapes[s]; ++s)
        for (size_t m = 0; modes[m]; ++m)
            if ((named ? shape == s : s < USUAL) && (mode == 2 || mode == m))
                plan->cases[plan->count++] = (bench_case){&bench_shapes[s], hidden, dialogues, m == 0};
    return ST_OK;
}

/* --once: the first step of one case, then one line with its loss, for a stopwatch around the program. */
static st_status run_once(app_state *app, const bench_case *of)
{
    rt_context *rt = NULL;
    bench_problem problem;
    bench_worker worker;
    ST_FORWARD(bench_problem_create(&problem, of, &app->error));
    st_status status = app_open_device(app, (en_device_options){0}, &rt);
    if (status == ST_OK) {
        status = bench_worker_create(&worker, rt, &problem);
        if (status == ST_OK) {
            status = bench_worker_once(&worker);
            if (status == ST_OK) text_print(stdout, "loss %.9g\n", (double)worker.loss);
            fflush(stdout);
            bench_worker_destroy(&worker);
        }
    }
    rt_context_destroy(&rt);
    bench_problem_destroy(&problem);
    return status;
}

/* ---- devices ---- */

static void say(void *user, const char *what, const bench_case *of)
{
    app_state *app = user;
    if (app_progress_due(&app->progress))
        app_progress_show(&app->progress, "measuring %s: %s %s, H = %zu", what, of->shape->name,
                          of->training ? "train" : "eval", of->hidden);
}

static st_status measure_device(app_state *app, json_t *devices, const bench_plan *plan)
{
    rt_context *rt = NULL;
    ST_FORWARD(app_open_device(app, (en_device_options){0}, &rt));
    const st_status status = bench_measure_device(devices, rt, plan);
    rt_context_destroy(&rt);
    app_progress_clear(&app->progress);
    return status;
}

static const char *selectors_of(const app_state *app)
{
    const char *variable = getenv("SAFSD_CL_DEVICE");
    return app->device ? app->device : variable && *variable ? variable : "auto";
}

/* One device after another, from a list with commas. */
static st_status measure_devices(app_state *app, json_t *devices, const bench_plan *plan)
{
    const char *const given = app->device, *at = selectors_of(app);
    st_status status = ST_OK;
    do {
        char selector[256];
        const size_t length = strcspn(at, ",");
        if (length >= sizeof selector)
            return st_fail(&app->error, ST_USAGE, "a device selector of %zu characters is too long", length);
        memcpy(selector, at, length);
        selector[length] = '\0';
        app->device = selector;
        status = measure_device(app, devices, plan);
        at += length;
    } while (status == ST_OK && *at++ == ',');
    app->device = given;
    return status;
}

/* Several devices train and do nothing else. */
static st_status check_together(app_state *app, const bench_plan *plan)
{
    bool training = false;
    for (size_t i = 0; i < plan->count; ++i) training = training || plan->cases[i].training;
    if (!strchr(selectors_of(app), ','))
        return st_fail(&app->error, ST_USAGE, "--together takes several devices, such as --device 0,1");
    if (!training || !bench_wants(plan, BENCH_STEP))
        return st_fail(&app->error, ST_USAGE,
                       "--together measures steps of training: leave out --mode eval and --only");
    return ST_OK;
}

static st_status measure_together(app_state *app, json_t *root, const bench_plan *plan)
{
    en_devices devices;
    ST_FORWARD(app_open_devices(app, (en_device_options){0}, EN_MOST_DEVICES, &devices));
    const st_status status = bench_measure_together(root, &devices, plan);
    en_devices_close(&devices);
    return status;
}

/* ---- the command ---- */

static bool has_case(const json_t *list, const bench_case *wanted)
{
    for (size_t i = 0; i < json_array_size(list); ++i) {
        const json_t *item = json_array_get(list, i);
        if (strcmp(record_text(item, "shape"), wanted->shape->name) == 0 &&
            strcmp(record_text(item, "mode"), wanted->training ? "train" : "eval") == 0 &&
            (size_t)record_real(item, "hidden") == wanted->hidden)
            return true;
    }
    return false;
}

/* Whether an earlier run measured anything of what this one will. */
static bool has_common(const json_t *old, const bench_plan *plan)
{
    static const struct {
        bench_part part;
        const char *key;
    } parts[] = {{BENCH_GEMM, "gemm"}, {BENCH_KERNELS, "kernels"}, {BENCH_STEP, "step"}};
    const json_t *devices = json_object_get(old, "devices");
    for (size_t i = 0; i < json_array_size(devices); ++i) {
        const json_t *entry = json_array_get(devices, i);
        if (plan->only == BENCH_EVERYTHING && json_object_get(entry, "transfers")) return true;
        if (bench_wants(plan, BENCH_START) && json_object_get(entry, "start")) return true;
        for (size_t p = 0; p < sizeof parts / sizeof *parts; ++p)
            for (size_t c = 0; c < plan->count && bench_wants(plan, parts[p].part); ++c)
                if (has_case(json_object_get(entry, parts[p].key), &plan->cases[c])) return true;
    }
    return false;
}

/* The run to compare with. Where it is of no use, that is found before anything is measured. */
static st_status load_compared(json_t **old, const opt_line *line, const bench_plan *plan, st_error *error)
{
    const char *path = opt_value(line, "compare");
    ST_FORWARD(record_load(old, path, error));
    if (!path || opt_has(line, "show") || has_common(*old, plan)) return ST_OK;
    return st_fail(error, ST_USAGE,
                   "%.512s has nothing of what is to be measured; choose --only, --shape, --mode and --hidden as they "
                   "were for it",
                   path);
}

/* A page that cannot be written is found before anything is measured. */
static st_status check_page(const char *path, st_error *error)
{
    outfile file;
    if (!path) return ST_OK;
    ST_FORWARD(outfile_open(&file, path, error));
    outfile_close(&file);
    return ST_OK;
}

static st_status print_results(const json_t *root, const json_t *old, bool as_json, bool verbose, st_error *error)
{
    const json_t *devices = json_object_get(root, "devices");
    if (as_json) {
        char *text = NULL;
        ST_FORWARD(en_json_pretty(json_incref((json_t *)root), &text, error));
        fputs(text, stdout);
        free(text);
        if (old) table_print_changes(stderr, old, root);
        return ST_OK;
    }
    const bool several = json_array_size(devices) > 1;
    if (several) devices_print(stdout, root);
    for (size_t i = 0; i < json_array_size(devices) && (!several || verbose); ++i) {
        if (several) fputc('\n', stdout);
        table_print_device(stdout, json_array_get(devices, i));
    }
    devices_print_together(stdout, root);
    if (old) table_print_changes(stdout, old, root);
    return ST_OK;
}

static st_status run(app_state *app, const opt_line *line)
{
    bench_plan w = {.program = app->program, .progress = say, .user = app};
    json_t *old = NULL;
    char date[CLOCK_DATE_SIZE];
    json_t *root = json_pack("{s:s, s:s, s:s, s:[]}", "program", APP_NAME, "version", SAFSD_VERSION, "date",
                             clock_date(date), "devices");
    st_status status = ST_OK;
    if (!root) return st_fail(&app->error, ST_FAILED, "out of memory for the results");
    ST_TRY(read_wish(&w, line, &app->error));
    if (opt_has(line, "once")) {
        status = run_once(app, &w.cases[0]);
        goto done;
    }
    ST_TRY(load_compared(&old, line, &w, &app->error));
    if (opt_has(line, "together")) ST_TRY(check_together(app, &w));
    ST_TRY(check_page(opt_value(line, "html"), &app->error));
    ST_TRY(record_load(&root, opt_value(line, "show"), &app->error));
    if (!opt_has(line, "show")) {
        ST_TRY(measure_devices(app, json_object_get(root, "devices"), &w));
        if (opt_has(line, "together")) ST_TRY(measure_together(app, root, &w));
    }
    ST_TRY(print_results(root, old, opt_has(line, "json"), app->verbose, &app->error));
    if (opt_value(line, "html")) ST_TRY(page_write(opt_value(line, "html"), root, &app->error));
done:
    json_decref(old);
    json_decref(root);
    return status;
}

static const opt_option options[] = {
    {"only", 0, "gemm|kernels|step|start", "one part; without it all of them, and transfers"},
    {"shape", 0, "iemocap|meld|longest",
     "the batch; longest is a single dialogue of 512 utterances (default: the other two)"},
    {"mode", 0, "train|eval", "training or evaluation steps (default: both)"},
    {"hidden", 0, "H", "hidden width (default 1024)"},
    {"dialogues", 0, "N", "dialogues of the batch: the shape's list repeated or cut"},
    {"repeat", 0, "R", "steps that are timed (default 5, or as many as fit 30 s)"},
    {"together", 0, NULL, "also one model on all the devices, as train --device 0,1 does it"},
    {"once", 0, NULL, "nothing but the first step of one case: for a stopwatch around it"},
    {"json", 0, NULL, "the results for programs; changes then go to stderr"},
    {"compare", 0, "OLD.json", "also what changed against an earlier run by more than the noise"},
    {"html", 0, "OUT.html", "also a page with bars per device and a roofline"},
    {"show", 0, "OLD.json", "measures nothing: tables, page and changes of that run"},
    {NULL, 0, NULL, NULL},
};

const app_command cmd_bench = {
    .name = "bench",
    .synopsis = "[--only gemm|kernels|step|start] [--shape SHAPE] [--mode MODE] [--json]",
    .summary = "measure devices: transfers, matrix products, kernels, whole steps",
    .description =
        "Measures the chosen devices at the work of this program, on random data of the shape of IEMOCAP (16 "
        "dialogues, 752 utterances) or MELD (16 dialogues, 143 utterances): moving data, every matrix product "
        "and every other operation of a step, whole steps of training with Adam and of evaluation, and the time from "
        "a command to the end of its first step, with and without compiled kernels kept (--only start: nothing else). "
        "Times are medians. Several devices, with commas, are compared in one table; --verbose adds a table of each.",
    .example = "  safsd-cl bench --only step --shape iemocap --mode train\n"
               "  safsd-cl --device 0,1 bench --json > now.json\n"
               "  safsd-cl --device 0,1 bench --only step --mode train --together\n"
               "  safsd-cl bench --compare now.json\n"
               "  safsd-cl bench --show now.json --html now.html\n",
    .options = options,
    .least_operands = 0,
    .most_operands = 0,
    .run = run,
};
