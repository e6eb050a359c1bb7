#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/philox.h"
#include "data/synth.h"
#include "model/training/class_tables.h"
#include "model/training/recipe.h"
#include "model/training/trainer.h"
#include "tests/ref/harness.h"
#include "tests/ref/scratch.h"

enum { EPOCHS = 3, BATCH = 3 };

/* The rig of the harness, a folder for files, and data that all cases share. */
typedef struct rigs {
    void *device, *scratch;
    ds_dataset *data;
    nn_class_tables tables;
} rigs;

static st_status make_data(rigs *r, st_error *error)
{
    double frequencies[16];
    const nn_class_options options = {.weights = NN_WEIGHTS_INVERSE_FREQUENCY};
    const ds_synth_options synth = {.like = DS_MELD, .dialogues = 16, .dims = {6, 5, 4}, .seed = 5};
    ST_FORWARD(ds_synth(&r->data, &synth, error));
    ds_class_frequencies(r->data, frequencies);
    return nn_class_tables_create(&r->tables, &options, frequencies, r->data->classes, error);
}

static int open_rigs(void **state)
{
    st_error error = {0};
    rigs *r = calloc(1, sizeof *r);
    *state = r;
    if (!r || th_open(&r->device) != 0 || ts_scratch_open(&r->scratch) != 0) return -1;
    if (make_data(r, &error) == ST_OK) return 0;
    print_error("%s\n", error.text);
    return -1;
}

static int close_rigs(void **state)
{
    rigs *r = *state;
    ds_destroy(&r->data);
    nn_class_tables_destroy(&r->tables);
    const int device = th_close(&r->device), scratch = ts_scratch_close(&r->scratch);
    free(r);
    return device != 0 || scratch != 0 ? -1 : 0;
}

/* What a run is watched by: losses of its steps and epochs, and a place where it is to be stopped. */
typedef struct watch {
    float losses[1000];
    size_t rows[1000];
    double lr[1000];
    size_t steps, epochs, notices;
    char notice[200]; /* the last */
    nn_epoch_report epoch[64];
    uint64_t expected_step;                   /* of the next report */
    long stop_after_step, stop_in_evaluation; /* counts; -1: never */
    volatile sig_atomic_t cancel;
    long evaluations;
    st_status hook_status;
    size_t fail_in_epoch; /* from 1; 0: never */
} watch;

static st_status watch_step(void *user, const nn_step_report *report)
{
    watch *w = user;
    assert_int_equal(report->step, w->expected_step++);
    assert_int_equal(report->epochs, EPOCHS);
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
    watch *w = user;
    w->epoch[w->epochs++] = *report;
    w->epoch[w->epochs - 1].splits[DS_TRAIN].confusion = NULL; /* borrowed only during the call */
    return report->epoch == w->fail_in_epoch ? ST_FAILED : w->hook_status;
}

static void watch_evaluating(void *user, ds_split split, size_t rows, size_t of_rows)
{
    watch *w = user;
    assert_true(split != DS_TRAIN && rows <= of_rows);
    if (++w->evaluations == w->stop_in_evaluation) w->cancel = 1;
}

static void watch_notice(void *user, const char *sentence)
{
    watch *w = user;
    snprintf(w->notice, sizeof w->notice, "%s", sentence);
    ++w->notices;
}

typedef struct fixture {
    th_case *t;
    void **scratch;
    const rigs *r;
    nn_trainer_options options;
    watch watch;
} fixture;

static void begin_watch(fixture *f)
{
    f->watch = (watch){.stop_after_step = -1, .stop_in_evaluation = -1};
}

