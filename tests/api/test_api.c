/* libsafsd by its header alone: data, training, models, predictions, threads, and every way to fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <pthread.h>
#include <safsd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "corpus.h"

typedef struct told {
    int steps, epochs, messages;
    size_t last_epoch;
    double loss;
    int stop_at_step; /* 0: never */
} told;

static int listen(void *user, const safsd_progress *progress)
{
    told *t = user;
    assert_true(progress->size == sizeof *progress);
    t->messages += progress->kind == SAFSD_PROGRESS_MESSAGE && progress->message != NULL;
    if (progress->kind == SAFSD_PROGRESS_EPOCH) {
        ++t->epochs;
        assert_int_equal(progress->epochs, 3);
        t->last_epoch = progress->epoch;
        t->loss = progress->train.loss;
        assert_true(isfinite(progress->valid.weighted_f1) && isfinite(progress->test.accuracy));
    }
    if (progress->kind == SAFSD_PROGRESS_STEP) ++t->steps;
    return t->stop_at_step > 0 && t->steps == t->stop_at_step;
}

static safsd_model *train(safsd_device *on, const safsd_data *data, told *t)
{
    safsd_model *model = NULL;
    safsd_train_options options = SAFSD_TRAIN_OPTIONS_INIT;
    options.config = config;
    options.model = &model;
    options.progress = t ? listen : NULL;
    options.user = t;
    OK(safsd_train(on, data, &options, error));
    assert_non_null(model);
    return model;
}

/* ---- what is asked for ---- */

static void test_version_and_devices(void **state)
{
    (void)state;
    char *json = NULL;
    assert_true(strspn(safsd_version(), "0123456789.") == strlen(safsd_version()));
    OK(safsd_devices(&json, error));
    assert_non_null(strstr(json, "\"devices\""));
    assert_non_null(strstr(json, "\"selector\""));
    safsd_free(json);
    safsd_free(NULL);
}

static void test_trains_and_predicts(void **state)
{
    (void)state;
    corpus c;
    told t = {.steps = 0};
    make(&c, 1);
    safsd_device *on = device();
    safsd_data *data = wrap(&c);
    size_t dialogues = 0, rows = 0;
    safsd_data_size(data, &dialogues, &rows);
    assert_int_equal(dialogues, DIALOGUES);
    assert_int_equal(rows, c.rows);
    safsd_model *model = train(on, data, &t);
    assert_int_equal(t.epochs, 3);
    assert_int_equal(t.last_epoch, 3);
    assert_int_equal(t.steps, 6); /* 7 dialogues in batches of 4 */
    assert_true(t.messages > 0 && isfinite(t.loss));

    int32_t *prediction = malloc(rows * sizeof *prediction);
    float *probabilities = malloc(rows * CLASSES * sizeof *probabilities);
    float *students = malloc(3 * rows * CLASSES * sizeof *students);
    safsd_predictions p = SAFSD_PREDICTIONS_INIT;
    p.prediction = prediction;
    p.probabilities = probabilities;
    p.students = students;
    OK(safsd_predict(model, data, &p, error));
    for (size_t u = 0; u < rows; ++u) {
        int best = 0;
        float sum = 0;
        for (int k = 0; k < CLASSES; ++k) {
            sum += probabilities[u * CLASSES + (size_t)k];
            if (probabilities[u * CLASSES + (size_t)k] > probabilities[u * CLASSES + (size_t)best]) best = k;
        }
        assert_int_equal(prediction[u], best);
        assert_true(fabsf(sum - 1) < 1e-5f);
    }
    free(prediction);
    free(probabilities);
    free(students);
    safsd_model_free(&model);
    safsd_data_free(&data);
    safsd_close_device(&on);
    drop(&c);
}

