/* What a run computes: its steps, its epochs and what they say, the best of them, batches in parts, its end. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/philox.h"
#include "model/training/run_fingerprint.h"
#include "tests/support/trainings.h"

/* The order of docs/model.md 7, recomputed: rows of every step of every epoch; and the learning rates. */
static void steps_follow_the_shuffle(tr_fixture *f)
{
    const ds_dataset *data = f->options.data;
    size_t train[64], order[64], step = 0;
    const size_t count = ds_select(data, DS_TRAIN, train, NULL);
    TH_OK(f->t, tr_run(f, false));
    for (uint32_t epoch = 0; epoch < TR_EPOCHS; ++epoch) {
        ds_shuffle((ds_stream){f->options.config.seed, DS_SITE_SHUFFLE, epoch}, order, count);
        for (size_t first = 0; first < count; first += TR_BATCH, ++step) {
            size_t rows = 0;
            for (size_t i = first; i < count && i < first + TR_BATCH; ++i)
                rows += (size_t)data->lengths[train[order[i]]];
            assert_int_equal(f->watch.rows[step], rows);
        }
    }
    assert_int_equal(step, f->watch.steps);
    assert_true(fabs(f->watch.lr[0] - 1e-3) < 1e-15 && fabs(f->watch.lr[2] - 3e-3) < 1e-15);
    assert_true(f->watch.lr[step - 1] < 1e-3);
}

static void test_steps_follow_the_shuffle(void **state)
{
    tr_in_fixture(state, steps_follow_the_shuffle);
}

/* The train loss of an epoch is the mean of its steps by utterances. */
static void epochs_are_means(tr_fixture *f)
{
    TH_OK(f->t, tr_run(f, false));
    const size_t steps = tr_steps_of_epoch(f);
    assert_int_equal(f->watch.epochs, TR_EPOCHS);
    for (size_t e = 0; e < TR_EPOCHS; ++e) {
        double sum = 0, rows = 0;
        for (size_t s = e * steps; s < (e + 1) * steps; ++s) {
            sum += (double)f->watch.losses[s] * (double)f->watch.rows[s];
            rows += (double)f->watch.rows[s];
        }
        const nn_split_report *train = &f->watch.epoch[e].splits[DS_TRAIN], *test = &f->watch.epoch[e].splits[DS_TEST];
        assert_true(fabs(train->losses.loss - sum / rows) < 1e-9);
        assert_true(train->losses.utterances == rows && !train->measured && train->utterances_per_second > 0);
        assert_true(test->measured && test->metrics.rows > 0 && test->losses.loss > 0 &&
                    test->utterances_per_second > 0);
        const nn_config *c = &f->options.config;
        const double whole =
            c->lambda_ce * test->losses.ce + c->lambda_saf * test->losses.saf + c->lambda_kl * test->losses.kl;
        assert_true(fabs(test->losses.loss - whole) < 1e-9);
    }
    assert_true(f->watch.epoch[TR_EPOCHS - 1].splits[DS_TRAIN].losses.loss <
                f->watch.epoch[0].splits[DS_TRAIN].losses.loss);
}

static void test_epochs_are_means(void **state)
{
    tr_in_fixture(state, epochs_are_means);
}

