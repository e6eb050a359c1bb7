#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/labels.h"
#include "model/network/data_check.h"
#include "model/training/diagnose.h"
#include "model/training/run_fingerprint.h"
#include "model/training/trainer.h"
#include "model/training/trainer_epoch.h"
#include "model/training/trainer_state.h"

static st_error *error_of(const nn_trainer *t)
{
    return rt_error(t->rt);
}

static void tell(const nn_trainer *t, const char *sentence)
{
    if (t->options.hooks.notice) t->options.hooks.notice(t->options.hooks.user, sentence);
}

/* ---- creation ---- */

static st_status check_options(nn_trainer *t)
{
    const nn_trainer_options *o = &t->options;
    const ds_dataset *data = o->data;
    if (o->epochs == 0 || o->batch == 0)
        return st_fail(error_of(t), ST_USAGE, "a run needs at least one epoch, and batches of at least one dialogue");
    ST_FORWARD(nn_config_check(&o->config, error_of(t)));
    ST_FORWARD(nn_check_data(data, &o->config, error_of(t)));
    if (data->classes != o->config.classes || data->speaker_count != o->config.speakers)
        return st_fail(error_of(t), ST_USAGE,
                       "the model has %zu classes and %zu speakers, but its training data %zu and %zu",
                       o->config.classes, o->config.speakers, data->classes, data->speaker_count);
    t->dialogues = ds_select(data, DS_TRAIN, NULL, &t->rows);
    if (t->dialogues == 0) return st_fail(error_of(t), ST_USAGE, "the data have no training dialogue");
    ST_FORWARD(ds_check_labels(data, error_of(t)));
    t->batches = (t->dialogues - 1) / o->batch + 1;
    if (o->epochs > UINT32_MAX / t->batches)
        return st_fail(error_of(t), ST_USAGE, "%zu epochs of %zu steps exceed the limit of steps: use fewer epochs",
                       o->epochs, t->batches);
    return ST_OK;
}

/* The size of the parts of a batch: that of the options, that of the resumed run, or the whole batch. */
static size_t first_micro_batch(const nn_trainer *t)
{
    const nn_trainer_options *o = &t->options;
    char value[24];
    size_t micro = o->micro_batch;
    if (micro == 0 && o->resume && nn_run_fingerprint_value(o->resume->fingerprint, "micro_batch", value, sizeof value))
        micro = (size_t)strtoull(value, NULL, 10);
    const size_t most = o->batch < o->data->dialogues ? o->batch : o->data->dialogues;
    return micro == 0 || micro > most ? most : micro;
}

static st_status try_model(nn_trainer *t)
{
    const nn_trainer_options *o = &t->options;
    const nn_safsd_options wanted = {o->config, o->tables, nn_extent_of(o->data, t->micro_batch), true};
    ST_FORWARD(nn_safsd_create(&t->model, t->rt, &wanted));
    const st_status status = nn_data_parallel_create(&t->parallel, t->model, o->replicas, o->replica_count, &wanted);
    if (status != ST_OK) nn_safsd_destroy(&t->model);
    return status;
}

/* Tries the whole batch, then halves it until it fits. Each attempt plans before it allocates. */
static st_status create_model(nn_trainer *t)
{
    const bool may_cut = t->options.micro_batch == 0 && !t->options.resume;
    const size_t wanted = first_micro_batch(t);
    t->micro_batch = wanted;
    st_status status = try_model(t);
    while (status != ST_OK && error_of(t)->too_large && may_cut && t->micro_batch > 1) {
        st_clear(error_of(t));
        t->micro_batch = (t->micro_batch + 1) / 2;
        status = try_model(t);
    }
    if (status == ST_OK && t->micro_batch < wanted) {
        char sentence[160];
        snprintf(sentence, sizeof sentence,
                 "a batch of %zu dialogues does not fit the device: it is computed %zu at a time", wanted,
                 t->micro_batch);
        tell(t, sentence);
    }
    return status;
}

