/* safsd-cl tune: which matrix products are fastest on this device. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "base/clock.h"
#include "app/interrupt.h"
#include "base/print.h"
#include "engine/settings.h"
#include "app/overrides.h"
#include "engine/data_source.h"
#include "bench/search.h"
#include "base/number.h"
#include "base/text.h"
#include "runtime/gemm.h"
#include "runtime/tuning_file.h"

enum { DEFAULT_BUDGET = 60, MOST_BUDGET = 7 * 24 * 3600, NAME_COLUMNS = 34, MOST_LINES = 24 };

/* A line of the table. */
typedef struct tried {
    bench_candidate candidate;
    bench_trial trial;
} tried;

typedef struct tune_run {
    app_state *app;
    app_interrupt *interrupt;
    rt_context *rt;
    bench_tuner *tuner;
    bench_search search;
    double started, budget;
    bool untimed; /* the candidate is a provider as it is, and none has worked yet: measured whatever the budget */
    size_t count; /* candidates tried */
    tried lines[MOST_LINES];
    size_t line_count;
} tune_run;

/* ---- the problem ---- */

static st_status read_budget(tune_run *t, const opt_line *line)
{
    const char *text = opt_value(line, "budget");
    uint64_t seconds = DEFAULT_BUDGET;
    if (text && (number_uint64(text, &seconds) != NUMBER_OK || seconds < 1 || seconds > MOST_BUDGET))
        return st_fail(&t->app->error, ST_USAGE, "--budget %.64s: it takes a number of seconds from 1 to %d", text,
                       MOST_BUDGET);
    t->budget = (double)seconds;
    return ST_OK;
}

/* The model of a configuration on its data, as many dialogues at a time as a training takes. */
static st_status configured_problem(tune_run *t, bench_problem *problem, const char *path)
{
    st_error *error = &t->app->error;
    cfg_config config = {0};
    ds_dataset *data = NULL;
    st_status status = ST_OK;
    ST_TRY(cfg_load(&config, path, (cfg_overrides){NULL, 0}, error));
    ST_TRY(en_data_load(&data, &config, true, error));
    ST_TRY(en_settings_model(&problem->config, &config, data, error));
    ST_TRY(en_settings_tables(&problem->tables, &config, data, error));
    problem->extent = nn_extent_of(data, en_settings_part(&config));
    problem->training = true;
done:
    ds_destroy(&data);
    cfg_destroy(&config);
    return status;
}

static st_status make_problem(tune_run *t, bench_problem *problem, const opt_line *line)
{
    const bench_case usual = {&bench_shapes[0], 1024, 0, true};
    memset(problem, 0, sizeof *problem);
    if (opt_has(line, "config")) return configured_problem(t, problem, opt_value(line, "config"));
    return bench_problem_create(problem, &usual, &t->app->error);
}

/* ---- the search ---- */

static double elapsed(const tune_run *t)
{
    return clock_seconds() - t->started;
}

static bool stop(void *user)
{
    const tune_run *t = user;
    return app_interrupt_asked(t->interrupt) || (!t->untimed && elapsed(t) >= t->budget);
}

static void show(tune_run *t, const bench_candidate *candidate)
{
    const double best = bench_search_best(&t->search);
    if (!app_progress_due(&t->app->progress)) return;
    if (best > 0)
        app_progress_show(&t->app->progress, "%.0f of %.0f s, %zu tried, best %.1f GFLOP/s; now %s", elapsed(t),
                          t->budget, t->count, 1e-9 * bench_tuner_flops(t->tuner) / best, candidate->name);
    else
        app_progress_show(&t->app->progress, "%.0f of %.0f s; now %s", elapsed(t), t->budget, candidate->name);
}

/* Lines of the table: what was wrong, every form of a provider, and what was the best of its provider so far. */
static void keep_line(tune_run *t, const bench_candidate *candidate, const bench_trial *trial)
{
    for (size_t i = 0; i < t->line_count; ++i) {
        tried *old = &t->lines[i];
        if (strcmp(old->candidate.name, candidate->name) != 0) continue;
        if (trial->outcome == BENCH_MEASURED && trial->seconds < old->trial.seconds) old->trial = *trial;
        return;
    }
    if (t->line_count < MOST_LINES) t->lines[t->line_count++] = (tried){*candidate, *trial};
}

static void say_wrong(tune_run *t, const bench_candidate *candidate, const bench_trial *trial)
{
    if (trial->outcome == BENCH_WRONG)
        app_progress_say(&t->app->progress, "%s is discarded: %s", candidate->name, trial->why);
    else if (t->app->verbose && trial->outcome == BENCH_REFUSED)
        app_progress_say(&t->app->progress, "%s does not work: %s", candidate->name, trial->why);
}