/* The model in `best` is that of the best epoch: evaluated again it gives what the history says. */
static void best_is_the_best(tr_fixture *f)
{
    TH_OK(f->t, tr_run(f, false));
    nn_checkpoint *last = NULL, *best = NULL;
    nn_safsd *model = NULL;
    st_error *error = rt_error(f->t->rt);
    TH_OK(f->t, nn_checkpoint_open(&last, f->last, error));
    TH_OK(f->t, nn_checkpoint_open(&best, f->best, error));
    const long epoch = nn_history_best(&last->history, DS_VALID);
    assert_int_equal(last->history.epochs, TR_EPOCHS);
    assert_int_equal(nn_history_selects(&last->history), DS_VALID);
    assert_string_equal(best->about.selection, "valid");
    assert_int_equal(best->about.epoch, epoch + 1);
    assert_true(f->watch.epoch[epoch].best_valid && f->watch.epoch[epoch].saved_best);
    for (long e = epoch + 1; e < TR_EPOCHS; ++e) assert_false(f->watch.epoch[e].saved_best);

    const nn_safsd_options wanted = {best->about.config, best->about.tables, nn_extent_of(f->options.data, TR_BATCH),
                                     false};
    TH_OK(f->t, nn_safsd_create(&model, f->t->rt, &wanted));
    TH_OK(f->t, nn_checkpoint_load(best, nn_safsd_params(model), NULL, NULL));
    const nn_evaluator how = {.batch = TR_BATCH, .tables = best->about.tables};
    const size_t C = best->about.config.classes;
    for (int s = DS_VALID; s < DS_SPLITS; ++s) {
        uint64_t confusion[64] = {0};
        nn_evaluated out = {.confusion = confusion};
        TH_OK(f->t, nn_evaluate(model, f->options.data, (ds_split)s, &how, &out));
        const nn_split_losses *then = nn_history_losses(&last->history, (size_t)epoch, (ds_split)s);
        assert_memory_equal(confusion, nn_history_confusion(&last->history, (size_t)epoch, (ds_split)s),
                            C * C * sizeof *confusion);
        assert_memory_equal(&out.losses, then, sizeof *then);
    }
    nn_safsd_destroy(&model);
    nn_checkpoint_close(&last);
    nn_checkpoint_close(&best);
}

static void test_best_is_the_best(void **state)
{
    tr_in_fixture(state, best_is_the_best);
}

/* Batches in parts: the losses differ by rounding alone, in training and in evaluation. */
static void parts_change_nothing(tr_fixture *f)
{
    TH_OK(f->t, tr_run(f, false));
    tr_watch *whole = malloc(sizeof *whole);
    assert_non_null(whole);
    *whole = f->watch;
    tr_begin_watch(f);
    f->options.micro_batch = 1;
    TH_OK(f->t, tr_run(f, false));
    for (size_t s = 0; s < whole->steps; ++s)
        if (fabsf(f->watch.losses[s] - whole->losses[s]) > 1e-5f * whole->losses[s])
            fail_msg("step %zu: %.9g and %.9g", s, (double)f->watch.losses[s], (double)whole->losses[s]);
    for (size_t e = 0; e < TR_EPOCHS; ++e) {
        for (int s = DS_VALID; s < DS_SPLITS; ++s) {
            const double a = whole->epoch[e].splits[s].losses.loss, b = f->watch.epoch[e].splits[s].losses.loss;
            if (!(fabs(a - b) < 1e-5 * a)) fail_msg("epoch %zu, split %d: %.9g and %.9g", e, s, a, b);
        }
    }
    free(whole);
}

static void test_parts_change_nothing(void **state)
{
    tr_in_fixture(state, parts_change_nothing);
}

/* On a device with small blocks the batch is cut until it fits, and a resume cuts it the same way. */
static void cut_to_fit(tr_fixture *f)
{
    nn_checkpoint *last = NULL;
    char micro[24];
    f->options.batch = 64;
    f->watch.stop_after_step = 1;
    assert_int_equal(tr_run(f, false), ST_INTERRUPTED);
    st_clear(rt_error(f->t->rt));
    assert_int_equal(f->watch.notices, 1);
    TH_OK(f->t, nn_checkpoint_open(&last, f->last, rt_error(f->t->rt)));
    assert_true(nn_run_fingerprint_value(last->fingerprint, "micro_batch", micro, sizeof micro));
    nn_checkpoint_close(&last);
    assert_true(strtoul(micro, NULL, 10) < 64);
    tr_begin_watch(f);
    TH_OK(f->t, tr_run(f, true));
    assert_int_equal(f->watch.steps, TR_EPOCHS - 1);
    assert_int_equal(f->watch.notices, 0);
    f->options.micro_batch = 64; /* asked for, so not cut */
    assert_int_equal(tr_run(f, false), ST_DEVICE);
}

static void test_cut_to_fit(void **state)
{
    static const th_setting blocks = {"small blocks", 0, 0, 64 * 1024, false};
    tr_in_setting(state, &blocks, cut_to_fit);
}

