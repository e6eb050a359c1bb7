/* safsd-cl bench: how fast the chosen devices are at the work of this program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "bench/device_table.h"
#include "bench/result_page.h"
#include "bench/result_json.h"
#include "bench/start_time.h"
#include "bench/result_table.h"
#include "engine/json.h"
#include "base/json_text.h"
#include "base/outfile.h"
#include "base/number.h"
#include "base/text.h"
#include "runtime/gemm.h"

enum { MOST_CASES = 8, BEST_OF = 4, MOST_HIDDEN = 1 << 14, MOST_DIALOGUES = 1 << 12 };

static const bench_effort short_effort = {2, 200, 0.25};

/* What the user asked for. */
typedef struct wish {
    enum { EVERYTHING, GEMM, KERNELS, STEP, START } only;
    bench_case cases[MOST_CASES]; /* shapes and modes */
    size_t count;
    size_t repeat;
    bool patient; /* so many steps were asked for */
} wish;

static bool wants(const wish *w, int part)
{
    return w->only == EVERYTHING || (int)w->only == part;
}

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

static st_status read_wish(wish *w, const opt_line *line, st_error *error)
{
    static const char *const parts[] = {"gemm", "kernels", "step", "start", NULL}, *const modes[] = {"train", "eval",
                                                                                                     NULL};
    static const char *const shapes[] = {"iemocap", "meld", "longest", NULL}; /* the order of bench_shapes */
    enum { USUAL = 2 };                                                       /* so many of them where none is named */
    size_t part = 4, shape = USUAL, mode = 2, hidden = 1024, dialogues = 0;
    w->repeat = 5;
    ST_FORWARD(opt_choice(line, "only", parts, &part, error));
    ST_FORWARD(opt_choice(line, "shape", shapes, &shape, error));
    ST_FORWARD(opt_choice(line, "mode", modes, &mode, error));
    ST_FORWARD(read_count(line, "hidden", MOST_HIDDEN, &hidden, error));
    ST_FORWARD(read_count(line, "dialogues", MOST_DIALOGUES, &dialogues, error));
    ST_FORWARD(read_count(line, "repeat", BENCH_MOST_SAMPLES, &w->repeat, error));
    w->patient = opt_has(line, "repeat");
    w->only = part == 0 ? GEMM : part == 1 ? KERNELS : part == 2 ? STEP : part == 3 ? START : EVERYTHING;
    const bool named = opt_has(line, "shape");
    for (size_t s = 0; shapes[s]; ++s)
        for (size_t m = 0; modes[m]; ++m)
            if ((named ? shape == s : s < USUAL) && (mode == 2 || mode == m))
                w->cases[w->count++] = (bench_case){&bench_shapes[s], hidden, dialogues, m == 0};
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

/* ---- measuring ---- */

static void say(app_state *app, const char *what, const bench_case *of)
{
    if (app_progress_due(&app->progress))
        app_progress_show(&app->progress, "measuring %s: %s %s, H = %zu", what, of->shape->name,
                          of->training ? "train" : "eval", of->hidden);
}

static st_status add_gemm(app_state *app, json_t *entry, rt_context *rt, const bench_case *of,
                          const bench_problem *problem)
{
    bench_products products;
    say(app, "matrix products", of);
    ST_FORWARD(bench_products_create(&products, rt, problem));
    const st_status status = bench_products_measure(&products, rt, short_effort, products.count);
    if (status == ST_OK) json_array_append_new(json_object_get(entry, "gemm"), record_gemm(of, problem, &products));
    bench_products_destroy(&products);
    return status;
}

static st_status add_kernels(app_state *app, json_t *entry, rt_context *rt, const bench_case *of,
                             const bench_problem *problem)
{
    bench_kernels kernels;
    say(app, "operations", of);
    ST_FORWARD(bench_kernels_measure(&kernels, rt, problem, short_effort));
    json_array_append_new(json_object_get(entry, "kernels"), record_kernels(of, problem, &kernels));
    return ST_OK;
}

/* A profile needs a queue of its own kind, so a context of its own. */
static st_status profile_step(const app_state *app, bench_profile *profile, rt_context *rt,
                              const bench_problem *problem, size_t repeat)
{
    rt_context *profiling = NULL;
    const rt_options options = {
        .profile = true, .program = app->program, .gemm = rt_gemm_provider(rt), .tuning = rt_gemm_tuning(rt)};
    ST_FORWARD(rt_context_create(&profiling, rt_device(rt), &options, rt_error(rt)));
    const st_status status = bench_profile_measure(profile, profiling, problem, repeat);
    rt_context_destroy(&profiling);
    return status;
}

static st_status add_step(app_state *app, json_t *entry, rt_context *rt, const bench_case *of,
                          const bench_problem *problem, const wish *w)
{
    bench_step step;
    bench_profile *profile = calloc(1, sizeof *profile);
    bench_products products = {NULL, 0};
    st_status status = ST_OK;
    if (!profile) return st_fail(&app->error, ST_FAILED, "out of memory for a profile");
    say(app, "steps", of);
    ST_TRY(bench_step_measure(&step, &rt, 1, problem, w->repeat, w->patient));
    say(app, "where the time goes", of);
    ST_TRY(profile_step(app, profile, rt, problem, step.seconds.n < 3 ? 1 : 3));
    ST_TRY(bench_products_create(&products, rt, problem));
    ST_TRY(bench_products_measure(&products, rt, short_effort, BEST_OF));
    json_array_append_new(json_object_get(entry, "step"), record_step(of, &step, profile, &products));
done:
    bench_products_destroy(&products);
    free(profile);
    return status;
}

static st_status measure_case(app_state *app, json_t *entry, rt_context *rt, const bench_case *of, const wish *w)
{
    bench_problem problem;
    st_status status = ST_OK;
    ST_FORWARD(bench_problem_create(&problem, of, &app->error));
    if (wants(w, GEMM)) ST_TRY(add_gemm(app, entry, rt, of, &problem));
    if (wants(w, KERNELS) && of->training) ST_TRY(add_kernels(app, entry, rt, of, &problem));
    if (wants(w, STEP)) ST_TRY(add_step(app, entry, rt, of, &problem, w));
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

static st_status add_start(app_state *app, json_t *entry, rt_context *rt, const bench_case *of)
{
    start_times times;
    bench_problem problem;
    say(app, "the first step of a run", of);
    ST_FORWARD(start_measure(&times, app->program, rt_device(rt), of, &app->error));
    ST_FORWARD(bench_problem_create(&problem, of, &app->error));
    json_object_set_new(entry, "start", record_start(of, &problem, &times));
    bench_problem_destroy(&problem);
    return ST_OK;
}

static st_status measure_device(app_state *app, json_t *devices, const wish *w)
{
    rt_context *rt = NULL;
    ST_FORWARD(app_open_device(app, (en_device_options){0}, &rt));
    json_t *entry =
        json_pack("{s:o, s:s, s:I, s:[], s:[], s:[]}", "device", en_json_device(rt_device(rt)), "gemm_provider",
                  rt_gemm_provider(rt), "vector_width", (json_int_t)rt_vector_width(rt), "gemm", "kernels", "step");
    st_status status = entry ? ST_OK : st_fail(&app->error, ST_FAILED, "out of memory for the results");
    if (status == ST_OK && w->only == EVERYTHING) status = add_transfers(entry, rt);
    if (status == ST_OK && wants(w, START)) status = add_start(app, entry, rt, &w->cases[0]);
    for (size_t i = 0; status == ST_OK && i < w->count; ++i) status = measure_case(app, entry, rt, &w->cases[i], w);
    rt_context_destroy(&rt);
    app_progress_clear(&app->progress);
    json_array_append_new(devices, entry);
    return status;
}

static const char *selectors_of(const app_state *app)
{
    const char *variable = getenv("SAFSD_CL_DEVICE");
    return app->device ? app->device : variable && *variable ? variable : "auto";
}

/* One device after another, from a list with commas. */
static st_status measure_devices(app_state *app, json_t *devices, const wish *w)
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
        status = measure_device(app, devices, w);
        at += length;
    } while (status == ST_OK && *at++ == ',');
    app->device = given;
    return status;
}