static st_status try_next(tune_run *t, bool *more)
{
    bench_candidate candidate;
    bench_trial trial;
    *more = bench_search_next(&t->search, &candidate);
    if (!*more) return ST_OK;
    const bool plain = strchr(candidate.name, ' ') == NULL;
    t->untimed = plain && bench_search_best(&t->search) == 0;
    *more = t->untimed || elapsed(t) + bench_search_cost(&t->search, &candidate) / 2 < t->budget;
    if (!*more) return ST_OK;
    show(t, &candidate);
    const double before = clock_seconds();
    const bench_limits limits = {bench_search_limit(&t->search, &candidate), stop, t};
    ST_FORWARD(bench_tuner_try(t->tuner, &candidate, limits, &trial));
    const bool better = bench_search_learn(&t->search, &candidate, &trial, clock_seconds() - before);
    ++t->count;
    say_wrong(t, &candidate, &trial);
    if (t->search.note[0]) app_progress_say(&t->app->progress, "%.0f s: %s", elapsed(t), t->search.note);
    if (plain || better || trial.outcome == BENCH_WRONG) keep_line(t, &candidate, &trial);
    return ST_OK;
}

static st_status search(tune_run *t)
{
    bool more = true;
    bench_search_start(&t->search, t->rt);
    do {
        ST_FORWARD(try_next(t, &more));
        t->untimed = false;
    } while (more && !app_interrupt_asked(t->interrupt));
    return ST_OK;
}

/* ---- the results ---- */

static void print_rate(double rate)
{
    if (rate > 0)
        text_print(stdout, " %10.1f", 1e-9 * rate);
    else
        printf(" %10s", "-");
}

static void print_line(const tune_run *t, const tried *line, bool chosen)
{
    static const char *const outcomes[] = {[BENCH_MEASURED] = "",
                                           [BENCH_SLOW] = "slow",
                                           [BENCH_WRONG] = "wrong results",
                                           [BENCH_REFUSED] = "does not work",
                                           [BENCH_LATE] = "no time left"};
    print_padded(stdout, line->candidate.name, NAME_COLUMNS, false);
    if (line->trial.outcome == BENCH_MEASURED) {
        print_rate(bench_tuner_flops(t->tuner) / line->trial.seconds);
        for (size_t kind = 0; kind < BENCH_KINDS; ++kind) print_rate(line->trial.rate[kind]);
        fputs(chosen ? " *" : "", stdout);
    } else {
        printf("  %s", outcomes[line->trial.outcome]);
    }
    putchar('\n');
}

static bool is_chosen(const bench_candidate *candidate, const rt_tuning *result)
{
    return strcmp(candidate->tuning.gemm, result->gemm) == 0 &&
           rt_tuning_same(&candidate->tuning, result, result->gemm);
}

static void print_table(const tune_run *t, const rt_tuning *result)
{
    print_padded(stdout, "GFLOP/s", NAME_COLUMNS, false);
    printf(" %10s %10s %10s %10s\n", "step", "x W^T", "dy W", "dy^T x");
    for (size_t i = 0; i < t->line_count; ++i) print_line(t, &t->lines[i], is_chosen(&t->lines[i].candidate, result));
    text_print(stdout, "%zu candidates in %.0f s; * is chosen\n", t->count, elapsed(t));
}

/* Percent by which the result is faster than the fixed rule; the rule itself gains nothing. */
static void find_gain(const tune_run *t, rt_tuning *result)
{
    const double best = bench_search_best(&t->search), rule = t->search.rule_seconds;
    const double gain = best > 0 && rule > best ? 100 * (rule / best - 1) : 0;
    result->gain = gain >= 3 ? (size_t)(gain < 1e6 ? gain + 0.5 : 1e6) : 0;
    if (rule <= 0)
        puts("what the fixed rule would take does not work here");
    else if (result->gain)
        printf("%zu %% faster than untuned\n", result->gain);
    else
        puts("tuning gains nothing here: untuned is as fast");
}

/* Without a folder for it there is a result all the same. */
static st_status store(const tune_run *t, const rt_tuning *result)
{
    char path[RT_TUNING_PATH], remark[160];
    const double best = bench_search_best(&t->search), rule = t->search.rule_seconds;
    if (!rt_tuning_path(rt_device(t->rt), path)) {
        puts("not stored: neither XDG_CACHE_HOME nor HOME names a folder");
        return ST_OK;
    }
    text_format(remark, sizeof remark, APP_NAME " tune: %.1f GFLOP/s; untuned %.1f",
                1e-9 * bench_tuner_flops(t->tuner) / best, rule > 0 ? 1e-9 * bench_tuner_flops(t->tuner) / rule : 0.0);
    ST_FORWARD(rt_tuning_store(result, rt_device(t->rt), remark, &t->app->error));
    printf("stored in %s\n", path);
    return ST_OK;
}

