/* safsd-cl train: one training run. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "app/carried.h"
#include "app/outcome.h"
#include "engine/predictions.h"
#include "base/print.h"
#include "app/profiling.h"
#include "engine/settings.h"
#include "app/source.h"
#include "app/training.h"
#include "model/training/recipe.h"

/* Everything a run needs, from the command line to the trainer; undone by destroy(). */
typedef struct train_run {
    app_state *app;
    const opt_line *line;
    app_interrupt *interrupt;
    cfg_config config;
    char *configuration; /* the effective one, as text */
    nn_checkpoint *resume;
    en_directory dir;
    char best[EN_PATH_SIZE], last[EN_PATH_SIZE];
    ds_dataset *data;
    ds_statistics statistics;
    nn_class_tables tables;
    nn_trainer_options options;
    app_training training;
    app_profiling profiling;
    rt_context *rt; /* the first of `devices` */
    rt_context *devices[APP_MOST_DEVICES];
    size_t device_count;
    nn_trainer *trainer;
    double started; /* clock, less the seconds of earlier runs */
} train_run;

static void destroy(train_run *run)
{
    nn_trainer_destroy(&run->trainer);
    profiling_destroy(&run->profiling);
    for (size_t d = run->device_count; d-- > 0;) rt_context_destroy(&run->devices[d]);
    nn_class_tables_destroy(&run->tables);
    ds_statistics_destroy(&run->statistics);
    ds_destroy(&run->data);
    nn_checkpoint_close(&run->resume);
    free(run->configuration);
    cfg_destroy(&run->config);
    en_directory_close(&run->dir);
    app_interrupt_stop(&run->interrupt);
}

/* ---- before the first step ---- */

/* config.ini says what the run to go on with did, and not what it shall do: whoever has changed it is told. Where it is
 * missing nobody has. */
static st_status compare_written(train_run *run, cfg_overrides overrides)
{
    char path[EN_PATH_SIZE];
    cfg_config written = {0};
    st_error unreadable = {.status = ST_OK};
    if (access(en_directory_file(&run->dir, "config.ini", path), F_OK) != 0 && errno == ENOENT) return ST_OK;
    if (cfg_load(&written, path, (cfg_overrides){NULL, 0}, &unreadable) != ST_OK) {
        app_progress_say(&run->app->progress, "%s; it is not used and is written anew", unreadable.text);
        return ST_OK;
    }
    const st_status status = carried_warn(run->app, path, &written, overrides, run->resume, carried_by_run);
    cfg_destroy(&written);
    return status;
}

/* The configuration of the file, of the run to go on with, or the built-in one. */
static st_status load_configuration(train_run *run)
{
    st_error *error = &run->app->error;
    const char *resume = opt_value(run->line, "resume");
    const char *file = run->line->operand_count > 0 ? run->line->operands[0] : NULL;
    cfg_overrides overrides = {NULL, 0};
    if (resume && (file || opt_has(run->line, "out")))
        return st_fail(error, ST_USAGE,
                       "--resume takes its configuration and its directory from the run: give neither a file nor --out "
                       "(change values with --set)");
    ST_FORWARD(source_overrides(&overrides, run->line, error));
    st_status status = ST_OK;
    if (resume) {
        ST_TRY(en_directory_open(&run->dir, resume, error));
        ST_TRY(nn_checkpoint_open(&run->resume, en_directory_file(&run->dir, "last.safetensors", run->last), error));
        if (!run->resume->resumable)
            ST_TRY(st_fail(error, ST_USAGE, "%s holds no run that could be resumed", run->last));
        ST_TRY(cfg_load_text(&run->config, run->resume->about.configuration, run->last, NULL, overrides, error));
        ST_TRY(compare_written(run, overrides));
    } else if (file) {
        ST_TRY(cfg_load(&run->config, file, overrides, error));
    } else {
        ST_TRY(cfg_load_text(&run->config, cfg_demo_text(), "the built-in demo.ini", NULL, overrides, error));
    }
    status = cfg_write(&run->config, &run->configuration, error);
done:
    free((void *)overrides.items);
    return status;
}

/* [experiment] seeds is for several runs. */
static void say_seeds(const train_run *run)
{
    const cfg_experiment *experiment = &run->config.experiment;
    if (experiment->seeds.count > 0)
        app_progress_say(
            &run->app->progress,
            "train makes one run, with [experiment] seed = %llu; the %zu seeds of [experiment] seeds are not used",
            (unsigned long long)experiment->seed, experiment->seeds.count);
}

