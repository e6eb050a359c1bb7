/* safsd-cl train: one training run. */
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/interrupt.h"
#include "app/overrides.h"
#include "bench/step_profile.h"
#include "app/selections.h"
#include "app/training_display.h"
#include "base/print.h"
#include "engine/training.h"

typedef struct train_command {
    app_state *app;
    const opt_line *line;
    app_interrupt *interrupt;
    cfg_overrides overrides;
    app_training_display display;
    en_events events;
    bench_step_profile profiling;
    en_devices devices;
    en_training *run;
} train_command;

static void destroy(train_command *c)
{
    en_training_close(&c->run);
    bench_step_profile_destroy(&c->profiling);
    en_devices_close(&c->devices);
    free((void *)c->overrides.items);
    app_interrupt_stop(&c->interrupt);
}

/* ---- before the first step ---- */

static st_status open_run(train_command *c)
{
    st_error *error = &c->app->error;
    const char *resume = opt_value(c->line, "resume");
    const char *file = c->line->operand_count > 0 ? c->line->operands[0] : NULL;
    if (resume && (file || opt_has(c->line, "out")))
        return st_fail(error, ST_USAGE,
                       "--resume takes its configuration and its directory from the run: give neither a file nor --out "
                       "(change values with --set)");
    ST_FORWARD(app_overrides_read(&c->overrides, c->line, error));
    c->display.app = c->app;
    c->events = app_training_events(&c->display);
    const en_training_options options = {.file = file,
                                         .text = cfg_demo_text(),
                                         .text_name = "the built-in demo.ini",
                                         .resume = resume,
                                         .overrides = c->overrides,
                                         .directory = opt_value(c->line, "out"),
                                         .force = opt_has(c->line, "force"),
                                         .cancel = app_interrupt_flag(c->interrupt),
                                         .events = &c->events};
    return en_training_open(&c->run, &options, error);
}

/* The data set must not be a file that the run writes. */
static st_status check_files(train_command *c)
{
    const cfg_data *data = &c->run->config.data;
    app_files *files = &c->app->files;
    char path[EN_PATH_SIZE];
    if (data->path && data->format != CFG_FORMAT_SYNTH)
        ST_FORWARD(app_files_read(files, "[data] path", data->path, &c->app->error));
    for (const char *const *file = en_directory_files; opt_has(c->line, "resume") && *file; ++file)
        ST_FORWARD(
            app_files_write(files, "--resume", en_directory_file(&c->run->directory, *file, path), &c->app->error));
    return ST_OK;
}

static st_status open_devices(train_command *c)
{
    en_device_options options = en_training_devices(c->run);
    options.profile = opt_has(c->line, "profile");
    return app_open_devices(c->app, options, EN_MOST_DEVICES, &c->devices);
}

/* The model is planned between the two calls of the profile, which lists its products. */
static st_status begin(train_command *c)
{
    if (!opt_has(c->line, "profile")) return en_training_begin(c->run);
    c->profiling =
        (bench_step_profile){.events = &c->events, .devices = c->devices.contexts, .count = c->devices.count};
    c->display.profiling = &c->profiling;
    ST_FORWARD(bench_step_profile_start(&c->profiling));
    const st_status status = en_training_begin(c->run);
    const st_status planned = bench_step_profile_planned(&c->profiling);
    return status != ST_OK ? status : planned;
}

static void describe_model(const train_command *c)
{
    char all[PRINT_WORD_SIZE], parts[3][PRINT_WORD_SIZE], has[PRINT_WORD_SIZE], block[PRINT_WORD_SIZE];
    nn_safsd *model = nn_trainer_model(c->run->trainer);
    const nn_memory memory = nn_safsd_memory(model);
    const rt_device_info *device = rt_device(c->devices.contexts[0]);
    app_progress_say(&c->app->progress, "model: %llu parameters; run directory: %s",
                     (unsigned long long)nn_safsd_params(model)->elements, c->run->directory.path);
    if (!c->app->verbose) return;
    app_progress_say(
        &c->app->progress,
        "device memory: %s (parameters, gradients and moments %s, activations %s, matrix products %s); the "
        "device has %s, in blocks of up to %s",
        print_bytes(all, memory.parameters + memory.activations + memory.gemm),
        print_bytes(parts[0], memory.parameters), print_bytes(parts[1], memory.activations),
        print_bytes(parts[2], memory.gemm), print_bytes(has, device->memory_bytes),
        print_bytes(block, device->largest_block_bytes));
    app_progress_say(&c->app->progress, "%zu steps an epoch, %zu dialogues computed at a time",
                     nn_trainer_batches(c->run->trainer), nn_trainer_micro_batch(c->run->trainer));
}

