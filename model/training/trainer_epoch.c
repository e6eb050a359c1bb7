#include "model/training/trainer_epoch.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "data/philox.h"
#include "model/training/diagnose.h"
#include "model/training/trainer_state.h"
#include "runtime/profile.h"

static st_error *error_of(const nn_trainer *t)
{
    return rt_error(t->rt);
}

static bool cancelled(const nn_trainer *t)
{
    return t->options.cancel && atomic_load(t->options.cancel);
}

/* ---- steps ---- */

static size_t batch_dialogues(const nn_trainer *t, size_t batch)
{
    const size_t rest = t->dialogues - batch * t->options.batch;
    return rest < t->options.batch ? rest : t->options.batch;
}

static void shuffle(nn_trainer *t)
{
    const nn_trainer_options *o = &t->options;
    ds_shuffle((ds_stream){o->config.seed, DS_SITE_SHUFFLE, (uint32_t)t->progress.epoch}, t->draw, t->dialogues);
    for (size_t i = 0; i < t->dialogues; ++i) t->order[i] = t->file_order[t->draw[i]];
    t->epoch_rows = t->timed_rows = 0;
    for (size_t i = 0; i < t->progress.batch * o->batch && i < t->dialogues; ++i)
        t->epoch_rows += (size_t)o->data->lengths[t->order[i]];
}

static st_status gradient(nn_trainer *t, size_t batch, uint32_t step)
{
    t->step = ds_batch_of(t->options.data, t->order + batch * t->options.batch, batch_dialogues(t, batch));
    rt_phase_begin(t->rt, "enqueue a gradient");
    const st_status status = nn_data_parallel_gradient(t->parallel, &t->step, step, t->micro_batch);
    rt_phase_end(t->rt);
    return status;
}

static nn_split_losses mean_of(const nn_split_losses *sums)
{
    const double n = sums->utterances;
    if (!(n > 0)) return (nn_split_losses){0};
    return (nn_split_losses){sums->loss / n, sums->ce / n, sums->saf / n, sums->kl / n, n};
}

static void add_losses(nn_split_losses *sums, const nn_step_result *result, double rows)
{
    sums->loss += rows * (double)result->loss;
    sums->ce += rows * (double)result->ce;
    sums->saf += rows * (double)result->saf;
    sums->kl += rows * (double)result->kl;
    sums->utterances += rows;
}

static st_status report_step(nn_trainer *t, const nn_step_result *result)
{
    const nn_trainer_hooks *hooks = &t->options.hooks;
    if (!hooks->step) return ST_OK;
    const nn_step_report report = {.epoch = t->progress.epoch + 1,
                                   .epochs = t->options.epochs,
                                   .batch = t->flight.batch + 1,
                                   .batches = t->batches,
                                   .step = t->flight.step,
                                   .rows = t->flight.rows,
                                   .rows_done = t->epoch_rows,
                                   .rows_total = t->rows,
                                   .lr = t->flight.lr,
                                   .result = *result,
                                   .mean = mean_of(&t->progress.sums)};
    return hooks->step(hooks->user, &report);
}

/* Removes the sign that some C libraries print before nan. */
static double plain(float loss)
{
    return isnan(loss) ? (double)NAN : (double)loss;
}

static const char *advise(const nn_trainer *t, char text[NN_ADVICE_SIZE])
{
    const nn_trainer_options *o = &t->options;
    return nn_divergence_advice(text, o->data, &o->config, o->statistics != NULL, t->progress.updates);
}

/* The step just read is not finite and changed nothing; only a gradient was enqueued after it. The run returns to the
 * state before the step, computes its gradient again to find the tensor, and saves. */
static st_status stop_nonfinite(nn_trainer *t, const nn_step_result *result)
{
    const char *path = t->options.last_path;
    const nn_flight *f = &t->flight;
    char phrase[160], advice[NN_ADVICE_SIZE];
    t->progress.step = f->step;
    t->progress.batch = f->batch;
    ST_FORWARD(gradient(t, f->batch, f->step));
    const bool whole = t->micro_batch >= t->step.dialogues && t->options.replica_count == 0;
    ST_FORWARD(nn_find_nonfinite(t->model, t->step.rows, whole, phrase, sizeof phrase));
    ST_FORWARD(nn_trainer_save_last(t));
    return st_fail(error_of(t), ST_FAILED,
                   "step %u (epoch %zu, batch %zu of %zu) is not finite: its loss is %g, and the first tensor that is "
                   "not finite is %s; %s, or skip such steps with nonfinite = skip; %s%s",
                   (unsigned)f->step + 1, t->progress.epoch + 1, f->batch + 1, t->batches, plain(result->loss), phrase,
                   advise(t, advice), path ? "the state before the step is in " : "no state was saved",
                   path ? path : "");
}