static st_status load_data(train_run *run)
{
    st_error *error = &run->app->error;
    ST_FORWARD(source_load(&run->data, &run->config, true, error));
    if (run->config.data.standardize) {
        ST_FORWARD(ds_statistics_measure(run->data, &run->statistics, error));
        ST_FORWARD(ds_standardize(run->data, &run->statistics, error));
        run->options.statistics = &run->statistics;
    }
    size_t dialogues[DS_SPLITS] = {0}, utterances[DS_SPLITS] = {0};
    for (ds_split split = DS_TRAIN; split < DS_SPLITS; ++split)
        dialogues[split] = ds_select(run->data, split, NULL, &utterances[split]);
    app_progress_say(&run->app->progress,
                     "data: %zu dialogues (%zu utterances) to train on, %zu (%zu) to validate, %zu (%zu) to test; %zu "
                     "classes",
                     dialogues[DS_TRAIN], utterances[DS_TRAIN], dialogues[DS_VALID], utterances[DS_VALID],
                     dialogues[DS_TEST], utterances[DS_TEST], run->data->classes);
    return ST_OK;
}

static st_status make_directory(train_run *run)
{
    st_error *error = &run->app->error;
    if (!run->resume)
        ST_FORWARD(en_directory_create(&run->dir, opt_value(run->line, "out"), run->config.experiment.name, error));
    en_directory_file(&run->dir, "best.safetensors", run->best);
    en_directory_file(&run->dir, "last.safetensors", run->last);
    return ST_OK;
}

/* How many devices a run to be resumed had, and how summary.json, where there is one, names them. */
static size_t earlier_devices(const train_run *run, char *selectors, size_t size)
{
    char path[EN_PATH_SIZE];
    json_t *recipe = json_loads(run->resume->recipe, 0, NULL);
    json_t *summary = json_load_file(en_directory_file(&run->dir, "summary.json", path), 0, NULL);
    const json_t *devices = json_object_get(summary, "devices");
    const size_t count = 1 + json_array_size(json_object_get(recipe, "workers"));
    size_t used = 0;
    selectors[0] = '\0';
    for (size_t d = 0; d < count && json_array_size(devices) == count && used < size; ++d) {
        const char *selector = json_string_value(json_object_get(json_array_get(devices, d), "selector"));
        used += (size_t)snprintf(selectors + used, size - used, "%s%s", d > 0 ? "," : "", selector ? selector : "");
    }
    json_decref(summary);
    json_decref(recipe);
    return count;
}

/* The parts of a batch, and with them the numbers, depend on how many devices share it. */
static st_status check_device_count(const train_run *run)
{
    char selectors[256];
    if (!run->resume) return ST_OK;
    const size_t count = earlier_devices(run, selectors, sizeof selectors);
    if (count == run->device_count) return ST_OK;
    if (count == 1)
        return st_fail(&run->app->error, ST_USAGE, "%s was trained on one device, not on %zu: give --device %s",
                       run->dir.path, run->device_count, selectors[0] ? selectors : "A");
    return st_fail(&run->app->error, ST_USAGE, "%s was trained on %zu devices, not on %zu: give --device %s%s",
                   run->dir.path, count, run->device_count, selectors[0] ? selectors : "A,B",
                   selectors[0] || count == 2 ? "" : ",...");
}

/* A resumed run needs the matrix products, their parameters and the vector width that it began with. */
static st_status open_devices(train_run *run)
{
    char gemm[32] = "", width[16] = "", parameters[RT_TUNING_TEXT] = "";
    app_device_options options = {.configured = run->config.runtime.device,
                                  .gemm = cfg_word("runtime.gemm", (int)run->config.runtime.gemm),
                                  .profile = opt_has(run->line, "profile"),
                                  .unchecked = true};
    options.workers_gemm = options.gemm;
    if (run->resume && nn_recipe_value(run->resume->recipe, "gemm", gemm, sizeof gemm)) options.gemm = gemm;
    if (run->resume && nn_recipe_value(run->resume->recipe, "vector_width", width, sizeof width))
        options.vector_width = strtoul(width, NULL, 10);
    if (run->resume && nn_recipe_value(run->resume->recipe, "gemm_parameters", parameters, sizeof parameters))
        options.parameters = parameters;
    ST_FORWARD(app_open_devices(run->app, options, run->devices, APP_MOST_DEVICES, &run->device_count));
    ST_FORWARD(check_device_count(run));
    run->rt = run->devices[0];
    run->options.workers = run->devices + 1;
    run->options.worker_count = run->device_count - 1;
    return ST_OK;
}