static void set_up(fixture *f, th_case *t, rigs *r)
{
    const ds_dataset *data = r->data;
    const nn_config config = {.uses = {true, true, true},
                              .dims = {data->dims[0], data->dims[1], data->dims[2]},
                              .hidden = 16,
                              .graph_hidden = 16,
                              .ffn = 16,
                              .heads = 2,
                              .layers = 1,
                              .gcn_layers = 2,
                              .classes = data->classes,
                              .speakers = data->speaker_count,
                              .gate = NN_GATE_LEARNED,
                              .dropout = 0.3,
                              .gcn_mask = 0.5,
                              .seed = 99,
                              .lambda_ce = 1,
                              .lambda_saf = 0.5,
                              .lambda_kl = 0.25,
                              .gamma = 2,
                              .temperature = 2,
                              .teacher_gradient = true};
    memset(f, 0, sizeof *f);
    f->t = t;
    f->r = r;
    f->scratch = &r->scratch;
    begin_watch(f);
    f->options =
        (nn_trainer_options){.data = data,
                             .config = config,
                             .tables = r->tables.tables,
                             .epochs = EPOCHS,
                             .batch = BATCH,
                             .adam = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 1e-5, .clip = 5},
                             .schedule = NN_SCHEDULE_COSINE,
                             .lr = 3e-3,
                             .warmup = 2,
                             .configuration = "[train]\n",
                             .cancel = &f->watch.cancel,
                             .hooks = {&f->watch, watch_step, watch_epoch, watch_evaluating, watch_notice}};
}

typedef struct call {
    rigs *r;
    void (*body)(fixture *f);
} call;

static void run_body(th_case *t, const void *user)
{
    const call *c = user;
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    set_up(f, t, c->r);
    c->body(f);
    free(f);
}

static void in_fixture(void **state, void (*body)(fixture *f))
{
    rigs *r = *state;
    const call c = {r, body};
    th_run_once(&r->device, run_body, &c);
}

/* One call of the program: begins or, with `resume`, goes on with the run whose files are in the folder. */
static st_status run(fixture *f, bool resume)
{
    char last[300], best[300];
    nn_checkpoint *from = NULL;
    nn_trainer *trainer = NULL;
    snprintf(last, sizeof last, "%s", ts_path(f->scratch, "last.safetensors"));
    snprintf(best, sizeof best, "%s", ts_path(f->scratch, "best.safetensors"));
    f->options.last_path = last;
    f->options.best_path = best;
    if (resume) TH_OK(f->t, nn_checkpoint_open(&from, last, rt_error(f->t->rt)));
    f->options.resume = from;
    f->watch.expected_step = from ? from->progress.step : 0;
    st_status status = nn_trainer_create(&trainer, f->t->rt, &f->options);
    nn_checkpoint_close(&from);
    if (status == ST_OK) status = nn_trainer_run(trainer);
    nn_trainer_destroy(&trainer);
    return status;
}

typedef struct file {
    unsigned char *bytes;
    size_t size;
} file;

static file content(fixture *f, const char *name)
{
    file content = {0};
    content.bytes = ts_read(ts_path(f->scratch, name), &content.size);
    return content;
}

static void expect_same_file(fixture *f, const file *expected, const char *name, const char *when)
{
    file now = content(f, name);
    if (now.size != expected->size || memcmp(now.bytes, expected->bytes, now.size) != 0)
        fail_msg("%s differs (%zu and %zu bytes) %s", name, now.size, expected->size, when);
    free(now.bytes);
}

static size_t steps_of_epoch(const fixture *f)
{
    return (ds_select(f->options.data, DS_TRAIN, NULL, NULL) - 1) / BATCH + 1;
}

/* ---- repeatable to the bit ---- */

static void same_seed_same_bytes(fixture *f)
{
    TH_OK(f->t, run(f, false));
    file last = content(f, "last.safetensors"), best = content(f, "best.safetensors");
    const size_t steps = EPOCHS * steps_of_epoch(f);
    assert_int_equal(f->watch.steps, steps);
    watch *first = malloc(sizeof *first);
    assert_non_null(first);
    *first = f->watch;
    begin_watch(f);
    TH_OK(f->t, run(f, false));
    expect_same_file(f, &last, "last.safetensors", "when the run is repeated");
    expect_same_file(f, &best, "best.safetensors", "when the run is repeated");
    assert_memory_equal(f->watch.losses, first->losses, steps * sizeof *first->losses);
    f->options.config.seed += 1;
    TH_OK(f->t, run(f, false));
    file other = content(f, "last.safetensors");
    assert_true(other.size != last.size || memcmp(other.bytes, last.bytes, last.size) != 0);
    free(first);
    free(other.bytes);
    free(last.bytes);
    free(best.bytes);
}

static void test_same_seed_same_bytes(void **state)
{
    in_fixture(state, same_seed_same_bytes);
}