static void patience_ends(tr_fixture *f)
{
    f->options.patience = 1;
    f->options.lr = 1e-30; /* nothing changes: the first epoch is the best */
    f->options.epochs = TR_EPOCHS;
    TH_OK(f->t, tr_run(f, false));
    assert_int_equal(f->watch.epochs, 2);
    tr_begin_watch(f);
    TH_OK(f->t, tr_run(f, true));
    assert_int_equal(f->watch.epochs, 0);
}

static void test_patience_ends(void **state)
{
    tr_in_fixture(state, patience_ends);
}

/* Nothing supervised can be learnt: such a run does not begin. One label is enough. */
static void nothing_labelled(tr_fixture *f)
{
    ds_dataset data = *f->options.data;
    int32_t *labels = th_ints(f->t, data.utterances);
    size_t one = 0;
    for (size_t d = 0; d < data.dialogues; ++d)
        for (size_t n = data.starts[d]; n < data.starts[d + 1]; ++n) {
            labels[n] = data.split[d] == DS_TRAIN ? DS_UNLABELLED : data.labels[n];
            if (data.split[d] == DS_TRAIN) one = n;
        }
    data.labels = labels;
    f->options.data = &data;
    assert_int_equal(tr_run(f, false), ST_USAGE);
    assert_non_null(strstr(rt_error(f->t->rt)->text, "no utterance of the training part has a label"));
    assert_int_equal(f->watch.epochs, 0);
    st_clear(rt_error(f->t->rt));
    labels[one] = 0;
    tr_begin_watch(f);
    TH_OK(f->t, tr_run(f, false));
    assert_int_equal(f->watch.notices, 0);
}

static void test_nothing_labelled(void **state)
{
    tr_in_fixture(state, nothing_labelled);
}

/* A batch that is larger than the data is no cut one. */
static void larger_than_the_data(tr_fixture *f)
{
    f->options.batch = 10000;
    f->options.hooks.step = NULL;
    TH_OK(f->t, tr_run(f, false));
    assert_int_equal(f->watch.notices, 0);
}

static void test_larger_than_the_data(void **state)
{
    tr_in_fixture(state, larger_than_the_data);
}

static void bad_options(tr_fixture *f)
{
    nn_trainer *trainer = NULL;
    const nn_trainer_options right = f->options;
    st_error *error = rt_error(f->t->rt);
    f->options.config.dims[1] += 1;
    assert_int_equal(nn_trainer_create(&trainer, f->t->rt, &f->options), ST_USAGE);
    assert_non_null(strstr(error->text, "modality a"));
    st_clear(error);
    f->options = right;
    f->options.config.classes += 1;
    assert_int_equal(nn_trainer_create(&trainer, f->t->rt, &f->options), ST_USAGE);
    assert_non_null(strstr(error->text, "classes"));
    st_clear(error);
    f->options = right;
    f->options.epochs = 0;
    assert_int_equal(nn_trainer_create(&trainer, f->t->rt, &f->options), ST_USAGE);
    st_clear(error);
    f->options = right;
    f->options.epochs = UINT32_MAX;
    assert_int_equal(nn_trainer_create(&trainer, f->t->rt, &f->options), ST_USAGE);
    st_clear(error);
    assert_null(trainer);
    f->options = right;
    f->watch.hook_status = ST_FAILED; /* a full disk, say */
    assert_int_equal(tr_run(f, false), ST_FAILED);
    assert_int_equal(f->watch.steps, 1);
}

static void test_bad_options(void **state)
{
    tr_in_fixture(state, bad_options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_follow_the_shuffle),
        cmocka_unit_test(test_epochs_are_means),
        cmocka_unit_test(test_best_is_the_best),
        cmocka_unit_test(test_parts_change_nothing),
        cmocka_unit_test(test_cut_to_fit),
        cmocka_unit_test(test_patience_ends),
        cmocka_unit_test(test_nothing_labelled),
        cmocka_unit_test(test_larger_than_the_data),
        cmocka_unit_test(test_bad_options),
    };
    return cmocka_run_group_tests(tests, tr_open, tr_close);
}
