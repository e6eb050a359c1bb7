#include "engine/training.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_text.h"
#include "data/labels.h"
#include "data/finite.h"
#include "engine/checkpoint_config.h"
#include "engine/data_source.h"
#include "engine/disagreements.h"
#include "engine/predictions.h"
#include "engine/run_log.h"
#include "engine/run_summary.h"
#include "engine/settings.h"
#include "model/training/run_fingerprint.h"

/* What nobody outside needs. */
typedef struct en_training_state {
    st_error *error;
    nn_checkpoint *resume; /* until the model is restored */
    nn_trainer_options options;
    char best[EN_PATH_SIZE], last[EN_PATH_SIZE];
    char gemm[32], parameters[RT_TUNING_TEXT]; /* that a resumed run began with */
    double started;                            /* clock, less the seconds of earlier parts */
} en_training_state;

static st_error *error_of(const en_training *run)
{
    return run->state->error;
}

/* ---- configuration ---- */

/* config.ini records what the run did. Changes to it are told and not used. Where it
 * is missing nothing was changed. */
static st_status compare_written(en_training *run)
{
    char path[EN_PATH_SIZE];
    cfg_config written = {0};
    st_error unreadable = {.status = ST_OK};
    const en_events *events = run->options.events;
    if (access(en_directory_file(&run->directory, "config.ini", path), F_OK) != 0 && errno == ENOENT) return ST_OK;
    if (cfg_load(&written, path, (cfg_overrides){NULL, 0}, &unreadable) != ST_OK) {
        en_say(events, EN_NOTICE, "%s; it is not used and is written again", unreadable.text);
        return ST_OK;
    }
    const st_status status = en_carried_warn(events, path, &written, run->options.overrides, run->state->resume,
                                             en_carried_by_run, error_of(run));
    cfg_destroy(&written);
    return status;
}

static st_status load_resumed(en_training *run)
{
    st_error *error = error_of(run);
    en_training_state *s = run->state;
    ST_FORWARD(en_directory_open(&run->directory, run->options.resume, error));
    ST_FORWARD(nn_checkpoint_open(&s->resume, en_directory_file(&run->directory, "last.safetensors", s->last), error));
    if (!s->resume->resumable) return st_fail(error, ST_USAGE, "%s holds no run that could be resumed", s->last);
    ST_FORWARD(
        cfg_load_text(&run->config, s->resume->about.configuration, s->last, NULL, run->options.overrides, error));
    return compare_written(run);
}

static st_status load_configuration(en_training *run)
{
    const en_training_options *o = &run->options;
    st_error *error = error_of(run);
    if (o->resume)
        ST_FORWARD(load_resumed(run));
    else if (o->file)
        ST_FORWARD(cfg_load(&run->config, o->file, o->overrides, error));
    else
        ST_FORWARD(cfg_load_text(&run->config, o->text, o->text_name, NULL, o->overrides, error));
    return cfg_write(&run->config, &run->configuration, error);
}

/* [experiment] seeds is for several runs. */
static void say_seeds(const en_training *run)
{
    const cfg_experiment *experiment = &run->config.experiment;
    if (experiment->seeds.count > 0)
        en_say(run->options.events, EN_NOTICE,
               "train makes one run, with [experiment] seed = %llu; the %zu seeds of [experiment] seeds are not used",
               (unsigned long long)experiment->seed, experiment->seeds.count);
}

/* ---- data ---- */

static st_status take_data(en_training *run)
{
    if (!run->options.data) return en_data_load(&run->data, &run->config, true, error_of(run));
    const cfg_names *classes = &run->config.data.classes;
    ST_FORWARD(ds_share(&run->data, run->options.data, error_of(run)));
    if (classes->count > 0)
        ST_FORWARD(ds_name_classes(run->data, (const char *const *)classes->items, classes->count, error_of(run)));
    ds_load_options checks = {.classes = 0};
    en_data_checks(&checks, &run->config.data);
    ST_FORWARD(ds_make_finite(run->data, NULL, checks.unused, checks.nonfinite, error_of(run)));
    return en_data_prepare(run->data, &run->config, true, error_of(run));
}