/* Stopped once at every step, and inside every evaluation, then resumed. */
static void resumed_is_uninterrupted(fixture *f)
{
    TH_OK(f->t, run(f, false));
    file last = content(f, "last.safetensors"), best = content(f, "best.safetensors");
    const long steps = (long)f->watch.steps, evaluations = f->watch.evaluations;
    for (long place = 1; place < steps + evaluations; ++place) {
        char when[64];
        snprintf(when, sizeof when, "after a stop at place %ld", place);
        begin_watch(f);
        if (place < steps)
            f->watch.stop_after_step = place;
        else
            f->watch.stop_in_evaluation = place - steps + 1;
        remove(ts_path(f->scratch, "last.safetensors"));
        remove(ts_path(f->scratch, "best.safetensors"));
        const st_status stopped = run(f, false);
        if (stopped == ST_OK && f->watch.stop_in_evaluation == evaluations) continue; /* after the very last part */
        assert_int_equal(stopped, ST_INTERRUPTED);
        assert_non_null(strstr(rt_error(f->t->rt)->text, "last.safetensors"));
        st_clear(rt_error(f->t->rt));
        const size_t before = f->watch.steps;
        assert_true(place >= steps || before <= (size_t)place + 1); /* the step under way, no more */
        begin_watch(f);
        TH_OK(f->t, run(f, true));
        assert_int_equal(before + f->watch.steps, (size_t)steps); /* no step is lost or made twice */
        expect_same_file(f, &last, "last.safetensors", when);
        expect_same_file(f, &best, "best.safetensors", when);
    }
    free(last.bytes);
    free(best.bytes);
}

static void test_resumed_is_uninterrupted(void **state)
{
    in_fixture(state, resumed_is_uninterrupted);
}

static void expect_epoch(fixture *f, size_t epoch)
{
    nn_checkpoint *last = NULL;
    TH_OK(f->t, nn_checkpoint_open(&last, ts_path(f->scratch, "last.safetensors"), rt_error(f->t->rt)));
    assert_int_equal(last->progress.epoch, epoch);
    assert_int_equal(last->about.epoch, epoch);
    nn_checkpoint_close(&last);
}

/* `last` is rarely written, the program dies in the third epoch, the resume starts from the second. */
static void resumed_from_old_state(fixture *f)
{
    f->options.checkpoint_every = 2;
    TH_OK(f->t, run(f, false));
    file last = content(f, "last.safetensors"), best = content(f, "best.safetensors");
    expect_epoch(f, 3); /* the end of a run is written whatever checkpoint_every says */
    begin_watch(f);
    f->watch.fail_in_epoch = 3;
    assert_int_equal(run(f, false), ST_FAILED);
    expect_epoch(f, 2);
    begin_watch(f);
    TH_OK(f->t, run(f, true));
    assert_int_equal(f->watch.epochs, 1);
    assert_int_equal(f->watch.epoch[0].epoch, 3);
    expect_same_file(f, &last, "last.safetensors", "after a resume from the second epoch");
    expect_same_file(f, &best, "best.safetensors", "after a resume from the second epoch");
    begin_watch(f);
    f->watch.fail_in_epoch = 2;
    assert_int_equal(remove(ts_path(f->scratch, "last.safetensors")), 0);
    assert_int_equal(run(f, false), ST_FAILED);
    assert_int_equal(remove(ts_path(f->scratch, "last.safetensors")), -1); /* epoch 1 has not written it */
    free(last.bytes);
    free(best.bytes);
}

static void test_resumed_from_old_state(void **state)
{
    in_fixture(state, resumed_from_old_state);
}

/* With a constant rate a run may be made longer, and is then the longer run. */
static void longer_run(fixture *f)
{
    f->options.schedule = NN_SCHEDULE_CONSTANT;
    TH_OK(f->t, run(f, false));
    file last = content(f, "last.safetensors");
    begin_watch(f);
    f->options.epochs = EPOCHS - 1;
    f->options.hooks.step = NULL;
    TH_OK(f->t, run(f, false));
    f->options.epochs = EPOCHS;
    TH_OK(f->t, run(f, true));
    expect_same_file(f, &last, "last.safetensors", "when the run was made longer");
    begin_watch(f);
    TH_OK(f->t, run(f, true)); /* nothing is left to do */
    assert_int_equal(f->watch.epochs, 0);
    expect_same_file(f, &last, "last.safetensors", "after a resume of a finished run");
    free(last.bytes);
}

