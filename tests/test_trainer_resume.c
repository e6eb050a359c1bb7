/* A run is repeatable to the bit, wherever it was stopped; what would compute other numbers does not go on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/training/run_fingerprint.h"
#include "tests/support/trainings.h"

static void same_seed_same_bytes(tr_fixture *f)
{
    TH_OK(f->t, tr_run(f, false));
    tr_file last = tr_content(f, "last.safetensors"), best = tr_content(f, "best.safetensors");
    const size_t steps = TR_EPOCHS * tr_steps_of_epoch(f);
    assert_int_equal(f->watch.steps, steps);
    tr_watch *first = malloc(sizeof *first);
    assert_non_null(first);
    *first = f->watch;
    tr_begin_watch(f);
    TH_OK(f->t, tr_run(f, false));
    tr_expect_same_file(f, &last, "last.safetensors", "when the run is repeated");
    tr_expect_same_file(f, &best, "best.safetensors", "when the run is repeated");
    assert_memory_equal(f->watch.losses, first->losses, steps * sizeof *first->losses);
    f->options.config.seed += 1;
    TH_OK(f->t, tr_run(f, false));
    tr_file other = tr_content(f, "last.safetensors");
    assert_true(other.size != last.size || memcmp(other.bytes, last.bytes, last.size) != 0);
    free(first);
    free(other.bytes);
    free(last.bytes);
    free(best.bytes);
}

static void test_same_seed_same_bytes(void **state)
{
    tr_in_fixture(state, same_seed_same_bytes);
}

/* Stopped once at every step, and inside every evaluation, then resumed. */
static void resumed_is_uninterrupted(tr_fixture *f)
{
    TH_OK(f->t, tr_run(f, false));
    tr_file last = tr_content(f, "last.safetensors"), best = tr_content(f, "best.safetensors");
    const long steps = (long)f->watch.steps, evaluations = f->watch.evaluations;
    for (long place = 1; place < steps + evaluations; ++place) {
        char when[64];
        snprintf(when, sizeof when, "after a stop at place %ld", place);
        tr_begin_watch(f);
        if (place < steps)
            f->watch.stop_after_step = place;
        else
            f->watch.stop_in_evaluation = place - steps + 1;
        remove(f->last);
        remove(f->best);
        const st_status stopped = tr_run(f, false);
        if (stopped == ST_OK && f->watch.stop_in_evaluation == evaluations) continue; /* after the very last part */
        assert_int_equal(stopped, ST_INTERRUPTED);
        assert_non_null(strstr(rt_error(f->t->rt)->text, "last.safetensors"));
        st_clear(rt_error(f->t->rt));
        const size_t before = f->watch.steps;
        assert_true(place >= steps || before <= (size_t)place + 1); /* the step under way, no more */
        tr_begin_watch(f);
        TH_OK(f->t, tr_run(f, true));
        assert_int_equal(before + f->watch.steps, (size_t)steps); /* no step is lost or made twice */
        tr_expect_same_file(f, &last, "last.safetensors", when);
        tr_expect_same_file(f, &best, "best.safetensors", when);
    }
    free(last.bytes);
    free(best.bytes);
}

static void test_resumed_is_uninterrupted(void **state)
{
    tr_in_fixture(state, resumed_is_uninterrupted);
}

static void expect_epoch(tr_fixture *f, size_t epoch)
{
    nn_checkpoint *last = NULL;
    TH_OK(f->t, nn_checkpoint_open(&last, f->last, rt_error(f->t->rt)));
    assert_int_equal(last->progress.epoch, epoch);
    assert_int_equal(last->about.epoch, epoch);
    nn_checkpoint_close(&last);
}