/* Says which parts have no label, and which classes have none in the training part. */
static st_status say_labels(const en_training *run)
{
    static const bool training[DS_SPLITS] = {true};
    char sentence[ST_TEXT_SIZE];
    en_say_passed_over(run->data, run->options.events);
    size_t *counts = calloc(run->data->classes + 1, sizeof *counts);
    if (!counts) return st_fail(error_of(run), ST_FAILED, "out of memory while counting labels");
    for (ds_split split = DS_VALID; split < DS_SPLITS; ++split)
        if (ds_select(run->data, split, NULL, NULL) > 0 && ds_count_labels(run->data, split, counts) == 0)
            en_say(run->options.events, EN_NOTICE,
                   "warning: no utterance of the %s part has a label: it has no metrics, and selects no epoch",
                   split == DS_VALID ? "validation" : "test");
    size_t rows = 0;
    ds_select(run->data, DS_TRAIN, NULL, &rows);
    const size_t labelled = ds_count_labels(run->data, DS_TRAIN, counts);
    if (labelled < rows)
        en_say(run->options.events, EN_NOTICE,
               "%zu of the %zu training utterances have no label: they are context for the others", rows - labelled,
               rows);
    free(counts);
    ds_describe_absent(run->data, training, "the training part", sentence);
    if (sentence[0]) en_say(run->options.events, EN_NOTICE, "warning: %s", sentence);
    return ST_OK;
}

/* The data set, and the model for it: what does not fit is refused before a device is opened. */
static st_status load_data(en_training *run)
{
    st_error *error = error_of(run);
    ST_FORWARD(take_data(run));
    en_say_replaced(run->data, en_data_nonfinite(&run->config.data), run->options.events);
    ST_FORWARD(ds_check_labels(run->data, error));
    ST_FORWARD(en_settings_model(&run->state->options.config, &run->config, run->data, error));
    ST_FORWARD(en_settings_tables(&run->tables, &run->config, run->data, error));
    if (run->config.data.standardize) {
        ST_FORWARD(ds_statistics_measure(run->data, &run->statistics, error));
        ST_FORWARD(ds_standardize(run->data, &run->statistics, error));
        run->state->options.statistics = &run->statistics;
    }
    size_t dialogues[DS_SPLITS] = {0}, utterances[DS_SPLITS] = {0};
    for (ds_split split = DS_TRAIN; split < DS_SPLITS; ++split)
        dialogues[split] = ds_select(run->data, split, NULL, &utterances[split]);
    en_say(run->options.events, EN_NOTICE,
           "data: %zu dialogues (%zu utterances) to train on, %zu (%zu) to validate, %zu (%zu) to test; %zu classes",
           dialogues[DS_TRAIN], utterances[DS_TRAIN], dialogues[DS_VALID], utterances[DS_VALID], dialogues[DS_TEST],
           utterances[DS_TEST], run->data->classes);
    if (run->data->ambiguous_layout)
        en_say(run->options.events, EN_NOTICE, "warning: the data set fits several orders of fields, and is read as %s",
               run->data->layout);
    return say_labels(run);
}

st_status en_training_open(en_training **run, const en_training_options *options, st_error *error)
{
    en_training *r = calloc(1, sizeof *r);
    *run = NULL;
    if (r) r->state = calloc(1, sizeof *r->state);
    if (!r || !r->state) {
        free(r);
        return st_fail(error, ST_FAILED, "out of memory while starting");
    }
    r->options = *options;
    r->state->error = error;
    st_status status = ST_OK;
    if (options->directory) ST_TRY(en_directory_check(options->directory, error));
    ST_TRY(load_configuration(r));
    say_seeds(r);
    ST_TRY(load_data(r));
    *run = r;
    return ST_OK;
done:
    en_training_close(&r);
    return status;
}

void en_training_close(en_training **run)
{
    en_training *r = *run;
    if (!r) return;
    nn_trainer_destroy(&r->trainer);
    nn_class_tables_destroy(&r->tables);
    ds_statistics_destroy(&r->statistics);
    ds_destroy(&r->data);
    nn_checkpoint_close(&r->state->resume);
    free(r->configuration);
    cfg_destroy(&r->config);
    en_directory_close(&r->directory);
    free(r->state);
    free(r);
    *run = NULL;
}

/* ---- devices ---- */