static void test_longer_run(void **state)
{
    in_fixture(state, longer_run);
}

/* ---- what is computed ---- */

/* The order of SPEC 7, recomputed: rows of every step of every epoch; and the learning rates. */
static void steps_follow_the_shuffle(fixture *f)
{
    const ds_dataset *data = f->options.data;
    size_t train[64], order[64], step = 0;
    const size_t count = ds_select(data, DS_TRAIN, train, NULL);
    TH_OK(f->t, run(f, false));
    for (uint32_t epoch = 0; epoch < EPOCHS; ++epoch) {
        ds_shuffle((ds_stream){f->options.config.seed, DS_SITE_SHUFFLE, epoch}, order, count);
        for (size_t first = 0; first < count; first += BATCH, ++step) {
            size_t rows = 0;
            for (size_t i = first; i < count && i < first + BATCH; ++i) rows += (size_t)data->lengths[train[order[i]]];
            assert_int_equal(f->watch.rows[step], rows);
        }
    }
    assert_int_equal(step, f->watch.steps);
    assert_true(fabs(f->watch.lr[0] - 1e-3) < 1e-15 && fabs(f->watch.lr[2] - 3e-3) < 1e-15);
    assert_true(f->watch.lr[step - 1] < 1e-3);
}

static void test_steps_follow_the_shuffle(void **state)
{
    in_fixture(state, steps_follow_the_shuffle);
}