/* The same training twice on one device, and on another handle: the same bits. */
static void test_repeats(void **state)
{
    (void)state;
    corpus c;
    make(&c, 2);
    safsd_device *on = device(), *other = device();
    safsd_data *data = wrap(&c);
    float *logits[3];
    for (int i = 0; i < 3; ++i) {
        safsd_model *model = train(i < 2 ? on : other, data, NULL);
        logits[i] = predict(model, data, c.rows);
        safsd_model_free(&model);
    }
    for (int i = 1; i < 3; ++i) assert_memory_equal(logits[0], logits[i], c.rows * CLASSES * sizeof(float));
    for (int i = 0; i < 3; ++i) free(logits[i]);
    safsd_data_free(&data);
    safsd_close_device(&other);
    safsd_close_device(&on);
    drop(&c);
}

static void test_saves_and_loads(void **state)
{
    const char *folder = *state;
    char path[512], directory[512], best[600], *info = NULL;
    corpus c, longer;
    make(&c, 3);
    make(&longer, 5);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    snprintf(directory, sizeof directory, "%s/run", folder);
    snprintf(best, sizeof best, "%s/best.safetensors", directory);
    safsd_device *on = device();
    safsd_data *data = wrap(&c), *other = wrap(&longer);
    safsd_model *model = NULL, *again = NULL, *from_file = NULL;
    safsd_train_options options = SAFSD_TRAIN_OPTIONS_INIT;
    options.config = config;
    options.directory = directory;
    options.model = &model;
    OK(safsd_train(on, data, &options, error));
    OK(safsd_model_save(model, path, error));
    OK(safsd_model_load(&again, on, path, NULL, error));
    OK(safsd_model_load(&from_file, on, best, NULL, error));
    OK(safsd_model_info(again, &info, error));
    assert_non_null(strstr(info, "\"classes\""));
    assert_non_null(strstr(info, "hidden = 16"));
    safsd_free(info);
    const safsd_data *const sets[] = {data, other, data}; /* larger and smaller in turns */
    const size_t rows[] = {c.rows, longer.rows, c.rows};
    for (int i = 0; i < 3; ++i) {
        float *a = predict(model, sets[i], rows[i]), *b = predict(again, sets[i], rows[i]),
              *d = predict(from_file, sets[i], rows[i]);
        assert_memory_equal(a, b, rows[i] * CLASSES * sizeof(float));
        assert_memory_equal(a, d, rows[i] * CLASSES * sizeof(float));
        free(a);
        free(b);
        free(d);
    }
    safsd_model_free(&from_file);
    safsd_model_free(&again);
    safsd_model_free(&model);
    safsd_data_free(&other);
    safsd_data_free(&data);
    safsd_close_device(&on);
    drop(&longer);
    drop(&c);
}

/* ---- stopping ---- */

static void test_stops_and_saves(void **state)
{
    char directory[512], last[600];
    corpus c;
    told t = {.stop_at_step = 3};
    make(&c, 4);
    snprintf(directory, sizeof directory, "%s/stopped", (const char *)*state);
    snprintf(last, sizeof last, "%s/last.safetensors", directory);
    safsd_device *on = device();
    safsd_data *data = wrap(&c);
    safsd_model *model = NULL;
    safsd_train_options options = SAFSD_TRAIN_OPTIONS_INIT;
    options.config = config;
    options.directory = directory;
    options.model = &model;
    options.progress = listen;
    options.user = &t;
    FAILS(safsd_train(on, data, &options, error), SAFSD_INTERRUPTED, "interrupted");
    assert_null(model);
    assert_int_equal(access(last, R_OK), 0);
    model = train(on, data, NULL); /* the device serves on */
    safsd_model_free(&model);
    safsd_data_free(&data);
    safsd_close_device(&on);
    drop(&c);
}

/* ---- threads ---- */

typedef struct job {
    corpus c;
    float *logits;
} job;

static void *work(void *argument)
{
    job *j = argument;
    safsd_device *on = device();
    safsd_data *data = wrap(&j->c);
    safsd_model *model = train(on, data, NULL);
    j->logits = predict(model, data, j->c.rows);
    safsd_model_free(&model);
    safsd_data_free(&data);
    safsd_close_device(&on);
    return NULL;
}

