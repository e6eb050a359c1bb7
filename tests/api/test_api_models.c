/* Models of libsafsd beside the program: the same numbers, runs that it resumes, weights of another origin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "corpus.h"

static const char plain[] = "[experiment]\nseed = 5\n[data]\nstandardize = false\nmodalities = t, a, v\n[model]\n"
                            "hidden = 16\ngraph_hidden = 16\nffn = 16\nheads = 2\ngcn_layers = 2\n[train]\nepochs = 2\n"
                            "batch = 4\n";

static const char *in_folder(void **state, char path[512], const char *name)
{
    snprintf(path, 512, "%s/%s", (const char *)*state, name);
    return path;
}

/* Runs `safsd-cl ARGUMENTS` in the folder of the tests. */
static void program(void **state, const char *arguments)
{
    char command[2048];
    const char *path = getenv("SAFSD_CL_PROGRAM");
    assert_non_null(path);
    snprintf(command, sizeof command, "cd '%s' && '%s' --quiet %s >/dev/null", (const char *)*state, path, arguments);
    if (system(command) != 0) fail_msg("failed: %s", command);
}

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("%s cannot be opened", path);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    char *bytes = calloc(*size + 1, 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

static void same_files(const char *one, const char *other)
{
    size_t sizes[2];
    char *a = read_file(one, &sizes[0]), *b = read_file(other, &sizes[1]);
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(a, b, sizes[0]);
    free(a);
    free(b);
}

typedef struct stopping {
    int steps, stop_at;
} stopping;

static int stop(void *user, const safsd_progress *progress)
{
    stopping *s = user;
    return progress->kind == SAFSD_PROGRESS_STEP && ++s->steps == s->stop_at;
}

/* A training that stops at a step, 0: never; the model, NULL where it stopped. */
static safsd_model *train(safsd_device *on, const safsd_data *data, const char *directory, int stop_at)
{
    stopping s = {.steps = 0, .stop_at = stop_at};
    safsd_model *model = NULL;
    safsd_train_options options = SAFSD_TRAIN_OPTIONS_INIT;
    options.config = plain;
    options.directory = directory;
    options.model = &model;
    options.progress = stop;
    options.user = &s;
    if (stop_at > 0)
        FAILS(safsd_train(on, data, &options, error), SAFSD_INTERRUPTED, "");
    else
        OK(safsd_train(on, data, &options, error));
    return model;
}

/* ---- the program ---- */

/* Columns 6 and following of a table of predictions hold the probabilities. */
static void expect_table(const char *table, const float *probabilities, size_t rows, size_t classes)
{
    const char *line = strchr(table, '\n');
    for (size_t u = 0; u < rows; ++u) {
        assert_non_null(line);
        const char *field = line + 1;
        for (int column = 0; column < 5; ++column) {
            field = strchr(field, ',');
            assert_non_null(field);
            ++field;
        }
        for (size_t k = 0; k < classes; ++k) {
            char *end = NULL;
            const float printed = strtof(field, &end);
            assert_memory_equal(&printed, &probabilities[u * classes + k], sizeof printed);
            field = end + 1;
        }
        line = strchr(line + 1, '\n');
    }
    assert_non_null(line);
    assert_int_equal(line[1], '\0');
}

/* Nine digits of a table give every bit of a float. */
static void test_equals_the_program(void **state)
{
    enum { MADE_CLASSES = 6 };
    char path[512], run[512];
    safsd_device *on = device();
    safsd_data *data = NULL;
    size_t rows = 0, size = 0;
    program(state, "synth --dialogues 8 --dims 12,8,6 -o made.safetensors");
    OK(safsd_data_load(&data, in_folder(state, path, "made.safetensors"), error));
    safsd_data_size(data, NULL, &rows);
    safsd_model *model = train(on, data, in_folder(state, run, "run"), 0);
    safsd_predictions p = SAFSD_PREDICTIONS_INIT;
    p.probabilities = calloc(rows * MADE_CLASSES, sizeof(float));
    assert_non_null(p.probabilities);
    OK(safsd_predict(model, data, &p, error));
    program(state, "predict run/best.safetensors --data made.safetensors --split all -o table.csv");
    char *table = read_file(in_folder(state, path, "table.csv"), &size);
    expect_table(table, p.probabilities, rows, MADE_CLASSES);
    free(table);
    free(p.probabilities);
    safsd_model_free(&model);
    safsd_data_free(&data);
    safsd_close_device(&on);
}

/* A run that the library stopped, and the program resumes, ends as one that nobody stopped. */
static void test_program_resumes(void **state)
{
    char path[512], other[512];
    safsd_device *on = device();
    safsd_data *data = NULL;
    program(state, "synth --dialogues 10 --dims 12,8,6 -o resumed.safetensors");
    OK(safsd_data_load(&data, in_folder(state, path, "resumed.safetensors"), error));
    safsd_model *whole = train(on, data, in_folder(state, path, "whole"), 0);
    assert_null(train(on, data, in_folder(state, path, "halves"), 2));
    safsd_model_free(&whole);
    safsd_data_free(&data);
    safsd_close_device(&on);
    program(state, "train --resume halves --set data.path=resumed.safetensors --set data.format=safetensors");
    program(state, "predict whole/best.safetensors --data resumed.safetensors -o whole.csv");
    program(state, "predict halves/best.safetensors --data resumed.safetensors -o halves.csv");
    same_files(in_folder(state, path, "whole.csv"), in_folder(state, other, "halves.csv"));
}

/* ---- a run without a directory ---- */

static int entries(const char *folder)
{
    int count = 0;
    DIR *opened = opendir(folder);
    assert_non_null(opened);
    while (readdir(opened)) ++count;
    closedir(opened);
    return count - 2;
}

/* Done, stopped or failed: nothing is left of it. Its model predicts larger data than it saw, and is saved. */
static void test_leaves_nothing(void **state)
{
    char folder[512], path[512];
    corpus c;
    safsd_device *on = device();
    make(&c, 1);
    assert_int_equal(mkdtemp(strcat(strcpy(folder, *state), "/tmp-XXXXXX")) != NULL, 1);
    setenv("TMPDIR", folder, 1);
    safsd_data *data = wrap(&c);
    safsd_model *model = train(on, data, NULL, 0);
    assert_null(train(on, data, NULL, 1));
    safsd_train_options options = SAFSD_TRAIN_OPTIONS_INIT;
    options.config = "[model]\nhidden = 15\n";
    FAILS(safsd_train(on, data, &options, error), SAFSD_USAGE, "");
    unsetenv("TMPDIR");
    assert_int_equal(entries(folder), 0);
    for (int d = 0; d < DIALOGUES; ++d) c.lengths[d] = d == 0 ? (int32_t)c.rows - DIALOGUES + 1 : 1;
    safsd_data *longer = wrap(&c);
    free(predict(model, longer, c.rows));
    OK(safsd_model_save(model, in_folder(state, path, "saved.safetensors"), error));
    safsd_data_free(&longer);
    safsd_data_free(&data);
    safsd_model_free(&model);
    safsd_close_device(&on);
    drop(&c);
}

/* ---- weights of another origin ---- */

static void replace(char *bytes, size_t size, const char *word, const char *by)
{
    const size_t length = strlen(word);
    int count = 0;
    assert_int_equal(length, strlen(by));
    for (size_t i = 0; i + length <= size; ++i)
        if (memcmp(bytes + i, word, length) == 0) memcpy(bytes + i, by, length), ++count;
    assert_true(count > 0);
}

/* The same weights as another program would have saved them: nothing but tensors is known of them. */
static const char *save_foreign(void **state, const safsd_model *model, char path[512])
{
    size_t size = 0;
    OK(safsd_model_save(model, in_folder(state, path, "foreign.safetensors"), error));
    char *bytes = read_file(path, &size);
    replace(bytes, size, "safsd-checkpoint-1", "someone-else-saved");
    replace(bytes, size, "\"checksum\"", "\"checksux\"");
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    free(bytes);
    return path;
}

static char *info_of(const safsd_model *model)
{
    char *info = NULL;
    OK(safsd_model_info(model, &info, error));
    return info;
}

static void expect_info(const safsd_model *model, const char *expected)
{
    char *info = info_of(model);
    assert_string_equal(info, expected);
    safsd_free(info);
}

/* What does not fit the loaded weights is refused, also where it needs no more room. */
static void expect_refusals(safsd_model *model, const corpus *good)
{
    safsd_predictions p = SAFSD_PREDICTIONS_INIT;
    corpus c = *good;
    int32_t one = 1, seven = 7, nobody = 0;
    c.arrays.lengths = &one;
    c.arrays.dialogues = 1;
    c.arrays.labels = c.arrays.split = NULL;
    c.arrays.classes = NULL;
    c.arrays.class_count = 0;
    c.arrays.dims[0] = 3;
    safsd_data *narrow = wrap(&c);
    FAILS(safsd_predict(model, narrow, &p, error), SAFSD_USAGE, "width 3");
    c.arrays.dims[0] = widths[0];
    c.arrays.labels = &seven;
    safsd_data *many = wrap(&c);
    FAILS(safsd_predict(model, many, &p, error), SAFSD_USAGE, "8 classes");
    c.arrays.labels = NULL;
    c.arrays.x[2] = NULL;
    c.arrays.dims[2] = 0;
    c.arrays.speakers = &nobody;
    safsd_data *mute = wrap(&c);
    FAILS(safsd_predict(model, mute, &p, error), SAFSD_USAGE, "modality v");
    safsd_data_free(&mute);
    safsd_data_free(&many);
    safsd_data_free(&narrow);
}

static void test_published_weights(void **state)
{
    static const char *const names[CLASSES] = {"calm", "glad", "sore"};
    char path[512], other[512];
    corpus c;
    safsd_device *on = device();
    safsd_model *foreign = NULL;
    make(&c, 1);
    safsd_data *data = wrap(&c);
    safsd_model *model = train(on, data, NULL, 0);
    save_foreign(state, model, path);
    FAILS(safsd_model_load(&foreign, on, path, NULL, error), SAFSD_USAGE, "carries no configuration");
    FAILS(safsd_model_load(&foreign, on, path, "[model]\nhidden = 8\nffn = 16\n", error), SAFSD_FAILED, "foreign");
    assert_null(foreign);
    OK(safsd_model_load(&foreign, on, path, plain, error));
    char *before = info_of(foreign);
    float *expected = predict(model, data, c.rows);
    for (int round = 0; round < 2; ++round) {
        c.arrays.classes = round ? names : NULL; /* names of data that come and go do not become the model's */
        c.arrays.class_count = round ? CLASSES : 0;
        safsd_data *named = wrap(&c);
        float *got = predict(foreign, named, c.rows);
        assert_memory_equal(got, expected, c.rows * CLASSES * sizeof(float));
        free(got);
        safsd_data_free(&named);
        expect_info(foreign, before);
        expect_refusals(foreign, &c);
        expect_info(foreign, before);
    }
    OK(safsd_model_save(foreign, in_folder(state, other, "own.safetensors"), error));
    safsd_model_free(&foreign);
    OK(safsd_model_load(&foreign, on, other, NULL, error));
    float *again = predict(foreign, data, c.rows);
    assert_memory_equal(again, expected, c.rows * CLASSES * sizeof(float));
    free(again);
    free(expected);
    safsd_free(before);
    safsd_model_free(&foreign);
    safsd_model_free(&model);
    safsd_data_free(&data);
    safsd_close_device(&on);
    drop(&c);
}

static int make_folder(void **state)
{
    static char folder[] = "/tmp/safsd-api-models-XXXXXX";
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
        cmocka_unit_test(test_equals_the_program),
        cmocka_unit_test(test_program_resumes),
        cmocka_unit_test(test_leaves_nothing),
        cmocka_unit_test(test_published_weights),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