static void describe_model(const train_run *run)
{
    char all[PRINT_WORD_SIZE], parts[3][PRINT_WORD_SIZE], has[PRINT_WORD_SIZE], block[PRINT_WORD_SIZE];
    nn_safsd *model = nn_trainer_model(run->trainer);
    const nn_memory memory = nn_safsd_memory(model);
    const rt_device_info *device = rt_device(run->rt);
    app_progress_say(&run->app->progress, "model: %llu parameters; run directory: %s",
                     (unsigned long long)nn_safsd_params(model)->elements, run->dir.path);
    if (!run->app->verbose) return;
    app_progress_say(
        &run->app->progress,
        "device memory: %s (parameters, gradients and moments %s, activations %s, matrix products %s); the "
        "device has %s, in blocks of up to %s",
        print_bytes(all, memory.parameters + memory.activations + memory.gemm),
        print_bytes(parts[0], memory.parameters), print_bytes(parts[1], memory.activations),
        print_bytes(parts[2], memory.gemm), print_bytes(has, device->memory_bytes),
        print_bytes(block, device->largest_block_bytes));
    app_progress_say(&run->app->progress, "%zu steps an epoch, %zu dialogues computed at a time",
                     nn_trainer_batches(run->trainer), nn_trainer_micro_batch(run->trainer));
}

static st_status create_trainer(train_run *run)
{
    st_error *error = &run->app->error;
    nn_trainer_options *options = &run->options;
    ST_FORWARD(en_settings_model(&options->config, &run->config, run->data, error));
    ST_FORWARD(en_settings_tables(&run->tables, &run->config, run->data, error));
    en_settings_trainer(options, &run->config);
    options->data = run->data;
    options->tables = run->tables.tables;
    options->best_path = run->best;
    options->last_path = run->last;
    options->configuration = run->configuration;
    options->resume = run->resume;
    run->training.app = run->app;
    run->training.dir = &run->dir;
    run->training.interrupt = run->interrupt;
    run->training.log_steps = run->config.train.log_steps;
    options->cancel = &run->training.cancel;
    options->hooks = training_hooks(&run->training);
    if (!opt_has(run->line, "profile")) return nn_trainer_create(&run->trainer, run->rt, options);
    run->profiling = (app_profiling){.app = run->app, .devices = run->devices, .count = run->device_count};
    run->training.profiling = &run->profiling;
    ST_FORWARD(profiling_start(&run->profiling));
    const st_status status = nn_trainer_create(&run->trainer, run->rt, options);
    const st_status planned = profiling_planned(&run->profiling);
    return status != ST_OK ? status : planned;
}

/* The files of the directory as they were at the point where the run goes on, or as they are at its start. */
static st_status prepare_files(train_run *run)
{
    st_error *error = &run->app->error;
    const nn_progress *progress = nn_trainer_progress(run->trainer);
    run->started = app_seconds();
    if (run->resume) {
        run->started -= outcome_earlier_seconds(&run->dir);
        ST_FORWARD(en_directory_cut(&run->dir, "metrics.jsonl", "epoch", progress->epoch + 1, error));
        ST_FORWARD(en_directory_cut(&run->dir, "steps.jsonl", "step", progress->step, error));
        app_progress_say(&run->app->progress, "going on after %zu epochs and %u steps", progress->epoch,
                         (unsigned)progress->step);
    }
    nn_checkpoint_close(&run->resume);
    return en_directory_write(&run->dir, "config.ini", run->configuration, error);
}

/* ---- after the last step ---- */

/* The selectors of the devices, with commas. */
static const char *selectors_of(const train_run *run, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t d = 0; d < run->device_count && used < size; ++d)
        used +=
            (size_t)snprintf(text + used, size - used, "%s%s", d > 0 ? "," : "", rt_device(run->devices[d])->selector);
    return text;
}

/* The line that goes on with the run, with the devices where they were chosen on the command line. */
static void say_how_to_resume(const train_run *run)
{
    char quoted[ST_TEXT_SIZE], selectors[256];
    const bool named = run->app->device || run->device_count > 1;
    st_error *error = &run->app->error;
    const size_t used = strlen(error->text);
    snprintf(error->text + used, sizeof error->text - used, "; go on with: " APP_NAME " train --resume %s%s%s",
             print_quoted(quoted, sizeof quoted, run->dir.path), named ? " --device " : "",
             named ? selectors_of(run, selectors, sizeof selectors) : "");
}

/* predictions.csv from the best parameters, which replace the last ones on the device. */
static st_status save_predictions(train_run *run)
{
    st_error *error = &run->app->error;
    char path[EN_PATH_SIZE];
    nn_checkpoint *best = NULL;
    nn_safsd *model = nn_trainer_model(run->trainer);
    nn_evaluator evaluator = en_settings_evaluator(&run->config, run->tables.tables);
    evaluator.part = nn_trainer_micro_batch(run->trainer);
    const en_predictions predictions = {model, &evaluator, run->data, run->data->class_names};
    st_status status = ST_OK;
    ST_TRY(nn_checkpoint_open(&best, run->best, error));
    ST_TRY(nn_checkpoint_load(best, nn_safsd_params(model), NULL, NULL));
    status = en_predictions_save(en_directory_file(&run->dir, "predictions.csv", path), &predictions, error);
done:
    nn_checkpoint_close(&best);
    return status;
}