static void test_two_threads(void **state)
{
    (void)state;
    job alone[2], together[2];
    pthread_t threads[2];
    for (uint32_t i = 0; i < 2; ++i) {
        make(&alone[i].c, 6 + i);
        make(&together[i].c, 6 + i);
        work(&alone[i]);
    }
    for (int i = 0; i < 2; ++i) assert_int_equal(pthread_create(&threads[i], NULL, work, &together[i]), 0);
    for (int i = 0; i < 2; ++i) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_memory_equal(alone[i].logits, together[i].logits, alone[i].c.rows * CLASSES * sizeof(float));
        free(alone[i].logits);
        free(together[i].logits);
        drop(&alone[i].c);
        drop(&together[i].c);
    }
}

/* ---- failures ---- */

static void test_data_faults(void **state)
{
    (void)state;
    corpus c;
    safsd_data *data = NULL;
    make(&c, 8);
    safsd_arrays a = c.arrays;
    FAILS(safsd_data_wrap(NULL, &a, error), SAFSD_USAGE, "data is NULL");
    FAILS(safsd_data_wrap(&data, NULL, error), SAFSD_USAGE, "safsd_arrays is NULL");
    a.size = sizeof a + 8;
    FAILS(safsd_data_wrap(&data, &a, error), SAFSD_USAGE, "size is");
    a = c.arrays, a.lengths = NULL;
    FAILS(safsd_data_wrap(&data, &a, error), SAFSD_USAGE, "lengths");
    a = c.arrays, a.speakers = NULL;
    FAILS(safsd_data_wrap(&data, &a, error), SAFSD_USAGE, "speakers");
    a = c.arrays, a.dims[1] = 0;
    FAILS(safsd_data_wrap(&data, &a, error), SAFSD_USAGE, "audio");
    c.lengths[2] = 0;
    FAILS(safsd_data_wrap(&data, &c.arrays, error), SAFSD_USAGE, "dialogue 2 has 0 utterances");
    c.lengths[2] = 513;
    FAILS(safsd_data_wrap(&data, &c.arrays, error), SAFSD_USAGE, "513");
    make(&c, 8);
    c.labels[1] = -3;
    FAILS(safsd_data_wrap(&data, &c.arrays, error), SAFSD_USAGE, "label -3");
    c.labels[1] = 0, c.split[0] = 5;
    FAILS(safsd_data_wrap(&data, &c.arrays, error), SAFSD_USAGE, "split 5");
    assert_null(data);
    FAILS(safsd_data_load(&data, "/nowhere/data.pkl", error), SAFSD_FAILED, "/nowhere/data.pkl");
    FAILS(safsd_data_load(&data, NULL, error), SAFSD_USAGE, "path is NULL");
    assert_int_equal(safsd_data_load(&data, "/nowhere", NULL), SAFSD_FAILED); /* nobody wants the error */
    safsd_data_free(&data);
    safsd_data_free(NULL);
    drop(&c);
}