/* `last` is rarely written, the program dies in the third epoch, the resume starts from the second. */
static void resumed_from_old_state(tr_fixture *f)
{
    f->options.checkpoint_every = 2;
    TH_OK(f->t, tr_run(f, false));
    tr_file last = tr_content(f, "last.safetensors"), best = tr_content(f, "best.safetensors");
    expect_epoch(f, 3); /* the end of a run is written whatever checkpoint_every says */
    tr_begin_watch(f);
    f->watch.fail_in_epoch = 3;
    assert_int_equal(tr_run(f, false), ST_FAILED);
    expect_epoch(f, 2);
    tr_begin_watch(f);
    TH_OK(f->t, tr_run(f, true));
    assert_int_equal(f->watch.epochs, 1);
    assert_int_equal(f->watch.epoch[0].epoch, 3);
    tr_expect_same_file(f, &last, "last.safetensors", "after a resume from the second epoch");
    tr_expect_same_file(f, &best, "best.safetensors", "after a resume from the second epoch");
    tr_begin_watch(f);
    f->watch.fail_in_epoch = 2;
    assert_int_equal(remove(f->last), 0);
    assert_int_equal(tr_run(f, false), ST_FAILED);
    assert_int_equal(remove(f->last), -1); /* epoch 1 has not written it */
    free(last.bytes);
    free(best.bytes);
}

static void test_resumed_from_old_state(void **state)
{
    tr_in_fixture(state, resumed_from_old_state);
}

/* With a constant rate a run may be made longer, and is then the longer run. */
static void longer_run(tr_fixture *f)
{
    f->options.schedule = NN_SCHEDULE_CONSTANT;
    TH_OK(f->t, tr_run(f, false));
    tr_file last = tr_content(f, "last.safetensors");
    tr_begin_watch(f);
    f->options.epochs = TR_EPOCHS - 1;
    f->options.hooks.step = NULL;
    TH_OK(f->t, tr_run(f, false));
    f->options.epochs = TR_EPOCHS;
    TH_OK(f->t, tr_run(f, true));
    tr_expect_same_file(f, &last, "last.safetensors", "when the run was made longer");
    tr_begin_watch(f);
    TH_OK(f->t, tr_run(f, true)); /* nothing is left to do */
    assert_int_equal(f->watch.epochs, 0);
    tr_expect_same_file(f, &last, "last.safetensors", "after a resume of a finished run");
    free(last.bytes);
}

static void test_longer_run(void **state)
{
    tr_in_fixture(state, longer_run);
}

static void expect_refused(tr_fixture *f, const char *key)
{
    const st_status status = tr_run(f, true);
    const char *text = rt_error(f->t->rt)->text;
    if (status != ST_USAGE || !strstr(text, key) || !strstr(text, "last.safetensors"))
        fail_msg("%s: %d: %s", key, (int)status, text);
    st_clear(rt_error(f->t->rt));
}

static void other_fingerprints(tr_fixture *f)
{
    f->watch.stop_after_step = 2;
    assert_int_equal(tr_run(f, false), ST_INTERRUPTED);
    st_clear(rt_error(f->t->rt));
    tr_begin_watch(f);
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

static void test_other_fingerprints(void **state)
{
    tr_in_fixture(state, other_fingerprints);
}

/* A context of another vector width must not go on. */
static void continue_elsewhere(tr_fixture *f)
{
    expect_refused(f, "vector_width = ");
}

static void stop_early(tr_fixture *f)
{
    f->watch.stop_after_step = 2;
    assert_int_equal(tr_run(f, false), ST_INTERRUPTED);
    st_clear(rt_error(f->t->rt));
    char width[24];
    nn_checkpoint *c = NULL;
    TH_OK(f->t, nn_checkpoint_open(&c, f->last, rt_error(f->t->rt)));
    assert_true(nn_run_fingerprint_value(c->fingerprint, "vector_width", width, sizeof width));
    assert_int_equal(strtoul(width, NULL, 10), rt_vector_width(f->t->rt));
    assert_false(nn_run_fingerprint_value(c->fingerprint, "no such key", width, sizeof width));
    nn_checkpoint_close(&c);
}

static void test_other_vector_width(void **state)
{
    static const th_setting narrow = {"VW=2", 2, 0, 0, false};
    tr_in_fixture(state, stop_early);
    tr_in_setting(state, &narrow, continue_elsewhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_bytes),   cmocka_unit_test(test_resumed_is_uninterrupted),
        cmocka_unit_test(test_resumed_from_old_state), cmocka_unit_test(test_longer_run),
        cmocka_unit_test(test_other_fingerprints),     cmocka_unit_test(test_other_vector_width),
    };
    return cmocka_run_group_tests(tests, tr_open, tr_close);
}