/* Reads the outcome of the pending step. */
static st_status settle(nn_trainer *t)
{
    nn_flight *f = &t->flight;
    nn_step_result result;
    if (!f->pending) return ST_OK;
    f->pending = false;
    rt_phase_begin(t->rt, "outcome of the step before");
    const st_status status = nn_data_parallel_result(t->parallel, &f->outcome, &result);
    rt_phase_end(t->rt);
    ST_FORWARD(status);
    if (!result.outcome.finite && t->options.nonfinite == NN_NONFINITE_STOP) return stop_nonfinite(t, &result);
    t->progress.updates = result.outcome.updates;
    t->progress.skipped = result.outcome.skipped;
    t->epoch_rows += f->rows;
    t->timed_rows += f->rows;
    if (result.outcome.finite) add_losses(&t->progress.sums, &result, (double)f->rows);
    return report_step(t, &result);
}

/* The outcome of the previous step is read between the gradient, which keeps the device busy, and the update, which
 * must not be enqueued if the previous step ends the run. */
static st_status step(nn_trainer *t)
{
    const size_t batch = t->progress.batch;
    const uint32_t number = t->progress.step;
    const double lr = nn_schedule_rate(&t->schedule, number);
    ST_FORWARD(gradient(t, batch, number));
    const size_t rows = t->step.rows;
    ST_FORWARD(settle(t));
    rt_phase_begin(t->rt, "enqueue an update");
    const st_status updated = nn_data_parallel_update(t->parallel, &t->options.adam, lr);
    rt_phase_end(t->rt);
    ST_FORWARD(updated);
    t->flight = (nn_flight){.batch = batch, .rows = rows, .step = number, .lr = lr};
    ST_FORWARD(nn_data_parallel_result_later(t->parallel, &t->flight.outcome));
    t->flight.pending = true;
    ++t->progress.step;
    ++t->progress.batch;
    return ST_OK;
}

static st_status train(nn_trainer *t, double *rows_per_second)
{
    shuffle(t);
    const double begun = clock_seconds();
    while (t->progress.batch < t->batches && !cancelled(t)) ST_FORWARD(step(t));
    ST_FORWARD(settle(t));
    if (cancelled(t)) return ST_INTERRUPTED;
    const double seconds = clock_seconds() - begun;
    *rows_per_second = seconds > 0 ? (double)t->timed_rows / seconds : 0;
    return ST_OK;
}

/* ---- the end of an epoch ---- */

typedef struct viewer {
    const nn_trainer_hooks *hooks;
    ds_split split;
} viewer;

static void view(void *user, size_t rows, size_t of_rows)
{
    const viewer *v = user;
    if (v->hooks->evaluating) v->hooks->evaluating(v->hooks->user, v->split, rows, of_rows);
}

static const char *split_name(ds_split split)
{
    return split == DS_TRAIN ? "training" : split == DS_VALID ? "validation" : "test";
}

/* The last update was finite, but the new parameters, or the results of their evaluation, are not. The state after the
 * update is saved; a resume evaluates it again. */
static st_status stop_unusable(nn_trainer *t, ds_split split, const nn_evaluated *out)
{
    const char *path = t->options.last_path;
    char phrase[160], advice[NN_ADVICE_SIZE];
    ST_FORWARD(nn_find_nonfinite(t->model, out->nonfinite_rows, true, phrase, sizeof phrase));
    --t->history.epochs;
    const st_status saved = nn_trainer_save_last(t);
    ++t->history.epochs;
    ST_FORWARD(saved);
    return st_fail(error_of(t), ST_FAILED,
                   "the evaluation of the %s part after step %u (the last of epoch %zu) is not finite, and the first "
                   "tensor that is not finite is %s; %s; the epoch is not saved as best; %s%s",
                   split_name(split), (unsigned)t->progress.step, t->progress.epoch + 1, phrase, advise(t, advice),
                   path ? "the state after the step is in " : "no state was saved", path ? path : "");
}

/* Fills the confusion matrix and the losses of the latest epoch in the history. The losses of the training part are
 * those of its steps, unless its evaluation is not finite. */