/* What was tried of each provider, and why nothing came of it. */
static st_status explain_failure(tune_run *t)
{
    char text[1024];
    size_t used = 0;
    for (size_t i = 0; i < t->line_count && used < sizeof text; ++i) {
        const tried *line = &t->lines[i];
        const bool wrong = line->trial.outcome == BENCH_WRONG;
        used += (size_t)snprintf(text + used, sizeof text - used, "; %s %s: %s", line->candidate.name,
                                 wrong ? "gives wrong results" : "does not work", line->trial.why);
    }
    for (size_t i = 0; i < GEMM_PROVIDER_COUNT && used < sizeof text; ++i)
        if (!rt_gemm_can_use(i, rt_device(t->rt)))
            used += (size_t)snprintf(text + used, sizeof text - used, "; %s was not tried: it compiles its kernels",
                                     rt_gemm_name(i));
    return st_fail(&t->app->error, ST_CHECK, "no provider of matrix products can be used on this device%s",
                   t->line_count ? text : ": none was tried");
}

static st_status conclude(tune_run *t)
{
    rt_tuning result;
    st_error *error = &t->app->error;
    const bool found = bench_search_result(&t->search, &result);
    app_progress_clear(&t->app->progress);
    if (t->line_count > 0) print_table(t, &result);
    if (found) find_gain(t, &result);
    if (found) ST_FORWARD(store(t, &result));
    if (app_interrupt_asked(t->interrupt))
        return st_fail(error, ST_INTERRUPTED,
                       found ? "interrupted: what was found so far is kept" : "interrupted before anything was found");
    return found ? ST_OK : explain_failure(t);
}

/* ---- the command ---- */

static st_status tune(tune_run *t, const opt_line *line)
{
    bench_problem problem;
    memset(&problem, 0, sizeof problem);
    st_status status = ST_OK;
    ST_TRY(read_budget(t, line));
    ST_TRY(app_interrupt_start(&t->interrupt, t->app->quiet, &t->app->error));
    ST_TRY(make_problem(t, &problem, line));
    ST_TRY(app_open_device(t->app, (en_device_options){.untuned = true}, &t->rt));
    ST_TRY(bench_tuner_create(&t->tuner, t->rt, &problem));
    t->started = clock_seconds();
    app_interrupt_arm(t->interrupt);
    app_progress_say(&t->app->progress, "measuring products that are %.0f %% of the work of a step, %.3g GFLOP",
                     100 * bench_tuner_share(t->tuner), 1e-9 * bench_tuner_flops(t->tuner));
    const st_status searched = search(t);
    if (searched != ST_OK && bench_search_best(&t->search) == 0) {
        status = searched;
        goto done;
    }
    if (searched != ST_OK) {
        app_progress_say(&t->app->progress, "the search ends here: %s", t->app->error.text);
        st_clear(&t->app->error);
    }
    status = conclude(t);
done:
    bench_tuner_destroy(&t->tuner);
    rt_context_destroy(&t->rt);
    bench_problem_destroy(&problem);
    app_interrupt_stop(&t->interrupt);
    return status;
}

static st_status run(app_state *app, const opt_line *line)
{
    tune_run *t = calloc(1, sizeof *t);
    if (!t) return st_fail(&app->error, ST_FAILED, "out of memory while starting");
    t->app = app;
    const st_status status = tune(t, line);
    free(t);
    return status;
}

static const opt_option options[] = {
    {"config", 0, "FILE", "measure the model of this configuration on its data (default: the IEMOCAP shape, H = 1024)"},
    {"budget", 0, "SECONDS", "how long to search (default 60); what is found first is kept"},
    {NULL, 0, NULL, NULL},
};

const app_command cmd_tune = {
    .name = "tune",
    .synopsis = "[--config FILE] [--budget SECONDS]",
    .summary = "find the fastest matrix products for the device, and keep them",
    .description =
        "Measures the providers of matrix products, own kernels first, then variants of the best and parameters of "
        "libraries, on the products of a training step. It compares every result with a reference and stores the "
        "fastest for this device, driver and version of the program. The search ends before its budget where nothing "
        "more is gained, and Ctrl-C keeps what was found. Every later command uses it unless [runtime] gemm names a "
        "provider. A run never measures: without a tuning it follows a fixed rule. The file, plain text, lies in "
        "safsd-cl/tuning in XDG_CACHE_HOME, or in .cache at home; remove it to go back.",
    .example = "  safsd-cl tune\n"
               "  safsd-cl --device gpu tune --config config/meld.ini --budget 300\n",
    .options = options,
    .least_operands = 0,
    .most_operands = 0,
    .run = run,
};