/* The train loss of an epoch is the mean of its steps by utterances. */
static void epochs_are_means(fixture *f)
{
    TH_OK(f->t, run(f, false));
    const size_t steps = steps_of_epoch(f);
    assert_int_equal(f->watch.epochs, EPOCHS);
    for (size_t e = 0; e < EPOCHS; ++e) {
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
    assert_true(f->watch.epoch[EPOCHS - 1].splits[DS_TRAIN].losses.loss <
                f->watch.epoch[0].splits[DS_TRAIN].losses.loss);
}

static void test_epochs_are_means(void **state)
{
    in_fixture(state, epochs_are_means);
}

/* The model in `best` is that of the best epoch: evaluated again it gives what the history says. */
static void best_is_the_best(fixture *f)
{
    TH_OK(f->t, run(f, false));
    nn_checkpoint *last = NULL, *best = NULL;
    nn_safsd *model = NULL;
    st_error *error = rt_error(f->t->rt);
    TH_OK(f->t, nn_checkpoint_open(&last, ts_path(f->scratch, "last.safetensors"), error));
    TH_OK(f->t, nn_checkpoint_open(&best, ts_path(f->scratch, "best.safetensors"), error));
    const long epoch = nn_history_best(&last->history, DS_VALID);
    assert_int_equal(last->history.epochs, EPOCHS);
    assert_int_equal(nn_history_selects(&last->history), DS_VALID);
    assert_string_equal(best->about.selection, "valid");
    assert_int_equal(best->about.epoch, epoch + 1);
    assert_true(f->watch.epoch[epoch].best_valid && f->watch.epoch[epoch].saved_best);
    for (long e = epoch + 1; e < EPOCHS; ++e) assert_false(f->watch.epoch[e].saved_best);

    const nn_safsd_options wanted = {best->about.config, best->about.tables, nn_extent_of(f->options.data, BATCH),
                                     false};
    TH_OK(f->t, nn_safsd_create(&model, f->t->rt, &wanted));
    TH_OK(f->t, nn_checkpoint_load(best, nn_safsd_params(model), NULL, NULL));
    const nn_evaluator how = {.batch = BATCH, .tables = best->about.tables};
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
    in_fixture(state, best_is_the_best);
}

/* Batches in parts: the losses differ by rounding alone, in training and in evaluation. */
static void parts_change_nothing(fixture *f)
{
    TH_OK(f->t, run(f, false));
    watch *whole = malloc(sizeof *whole);
    assert_non_null(whole);
    *whole = f->watch;
    begin_watch(f);
    f->options.micro_batch = 1;
    TH_OK(f->t, run(f, false));
    for (size_t s = 0; s < whole->steps; ++s)
        if (fabsf(f->watch.losses[s] - whole->losses[s]) > 1e-5f * whole->losses[s])
            fail_msg("step %zu: %.9g and %.9g", s, (double)f->watch.losses[s], (double)whole->losses[s]);
    for (size_t e = 0; e < EPOCHS; ++e) {
        for (int s = DS_VALID; s < DS_SPLITS; ++s) {
            const double a = whole->epoch[e].splits[s].losses.loss, b = f->watch.epoch[e].splits[s].losses.loss;
            if (!(fabs(a - b) < 1e-5 * a)) fail_msg("epoch %zu, split %d: %.9g and %.9g", e, s, a, b);
        }
    }
    free(whole);
}

static void test_parts_change_nothing(void **state)
{
    in_fixture(state, parts_change_nothing);
}

/* On a device with small blocks the batch is cut until it fits, and a resume cuts it the same way. */
static void cut_to_fit(th_case *t, const void *user)
{
    const call *c = user;
    fixture *f = calloc(1, sizeof *f);
    nn_checkpoint *last = NULL;
    char micro[24];
    assert_non_null(f);
    set_up(f, t, c->r);
    f->options.batch = 64;
    f->watch.stop_after_step = 1;
    assert_int_equal(run(f, false), ST_INTERRUPTED);
    st_clear(rt_error(t->rt));
    assert_int_equal(f->watch.notices, 1);
    TH_OK(t, nn_checkpoint_open(&last, ts_path(f->scratch, "last.safetensors"), rt_error(t->rt)));
    assert_true(nn_recipe_value(last->recipe, "micro_batch", micro, sizeof micro));
    nn_checkpoint_close(&last);
    assert_true(strtoul(micro, NULL, 10) < 64);
    begin_watch(f);
    TH_OK(t, run(f, true));
    assert_int_equal(f->watch.steps, EPOCHS - 1);
    assert_int_equal(f->watch.notices, 0);
    f->options.micro_batch = 64; /* asked for, so not cut */
    assert_int_equal(run(f, false), ST_DEVICE);
    free(f);
}

static void test_cut_to_fit(void **state)
{
    static const th_setting blocks = {"small blocks", 0, 0, 64 * 1024, false};
    rigs *r = *state;
    const call c = {r, NULL};
    th_run_in(&r->device, &blocks, cut_to_fit, &c);
}

static void patience_ends(fixture *f)
{
    f->options.patience = 1;
    f->options.lr = 1e-30; /* nothing changes: the first epoch is the best */
    f->options.epochs = EPOCHS;
    TH_OK(f->t, run(f, false));
    assert_int_equal(f->watch.epochs, 2);
    begin_watch(f);
    TH_OK(f->t, run(f, true));
    assert_int_equal(f->watch.epochs, 0);
}

static void test_patience_ends(void **state)
{
    in_fixture(state, patience_ends);
}

/* ---- steps that are not finite ---- */

static void nonfinite_stops(fixture *f)
{
    f->options.lr = 1e30;
    f->options.warmup = 0;
    f->options.adam.clip = 0;
    const st_status status = run(f, false);
    const char *text = rt_error(f->t->rt)->text;
    if (status != ST_FAILED || !strstr(text, "step 1 ") || !strstr(text, "not finite") ||
        !strstr(text, "last.safetensors"))
        fail_msg("%d: %s", (int)status, text);
    st_clear(rt_error(f->t->rt));
    assert_int_equal(f->watch.steps, 1); /* step 0 was finite */
    nn_checkpoint *last = NULL;
    TH_OK(f->t, nn_checkpoint_open(&last, ts_path(f->scratch, "last.safetensors"), rt_error(f->t->rt)));
    assert_int_equal(last->progress.step, 1);
    assert_int_equal(last->progress.batch, 1);
    assert_int_equal(last->progress.updates, 1);
    assert_int_equal(last->progress.skipped, 0);
    nn_checkpoint_close(&last);
    begin_watch(f);
    assert_int_equal(run(f, true), ST_FAILED); /* the same step again */
    assert_int_equal(f->watch.steps, 0);
    st_clear(rt_error(f->t->rt));
}

static void test_nonfinite_stops(void **state)
{
    in_fixture(state, nonfinite_stops);
}

/* The run reaches its end, but no epoch of it could be evaluated: nothing is best. */
static void expect_diverged(fixture *f, bool resume)
{
    const st_status status = run(f, resume);
    const char *text = rt_error(f->t->rt)->text;
    if (status != ST_FAILED || !strstr(text, "the run has diverged") || !strstr(text, "last.safetensors"))
        fail_msg("%d: %s", (int)status, text);
    st_clear(rt_error(f->t->rt));
    assert_int_equal(remove(ts_path(f->scratch, "best.safetensors")), -1);
    for (size_t e = 0; e < f->watch.epochs; ++e) {
        const nn_epoch_report *report = &f->watch.epoch[e];
        assert_false(report->saved_best || report->best_valid || report->best_test);
        assert_false(report->splits[DS_VALID].measured || report->splits[DS_TEST].measured);
    }
}

static void nonfinite_is_skipped(fixture *f)
{
    f->options.lr = 1e30;
    f->options.warmup = 0;
    f->options.adam.clip = 0;
    f->options.nonfinite = NN_NONFINITE_SKIP;
    remove(ts_path(f->scratch, "best.safetensors"));
    expect_diverged(f, false);
    const size_t steps = EPOCHS * steps_of_epoch(f);
    assert_int_equal(f->watch.steps, steps); /* skipped steps count on */
    assert_int_equal(f->watch.epoch[EPOCHS - 1].skipped, steps - 1);
    assert_true(f->watch.epoch[0].splits[DS_TRAIN].losses.utterances == (double)f->watch.rows[0]);
    assert_true(f->watch.epoch[1].splits[DS_TRAIN].losses.utterances == 0);
    begin_watch(f);
    expect_diverged(f, true); /* a finished run, resumed, is still none that went well */
    assert_int_equal(f->watch.epochs, 0);
}

static void test_nonfinite_is_skipped(void **state)
{
    in_fixture(state, nonfinite_is_skipped);
}

/* One part of the data holds features that overflow: `huge` says which. */
static ds_dataset overflowing(fixture *f, ds_split huge)
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
static void other_steps_go_on(fixture *f)
{
    const ds_dataset data = overflowing(f, DS_TRAIN);
    f->options.data = &data;
    f->options.nonfinite = NN_NONFINITE_SKIP;
    TH_OK(f->t, run(f, false));
    size_t saved = 0;
    for (uint32_t e = 0; e < EPOCHS; ++e) {
        assert_int_equal(f->watch.epoch[e].skipped, e + 1);
        assert_true(f->watch.epoch[e].splits[DS_VALID].measured);
        saved += f->watch.epoch[e].saved_best;
    }
    assert_true(saved > 0);
}

static void test_other_steps_go_on(void **state)
{
    in_fixture(state, other_steps_go_on);
}

/* A part that cannot be evaluated leaves no epoch to select, although the other one could select. */
static void no_part_may_overflow(fixture *f)
{
    f->options.nonfinite = NN_NONFINITE_SKIP;
    for (ds_split split = DS_VALID; split <= DS_TEST; ++split) {
        const ds_dataset data = overflowing(f, split);
        remove(ts_path(f->scratch, "best.safetensors"));
        begin_watch(f);
        f->options.data = &data;
        const st_status status = run(f, false);
        assert_int_equal(status, ST_FAILED);
        assert_non_null(strstr(rt_error(f->t->rt)->text, "the run has diverged"));
        st_clear(rt_error(f->t->rt));
        assert_int_equal(f->watch.epochs, EPOCHS);
        assert_int_equal(f->watch.epoch[0].splits[split].measured, false);
        assert_int_equal(remove(ts_path(f->scratch, "best.safetensors")), -1);
    }
}

static void test_no_part_may_overflow(void **state)
{
    in_fixture(state, no_part_may_overflow);
}

static void expect_stop_after_update(fixture *f, bool resume, const char *part, const char *tensor)
{
    const st_status status = run(f, resume);
    const char *text = rt_error(f->t->rt)->text;
    if (status != ST_FAILED || !strstr(text, "after step 0 ") || !strstr(text, part) || !strstr(text, tensor) ||
        !strstr(text, "last.safetensors"))
        fail_msg("%d: %s", (int)status, text);
    st_clear(rt_error(f->t->rt));
    assert_int_equal(f->watch.steps, resume ? 0 : 1);
    assert_int_equal(f->watch.epochs, 0);
    assert_int_equal(remove(ts_path(f->scratch, "best.safetensors")), -1);
    nn_checkpoint *last = NULL;
    TH_OK(f->t, nn_checkpoint_open(&last, ts_path(f->scratch, "last.safetensors"), rt_error(f->t->rt)));
    assert_int_equal(last->progress.step, 1);
    assert_int_equal(last->progress.updates, 1);
    assert_int_equal(last->progress.epoch, 0);
    assert_int_equal(last->history.epochs, 0);
    nn_checkpoint_close(&last);
}

/* Epochs of one step, whose gradient is finite: what its update did is seen at the evaluation, before anything is
 * saved as best, and again by a resume. */
static void evaluation_stops(fixture *f)
{
    f->options.batch = 64;
    f->options.lr = 1e30;
    f->options.warmup = 0;
    remove(ts_path(f->scratch, "best.safetensors"));
    expect_stop_after_update(f, false, "the validation part", "the fused features of modality t");
    begin_watch(f);
    expect_stop_after_update(f, true, "the validation part", "the fused features of modality t");

    begin_watch(f);
    f->options.adam.decoupled = true; /* the update itself overflows */
    f->options.adam.weight_decay = 1e20;
    expect_stop_after_update(f, false, "the validation part", "the parameter speaker_embeddings.weight, where element");
}

static void test_evaluation_stops(void **state)
{
    in_fixture(state, evaluation_stops);
}

static void watch_any_evaluation(void *user, ds_split split, size_t rows, size_t of_rows)
{
    watch *w = user;
    assert_true(split == DS_TRAIN && rows <= of_rows);
    ++w->evaluations;
}

/* Without another part, the last epoch is evaluated on the training part before it is saved. */
static void training_part_alone(fixture *f)
{
    ds_dataset data = *f->options.data;
    data.split = th_ints(f->t, data.dialogues); /* zeros: all are for training */
    f->options.data = &data;
    f->options.batch = 64;
    f->options.epochs = 1;
    f->options.hooks.step = NULL;
    f->options.hooks.evaluating = watch_any_evaluation;
    TH_OK(f->t, run(f, false));
    assert_true(f->watch.evaluations > 0 && f->watch.epoch[0].saved_best);
    assert_int_equal(remove(ts_path(f->scratch, "best.safetensors")), 0);
    f->options.lr = 1e30;
    f->options.warmup = 0;
    begin_watch(f);
    assert_int_equal(run(f, false), ST_FAILED);
    assert_non_null(strstr(rt_error(f->t->rt)->text, "the evaluation of the training part after step 0 "));
    st_clear(rt_error(f->t->rt));
    f->options.nonfinite = NN_NONFINITE_SKIP;
    expect_diverged(f, false);
    assert_int_equal(f->watch.epochs, 1);
}

static void test_training_part_alone(void **state)
{
    in_fixture(state, training_part_alone);
}

/* Nothing supervised can be learnt, which is said; the run goes on as it was asked to. */
static void nothing_labelled(fixture *f)
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
    TH_OK(f->t, run(f, false));
    assert_int_equal(f->watch.notices, 1);
    assert_non_null(strstr(f->watch.notice, "warning: no utterance of the training part is labelled"));
    assert_int_equal(f->watch.epochs, EPOCHS);
    assert_true(f->watch.epoch[0].splits[DS_TRAIN].losses.ce == 0 && f->watch.epoch[0].splits[DS_TRAIN].losses.kl > 0);
    labels[one] = 0;
    begin_watch(f);
    TH_OK(f->t, run(f, false));
    assert_int_equal(f->watch.notices, 0);
}