static void test_other_faults(void **state)
{
    (void)state;
    corpus c;
    make(&c, 9);
    safsd_device *on = NULL;
    safsd_model *model = NULL;
    char *json = NULL;
    FAILS(safsd_devices(NULL, error), SAFSD_USAGE, "json is NULL");
    FAILS(safsd_open_device(&on, "no such device", error), SAFSD_DEVICE, "no such device");
    FAILS(safsd_open_device(NULL, "auto", error), SAFSD_USAGE, "device is NULL");
    assert_null(on);
    on = device();
    FAILS(safsd_model_load(&model, on, "/nowhere/m.safetensors", NULL, error), SAFSD_FAILED, "/nowhere/m.safetensors");
    FAILS(safsd_model_load(&model, NULL, "x", NULL, error), SAFSD_USAGE, "device is NULL");
    assert_null(model);
    safsd_data *data = wrap(&c);
    safsd_train_options options = SAFSD_TRAIN_OPTIONS_INIT;
    options.config = "[train]\nepoch = 3\n";
    FAILS(safsd_train(on, data, &options, error), SAFSD_USAGE, "epochs");
    options.config = config;
    options.directory = "/proc/no/run";
    FAILS(safsd_train(on, data, &options, error), SAFSD_FAILED, "/proc/no/run");
    FAILS(safsd_train(on, NULL, &options, error), SAFSD_USAGE, "data is NULL");
    options.size = 4;
    FAILS(safsd_train(on, data, &options, error), SAFSD_USAGE, "size is 4");
    model = train(on, data, NULL);
    FAILS(safsd_model_save(model, "/proc/no/m.safetensors", error), SAFSD_FAILED, "/proc/no/m.safetensors");
    FAILS(safsd_model_info(model, NULL, error), SAFSD_USAGE, "json is NULL");
    FAILS(safsd_model_info(NULL, &json, error), SAFSD_USAGE, "model is NULL");
    safsd_predictions p = SAFSD_PREDICTIONS_INIT;
    FAILS(safsd_predict(model, NULL, &p, error), SAFSD_USAGE, "data is NULL");
    FAILS(safsd_predict(model, data, NULL, error), SAFSD_USAGE, "safsd_predictions is NULL");
    safsd_data_free(&data);
    c.arrays.dims[0] = 3; /* narrower rows than the model's */
    data = wrap(&c);
    FAILS(safsd_predict(model, data, &p, error), SAFSD_USAGE, "text");
    c.arrays.dims[0] = widths[0];
    c.x[1][2] = NAN;
    safsd_data *bad = wrap(&c);
    FAILS(safsd_predict(model, bad, &p, error), SAFSD_FAILED, "not a number");
    safsd_data_free(&bad);
    safsd_data_free(&data);
    safsd_model_free(&model);
    safsd_model_free(&model);
    safsd_close_device(&on);
    safsd_close_device(&on);
    drop(&c);
}

/* An older caller's struct ends earlier: what it does not have is left at its default. */
static void test_older_caller(void **state)
{
    (void)state;
    corpus c;
    make(&c, 10);
    safsd_data *data = NULL;
    c.arrays.size = offsetof(safsd_arrays, split);
    OK(safsd_data_wrap(&data, &c.arrays, error));
    safsd_data_free(&data);
    drop(&c);
}

/* ---- growth ---- */

static long resident_kib(void)
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file) return 0;
    if (fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Models, data and predictions come and go, and now and then a device: memory stays. SAFSD_TEST_CYCLES: how often. */
static void test_cycles(void **state)
{
    char path[512];
    corpus c;
    make(&c, 12);
    snprintf(path, sizeof path, "%s/cycles.safetensors", (const char *)*state);
    const char *given = getenv("SAFSD_TEST_CYCLES");
    const int cycles = given ? atoi(given) : 60;
    safsd_device *on = device();
    safsd_data *data = wrap(&c);
    safsd_model *model = train(on, data, NULL);
    OK(safsd_model_save(model, path, error));
    safsd_model_free(&model);
    long before = 0;
    for (int i = 0; i < cycles; ++i) {
        if (i == cycles / 3) before = resident_kib();
        if (i % 20 == 19) {
            safsd_close_device(&on);
            on = device();
        }
        OK(safsd_model_load(&model, on, path, NULL, error));
        free(predict(model, data, c.rows));
        safsd_model_free(&model);
        safsd_data_free(&data);
        data = wrap(&c);
    }
    const long grown = resident_kib() - before;
    if (grown > 6144) fail_msg("%d cycles took %ld KiB more", cycles - cycles / 3, grown);
    safsd_data_free(&data);
    safsd_close_device(&on);
    drop(&c);
}

static int make_folder(void **state)
{
    static char folder[] = "/tmp/safsd-api-XXXXXX";
    *state = mkdtemp(folder);
    return *state ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[600];
    snprintf(command, sizeof command, "rm -rf '%s'", (const char *)*state);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version_and_devices),
        cmocka_unit_test(test_trains_and_predicts),
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_saves_and_loads),
        cmocka_unit_test(test_stops_and_saves),
        cmocka_unit_test(test_two_threads),
        cmocka_unit_test(test_data_faults),
        cmocka_unit_test(test_other_faults),
        cmocka_unit_test(test_older_caller),
        cmocka_unit_test(test_cycles),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