static st_status take_memory(nn_trainer *t)
{
    const nn_trainer_options *o = &t->options;
    t->file_order = malloc(t->dialogues * sizeof *t->file_order);
    t->draw = malloc(t->dialogues * sizeof *t->draw);
    t->order = malloc(t->dialogues * sizeof *t->order);
    size_t *all = malloc(o->data->dialogues * sizeof *all);
    if (t->file_order && t->draw && t->order && all) {
        ds_select(o->data, DS_TRAIN, all, NULL);
        memcpy(t->file_order, all, t->dialogues * sizeof *all);
    }
    free(all);
    if (!t->file_order || !t->draw || !t->order || !all)
        return st_fail(error_of(t), ST_FAILED, "out of memory for the order of %zu dialogues", t->dialogues);
    return ST_OK;
}

static st_status write_fingerprint(nn_trainer *t)
{
    const nn_trainer_options *o = &t->options;
    t->schedule = (nn_schedule){o->schedule, o->lr, o->warmup, (uint64_t)o->epochs * t->batches};
    t->evaluator = (nn_evaluator){.mode = o->gcn_eval,
                                  .repetitions = o->repetitions,
                                  .batch = o->batch,
                                  .part = t->micro_batch,
                                  .tables = o->tables,
                                  .cancel = o->cancel};
    const nn_run_fingerprint_parts parts = {.config = &o->config,
                                            .tables = o->tables,
                                            .data = o->data,
                                            .adam = &o->adam,
                                            .schedule = &t->schedule,
                                            .evaluator = &t->evaluator,
                                            .batch = o->batch,
                                            .micro_batch = t->micro_batch,
                                            .replicas = o->replicas,
                                            .replica_count = o->replica_count};
    return nn_run_fingerprint_write(&t->fingerprint, t->rt, &parts);
}

/* Names do not change results, but the checkpoint must contain the right names of its classes and speakers. */
static st_status check_names(const nn_trainer *t, const char *what, const char *const *before, const char *const *now,
                             size_t count)
{
    for (size_t i = 0; i < count; ++i)
        if (strcmp(before[i], now[i]) != 0)
            return st_fail(error_of(t), ST_USAGE,
                           "%s was trained with '%.160s' as %s %zu, and the data now call it '%.160s': resume the run "
                           "with the data set and the names that it began with",
                           sf_path(t->options.resume->file), before[i], what, i, now[i]);
    return ST_OK;
}

static st_status resume(nn_trainer *t)
{
    const nn_checkpoint *from = t->options.resume;
    nn_params *params = nn_safsd_params(t->model);
    if (!from->resumable)
        return st_fail(error_of(t), ST_USAGE, "%s contains no training state: a resume needs last.safetensors",
                       sf_path(from->file));
    ST_FORWARD(nn_run_fingerprint_compare(from->fingerprint, t->fingerprint, sf_path(from->file), error_of(t)));
    const ds_dataset *data = t->options.data;
    ST_FORWARD(check_names(t, "speaker", from->about.speaker_names, data->speaker_names, data->speaker_count));
    ST_FORWARD(check_names(t, "class", from->about.class_names, data->class_names, data->classes));
    if (from->about.select != t->options.select)
        return st_fail(error_of(t), ST_USAGE,
                       "%s selects its best epoch by %s, and now it is %s: its best epoch was saved by the former; "
                       "restore the setting, or start a new run",
                       sf_path(from->file), nn_select_name(from->about.select), nn_select_name(t->options.select));
    if (from->progress.batch > t->batches)
        return st_fail(error_of(t), ST_FAILED, "%s is at batch %zu of an epoch of %zu batches", sf_path(from->file),
                       from->progress.batch, t->batches);
    ST_FORWARD(nn_checkpoint_load(from, params, t->options.hooks.notice, t->options.hooks.user));
    ST_FORWARD(nn_checkpoint_load_moments(from, params));
    ST_FORWARD(nn_optimizer_set(nn_safsd_optimizer(t->model), from->progress.updates, from->progress.skipped));
    t->progress = from->progress;
    return nn_history_copy(&t->history, &from->history, error_of(t));
}

