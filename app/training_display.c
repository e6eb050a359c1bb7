#include "app/training_display.h"

#include <math.h>

#include "base/clock.h"
#include "base/print.h"
#include "base/text.h"
#include "engine/run_log.h"

/* ---- steps ---- */

static void show_step(app_training_display *t, const nn_step_report *report, double now, double share)
{
    char left[PRINT_WORD_SIZE] = "";
    const nn_split_losses *mean = &report->mean;
    const double elapsed = now - t->epoch_started, done = share - t->run_share;
    if (elapsed <= 0) return; /* the first step of an epoch says nothing of its pace */
    if (done > 0) print_duration(left, (now - t->run_started) * (1 - share) / done);
    app_progress_show(&t->app->progress, "epoch %zu/%zu step %zu/%zu loss %.4g ce %.3g saf %.3g kl %.3g %.0f/s %s%s",
                      report->epoch, report->epochs, report->batch, report->batches, en_known_loss(mean, mean->loss),
                      en_known_loss(mean, mean->ce), en_known_loss(mean, mean->saf), en_known_loss(mean, mean->kl),
                      (double)(report->rows_done - t->epoch_rows) / elapsed, left, left[0] ? " left" : "");
}

static void after_step(void *user, const nn_step_report *report)
{
    app_training_display *t = user;
    const double now = clock_seconds();
    const double share =
        ((double)(report->epoch - 1) + (double)report->rows_done / (double)report->rows_total) / (double)report->epochs;
    if (t->profiling) bench_step_profile_stepped(t->profiling);
    if (!t->stepped || t->epoch != report->epoch) {
        t->epoch = report->epoch;
        t->epoch_started = now;
        t->epoch_rows = report->rows_done;
    }
    if (!t->stepped) {
        t->run_started = now;
        t->run_share = share;
        t->stepped = true;
    }
    if (app_progress_due(&t->app->progress)) show_step(t, report, now, share);
}

static void while_evaluating(void *user, ds_split split, size_t rows, size_t of_rows)
{
    app_training_display *t = user;
    if (!app_progress_due(&t->app->progress)) return;
    app_progress_show(&t->app->progress, "epoch %zu/%zu evaluating the %s part: %zu of %zu utterances", t->epoch,
                      t->epochs, en_split_name(split), rows, of_rows);
}

/* ---- epochs ---- */

/* Four places, so that lines stand under one another; other digits where a run diverges. */
static const char *loss_text(char text[PRINT_WORD_SIZE], const nn_split_losses *losses)
{
    const double loss = losses->loss;
    if (!(losses->utterances > 0)) return "none, every step was skipped";
    if (!isfinite(loss)) return "not finite"; /* and no sign before nan, which some libraries print */
    text_format(text, PRINT_WORD_SIZE, fabs(loss) < 1000 ? "%.4f" : "%.4g", loss);
    return text;
}

enum { MANY_EPOCHS = 1000 }; /* with so many, their number would make a line longer than 80 columns */

static void say_epoch(app_training_display *t, const nn_epoch_report *report)
{
    char line[160], of[PRINT_WORD_SIZE] = "", loss[PRINT_WORD_SIZE];
    const int digits = snprintf(of, sizeof of, "/%zu", t->epochs) - 1;
    if (t->epochs >= MANY_EPOCHS) of[0] = '\0';
    int used = snprintf(line, sizeof line, "epoch %*zu%s  loss %s", digits, report->epoch, of,
                        loss_text(loss, &report->splits[DS_TRAIN].losses));
    for (ds_split split = DS_VALID; split <= DS_TEST; ++split) {
        const nn_split_report *part = &report->splits[split];
        const bool diverged = !nn_losses_finite(&part->losses);
        if ((!part->measured && !diverged) || used < 0 || (size_t)used >= sizeof line) continue;
        if (diverged) {
            used += snprintf(line + used, sizeof line - (size_t)used, " | %s not finite", en_split_name(split));
            continue;
        }
        used += text_format(line + used, sizeof line - (size_t)used, " | %s %s F1 %.2f", en_split_name(split),
                            loss_text(loss, &part->losses), 100 * part->metrics.weighted.f1);
    }
    char skipped[64] = "";
    if (report->skipped > 0)
        snprintf(skipped, sizeof skipped, " | %u step%s skipped so far", (unsigned)report->skipped,
                 report->skipped == 1 ? "" : "s");
    app_progress_say(&t->app->progress, "%s%s%s", line, report->saved_best ? " | best" : "", skipped);
}

static void after_epoch(void *user, const nn_epoch_report *report)
{
    say_epoch(user, report);
}

static void message(void *user, en_level level, const char *sentence)
{
    const app_training_display *t = user;
    const en_events *events = &t->app->events;
    events->message(events->user, level, sentence);
}

en_events app_training_events(app_training_display *display)
{
    return (en_events){
        .user = display, .message = message, .step = after_step, .epoch = after_epoch, .evaluating = while_evaluating};
}
