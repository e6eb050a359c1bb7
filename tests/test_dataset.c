/* data/dataset: splits, class shares, standardisation, batches. */
#include "tests/support/scratch.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/assemble.h"
#include "data/dataset.h"
#include "data/philox.h"
#include "tests/support/small_data.h"

#define OK(call)                                                                                                       \
    do {                                                                                                               \
        if ((call) != ST_OK) fail_msg("%s: %s", #call, error.text);                                                    \
    } while (0)

#define FAILS(call, expected, naming)                                                                                  \
    do {                                                                                                               \
        st_clear(&error);                                                                                              \
        assert_int_equal((call), (expected));                                                                          \
        if (!strstr(error.text, (naming))) fail_msg("'%s' does not say '%s'", error.text, (naming));                   \
    } while (0)

/* `count` training dialogues of one utterance each, of one feature. */
static ds_dataset *many(size_t count)
{
    st_error error = {0};
    ds_dataset *data = NULL;
    OK(ds_create(&data, count, count, false, &error));
    for (size_t d = 0; d < count; d++) {
        char id[32];
        snprintf(id, sizeof id, "%zu", d);
        data->storage->lengths[d] = 1;
        data->storage->dialogue_ids[d] = ds_keep_text(data, id, strlen(id));
    }
    OK(ds_create_features(data, 0, 1, &error));
    for (size_t i = 0; i < count; i++) data->storage->x[0][i] = (float)i;
    OK(ds_place_dialogues(data, "many", &error));
    OK(ds_name_speakers(data, NULL, 1, &error));
    OK(ds_complete(data, "many", NULL, 0, &error));
    return data;
}

/* ---- splits ---- */

static void test_select(void **state)
{
    (void)state;
    ds_dataset *data = ts_small_data();
    size_t dialogues[TS_DIALOGUES] = {0};
    size_t utterances = 0;
    assert_int_equal(ds_select(data, DS_TRAIN, dialogues, &utterances), 3);
    assert_memory_equal(dialogues, ((size_t[]){0, 1, 2}), 3 * sizeof *dialogues);
    assert_int_equal(utterances, 10);
    assert_int_equal(ds_select(data, DS_TEST, dialogues, NULL), 1);
    assert_int_equal(dialogues[0], 4);
    assert_int_equal(ds_select(data, DS_VALID, NULL, &utterances), 1);
    assert_int_equal(utterances, 2);
    ds_destroy(&data);
    assert_null(data);
    ds_destroy(&data);
}

static void test_hold_out(void **state)
{
    (void)state;
    st_error error = {0};
    ds_dataset *data = ts_small_data();
    OK(ds_hold_out(data, (const char *const[]){"d2", "d3", "d2"}, 3, &error));
    assert_memory_equal(data->split, ((int32_t[]){0, 0, 1, 1, 2}), TS_DIALOGUES * sizeof *data->split);
    OK(ds_hold_out(data, NULL, 0, &error));
    FAILS(ds_hold_out(data, (const char *const[]){"d0", "d9"}, 2, &error), ST_USAGE, "'d9'");
    FAILS(ds_hold_out(data, (const char *const[]){"d0", "d4"}, 2, &error), ST_USAGE, "'d4'");
    FAILS(ds_hold_out(data, (const char *const[]){"d0", "d1"}, 2, &error), ST_USAGE, "no training dialogue");
    assert_memory_equal(data->split, ((int32_t[]){0, 0, 1, 1, 2}), TS_DIALOGUES * sizeof *data->split);
    ds_destroy(&data);
}

/* The draws of docs/model.md 7, made by another implementation: seed 5 orders ten dialogues 3 8 5 1 2 6 0 9 4 7. */
static void test_hold_out_fraction(void **state)
{
    (void)state;
    st_error error = {0};
    ds_dataset *data = many(10);
    OK(ds_hold_out_fraction(data, 0.3, 5, &error));
    for (size_t d = 0; d < 10; d++) assert_int_equal(data->split[d], d == 3 || d == 8 || d == 5 ? DS_VALID : DS_TRAIN);
    ds_destroy(&data);
    data = many(10);
    OK(ds_hold_out_fraction(data, 0.01, 5, &error)); /* at least one */
    for (size_t d = 0; d < 10; d++) assert_int_equal(data->split[d], d == 3 ? DS_VALID : DS_TRAIN);
    ds_destroy(&data);
    data = many(62);
    OK(ds_hold_out_fraction(data, 0.15, 5, &error)); /* round(9.3) */
    assert_int_equal(ds_select(data, DS_VALID, NULL, NULL), 9);
    assert_true(data->split[18] == DS_VALID && data->split[46] == DS_VALID && data->split[7] == DS_TRAIN);
    ds_destroy(&data);
}

/* Only training dialogues are counted and drawn. */
static void test_hold_out_fraction_of_training(void **state)
{
    (void)state;
    st_error error = {0};
    ds_dataset *data = many(12);
    data->storage->split[0] = DS_TEST;
    data->storage->split[11] = DS_VALID;
    OK(ds_hold_out_fraction(data, 0.3, 5, &error));
    for (size_t d = 0; d < 12; d++) {
        const int32_t expected = d == 0 ? DS_TEST : d == 11 || d == 4 || d == 9 || d == 6 ? DS_VALID : DS_TRAIN;
        assert_int_equal(data->split[d], expected);
    }
    FAILS(ds_hold_out_fraction(data, 0.0, 5, &error), ST_USAGE, "fraction");
    FAILS(ds_hold_out_fraction(data, 1.0, 5, &error), ST_USAGE, "fraction");
    FAILS(ds_hold_out_fraction(data, NAN, 5, &error), ST_USAGE, "fraction");
    FAILS(ds_hold_out_fraction(data, 0.99, 5, &error), ST_USAGE, "none of the 7");
    ds_destroy(&data);
    data = many(1);
    FAILS(ds_hold_out_fraction(data, 0.1, 5, &error), ST_USAGE, "none of the 1");
    ds_destroy(&data);
}

/* Rows 0 .. 9 are training, row 4 is unlabelled: labels 0 1 2 0 . 2 0 1 2 0. */
static void test_class_frequencies(void **state)
{
    (void)state;
    ds_dataset *data = ts_small_data();
    double frequencies[TS_CLASSES] = {0};
    assert_int_equal(ds_class_frequencies(data, frequencies), 9);
    assert_true(frequencies[0] == 4.0 / 9.0 && frequencies[1] == 2.0 / 9.0 && frequencies[2] == 3.0 / 9.0);
    for (size_t i = 0; i < TS_UTTERANCES; i++) data->storage->labels[i] = DS_UNLABELLED;
    assert_int_equal(ds_class_frequencies(data, frequencies), 0);
    assert_true(frequencies[0] == 0.0 && frequencies[1] == 0.0 && frequencies[2] == 0.0);
    ds_destroy(&data);
}

static void test_name_classes(void **state)
{
    (void)state;
    st_error error = {0};
    ds_dataset *data = ts_small_data();
    OK(ds_name_classes(data, (const char *const[]){"a", "b", "c", "d"}, 4, &error));
    assert_int_equal(data->classes, 4);
    assert_string_equal(data->class_names[3], "d");
    OK(ds_name_classes(data, NULL, 3, &error));
    assert_string_equal(data->class_names[2], "2");
    FAILS(ds_name_classes(data, (const char *const[]){"a", "b"}, 2, &error), ST_FAILED,
          "dialogue 'd0', utterance 3 (u2)");
    assert_int_equal(data->classes, 3);
    ds_destroy(&data);
}

/* ---- checks of every reader ---- */

static void test_complete(void **state)
{
    (void)state;
    st_error error = {0};
    ds_dataset *data = ts_small_data();
    struct ds_storage *s = data->storage;
    s->labels[14] = -2;
    FAILS(ds_complete(data, "FILE", NULL, 0, &error), ST_FAILED, "dialogue 'd4', utterance 3 (u14): label -2");
    s->labels[14] = DS_MOST_CLASSES;
    FAILS(ds_complete(data, "FILE", NULL, 0, &error), ST_FAILED, "label 1024");
    s->labels[14] = 6;
    FAILS(ds_complete(data, "FILE", NULL, 6, &error), ST_FAILED, "there are 6 classes");
    st_clear(&error);
    OK(ds_complete(data, "FILE", NULL, 0, &error));
    assert_int_equal(data->classes, 7);
    s->speakers[0] = 2;
    FAILS(ds_complete(data, "FILE", NULL, 0, &error), ST_FAILED, "speaker 2, where there are 2");
    s->speakers[0] = -1;
    FAILS(ds_complete(data, "FILE", NULL, 0, &error), ST_FAILED, "speaker -1");
    s->speakers[0] = 0;
    s->split[1] = 3;
    FAILS(ds_complete(data, "FILE", NULL, 0, &error), ST_FAILED, "dialogue 'd1' is in split 3");
    s->split[1] = 0;
    s->dialogue_ids[1] = "d3";
    FAILS(ds_complete(data, "FILE", NULL, 0, &error), ST_FAILED, "dialogue 'd3' is listed twice");
    s->dialogue_ids[1] = "d1";
    s->lengths[1] = 0;
    FAILS(ds_place_dialogues(data, "FILE", &error), ST_FAILED, "dialogue 'd1' has no utterances");
    s->lengths[1] = 513;
    FAILS(ds_place_dialogues(data, "FILE", &error), ST_FAILED, "dialogue 'd1' has 513 utterances");
    s->lengths[1] = 2;
    FAILS(ds_place_dialogues(data, "FILE", &error), ST_FAILED, "sum to 16");
    for (size_t m = 0; m < DS_MODALITIES; m++) data->x[m] = NULL;
    FAILS(ds_complete(data, "FILE", NULL, 0, &error), ST_FAILED, "no features");
    ds_destroy(&data);
    data = many(3);
    for (size_t i = 0; i < 3; i++) data->storage->labels[i] = DS_UNLABELLED;
    st_clear(&error);
    OK(ds_complete(data, "FILE", NULL, 0, &error));
    assert_int_equal(data->classes, 0);
    ds_destroy(&data);
}

/* ---- standardisation ---- */

static void test_statistics(void **state)
{
    (void)state;
    st_error error = {0};
    ds_dataset *data = ts_small_data();
    ds_statistics statistics = {0};
    for (size_t i = 0; i < TS_UTTERANCES; i++)
        data->storage->x[2][2 * i + 1] = i < 10 ? 0.1f : 7.0f; /* constant in training */
    OK(ds_statistics_measure(data, &statistics, &error));
    for (size_t m = 0; m < DS_MODALITIES; m++) {
        assert_int_equal(statistics.dims[m], data->dims[m]);
        for (size_t k = 0; k < data->dims[m]; k++) {
            double mean = 0.0;
            double variance = 0.0;
            for (size_t i = 0; i < 10; i++) mean += (double)data->x[m][i * data->dims[m] + k] / 10.0;
            for (size_t i = 0; i < 10; i++)
                variance += pow((double)data->x[m][i * data->dims[m] + k] - mean, 2.0) / 10.0;
            const double deviation = m == 2 && k == 1 ? 1.0 : sqrt(variance);
            assert_true(fabs((double)statistics.mean[m][k] - mean) < 1e-6 * (1.0 + fabs(mean)));
            assert_true(fabs((double)statistics.deviation[m][k] - deviation) < 1e-6 * deviation);
        }
    }
    OK(ds_standardize(data, &statistics, &error));
    assert_true(fabsf(data->x[2][1]) < 1e-6f);                 /* constant: only shifted */
    assert_true(fabsf(data->x[2][2 * 14 + 1] - 6.9f) < 1e-5f); /* test rows by the training statistics */
    const float expected = (ts_small_feature(0, 12, 4) - statistics.mean[0][4]) / statistics.deviation[0][4];
    assert_true(fabsf(data->x[0][12 * 5 + 4] - expected) < 1e-5f);
    ds_statistics_destroy(&statistics);
    assert_null(statistics.mean[0]);
    OK(ds_statistics_measure(data, &statistics, &error));
    for (size_t k = 0; k < 5; k++) {
        assert_true(fabsf(statistics.mean[0][k]) < 1e-6f);
        assert_true(fabsf(statistics.deviation[0][k] - 1.0f) < 1e-6f);
    }
    ds_statistics_destroy(&statistics);
    ds_destroy(&data);
}

static void test_statistics_failures(void **state)
{
    (void)state;
    st_error error = {0};
    ds_dataset *data = ts_small_data();
    ds_statistics statistics = {0};
    OK(ds_statistics_create(&statistics, (const size_t[]){5, 3, 0}, &error));
    assert_true(statistics.mean[0][4] == 0.0f && statistics.deviation[1][2] == 1.0f && !statistics.mean[2]);
    FAILS(ds_standardize(data, &statistics, &error), ST_USAGE, "0 visual features, the data have 2");
    assert_true(data->x[0][0] == ts_small_feature(0, 0, 0));
    ds_statistics_destroy(&statistics);
    st_clear(&error);
    OK(ds_statistics_create(&statistics, data->dims, &error));
    statistics.deviation[0][1] = 1e-38f;
    data->storage->x[0][14 * 5 + 1] = 1e10f;
    data->storage->x[0][1] = 0.0f;
    for (size_t i = 0; i < 14; i++) data->storage->x[0][i * 5 + 1] = 0.0f;
    FAILS(ds_standardize(data, &statistics, &error), ST_FAILED, "text feature 2 of utterance 'u14'");
    ds_statistics_destroy(&statistics);
    for (size_t d = 0; d < TS_DIALOGUES; d++) data->storage->split[d] = DS_TEST;
    FAILS(ds_statistics_measure(data, &statistics, &error), ST_USAGE, "no training utterance");
    assert_null(statistics.mean[0]);
    ds_destroy(&data);
}

/* A large mean beside a small deviation: one pass of float, or of squares, would lose it. */
static void test_statistics_precision(void **state)
{
    (void)state;
    st_error error = {0};
    ds_dataset *data = many(1000);
    ds_statistics statistics = {0};
    for (size_t i = 0; i < 1000; i++) data->storage->x[0][i] = 1048576.0f + (i % 2 ? 0.5f : -0.5f);
    OK(ds_statistics_measure(data, &statistics, &error));
    assert_true(statistics.mean[0][0] == 1048576.0f);
    assert_true(fabsf(statistics.deviation[0][0] - 0.5f) < 1e-6f);
    ds_statistics_destroy(&statistics);
    ds_destroy(&data);
}

/* ---- batches ---- */

/* Two dialogues, one behind the other, are rows 4 .. 9 and 0 .. 2 of the data. */
static void expect_batch(const ds_batch *batch, const size_t dims[DS_MODALITIES])
{
    assert_int_equal(batch->dialogues, 2);
    assert_int_equal(batch->rows, 9);
    size_t row = 0;
    for (size_t b = 0; b < 2; b++) {
        const ds_dialogue dialogue = ds_batch_dialogue(batch, b, row, dims);
        assert_int_equal(dialogue.rows, b == 0 ? 6 : 3);
        assert_int_equal(ds_batch_length(batch, b), dialogue.rows);
        for (size_t i = 0; i < dialogue.rows; i++, row++) {
            const size_t of_data = b == 0 ? 4 + i : i;
            for (size_t k = 0; k < 5; k++) assert_true(dialogue.x[0][i * 5 + k] == ts_small_feature(0, of_data, k));
            for (size_t k = 0; k < 2; k++) assert_true(dialogue.x[2][i * 2 + k] == ts_small_feature(2, of_data, k));
            assert_int_equal(dialogue.labels[i], of_data == 4 ? -1 : (int)(of_data % 3));
            assert_int_equal(ds_speaker_of(&dialogue, i), of_data % 2);
        }
    }
}

/* Of a data set, and the same as packed arrays. */
static void test_batch(void **state)
{
    (void)state;
    ds_dataset *data = ts_small_data();
    const ds_batch chosen = ds_batch_of(data, (const size_t[]){2, 0}, 2);
    expect_batch(&chosen, data->dims);
    float text[9 * 5], visual[9 * 2];
    int32_t speakers[9], labels[9], lengths[2] = {6, 3};
    for (size_t i = 0; i < 9; i++) {
        const size_t row = i < 6 ? 4 + i : i - 6;
        for (size_t k = 0; k < 5; k++) text[i * 5 + k] = ts_small_feature(0, row, k);
        for (size_t k = 0; k < 2; k++) visual[i * 2 + k] = ts_small_feature(2, row, k);
        speakers[i] = data->speakers[row];
        labels[i] = data->labels[row];
    }
    const ds_batch packed = {.dialogues = 2,
                             .rows = 9,
                             .x = {text, NULL, visual},
                             .speakers = speakers,
                             .labels = labels,
                             .lengths = lengths};
    expect_batch(&packed, data->dims);
    ds_destroy(&data);
}

/* Against all subsets of the dialogues of a split. */
static void test_largest_batch(void **state)
{
    (void)state;
    st_error error = {0};
    ds_dataset *data = NULL;
    static const int32_t lengths[] = {5, 512, 3, 3, 9, 1, 300, 300, 2, 8};
    OK(ds_create(&data, 10, 1143, false, &error));
    for (size_t d = 0; d < 10; d++) {
        data->storage->lengths[d] = lengths[d];
        data->storage->split[d] = (int32_t)(d % 3);
    }
    OK(ds_place_dialogues(data, "lengths", &error));
    for (size_t count = 1; count < 12; count++) {
        ds_extent expected = {0};
        for (unsigned subset = 0; subset < 1024; subset++) {
            ds_extent extent = {0};
            size_t members = 0;
            bool mixed = false;
            for (size_t d = 0; d < 10; d++) {
                if (!(subset >> d & 1)) continue;
                const size_t length = (size_t)lengths[d];
                for (size_t e = 0; e < d; e++) mixed = mixed || ((subset >> e & 1) && e % 3 != d % 3);
                members++;
                extent.rows += length;
                extent.pairs += length * length;
                extent.longest = length > extent.longest ? length : extent.longest;
            }
            if (mixed || members > count) continue;
            expected.rows = extent.rows > expected.rows ? extent.rows : expected.rows;
            expected.pairs = extent.pairs > expected.pairs ? extent.pairs : expected.pairs;
            expected.longest = extent.longest > expected.longest ? extent.longest : expected.longest;
        }
        const ds_extent extent = ds_largest_batch(data, count);
        assert_int_equal(extent.rows, expected.rows);
        assert_int_equal(extent.pairs, expected.pairs);
        assert_int_equal(extent.longest, expected.longest);
    }
    ds_destroy(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_select),
        cmocka_unit_test(test_hold_out),
        cmocka_unit_test(test_hold_out_fraction),
        cmocka_unit_test(test_hold_out_fraction_of_training),
        cmocka_unit_test(test_class_frequencies),
        cmocka_unit_test(test_name_classes),
        cmocka_unit_test(test_complete),
        cmocka_unit_test(test_statistics),
        cmocka_unit_test(test_statistics_failures),
        cmocka_unit_test(test_statistics_precision),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_largest_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