/* ---- after the last step ---- */

/* The selectors of the devices, with commas. */
static const char *selectors_of(const train_command *c, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t d = 0; d < c->devices.count && used < size; ++d)
        used += (size_t)snprintf(text + used, size - used, "%s%s", d > 0 ? "," : "",
                                 rt_device(c->devices.contexts[d])->selector);
    return text;
}

/* The command line that resumes the run, with the devices where they were chosen on the command line. */
static void say_how_to_resume(const train_command *c)
{
    char quoted[ST_TEXT_SIZE], selectors[256];
    const bool named = c->app->device || c->devices.count > 1;
    st_error *error = &c->app->error;
    st_append(error, "; resume with: " APP_NAME " train --resume %s%s%s",
              print_quoted(quoted, sizeof quoted, c->run->directory.path), named ? " --device " : "",
              named ? selectors_of(c, selectors, sizeof selectors) : "");
}

static st_status conclude(train_command *c)
{
    ST_FORWARD(app_print_selections(c->run, &c->app->error));
    if (c->display.profiling) ST_FORWARD(bench_step_profile_conclude(&c->profiling, &c->run->directory));
    char time[PRINT_WORD_SIZE];
    app_progress_say(&c->app->progress, "%s: training took %s; everything is in %s",
                     nn_trainer_stopped_early(c->run->trainer) ? "stopped early" : "finished",
                     print_duration(time, c->run->seconds), c->run->directory.path);
    return ST_OK;
}

/* ---- the command ---- */

static st_status train(train_command *c)
{
    ST_FORWARD(app_interrupt_start(&c->interrupt, c->app->quiet, &c->app->error));
    ST_FORWARD(open_run(c));
    ST_FORWARD(check_files(c));
    ST_FORWARD(open_devices(c));
    ST_FORWARD(en_training_prepare(c->run, c->devices.contexts, c->devices.count));
    ST_FORWARD(begin(c));
    describe_model(c);
    c->display.epoch = nn_trainer_progress(c->run->trainer)->epoch + 1;
    c->display.epochs = (size_t)c->run->config.train.epochs;
    app_interrupt_arm(c->interrupt);
    if (c->app->progress.terminal)
        app_progress_show(&c->app->progress, "the first step: the driver may have to compile for it");
    const st_status status = en_training_run(c->run);
    if (status == ST_OK) return conclude(c);
    if (status == ST_INTERRUPTED) {
        if (c->display.profiling) ST_FORWARD(bench_step_profile_conclude(&c->profiling, &c->run->directory));
        say_how_to_resume(c);
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
    train_command *command = calloc(1, sizeof *command);
    if (!command) return st_fail(&app->error, ST_FAILED, "out of memory while starting");
    command->app = app;
    command->line = line;
    const st_status status = train(command);
    destroy(command);
    free(command);
    return status;
}

static const opt_option options[] = {
    {"set", 0, "S.K=VALUE", "change one value of the configuration: --set train.epochs=5; may be repeated"},
    {"out", 0, "DIR", "the run directory, which must not exist or be empty (default: runs/NAME, runs/NAME-2, ...)"},
    {"resume", 0, "RUN", "resume the run in this directory where it stopped"},
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
        "papers print. Ctrl-C finishes the step, saves, and says how to resume.",
    .example = "  safsd-cl train\n"
               "  safsd-cl --device 0 train config/iemocap.ini --set data.path=iemocap.pkl\n"
               "  safsd-cl train --resume runs/iemocap --set train.epochs=100\n",
    .options = options,
    .least_operands = 0,
    .most_operands = 1,
    .run = run,
};
