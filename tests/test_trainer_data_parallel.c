/* A run on several devices, of different kinds where there are any: what ends it, and how it goes on. And a run whose
 * validation part nobody has labelled. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/harness.h"
#include "tests/support/scratch.h"
#include "tests/support/small_run.h"

enum { DEVICES = 3 };

typedef struct world {
    void *scratch;
    st_error error;
    long live;
    rt_device_list devices;
    rt_context *contexts[DEVICES]; /* the model's, its replica's, and a replica's of another vector width */
    ts_small_run small;
    nn_trainer_options options;
    char last[300], best[300];
    long stop_after; /* steps; -1: never */
    atomic_bool cancel;
    nn_epoch_report epoch; /* the last one */
} world;

static st_status watch_step(void *user, const nn_step_report *report)
{
    world *w = user;
    (void)report;
    if (w->stop_after > 0 && --w->stop_after == 0) w->cancel = 1;
    return ST_OK;
}

static st_status watch_epoch(void *user, const nn_epoch_report *report)
{
    world *w = user;
    w->epoch = *report;
    return ST_OK;
}

static void set_options(world *w)
{
    w->options = ts_small_run_options(&w->small);
    w->options.best_path = w->best;
    w->options.last_path = w->last;
    w->options.replicas = w->contexts + 1;
    w->options.replica_count = 1;
    w->options.cancel = &w->cancel;
    w->options.hooks = (nn_trainer_hooks){.user = w, .step = watch_step, .epoch = watch_epoch};
    w->stop_after = -1;
    w->cancel = 0;
}

static int open_world(void **state)
{
    world *w = calloc(1, sizeof *w);
    *state = w;
    assert_non_null(w);
    assert_int_equal(ts_scratch_open(&w->scratch), 0);
    snprintf(w->last, sizeof w->last, "%s", ts_path(&w->scratch, "last.safetensors"));
    snprintf(w->best, sizeof w->best, "%s", ts_path(&w->scratch, "best.safetensors"));
    ts_small_run_create(&w->small, NN_WEIGHTS_NONE);
    assert_int_equal(rt_device_list_create(&w->devices, &w->error), ST_OK);
    for (size_t c = 0; c < DEVICES; ++c) {
        const rt_options options = {.vector_width = c == 2 ? 2 : c == 1 ? 4 : 0, .live_objects = &w->live};
        const rt_device_info *device = &w->devices.items[c > 0 && w->devices.count > 1 ? 1 : 0];
        assert_int_equal(rt_context_create(&w->contexts[c], device, &options, &w->error), ST_OK);
        print_message("%s: %s\n", c == 0 ? "model" : "replica", device->name);
    }
    return 0;
}

static int close_world(void **state)
{
    world *w = *state;
    for (size_t c = 0; c < DEVICES; ++c) rt_context_destroy(&w->contexts[c]);
    rt_device_list_destroy(&w->devices);
    ts_small_run_destroy(&w->small);
    const long left = w->live;
    const int closed = ts_scratch_close(&w->scratch);
    free(w);
    return left != 0 || closed != 0 ? -1 : 0;
}

static st_status run(world *w, bool resume)
{
    nn_checkpoint *from = NULL;
    nn_trainer *trainer = NULL;
    w->cancel = 0;
    st_clear(&w->error);
    if (resume) assert_int_equal(nn_checkpoint_open(&from, w->last, &w->error), ST_OK);
    w->options.resume = from;
    st_status status = nn_trainer_create(&trainer, w->contexts[0], &w->options);
    nn_checkpoint_close(&from);
    if (status == ST_OK) status = nn_trainer_run(trainer);
    nn_trainer_destroy(&trainer);
    return status;
}

/* Stopped after each of its first steps, and resumed: the bytes of a run that was not. */
static void test_resumed_is_uninterrupted(void **state)
{
    world *w = *state;
    size_t size = 0, now = 0;
    set_options(w);
    if (run(w, false) != ST_OK) fail_msg("%s", w->error.text);
    unsigned char *whole = ts_read(w->last, &size);
    for (long stop = 1; stop <= 3; ++stop) {
        w->stop_after = stop;
        assert_int_equal(run(w, false), ST_INTERRUPTED);
        if (run(w, true) != ST_OK) fail_msg("%s", w->error.text);
        unsigned char *resumed = ts_read(w->last, &now);
        if (now != size || memcmp(resumed, whole, size) != 0)
            fail_msg("a run that stopped after %ld steps differs", stop);
        free(resumed);
    }
    free(whole);
}

/* A replica whose sums are of another form gives other bits; so does none. */
static void test_other_team_is_refused(void **state)
{
    world *w = *state;
    set_options(w);
    w->stop_after = 1;
    assert_int_equal(run(w, false), ST_INTERRUPTED);
    for (int none = 0; none < 2; ++none) {
        w->options.replicas = w->contexts + 2;
        w->options.replica_count = none ? 0 : 1;
        if (run(w, true) != ST_USAGE || !strstr(w->error.text, "workers")) fail_msg("%s", w->error.text);
    }
}

static void test_nonfinite_stops(void **state)
{
    world *w = *state;
    nn_checkpoint *last = NULL;
    set_options(w);
    w->options.lr = 1e30;
    w->options.adam.clip = 0;
    const st_status status = run(w, false);
    if (status != ST_FAILED || !strstr(w->error.text, "step 2 ") ||
        !strstr(w->error.text, "the first tensor that is not finite is") || strstr(w->error.text, "is no tensor") ||
        !strstr(w->error.text, w->last))
        fail_msg("%d: %s", (int)status, w->error.text);
    st_clear(&w->error);
    assert_int_equal(nn_checkpoint_open(&last, w->last, &w->error), ST_OK);
    assert_int_equal(last->progress.step, 1);
    assert_int_equal(last->progress.updates, 1);
    nn_checkpoint_close(&last);
    assert_int_equal(run(w, true), ST_FAILED); /* the same step again */
    st_clear(&w->error);
}

/* Without labels a validation part has losses (KL counts every row) but selects nothing: the test part does. */
static void test_unlabelled_validation(void **state)
{
    world *w = *state;
    nn_checkpoint *best = NULL;
    ds_dataset view = *w->small.data;
    int32_t *labels = malloc(view.utterances * sizeof *labels);
    assert_non_null(labels);
    memcpy(labels, view.labels, view.utterances * sizeof *labels);
    for (size_t d = 0; d < view.dialogues; ++d)
        for (size_t i = view.starts[d]; view.split[d] == DS_VALID && i < view.starts[d + 1]; ++i)
            labels[i] = DS_UNLABELLED;
    view.labels = labels;
    set_options(w);
    w->options.data = &view;
    if (run(w, false) != ST_OK) fail_msg("%s", w->error.text);
    const nn_split_report *valid = &w->epoch.splits[DS_VALID];
    assert_true(valid->losses.utterances > 0 && valid->losses.kl > 0 && valid->losses.ce == 0 &&
                valid->losses.saf == 0);
    assert_false(valid->measured);
    assert_true(w->epoch.splits[DS_TEST].measured);
    assert_false(w->epoch.best_valid);
    assert_int_equal(nn_checkpoint_open(&best, w->best, &w->error), ST_OK);
    assert_string_equal(best->about.selection, "test_best");
    nn_checkpoint_close(&best);
    free(labels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resumed_is_uninterrupted),
        cmocka_unit_test(test_other_team_is_refused),
        cmocka_unit_test(test_nonfinite_stops),
        cmocka_unit_test(test_unlabelled_validation),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