en_device_options en_training_devices(const en_training *run)
{
    char width[16] = "";
    en_training_state *s = run->state;
    const nn_checkpoint *from = s->resume;
    const char *configured = cfg_word("runtime.gemm", (int)run->config.runtime.gemm);
    en_device_options options = {.selector = run->config.runtime.device,
                                 .gemm = configured,
                                 .other_gemm = configured,
                                 .unchecked = true,
                                 .events = run->options.events};
    if (from && nn_run_fingerprint_value(from->fingerprint, "gemm", s->gemm, sizeof s->gemm)) options.gemm = s->gemm;
    if (from && nn_run_fingerprint_value(from->fingerprint, "vector_width", width, sizeof width))
        options.vector_width = strtoul(width, NULL, 10);
    if (from && nn_run_fingerprint_value(from->fingerprint, "gemm_parameters", s->parameters, sizeof s->parameters))
        options.parameters = s->parameters;
    return options;
}

/* How many devices a run to be resumed had, and how summary.json, where there is one, names them. */
static size_t earlier_devices(const en_training *run, char *selectors, size_t size)
{
    char path[EN_PATH_SIZE];
    json_t *fingerprint = json_text_read(run->state->resume->fingerprint, 0, NULL);
    json_t *summary = json_text_read_file(en_directory_file(&run->directory, "summary.json", path), 0, NULL);
    const json_t *devices = json_object_get(summary, "devices");
    const size_t count = 1 + json_array_size(json_object_get(fingerprint, "workers"));
    size_t used = 0;
    selectors[0] = '\0';
    for (size_t d = 0; d < count && json_array_size(devices) == count && used < size; ++d) {
        const char *selector = json_string_value(json_object_get(json_array_get(devices, d), "selector"));
        used += (size_t)snprintf(selectors + used, size - used, "%s%s", d > 0 ? "," : "", selector ? selector : "");
    }
    json_decref(summary);
    json_decref(fingerprint);
    return count;
}

/* The parts of a batch, and with them the numbers, depend on how many devices share it. */
static st_status check_device_count(const en_training *run)
{
    char selectors[256];
    if (!run->state->resume) return ST_OK;
    const size_t count = earlier_devices(run, selectors, sizeof selectors);
    if (count == run->device_count) return ST_OK;
    if (count == 1)
        return st_fail(error_of(run), ST_USAGE, "%s was trained on one device, not on %zu: give --device %s",
                       run->directory.path, run->device_count, selectors[0] ? selectors : "A");
    return st_fail(error_of(run), ST_USAGE, "%s was trained on %zu devices, not on %zu: give --device %s%s",
                   run->directory.path, count, run->device_count, selectors[0] ? selectors : "A,B",
                   selectors[0] || count == 2 ? "" : ",...");
}

st_status en_training_prepare(en_training *run, rt_context *const *devices, size_t count)
{
    en_training_state *s = run->state;
    run->devices = devices;
    run->device_count = count;
    s->options.replicas = devices + 1;
    s->options.replica_count = count - 1;
    ST_FORWARD(check_device_count(run));
    if (!s->resume)
        ST_FORWARD(en_directory_create(&run->directory, run->options.directory, run->config.experiment.name, s->error));
    en_directory_file(&run->directory, "best.safetensors", s->best);
    en_directory_file(&run->directory, "last.safetensors", s->last);
    for (size_t d = 0; d < count; ++d) ST_FORWARD(en_device_check(devices[d], run->options.force, run->options.events));
    return ST_OK;
}

/* ---- the model ---- */

static st_status after_step(void *user, const nn_step_report *report)
{
    const en_training *run = user;
    const en_events *events = run->options.events;
    if (events && events->step) events->step(events->user, report);
    return run->config.train.log_steps ? en_log_step(&run->directory, report, error_of(run)) : ST_OK;
}

static st_status after_epoch(void *user, const nn_epoch_report *report)
{
    const en_training *run = user;
    const en_events *events = run->options.events;
    ST_FORWARD(en_log_epoch(&run->directory, report, error_of(run)));
    if (events && events->epoch) events->epoch(events->user, report);
    return ST_OK;
}

static void while_evaluating(void *user, ds_split split, size_t rows, size_t of_rows)
{
    const en_training *run = user;
    const en_events *events = run->options.events;
    if (events && events->evaluating) events->evaluating(events->user, split, rows, of_rows);
}

static void notice(void *user, const char *sentence)
{
    const en_training *run = user;
    en_say(run->options.events, EN_NOTICE, "%s", sentence);
}

