#include "app/training.h"

#include <math.h>

#include "engine/json.h"
#include "base/print.h"

const char *training_split_name(ds_split split)
{
    static const char *const names[DS_SPLITS] = {"train", "valid", "test"};
    return names[split];
}

/* The flag of the thread that waits for signals, handed to the trainer from its own thread. */
static void take_interrupt(app_training *t)
{
    if (app_interrupt_asked(t->interrupt)) t->cancel = 1;
}

/* ---- steps ---- */

static st_status log_step(const app_training *t, const nn_step_report *report)
{
    const nn_step_result *r = &report->result;
    return en_directory_append(t->dir, "steps.jsonl",
                               json_pack("{s:I, s:o, s:o, s:o, s:o}", "step", (json_int_t)report->step, "loss",
                                         en_json_real((double)r->loss), "ce", en_json_real((double)r->ce), "saf",
                                         en_json_real((double)r->saf), "kl", en_json_real((double)r->kl)),
                               &t->app->error);
}

/* A loss that is a mean over nothing, where every step so far was skipped, is none. */
static double known(const nn_split_losses *losses, double loss)
{
    return losses->utterances > 0 ? loss : (double)NAN;
}

static void show_step(app_training *t, const nn_step_report *report, double now, double share)
{
    char left[PRINT_WORD_SIZE] = "";
    const nn_split_losses *mean = &report->mean;
    const double elapsed = now - t->epoch_started, done = share - t->run_share;
    if (elapsed <= 0) return; /* the first step of an epoch says nothing of its pace */
    if (done > 0) print_duration(left, (now - t->run_started) * (1 - share) / done);
    app_progress_show(&t->app->progress, "epoch %zu/%zu step %zu/%zu loss %.4g ce %.3g saf %.3g kl %.3g %.0f/s %s%s",
                      report->epoch, report->epochs, report->batch, report->batches, known(mean, mean->loss),
                      known(mean, mean->ce), known(mean, mean->saf), known(mean, mean->kl),
                      (double)(report->rows_done - t->epoch_rows) / elapsed, left, left[0] ? " left" : "");
}

static st_status after_step(void *user, const nn_step_report *report)
{
    app_training *t = user;
    const double now = app_seconds();
    const double share =
        ((double)(report->epoch - 1) + (double)report->rows_done / (double)report->rows_total) / (double)report->epochs;
    take_interrupt(t);
    if (t->profiling) profiling_stepped(t->profiling);
    if (t->epochs == 0) {
        t->run_started = now;
        t->run_share = share;
        t->epochs = report->epochs;
    }
    if (t->epoch != report->epoch) {
        t->epoch = report->epoch;
        t->epoch_started = now;
        t->epoch_rows = report->rows_done;
    }
    if (app_progress_due(&t->app->progress)) show_step(t, report, now, share);
    return t->log_steps ? log_step(t, report) : ST_OK;
}

static void while_evaluating(void *user, ds_split split, size_t rows, size_t of_rows)
{
    app_training *t = user;
    take_interrupt(t);
    if (!app_progress_due(&t->app->progress)) return;
    app_progress_show(&t->app->progress, "epoch %zu/%zu evaluating the %s part: %zu of %zu utterances", t->epoch,
                      t->epochs, training_split_name(split), rows, of_rows);
}

/* ---- epochs ---- */

static json_t *percent(const nn_split_report *split, double fraction)
{
    return split->measured ? en_json_real(100 * fraction) : json_null();
}

static st_status log_split(const app_training *t, size_t epoch, ds_split which, const nn_split_report *split)
{
    const nn_split_losses *losses = &split->losses;
    const double rate = split->utterances_per_second;
    return en_directory_append(
        t->dir, "metrics.jsonl",
        json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "epoch", (json_int_t)epoch, "split",
                  training_split_name(which), "loss", en_json_real(known(losses, losses->loss)), "ce",
                  en_json_real(known(losses, losses->ce)), "saf", en_json_real(known(losses, losses->saf)), "kl",
                  en_json_real(known(losses, losses->kl)), "accuracy", percent(split, split->metrics.accuracy),
                  "weighted_f1", percent(split, split->metrics.weighted.f1), "macro_f1",
                  percent(split, split->metrics.macro.f1), "utterances_per_second",
                  rate > 0 ? en_json_real(rate) : json_null()),
        &t->app->error);
}

/* Four places, so that lines stand under one another; other digits where a run diverges. */
static const char *loss_text(char text[PRINT_WORD_SIZE], const nn_split_losses *losses)
{
    const double loss = losses->loss;
    if (!(losses->utterances > 0)) return "none, every step was skipped";
    if (!isfinite(loss)) return "not finite"; /* and no sign before nan, which some libraries print */
    snprintf(text, PRINT_WORD_SIZE, fabs(loss) < 1000 ? "%.4f" : "%.4g", loss);
    return text;
}

static void say_epoch(app_training *t, const nn_epoch_report *report)
{
    char line[160], loss[PRINT_WORD_SIZE];
    int used = snprintf(line, sizeof line, "epoch %*zu/%zu  loss %s", snprintf(NULL, 0, "%zu", t->epochs),
                        report->epoch, t->epochs, loss_text(loss, &report->splits[DS_TRAIN].losses));
    for (ds_split split = DS_VALID; split <= DS_TEST; ++split) {
        const nn_split_report *part = &report->splits[split];
        const bool diverged = !nn_losses_finite(&part->losses);
        if ((!part->measured && !diverged) || used < 0 || (size_t)used >= sizeof line) continue;
        if (diverged) {
            used += snprintf(line + used, sizeof line - (size_t)used, " | %s not finite", training_split_name(split));
            continue;
        }
        used += snprintf(line + used, sizeof line - (size_t)used, " | %s %s F1 %.2f", training_split_name(split),
                         loss_text(loss, &part->losses), 100 * part->metrics.weighted.f1);
    }
    char skipped[64] = "";
    if (report->skipped > 0)
        snprintf(skipped, sizeof skipped, " | %u step%s skipped so far", (unsigned)report->skipped,
                 report->skipped == 1 ? "" : "s");
    app_progress_say(&t->app->progress, "%s%s%s", line, report->saved_best ? " | best" : "", skipped);
}

static st_status after_epoch(void *user, const nn_epoch_report *report)
{
    app_training *t = user;
    take_interrupt(t);
    for (ds_split split = DS_TRAIN; split < DS_SPLITS; ++split)
        if (split == DS_TRAIN || report->splits[split].losses.utterances > 0)
            ST_FORWARD(log_split(t, report->epoch, split, &report->splits[split]));
    say_epoch(t, report);
    return ST_OK;
}

static void notice(void *user, const char *sentence)
{
    app_training *t = user;
    app_progress_say(&t->app->progress, "%s", sentence);
}

nn_trainer_hooks training_hooks(app_training *training)
{
    return (nn_trainer_hooks){
        .user = training, .step = after_step, .epoch = after_epoch, .evaluating = while_evaluating, .notice = notice};
}