static void test_nothing_labelled(void **state)
{
    in_fixture(state, nothing_labelled);
}

/* A batch that is larger than the data is no cut one. */
static void larger_than_the_data(fixture *f)
{
    f->options.batch = 10000;
    f->options.hooks.step = NULL;
    TH_OK(f->t, run(f, false));
    assert_int_equal(f->watch.notices, 0);
}

static void test_larger_than_the_data(void **state)
{
    in_fixture(state, larger_than_the_data);
}

/* ---- refusals ---- */

static void expect_refused(fixture *f, const char *key)
{
    const st_status status = run(f, true);
    const char *text = rt_error(f->t->rt)->text;
    if (status != ST_USAGE || !strstr(text, key) || !strstr(text, "last.safetensors"))
        fail_msg("%s: %d: %s", key, (int)status, text);
    st_clear(rt_error(f->t->rt));
}

static void other_recipes(fixture *f)
{
    f->watch.stop_after_step = 2;
    assert_int_equal(run(f, false), ST_INTERRUPTED);
    st_clear(rt_error(f->t->rt));
    begin_watch(f);
    const nn_trainer_options right = f->options;
    f->options.lr = 4e-3;
    expect_refused(f, "lr = 0.003");
    f->options = right;
    f->options.config.seed = 5;
    expect_refused(f, "seed = 99");
    f->options = right;
    f->options.batch = 4;
    expect_refused(f, "batch = 3");
    f->options = right;
    f->options.micro_batch = 1;
    expect_refused(f, "micro_batch = 3");
    f->options = right;
    f->options.epochs = 2; /* with a cosine */
    expect_refused(f, "steps = ");
    f->options = right;
    f->options.config.dropout = 0;
    expect_refused(f, "dropout = 0.3");
}

