/* Steps and evaluations that are not finite: they end a run, or are left out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/trainings.h"

static void nonfinite_stops(tr_fixture *f)
{
    f->options.lr = 1e30;
    f->options.warmup = 0;
    f->options.adam.clip = 0;
    const st_status status = tr_run(f, false);
    const char *text = rt_error(f->t->rt)->text;
    if (status != ST_FAILED || !strstr(text, "step 2 ") || !strstr(text, "not finite") ||
        !strstr(text, "last.safetensors"))
        fail_msg("%d: %s", (int)status, text);
    st_clear(rt_error(f->t->rt));
    assert_int_equal(f->watch.steps, 1); /* the first step was finite */
    nn_checkpoint *last = NULL;
    TH_OK(f->t, nn_checkpoint_open(&last, f->last, rt_error(f->t->rt)));
    assert_int_equal(last->progress.step, 1);
    assert_int_equal(last->progress.batch, 1);
    assert_int_equal(last->progress.updates, 1);
    assert_int_equal(last->progress.skipped, 0);
    nn_checkpoint_close(&last);
    tr_begin_watch(f);
    assert_int_equal(tr_run(f, true), ST_FAILED); /* the same step again */
    assert_int_equal(f->watch.steps, 0);
    st_clear(rt_error(f->t->rt));
}

static void test_nonfinite_stops(void **state)
{
    tr_in_fixture(state, nonfinite_stops);
}

/* The run reaches its end, but no epoch of it could be evaluated: nothing is best. */
static void expect_diverged(tr_fixture *f, bool resume)
{
    const st_status status = tr_run(f, resume);
    const char *text = rt_error(f->t->rt)->text;
    if (status != ST_FAILED || !strstr(text, "the run has diverged") || !strstr(text, "last.safetensors"))
        fail_msg("%d: %s", (int)status, text);
    st_clear(rt_error(f->t->rt));
    assert_int_equal(remove(f->best), -1);
    for (size_t e = 0; e < f->watch.epochs; ++e) {
        const nn_epoch_report *report = &f->watch.epoch[e];
        assert_false(report->saved_best || report->best_valid || report->best_test);
        assert_false(report->splits[DS_VALID].measured || report->splits[DS_TEST].measured);
    }
}

static void nonfinite_is_skipped(tr_fixture *f)
{
    f->options.lr = 1e30;
    f->options.warmup = 0;
    f->options.adam.clip = 0;
    f->options.nonfinite = NN_NONFINITE_SKIP;
    remove(f->best);
    expect_diverged(f, false);
    const size_t steps = TR_EPOCHS * tr_steps_of_epoch(f);
    assert_int_equal(f->watch.steps, steps); /* skipped steps count on */
    assert_int_equal(f->watch.epoch[TR_EPOCHS - 1].skipped, steps - 1);
    assert_true(f->watch.epoch[0].splits[DS_TRAIN].losses.utterances == (double)f->watch.rows[0]);
    assert_true(f->watch.epoch[1].splits[DS_TRAIN].losses.utterances == 0);
    tr_begin_watch(f);
    expect_diverged(f, true); /* a finished run, resumed, is still none that went well */
    assert_int_equal(f->watch.epochs, 0);
}

static void test_nonfinite_is_skipped(void **state)
{
    tr_in_fixture(state, nonfinite_is_skipped);
}

/* One part of the data holds features that overflow: `huge` says which. */
static ds_dataset overflowing(tr_fixture *f, ds_split huge)
{
    ds_dataset data = *f->options.data;
    size_t dialogues[64];
    const size_t elements = data.utterances * data.dims[0];
    float *x = th_floats(f->t, elements);
    memcpy(x, data.x[0], elements * sizeof *x);
    assert_true(ds_select(&data, huge, dialogues, NULL) > 0);
    for (size_t i = 0; i < data.dims[0]; ++i) x[data.starts[dialogues[0]] * data.dims[0] + i] = 3e38f;
    data.x[0] = x;
    return data;
}

/* One bad batch an epoch is left out and counted; every epoch can be evaluated, and one is the best. */
static void other_steps_go_on(tr_fixture *f)
{
    const ds_dataset data = overflowing(f, DS_TRAIN);
    f->options.data = &data;
    f->options.nonfinite = NN_NONFINITE_SKIP;
    TH_OK(f->t, tr_run(f, false));
    size_t saved = 0;
    for (uint32_t e = 0; e < TR_EPOCHS; ++e) {
        assert_int_equal(f->watch.epoch[e].skipped, e + 1);
        assert_true(f->watch.epoch[e].splits[DS_VALID].measured);
        saved += f->watch.epoch[e].saved_best;
    }
    assert_true(saved > 0);
}

static void test_other_steps_go_on(void **state)
{
    tr_in_fixture(state, other_steps_go_on);
}

