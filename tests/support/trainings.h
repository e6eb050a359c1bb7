/* Runs of the trainer on one device, watched, stopped and resumed:
 *
 *     static void body(tr_fixture *f)
 *     {
 *         f->options.lr = 1e30;
 *         assert_int_equal(tr_run(f, false), ST_FAILED);
 *     }
 *     static void test(void **state) { tr_in_fixture(state, body); }
 *     ... cmocka_run_group_tests(tests, tr_open, tr_close);
 */
#ifndef SAFSD_TESTS_SUPPORT_TRAININGS_H
#define SAFSD_TESTS_SUPPORT_TRAININGS_H

#include "tests/support/harness.h"
#include "tests/support/scratch.h"
#include "tests/support/small_run.h"

enum { TR_EPOCHS = 3, TR_BATCH = TS_BATCH };

/* What a run is watched by: losses of its steps and epochs, and a place where it is to be stopped. */
typedef struct tr_watch {
    float losses[1000];
    size_t rows[1000];
    double lr[1000];
    size_t steps, epochs, notices;
    char notice[200]; /* the last */
    nn_epoch_report epoch[64];
    uint64_t expected_step;                   /* of the next report */
    long stop_after_step, stop_in_evaluation; /* counts; -1: never */
    atomic_bool cancel;
    long evaluations;
    st_status hook_status;
    size_t fail_in_epoch; /* from 1; 0: never */
} tr_watch;

/* One case: the small run over TR_EPOCHS epochs with a cosine and a warmup of two steps, its files in a folder that all
 * cases share. The watch expects TR_EPOCHS epochs of whoever asks for steps. */
typedef struct tr_fixture {
    th_case *t;
    void **scratch; /* scratch.h */
    nn_trainer_options options;
    tr_watch watch;
    char last[300], best[300]; /* the paths of last.safetensors and best.safetensors */
} tr_fixture;

/* Group fixtures. */
int tr_open(void **state);
int tr_close(void **state);

/* Calls the body with a case of its own: on the device as it is, and in a setting of harness.h. */
typedef void tr_body(tr_fixture *f);
void tr_in_fixture(void **state, tr_body *body);
void tr_in_setting(void **state, const th_setting *setting, tr_body *body);

/* Forgets what was watched. */
void tr_begin_watch(tr_fixture *f);

/* One call of the program: begins or, with `resume`, goes on with the run whose files are in the folder. */
st_status tr_run(tr_fixture *f, bool resume);

size_t tr_steps_of_epoch(const tr_fixture *f);

/* A file of the folder. */
typedef struct tr_file {
    unsigned char *bytes; /* to be freed */
    size_t size;
} tr_file;

tr_file tr_content(tr_fixture *f, const char *name);
void tr_expect_same_file(tr_fixture *f, const tr_file *expected, const char *name, const char *when);

#endif