static void test_other_recipes(void **state)
{
    in_fixture(state, other_recipes);
}

/* A context of another vector width must not go on. */
static void continue_elsewhere(th_case *t, const void *user)
{
    const call *c = user;
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    set_up(f, t, c->r);
    expect_refused(f, "vector_width = ");
    free(f);
}

static void stop_early(fixture *f)
{
    f->watch.stop_after_step = 2;
    assert_int_equal(run(f, false), ST_INTERRUPTED);
    st_clear(rt_error(f->t->rt));
    char width[24];
    nn_checkpoint *c = NULL;
    TH_OK(f->t, nn_checkpoint_open(&c, ts_path(f->scratch, "last.safetensors"), rt_error(f->t->rt)));
    assert_true(nn_recipe_value(c->recipe, "vector_width", width, sizeof width));
    assert_int_equal(strtoul(width, NULL, 10), rt_vector_width(f->t->rt));
    assert_false(nn_recipe_value(c->recipe, "no such key", width, sizeof width));
    nn_checkpoint_close(&c);
}

static void test_other_vector_width(void **state)
{
    static const th_setting narrow = {"VW=2", 2, 0, 0, false};
    rigs *r = *state;
    const call c = {r, NULL};
    in_fixture(state, stop_early);
    th_run_in(&r->device, &narrow, continue_elsewhere, &c);
}