static st_status evaluate(nn_trainer *t, ds_split split, nn_split_report *report)
{
    const size_t epoch = t->history.epochs - 1;
    viewer v = {&t->options.hooks, split};
    nn_evaluator how = t->evaluator;
    nn_evaluated out = {.confusion = nn_history_confusion(&t->history, epoch, split)};
    how.until_nonfinite = t->options.nonfinite == NN_NONFINITE_STOP;
    how.progress = view;
    how.user = &v;
    const double begun = clock_seconds();
    ST_FORWARD(nn_evaluate(t->model, t->options.data, split, &how, &out));
    const double seconds = clock_seconds() - begun;
    if (out.nonfinite_rows > 0) return stop_unusable(t, split, &out);
    report->measured = out.losses.utterances > 0 && nn_losses_finite(&out.losses);
    if (split == DS_TRAIN && nn_losses_finite(&out.losses)) return ST_OK;
    *nn_history_losses(&t->history, epoch, split) = out.losses;
    report->utterances_per_second = seconds > 0 ? out.losses.utterances / seconds : 0;
    return ST_OK;
}

/* Without other parts, the last epoch is evaluated on the training part, to check that it can be saved. */
static bool evaluates_train(const nn_trainer *t)
{
    if (t->options.evaluate_train) return true;
    return t->progress.epoch + 1 == t->options.epochs && ds_select(t->options.data, DS_VALID, NULL, NULL) == 0 &&
           ds_select(t->options.data, DS_TEST, NULL, NULL) == 0;
}

static st_status evaluate_all(nn_trainer *t, nn_epoch_report *report)
{
    const size_t epoch = t->history.epochs - 1;
    *nn_history_losses(&t->history, epoch, DS_TRAIN) = mean_of(&t->progress.sums);
    for (int s = evaluates_train(t) ? DS_TRAIN : DS_VALID; s < DS_SPLITS; ++s)
        ST_FORWARD(evaluate(t, (ds_split)s, &report->splits[s]));
    for (int s = DS_TRAIN; s < DS_SPLITS; ++s) {
        report->splits[s].losses = *nn_history_losses(&t->history, epoch, (ds_split)s);
        report->splits[s].metrics = nn_history_metrics(&t->history, epoch, (ds_split)s);
        if (report->splits[s].metrics.rows == 0) report->splits[s].measured = false; /* no labels: not measured */
        report->splits[s].confusion = nn_history_confusion(&t->history, epoch, (ds_split)s);
    }
    report->best_valid = nn_history_best(&t->history, DS_VALID) == (long)epoch;
    report->best_test = nn_history_best(&t->history, DS_TEST) == (long)epoch;
    return ST_OK;
}

static st_status save_best(nn_trainer *t, nn_epoch_report *report)
{
    const ds_split selects = nn_history_selects(&t->history);
    const long best = nn_history_best(&t->history, selects);
    const bool unselected = best == NN_NO_EPOCH;
    if (unselected ? !nn_trainer_finished(t) : best != (long)t->history.epochs - 1) return ST_OK;
    if (!nn_history_finite(&t->history, t->history.epochs - 1)) return ST_OK;
    const char *selection = unselected ? "last" : selects == DS_VALID ? "valid" : "test_best";
    report->saved_best = t->options.best_path != NULL;
    return nn_trainer_save(t, t->options.best_path, selection, false);
}

static st_status close_epoch(nn_trainer *t, double rows_per_second)
{
    const nn_trainer_options *o = &t->options;
    const size_t every = o->checkpoint_every > 0 ? o->checkpoint_every : 1;
    nn_epoch_report report = {.epoch = t->progress.epoch + 1, .skipped = t->progress.skipped};
    report.splits[DS_TRAIN].utterances_per_second = rows_per_second;
    ST_FORWARD(nn_history_extend(&t->history, error_of(t)));
    rt_phase_begin(t->rt, "evaluation");
    const st_status evaluated = evaluate_all(t, &report);
    rt_phase_end(t->rt);
    if (evaluated != ST_OK) {
        --t->history.epochs; /* a resume evaluates again */
        return evaluated;
    }
    ++t->progress.epoch;
    t->progress.batch = 0;
    t->progress.sums = (nn_split_losses){0};
    rt_phase_begin(t->rt, "saving");
    const st_status saved = save_best(t, &report);
    rt_phase_end(t->rt);
    ST_FORWARD(saved);
    if (o->hooks.epoch) ST_FORWARD(o->hooks.epoch(o->hooks.user, &report));
    if (t->progress.epoch % every != 0 && !nn_trainer_finished(t)) return ST_OK;
    rt_phase_begin(t->rt, "saving");
    const st_status kept = nn_trainer_save_last(t);
    rt_phase_end(t->rt);
    return kept;
}

st_status nn_trainer_epoch(nn_trainer *t)
{
    double rows_per_second = 0;
    rt_phase_begin(t->rt, NN_PHASE_TRAINING);
    const st_status status = train(t, &rows_per_second);
    rt_phase_end(t->rt);
    ST_FORWARD(status);
    return close_epoch(t, rows_per_second);
}