/* A part that cannot be evaluated leaves no epoch to select, although the other one could select. */
static void no_part_may_overflow(tr_fixture *f)
{
    f->options.nonfinite = NN_NONFINITE_SKIP;
    for (ds_split split = DS_VALID; split <= DS_TEST; ++split) {
        const ds_dataset data = overflowing(f, split);
        remove(f->best);
        tr_begin_watch(f);
        f->options.data = &data;
        const st_status status = tr_run(f, false);
        assert_int_equal(status, ST_FAILED);
        assert_non_null(strstr(rt_error(f->t->rt)->text, "the run has diverged"));
        st_clear(rt_error(f->t->rt));
        assert_int_equal(f->watch.epochs, TR_EPOCHS);
        assert_int_equal(f->watch.epoch[0].splits[split].measured, false);
        assert_int_equal(remove(f->best), -1);
    }
}

static void test_no_part_may_overflow(void **state)
{
    tr_in_fixture(state, no_part_may_overflow);
}

static void expect_stop_after_update(tr_fixture *f, bool resume, const char *part, const char *tensor)
{
    const st_status status = tr_run(f, resume);
    const char *text = rt_error(f->t->rt)->text;
    if (status != ST_FAILED || !strstr(text, "after step 1 ") || !strstr(text, part) || !strstr(text, tensor) ||
        !strstr(text, "last.safetensors"))
        fail_msg("%d: %s", (int)status, text);
    st_clear(rt_error(f->t->rt));
    assert_int_equal(f->watch.steps, resume ? 0 : 1);
    assert_int_equal(f->watch.epochs, 0);
    assert_int_equal(remove(f->best), -1);
    nn_checkpoint *last = NULL;
    TH_OK(f->t, nn_checkpoint_open(&last, f->last, rt_error(f->t->rt)));
    assert_int_equal(last->progress.step, 1);
    assert_int_equal(last->progress.updates, 1);
    assert_int_equal(last->progress.epoch, 0);
    assert_int_equal(last->history.epochs, 0);
    nn_checkpoint_close(&last);
}

/* Epochs of one step, whose gradient is finite: what its update did is seen at the evaluation, before anything is
 * saved as best, and again by a resume. */
static void evaluation_stops(tr_fixture *f)
{
    f->options.batch = 64;
    f->options.lr = 1e30;
    f->options.warmup = 0;
    remove(f->best);
    expect_stop_after_update(f, false, "the validation part", "the fused features of modality t");
    tr_begin_watch(f);
    expect_stop_after_update(f, true, "the validation part", "the fused features of modality t");

    tr_begin_watch(f);
    f->options.adam.decoupled = true; /* the update itself overflows */
    f->options.adam.weight_decay = 1e20;
    expect_stop_after_update(f, false, "the validation part", "the parameter speaker_embeddings.weight, where element");
}

static void test_evaluation_stops(void **state)
{
    tr_in_fixture(state, evaluation_stops);
}

static void watch_any_evaluation(void *user, ds_split split, size_t rows, size_t of_rows)
{
    tr_watch *w = user;
    assert_true(split == DS_TRAIN && rows <= of_rows);
    ++w->evaluations;
}

/* Without another part, the last epoch is evaluated on the training part before it is saved. */
static void training_part_alone(tr_fixture *f)
{
    ds_dataset data = *f->options.data;
    data.split = th_ints(f->t, data.dialogues); /* zeros: all are for training */
    f->options.data = &data;
    f->options.batch = 64;
    f->options.epochs = 1;
    f->options.hooks.step = NULL;
    f->options.hooks.evaluating = watch_any_evaluation;
    TH_OK(f->t, tr_run(f, false));
    assert_true(f->watch.evaluations > 0 && f->watch.epoch[0].saved_best);
    assert_int_equal(remove(f->best), 0);
    f->options.lr = 1e30;
    f->options.warmup = 0;
    tr_begin_watch(f);
    assert_int_equal(tr_run(f, false), ST_FAILED);
    assert_non_null(strstr(rt_error(f->t->rt)->text, "the evaluation of the training part after step 1 "));
    st_clear(rt_error(f->t->rt));
    f->options.nonfinite = NN_NONFINITE_SKIP;
    expect_diverged(f, false);
    assert_int_equal(f->watch.epochs, 1);
}

static void test_training_part_alone(void **state)
{
    tr_in_fixture(state, training_part_alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nonfinite_stops),   cmocka_unit_test(test_nonfinite_is_skipped),
        cmocka_unit_test(test_other_steps_go_on), cmocka_unit_test(test_no_part_may_overflow),
        cmocka_unit_test(test_evaluation_stops),  cmocka_unit_test(test_training_part_alone),
    };
    return cmocka_run_group_tests(tests, tr_open, tr_close);
}