static void bad_options(fixture *f)
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
    assert_int_equal(run(f, false), ST_FAILED);
    assert_int_equal(f->watch.steps, 1);
}

static void test_bad_options(void **state)
{
    in_fixture(state, bad_options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_bytes),
        cmocka_unit_test(test_resumed_is_uninterrupted),
        cmocka_unit_test(test_resumed_from_old_state),
        cmocka_unit_test(test_longer_run),
        cmocka_unit_test(test_steps_follow_the_shuffle),
        cmocka_unit_test(test_epochs_are_means),
        cmocka_unit_test(test_best_is_the_best),
        cmocka_unit_test(test_parts_change_nothing),
        cmocka_unit_test(test_cut_to_fit),
        cmocka_unit_test(test_patience_ends),
        cmocka_unit_test(test_nonfinite_stops),
        cmocka_unit_test(test_nonfinite_is_skipped),
        cmocka_unit_test(test_nothing_labelled),
        cmocka_unit_test(test_larger_than_the_data),
        cmocka_unit_test(test_other_steps_go_on),
        cmocka_unit_test(test_no_part_may_overflow),
        cmocka_unit_test(test_evaluation_stops),
        cmocka_unit_test(test_training_part_alone),
        cmocka_unit_test(test_other_recipes),
        cmocka_unit_test(test_other_vector_width),
        cmocka_unit_test(test_bad_options),
    };
    return cmocka_run_group_tests(tests, open_rigs, close_rigs);
}