static st_status conclude(train_run *run, bool finished)
{
    st_error *error = &run->app->error;
    const app_outcome outcome = {
        .config = &run->config,
        .trainer = run->trainer,
        .devices = run->devices,
        .device_count = run->device_count,
        .class_names = run->data->class_names,
        .parameters = nn_safsd_params(nn_trainer_model(run->trainer))->elements,
        .seconds = app_seconds() - run->started,
        .finished = finished,
    };
    ST_FORWARD(outcome_save(&outcome, &run->dir, error));
    if (finished) ST_FORWARD(save_predictions(run));
    if (finished) ST_FORWARD(outcome_print(&outcome, error));
    if (run->training.profiling) ST_FORWARD(profiling_conclude(&run->profiling, &run->dir));
    if (!finished) return ST_OK;
    char time[PRINT_WORD_SIZE];
    app_progress_say(&run->app->progress, "%s: training took %s; everything is in %s",
                     nn_trainer_stopped_early(run->trainer) ? "stopped early" : "finished",
                     print_duration(time, outcome.seconds), run->dir.path);
    return ST_OK;
}

/* ---- the command ---- */

static st_status train(train_run *run)
{
    ST_FORWARD(app_interrupt_start(&run->interrupt, run->app->quiet, &run->app->error));
    if (opt_has(run->line, "out")) ST_FORWARD(en_directory_check(opt_value(run->line, "out"), &run->app->error));
    ST_FORWARD(load_configuration(run));
    say_seeds(run);
    ST_FORWARD(load_data(run));
    ST_FORWARD(open_devices(run));
    ST_FORWARD(make_directory(run));
    for (size_t d = 0; d < run->device_count; ++d)
        ST_FORWARD(app_check_device(run->app, run->devices[d], opt_has(run->line, "force")));
    ST_FORWARD(create_trainer(run));
    describe_model(run);
    ST_FORWARD(prepare_files(run));
    app_interrupt_arm(run->interrupt);
    if (run->app->progress.terminal)
        app_progress_show(&run->app->progress, "the first step: the driver may have to compile for it");
    const st_status status = nn_trainer_run(run->trainer);
    if (status == ST_OK) return conclude(run, true);
    if (status == ST_INTERRUPTED) {
        st_error reason = run->app->error;
        st_clear(&run->app->error);
        ST_FORWARD(conclude(run, false));
        run->app->error = reason;
        say_how_to_resume(run);
    }
    return status;
}

static st_status print_keys(st_error *error)
{
    char *text = NULL;
    ST_FORWARD(cfg_help_keys(&text, error));
    fputs(text, stdout);
    free(text);
    return ST_OK;
}

static st_status run(app_state *app, const opt_line *line)
{
    if (opt_has(line, "help-keys")) return print_keys(&app->error);
    train_run *run = calloc(1, sizeof *run);
    if (!run) return st_fail(&app->error, ST_FAILED, "out of memory while starting");
    run->app = app;
    run->line = line;
    const st_status status = train(run);
    destroy(run);
    free(run);
    return status;
}

static const opt_option options[] = {
    {"set", 0, "S.K=VALUE", "change one value of the configuration: --set train.epochs=5; may be repeated"},
    {"out", 0, "DIR", "the run directory, which must not exist or be empty (default: runs/NAME, runs/NAME-2, ...)"},
    {"resume", 0, "DIR", "go on with the run in DIR where it stopped"},
    {"force", 0, NULL, "train although the self-test says that the device computes wrongly"},
    {"profile", 0, NULL,
     "print where the time of a step goes, and write a trace of the first steps to trace.json (slower)"},
    {"help-keys", 0, NULL, "every key of a configuration with its type, range, default and meaning"},
    {NULL, 0, NULL, NULL},
};

const app_command cmd_train = {
    .name = "train",
    .synopsis = "[CONFIG.ini] [--set SECTION.KEY=VALUE]... [--out DIR | --resume DIR]",
    .summary = "train a model and report what it reaches",
    .description =
        "Trains the model of an INI file, by default the built-in demonstration on made-up data. After every "
        "epoch it evaluates the validation and the test part. At the end it prints both selections: valid, "
        "the epoch that the validation part chooses, which is the one to trust, and test-best, which most "
        "papers print. Ctrl-C finishes the step, saves, and says how to go on.",
    .example = "  safsd-cl train\n"
               "  safsd-cl --device 0 train config/iemocap.ini --set data.path=iemocap.pkl\n"
               "  safsd-cl train --resume runs/iemocap --set train.epochs=100\n",
    .options = options,
    .least_operands = 0,
    .most_operands = 1,
    .run = run,
};