st_status nn_trainer_create(nn_trainer **trainer, rt_context *rt, const nn_trainer_options *options)
{
    st_status status = ST_OK;
    *trainer = NULL;
    nn_trainer *t = calloc(1, sizeof *t);
    if (!t) return st_fail(rt_error(rt), ST_FAILED, "out of memory for the training");
    t->rt = rt;
    t->options = *options;
    ST_TRY(check_options(t));
    ST_TRY(take_memory(t));
    ST_TRY(create_model(t));
    ST_TRY(write_fingerprint(t));
    nn_history_create(&t->history, options->config.classes);
    t->history.select = options->select;
    if (options->resume)
        ST_TRY(resume(t));
    else
        ST_TRY(nn_params_initialise(nn_safsd_params(t->model), options->config.seed));
    t->options.resume = NULL;
    *trainer = t;
    t = NULL;
done:
    nn_trainer_destroy(&t);
    return status;
}

void nn_trainer_destroy(nn_trainer **trainer)
{
    nn_trainer *t = *trainer;
    if (!t) return;
    if (t->flight.pending) {
        nn_step_result ignored;
        (void)nn_safsd_result(t->model, &t->flight.outcome, &ignored);
    }
    nn_data_parallel_destroy(&t->parallel);
    nn_safsd_destroy(&t->model);
    nn_history_destroy(&t->history);
    free(t->file_order);
    free(t->draw);
    free(t->order);
    free(t->fingerprint);
    free(t);
    *trainer = NULL;
}

/* ---- the run ---- */

static st_status interrupt(nn_trainer *t)
{
    const char *path = t->options.last_path;
    st_clear(error_of(t));
    ST_FORWARD(nn_trainer_save_last(t));
    return st_fail(error_of(t), ST_INTERRUPTED, "interrupted in epoch %zu after %zu of its %zu steps; %s%s",
                   t->progress.epoch + 1, t->progress.batch, t->batches,
                   path ? "the state is in " : "no state was saved", path ? path : "");
}

/* A run succeeds if an epoch can be saved: the selected one, or the last one if there is no selection. */
static st_status check_usable(nn_trainer *t)
{
    const nn_history *history = &t->history;
    const char *path = t->options.last_path;
    if (history->epochs == 0 || nn_history_best(history, nn_history_selects(history)) != NN_NO_EPOCH) return ST_OK;
    if (nn_history_finite(history, history->epochs - 1)) return ST_OK;
    char advice[NN_ADVICE_SIZE];
    const nn_trainer_options *o = &t->options;
    nn_divergence_advice(advice, o->data, &o->config, o->statistics != NULL, t->progress.updates);
    return st_fail(
        error_of(t), ST_FAILED,
        "the run has diverged: no epoch could be selected, because the losses of its evaluation are not finite"
        " (%u of %u steps were skipped); nothing was saved as best; %s; %s%s",
        (unsigned)t->progress.skipped, (unsigned)t->progress.step, advice,
        path ? "the last state is in " : "no state was saved", path ? path : "");
}

st_status nn_trainer_run(nn_trainer *t)
{
    while (!nn_trainer_finished(t)) {
        const st_status status = nn_trainer_epoch(t);
        if (status == ST_INTERRUPTED) return interrupt(t);
        ST_FORWARD(status);
    }
    return check_usable(t);
}

nn_safsd *nn_trainer_model(nn_trainer *t)
{
    return t->model;
}

const nn_history *nn_trainer_history(const nn_trainer *t)
{
    return &t->history;
}

const nn_progress *nn_trainer_progress(const nn_trainer *t)
{
    return &t->progress;
}

size_t nn_trainer_micro_batch(const nn_trainer *t)
{
    return t->micro_batch;
}

size_t nn_trainer_batches(const nn_trainer *t)
{
    return t->batches;
}