/* Several devices train and do nothing else. */
static st_status check_together(app_state *app, const wish *w)
{
    bool training = false;
    for (size_t i = 0; i < w->count; ++i) training = training || w->cases[i].training;
    if (!strchr(selectors_of(app), ','))
        return st_fail(&app->error, ST_USAGE, "--together takes several devices, such as --device 0,1");
    if (!training || !wants(w, STEP))
        return st_fail(&app->error, ST_USAGE,
                       "--together measures steps of training: leave out --mode eval and --only");
    return ST_OK;
}

/* All devices as one, in every case of training. */
static st_status measure_together(app_state *app, json_t *root, const wish *w)
{
    en_devices devices;
    json_t *together = json_pack("{s:[], s:[]}", "devices", "step");
    st_status status = app_open_devices(app, (en_device_options){0}, EN_MOST_DEVICES, &devices);
    for (size_t i = 0; i < devices.count; ++i)
        json_array_append_new(json_object_get(together, "devices"),
                              json_string(rt_device(devices.contexts[i])->selector));
    for (size_t i = 0; i < w->count && status == ST_OK; ++i) {
        bench_problem problem;
        bench_step step;
        if (!w->cases[i].training) continue;
        say(app, "all devices as one", &w->cases[i]);
        status = bench_problem_create(&problem, &w->cases[i], &app->error);
        if (status != ST_OK) break;
        status = bench_step_measure(&step, devices.contexts, devices.count, &problem, w->repeat, w->patient);
        if (status == ST_OK)
            json_array_append_new(json_object_get(together, "step"), record_together(&w->cases[i], &step));
        bench_problem_destroy(&problem);
    }
    en_devices_close(&devices);
    json_object_set_new(root, "together", together);
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
static bool has_common(const json_t *old, const wish *w)
{
    static const struct {
        int part;
        const char *key;
    } parts[] = {{GEMM, "gemm"}, {KERNELS, "kernels"}, {STEP, "step"}};
    const json_t *devices = json_object_get(old, "devices");
    for (size_t i = 0; i < json_array_size(devices); ++i) {
        const json_t *entry = json_array_get(devices, i);
        if (w->only == EVERYTHING && json_object_get(entry, "transfers")) return true;
        if (wants(w, START) && json_object_get(entry, "start")) return true;
        for (size_t p = 0; p < sizeof parts / sizeof *parts; ++p)
            for (size_t c = 0; c < w->count && wants(w, parts[p].part); ++c)
                if (has_case(json_object_get(entry, parts[p].key), &w->cases[c])) return true;
    }
    return false;
}

/* The run to compare with. Where it is of no use, that is found before anything is measured. */
static st_status load_compared(json_t **old, const opt_line *line, const wish *w, st_error *error)
{
    const char *path = opt_value(line, "compare");
    ST_FORWARD(record_load(old, path, error));
    if (!path || opt_has(line, "show") || has_common(*old, w)) return ST_OK;
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
    wish w = {.count = 0};
    json_t *old = NULL;
    char date[RECORD_DATE];
    json_t *root = json_pack("{s:s, s:s, s:s, s:[]}", "program", APP_NAME, "version", SAFSD_VERSION, "date",
                             record_date(date), "devices");
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
    {"only", 0, "PART", "gemm, kernels, step or start; without it all of them, and transfers"},
    {"shape", 0, "SHAPE", "iemocap, meld or longest, a single dialogue of 512 utterances (default: the first two)"},
    {"mode", 0, "MODE", "train or eval (default: both)"},
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
