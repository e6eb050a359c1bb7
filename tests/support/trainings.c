#include "tests/support/trainings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The rig of the harness, a folder for files, and data that all cases share. */
typedef struct rigs {
    void *device, *scratch;
    ts_small_run small;
} rigs;

int tr_open(void **state)
{
    rigs *r = calloc(1, sizeof *r);
    *state = r;
    if (!r || th_open(&r->device) != 0 || ts_scratch_open(&r->scratch) != 0) return -1;
    ts_small_run_create(&r->small, NN_WEIGHTS_INVERSE_FREQUENCY);
    return 0;
}

int tr_close(void **state)
{
    rigs *r = *state;
    ts_small_run_destroy(&r->small);
    const int device = th_close(&r->device), scratch = ts_scratch_close(&r->scratch);
    free(r);
    return device != 0 || scratch != 0 ? -1 : 0;
}

static st_status watch_step(void *user, const nn_step_report *report)
{
    tr_watch *w = user;
    assert_int_equal(report->step, w->expected_step++);
    assert_int_equal(report->epochs, TR_EPOCHS);
    assert_true(report->rows_done <= report->rows_total);
    if (report->batch == report->batches) assert_int_equal(report->rows_done, report->rows_total);
    if (report->batch == 1) assert_int_equal(report->rows_done, report->rows);
    w->losses[report->step] = report->result.loss;
    w->rows[report->step] = report->rows;
    w->lr[report->step] = report->lr;
    if ((long)++w->steps == w->stop_after_step) w->cancel = 1;
    return w->hook_status;
}

static st_status watch_epoch(void *user, const nn_epoch_report *report)
{
    tr_watch *w = user;
    w->epoch[w->epochs++] = *report;
    w->epoch[w->epochs - 1].splits[DS_TRAIN].confusion = NULL; /* borrowed only during the call */
    return report->epoch == w->fail_in_epoch ? ST_FAILED : w->hook_status;
}

static void watch_evaluating(void *user, ds_split split, size_t rows, size_t of_rows)
{
    tr_watch *w = user;
    assert_true(split != DS_TRAIN && rows <= of_rows);
    if (++w->evaluations == w->stop_in_evaluation) w->cancel = 1;
}

static void watch_notice(void *user, const char *sentence)
{
    tr_watch *w = user;
    snprintf(w->notice, sizeof w->notice, "%s", sentence);
    ++w->notices;
}

void tr_begin_watch(tr_fixture *f)
{
    f->watch = (tr_watch){.stop_after_step = -1, .stop_in_evaluation = -1};
}

typedef struct call {
    rigs *r;
    tr_body *body;
} call;

static void run_body(th_case *t, const void *user)
{
    const call *c = user;
    tr_fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->t = t;
    f->scratch = &c->r->scratch;
    snprintf(f->last, sizeof f->last, "%s", ts_path(f->scratch, "last.safetensors"));
    snprintf(f->best, sizeof f->best, "%s", ts_path(f->scratch, "best.safetensors"));
    tr_begin_watch(f);
    f->options = ts_small_run_options(&c->r->small);
    f->options.epochs = TR_EPOCHS;
    f->options.adam.weight_decay = 1e-5;
    f->options.schedule = NN_SCHEDULE_COSINE;
    f->options.warmup = 2;
    f->options.last_path = f->last;
    f->options.best_path = f->best;
    f->options.cancel = &f->watch.cancel;
    f->options.hooks = (nn_trainer_hooks){&f->watch, watch_step, watch_epoch, watch_evaluating, watch_notice};
    c->body(f);
    free(f);
}

void tr_in_fixture(void **state, tr_body *body)
{
    rigs *r = *state;
    const call c = {r, body};
    th_run_once(&r->device, run_body, &c);
}

void tr_in_setting(void **state, const th_setting *setting, tr_body *body)
{
    rigs *r = *state;
    const call c = {r, body};
    th_run_in(&r->device, setting, run_body, &c);
}

st_status tr_run(tr_fixture *f, bool resume)
{
    nn_checkpoint *from = NULL;
    nn_trainer *trainer = NULL;
    if (resume) TH_OK(f->t, nn_checkpoint_open(&from, f->last, rt_error(f->t->rt)));
    f->options.resume = from;
    f->watch.expected_step = from ? from->progress.step : 0;
    st_status status = nn_trainer_create(&trainer, f->t->rt, &f->options);
    nn_checkpoint_close(&from);
    if (status == ST_OK) status = nn_trainer_run(trainer);
    nn_trainer_destroy(&trainer);
    return status;
}

size_t tr_steps_of_epoch(const tr_fixture *f)
{
    return (ds_select(f->options.data, DS_TRAIN, NULL, NULL) - 1) / TR_BATCH + 1;
}

tr_file tr_content(tr_fixture *f, const char *name)
{
    tr_file content = {0};
    content.bytes = ts_read(ts_path(f->scratch, name), &content.size);
    return content;
}

void tr_expect_same_file(tr_fixture *f, const tr_file *expected, const char *name, const char *when)
{
    tr_file now = tr_content(f, name);
    if (now.size != expected->size || memcmp(now.bytes, expected->bytes, now.size) != 0)
        fail_msg("%s differs (%zu and %zu bytes) %s", name, now.size, expected->size, when);
    free(now.bytes);
}