static st_status create_trainer(en_training *run)
{
    en_training_state *s = run->state;
    nn_trainer_options *options = &s->options;
    en_settings_trainer(options, &run->config);
    options->data = run->data;
    options->tables = run->tables.tables;
    options->best_path = s->best;
    options->last_path = s->last;
    options->configuration = run->configuration;
    options->resume = s->resume;
    options->cancel = run->options.cancel;
    options->hooks = (nn_trainer_hooks){
        .user = run, .step = after_step, .epoch = after_epoch, .evaluating = while_evaluating, .notice = notice};
    ST_FORWARD(nn_trainer_create(&run->trainer, run->devices[0], options));
    for (size_t d = 0; d < run->device_count; ++d)
        ST_FORWARD(en_device_check_product(run->devices[d], run->options.force, run->options.events));
    return ST_OK;
}

/* The files of the directory as they were at the point where the run resumes, or as they are at its start. */
static st_status prepare_files(en_training *run)
{
    en_training_state *s = run->state;
    const nn_progress *progress = nn_trainer_progress(run->trainer);
    s->started = clock_seconds();
    if (s->resume) {
        s->started -= en_summary_seconds(&run->directory);
        ST_FORWARD(en_directory_cut(&run->directory, "metrics.jsonl", "epoch", progress->epoch + 1, s->error));
        ST_FORWARD(en_directory_cut(&run->directory, "steps.jsonl", "step", progress->step, s->error));
        en_say(run->options.events, EN_NOTICE, "resuming after %zu epochs and %u steps", progress->epoch,
               (unsigned)progress->step);
    }
    nn_checkpoint_close(&s->resume);
    return en_directory_write(&run->directory, "config.ini", run->configuration, s->error);
}

static void say_warmup(const en_training *run)
{
    const cfg_train *train = &run->config.train;
    const unsigned long long steps = (unsigned long long)nn_trainer_batches(run->trainer) * (unsigned)train->epochs;
    if ((unsigned long long)train->warmup <= steps) return;
    en_say(run->options.events, EN_NOTICE,
           "the warm-up of %d steps is longer than the run of %llu: the learning rate never reaches %g; make [train] "
           "warmup shorter",
           train->warmup, steps, train->lr);
}

st_status en_training_begin(en_training *run)
{
    ST_FORWARD(create_trainer(run));
    say_warmup(run);
    return prepare_files(run);
}

/* ---- training ---- */

/* predictions.csv from the best parameters, which replace the last ones on the device. */
static st_status save_predictions(en_training *run)
{
    st_error *error = error_of(run);
    char path[EN_PATH_SIZE];
    nn_checkpoint *best = NULL;
    nn_safsd *model = nn_trainer_model(run->trainer);
    nn_evaluator evaluator = en_settings_evaluator(&run->config, run->tables.tables);
    evaluator.part = nn_trainer_micro_batch(run->trainer);
    const en_predictions predictions = {model, &evaluator, run->data, run->data->class_names};
    st_status status = ST_OK;
    ST_TRY(nn_checkpoint_open(&best, run->state->best, error));
    ST_TRY(nn_checkpoint_load(best, nn_safsd_params(model), NULL, NULL));
    status = en_predictions_save(en_directory_file(&run->directory, "predictions.csv", path), &predictions, error);
done:
    nn_checkpoint_close(&best);
    return status;
}

static st_status conclude(en_training *run, bool finished)
{
    run->seconds = clock_seconds() - run->state->started;
    const en_run_summary summary = {.config = &run->config,
                                    .trainer = run->trainer,
                                    .devices = run->devices,
                                    .device_count = run->device_count,
                                    .class_names = run->data->class_names,
                                    .seconds = run->seconds,
                                    .finished = finished};
    ST_FORWARD(en_summary_save(&summary, &run->directory, error_of(run)));
    return finished ? save_predictions(run) : ST_OK;
}

st_status en_training_run(en_training *run)
{
    const st_status status = nn_trainer_run(run->trainer);
    if (status == ST_OK) return conclude(run, true);
    if (status != ST_INTERRUPTED) return status;
    const st_error reason = *error_of(run);
    st_clear(error_of(run));
    ST_FORWARD(conclude(run, false));
    *error_of(run) = reason;
    return status;
}

const char *en_training_best(const en_training *run)
{
    return run->state->best;
}
