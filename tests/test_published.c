/* data/published: every layout of the field, every form of its fields, and what is wrong with a file. */
#include "tests/support/scratch.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"
#include "tests/support/published_pickle.h"

#define OK(call)                                                                                                       \
    do {                                                                                                               \
        if ((call) != ST_OK) fail_msg("%s: %s", #call, error.text);                                                    \
    } while (0)

static st_status load_spec(void **state, const spec *s, const ds_load_options *options, ds_dataset **data,
                           st_error *error)
{
    const char *path = ts_path(state, "published.pkl");
    size_t size = 0;
    unsigned char *bytes = ts_published_pickle(s, &size);
    ts_write(path, bytes, size);
    free(bytes);
    st_clear(error);
    return ds_load(data, path, options, error);
}

static const spec iemocap = {12, {0, 1, 2, 3, 7, 8, 9, 10, 11}, -1, false, M_AND_F, {5, 3, 2}, NO_FAULT, 0};

/* ---- what comes out ---- */

static void expect_features(const ds_dataset *data, const size_t widths[3])
{
    for (size_t m = 0; m < 3; m++) {
        assert_int_equal(data->dims[m], widths[m]);
        assert_int_equal(data->x[m] != NULL, widths[m] > 0);
        for (size_t i = 0; i < data->utterances; i++) {
            for (size_t k = 0; k < widths[m]; k++)
                assert_true(data->x[m][i * widths[m] + k] == (float)ts_published_feature(m, i, k));
        }
    }
}

static void expect_data(const ds_dataset *data, const spec *s)
{
    assert_int_equal(data->dialogues, DIALOGUES);
    assert_int_equal(data->utterances, 8);
    expect_features(data, s->widths);
    for (size_t d = 0; d < DIALOGUES; d++) {
        char id[32];
        snprintf(id, sizeof id, s->number_ids ? "%zu" : "dia%zu", s->number_ids ? 100 + d : d);
        assert_string_equal(data->dialogue_ids[d], id);
        assert_int_equal(data->lengths[d], ts_published_lengths[d]);
        assert_int_equal(data->starts[d], ts_published_starts[d]);
        const bool validates = s->validation > 0 && d == 1;
        assert_int_equal(data->split[d], validates ? DS_VALID : d < TRAINING ? DS_TRAIN : DS_TEST);
    }
    static const int32_t by_voice[][4] = {
        [M_AND_F] = {1, 0, 1, 0}, [ONE_HOT] = {0, 1, 2, 3}, [NUMBERS] = {0, 1, 2, 3}, [NAMES] = {0, 1, 0, 2}};
    static const size_t speakers[] = {[M_AND_F] = 2, [ONE_HOT] = 9, [NUMBERS] = 4, [NAMES] = 3};
    assert_int_equal(data->speaker_count, speakers[s->voice]);
    for (size_t i = 0; i < 8; i++) {
        char text[32];
        assert_int_equal(data->labels[i], i % 3);
        assert_int_equal(data->speakers[i], by_voice[s->voice][i % 4]);
        const size_t d = i < ts_published_starts[1] ? 0 : i < ts_published_starts[2] ? 1 : 2;
        snprintf(text, sizeof text, "u %zu", i);
        if (s->places[0] < 0) snprintf(text, sizeof text, "%s_%zu", data->dialogue_ids[d], i - ts_published_starts[d]);
        assert_string_equal(data->utterance_ids[i], text);
        snprintf(text, sizeof text, "sentence %zu", i);
        assert_string_equal(data->sentences[i], text);
    }
    assert_int_equal(data->classes, 3);
    assert_string_equal(data->class_names[2], "2");
    assert_int_equal(data->unlisted, 0);
}

static void expect_spec(void **state, const spec *s)
{
    st_error error = {0};
    ds_dataset *data = NULL;
    OK(load_spec(state, s, &(ds_load_options){0}, &data, &error));
    expect_data(data, s);
    ds_destroy(&data);
}

static void test_layouts(void **state)
{
    static const spec specs[] = {
        {12, {0, 1, 2, 3, 7, 8, 9, 10, 11}, -1, false, M_AND_F, {5, 3, 2}, NO_FAULT, 0},
        {13, {0, 1, 2, 3, 7, 8, 9, 10, 11}, -1, true, ONE_HOT, {5, 3, 2}, NO_FAULT, 0},
        {13, {0, 1, 2, 4, 8, 9, 10, 11, 12}, 3, false, M_AND_F, {5, 3, 2}, NO_FAULT, 0},
        {14, {0, 1, 2, 4, 8, 9, 10, 11, 12}, 3, true, ONE_HOT, {5, 3, 2}, NO_FAULT, 0},
        {9, {0, 1, 2, 3, 4, 5, 6, 7, 8}, -1, false, M_AND_F, {5, 3, 2}, NO_FAULT, 0},
        {10, {0, 1, 2, 3, 4, 5, 6, 7, 8}, -1, true, ONE_HOT, {5, 3, 2}, NO_FAULT, 0},
        {9, {0, 1, 2, 3, 4, -1, 5, 6, 7}, 8, true, ONE_HOT, {5, 3, 0}, NO_FAULT, 0},
        {10, {-1, 0, 1, 2, -1, -1, 6, 7, 8}, -1, false, M_AND_F, {5, 0, 0}, NO_FAULT, 9},
        {10, {-1, 0, 1, 2, -1, -1, 6, 7, 8}, -1, true, NUMBERS, {5, 0, 0}, NO_FAULT, 9},
        {11, {-1, 0, 1, 3, -1, -1, 7, 8, 9}, 2, true, ONE_HOT, {5, 0, 0}, NO_FAULT, 10},
    };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) expect_spec(state, &specs[i]);
}

/* Ten fields are told apart by their contents: numbers where labels stand, rows where features do. */
static void test_layout_by_contents(void **state)
{
    static const spec specs[] = {
        {10, {0, 1, 2, 3, 4, 5, 6, 7, 8}, -1, true, NUMBERS, {5, 3, 2}, NO_FAULT, 0},
        {10, {-1, 0, 1, 2, -1, -1, 6, 7, 8}, -1, true, NUMBERS, {5, 0, 0}, NO_FAULT, 9},
    };
    static const char *const said[] = {"labels, text, audio", "training, test and validation ids"};
    for (size_t i = 0; i < 2; i++) {
        st_error error = {0};
        ds_dataset *data = NULL;
        OK(load_spec(state, &specs[i], &(ds_load_options){0}, &data, &error));
        assert_non_null(strstr(data->layout, said[i]));
        assert_false(data->ambiguous_layout);
        ds_destroy(&data);
    }
    /* Numbers of speakers may be labels where there are no labels: the first layout is taken. */
    spec s = specs[0];
    st_error error = {0};
    ds_dataset *data = NULL;
    s.wrong = LABELS_NONE;
    s.validation = 9;
    OK(load_spec(state, &s, &(ds_load_options){0}, &data, &error));
    assert_true(data->ambiguous_layout);
    assert_non_null(strstr(data->layout, "labels, text, audio"));
    ds_destroy(&data);
}

/* No label: the field, the labels of a dialogue, or a label is None or missing. */
static void test_none_is_no_label(void **state)
{
    static const struct {
        fault wrong;
        size_t from, to; /* utterances without a label */
    } cases[] = {{LABELS_NONE, 0, 8},
                 {LABELS_OF_ONE_NONE, 4, 8},
                 {NO_LABELS_OF_ONE, 4, 8},
                 {LABEL_NONE, 5, 6},
                 {LABEL_NAN, 5, 6}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        st_error error = {0};
        ds_dataset *data = NULL;
        spec s = iemocap;
        s.wrong = cases[i].wrong;
        OK(load_spec(state, &s, &(ds_load_options){0}, &data, &error));
        for (size_t row = 0; row < 8; row++) {
            const bool without = row >= cases[i].from && row < cases[i].to;
            assert_int_equal(data->labels[row], without ? DS_UNLABELLED : (int)(row % 3));
        }
        assert_int_equal(data->classes, cases[i].wrong == LABELS_NONE ? 0 : 3);
        ds_destroy(&data);
    }
}

static void test_forms(void **state)
{
    for (int v = M_AND_F; v <= NAMES; v++) {
        spec s = iemocap;
        s.voice = (voice)v;
        expect_spec(state, &s);
    }
    static const size_t widths[][3] = {{1, 0, 0}, {0, 7, 0}, {0, 0, 1}, {4, 0, 4}};
    for (size_t i = 0; i < 4; i++) {
        spec s = iemocap;
        memcpy(s.widths, widths[i], sizeof s.widths);
        expect_spec(state, &s);
    }
}

/* Small files that numpy wrote: rows as float64 arrays in byte strings of Python 2, and float32 matrices of protocol 4.
 */
static void test_files_of_numpy(void **state)
{
    static const size_t iemocap_lengths[] = {3, 1, 4};
    static const size_t meld_lengths[] = {2, 3, 1, 2};
    (void)state;
    const char *source = getenv("SAFSD_TEST_SOURCE");
    char path[4096];
    st_error error = {0};
    ds_dataset *data = NULL;
    snprintf(path, sizeof path, "%s/tests/data/published/iemocap_layout.pkl", source ? source : ".");
    OK(ds_load(&data, path, &(ds_load_options){0}, &error));
    expect_features(data, (const size_t[]){5, 3, 2});
    assert_int_equal(data->dialogues, 3);
    for (size_t d = 0; d < 3; d++) assert_int_equal(data->lengths[d], iemocap_lengths[d]);
    assert_string_equal(data->dialogue_ids[2], "Ses05F");
    assert_string_equal(data->utterance_ids[7], "Ses05F_3");
    assert_string_equal(data->sentences[4], "sentence 4");
    assert_int_equal(data->split[1], DS_TRAIN);
    assert_int_equal(data->split[2], DS_TEST);
    assert_int_equal(data->speaker_count, 2);
    assert_string_equal(data->speaker_names[0], "M");
    for (size_t i = 0; i < 8; i++) assert_true(data->speakers[i] == (int)(i % 2) && data->labels[i] == (int)(i % 3));
    ds_destroy(&data);
    snprintf(path, sizeof path, "%s/tests/data/published/meld_layout.pkl", source ? source : ".");
    OK(ds_load(&data, path, &(ds_load_options){.format = DS_FORMAT_PICKLE}, &error));
    expect_features(data, (const size_t[]){4, 3, 0});
    assert_int_equal(data->dialogues, 4);
    for (size_t d = 0; d < 4; d++) assert_int_equal(data->lengths[d], meld_lengths[d]);
    assert_string_equal(data->dialogue_ids[3], "7");
    assert_string_equal(data->utterance_ids[6], "7_0");
    assert_int_equal(data->split[3], DS_TEST);
    assert_int_equal(data->speaker_count, 9);
    for (size_t i = 0; i < 8; i++) assert_true(data->speakers[i] == (int)(i % 9) && data->labels[i] == (int)(i % 3));
    ds_destroy(&data);
}

static void test_options(void **state)
{
    static const char *const names[] = {"happy", "sad", "angry", "neutral"};
    st_error error = {0};
    ds_dataset *data = NULL;
    OK(load_spec(state, &iemocap, &(ds_load_options){.class_names = names, .classes = 4}, &data, &error));
    assert_int_equal(data->classes, 4);
    assert_string_equal(data->class_names[3], "neutral");
    ds_destroy(&data);
    assert_int_equal(load_spec(state, &iemocap, &(ds_load_options){.class_names = names, .classes = 2}, &data, &error),
                     ST_FAILED);
    assert_non_null(strstr(error.text, "dialogue 'dia0', utterance 3 (u 2): label 2"));
}

/* What is odd but no error. */
static void test_tolerated(void **state)
{
    st_error error = {0};
    ds_dataset *data = NULL;
    spec s = iemocap;
    s.wrong = UNLISTED;
    OK(load_spec(state, &s, &(ds_load_options){0}, &data, &error));
    assert_int_equal(data->unlisted, 1);
    assert_int_equal(data->dialogues, DIALOGUES);
    ds_destroy(&data);
    s.wrong = SHORT_SENTENCES;
    OK(load_spec(state, &s, &(ds_load_options){0}, &data, &error));
    assert_string_equal(data->sentences[3], "sentence 3");
    assert_string_equal(data->sentences[4], "");
    ds_destroy(&data);
    s.wrong = LABEL_UNKNOWN;
    OK(load_spec(state, &s, &(ds_load_options){0}, &data, &error));
    assert_int_equal(data->labels[5], DS_UNLABELLED);
    assert_int_equal(data->classes, 3);
    ds_destroy(&data);
    s.wrong = UNLABELLED;
    OK(load_spec(state, &s, &(ds_load_options){0}, &data, &error));
    assert_int_equal(data->classes, 0);
    ds_destroy(&data);
    s.wrong = NO_TRAINING;
    OK(load_spec(state, &s, &(ds_load_options){0}, &data, &error));
    assert_int_equal(ds_select(data, DS_TEST, NULL, NULL), DIALOGUES);
    ds_destroy(&data);
}

static void test_faults(void **state)
{
    static const struct {
        fault wrong;
        voice voice;
        const char *naming;
    } cases[] = {
        {NAN_FEATURE, M_AND_F, "dialogue 'dia2', utterance 2 (u 5): audio feature 2 is not a number"},
        {LARGE_FEATURE, M_AND_F, "dialogue 'dia2', utterance 2 (u 5): audio feature 2 is 1e+39, beyond float32"},
        {TEXT_FEATURE, M_AND_F, "the audio features of dialogue 'dia2' are no rows of numbers"},
        {FLAT_ROW, M_AND_F, "the audio features of dialogue 'dia2' are no rows of numbers"},
        {NARROW_ROW, M_AND_F, "the audio features of dialogue 'dia2' have width 2 at utterance 2, but 3 before"},
        {SHORT_FEATURES, M_AND_F, "dialogue 'dia2' has 4 utterance ids, but 3 audio features"},
        {SHORT_LABELS, M_AND_F, "dialogue 'dia2' has 4 utterance ids, but 3 labels"},
        {LABELS_NO_LIST, M_AND_F, "the labels of dialogue 'dia2' are the int 4"},
        {LABEL_TEXT, M_AND_F, "dialogue 'dia2', utterance 2: the label is 'sad'"},
        {LABEL_HALF, M_AND_F, "dialogue 'dia2', utterance 2: the label is the float 1.5"},
        {LABEL_LOW, M_AND_F, "dialogue 'dia2', utterance 2 (u 5): label -2"},
        {EMPTY_DIALOGUE, M_AND_F, "dialogue 'dia1' has no utterances"},
        {LONG_DIALOGUE, M_AND_F, "dialogue 'dia1' has 513 utterances; at most 512"},
        {LISTED_TWICE, M_AND_F, "dialogue 'dia0' is listed twice"},
        {IN_BOTH_LISTS, M_AND_F, "dialogue 'dia0' is listed twice"},
        {NOT_THERE, M_AND_F, "dialogue 'dia7' of the test ids has no utterance ids"},
        {TWO_HOT, ONE_HOT, "dialogue 'dia2', utterance 3: the speaker row is not one-hot"},
        {NONE_HOT, ONE_HOT, "dialogue 'dia2', utterance 3: the speaker row is not one-hot"},
        {SPEAKERS_IN_ROWS_OF_ONE, NUMBERS, "are a list of 3, where texts, numbers or one-hot rows are needed"},
        {NEGATIVE_SPEAKER, NUMBERS, "dialogue 'dia2', utterance 3: the speaker is no number"},
        {MIXED_SPEAKERS, M_AND_F, "dialogue 'dia2', utterance 3: the speaker is no text"},
        {FORBIDDEN_CLASS, M_AND_F, "posix.system"},
        {ID_IS_A_LIST, M_AND_F, "neither a text nor an int"},
        {NO_DIALOGUES, M_AND_F, "no dialogues"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        st_error error = {0};
        ds_dataset *data = NULL;
        spec s = iemocap;
        s.size = 13;
        s.wrong = cases[i].wrong;
        s.voice = cases[i].voice;
        assert_int_equal(load_spec(state, &s, &(ds_load_options){0}, &data, &error), ST_FAILED);
        assert_null(data);
        if (!strstr(error.text, cases[i].naming)) fail_msg("'%s' does not say '%s'", error.text, cases[i].naming);
        assert_non_null(strstr(error.text, "published.pkl"));
    }
}

static void test_other_pickles(void **state)
{
    static const struct {
        const char *bytes, *naming;
    } cases[] = {
        {"N.", "it holds None"},
        {"I7\n.", "it holds the int 7"},
        {"(I1\nI2\nl.", "a list of 2: the int 1, the int 2"},
        {"(}}}}}}}]]t.", "no dialogues"},
        {"(}}}}}]}]]t.", "a tuple of 9: a dict of 0"},
        {"(}}}}}}}}}}}}t.", "a tuple of 12"},
        {"(NNNNNNNNNNNNt.", "a tuple of 12: None"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        st_error error = {0};
        ds_dataset *data = NULL;
        const char *path = ts_path(state, "other.pkl");
        ts_write(path, cases[i].bytes, strlen(cases[i].bytes));
        assert_int_equal(ds_load(&data, path, &(ds_load_options){0}, &error), ST_FAILED);
        assert_null(data);
        if (!strstr(error.text, cases[i].naming)) fail_msg("'%s' does not say '%s'", error.text, cases[i].naming);
    }
}

/* Truncated anywhere, and with any byte changed: a sentence or some other data set, never a crash. */
static void expect_damage(void **state, const spec *s, size_t stride)
{
    size_t size = 0;
    unsigned char *bytes = ts_published_pickle(s, &size);
    const char *path = ts_path(state, "damaged.pkl");
    uint32_t random = 99;
    size_t failures = 0;
    for (size_t i = 0; i < size; i += stride) {
        st_error error = {0};
        ds_dataset *data = NULL;
        const unsigned char kept = bytes[i];
        random = random * 1664525u + 1013904223u;
        bytes[i] = (unsigned char)(kept ^ (1 + (random >> 24) % 255));
        ts_write(path, bytes, size);
        const st_status status = ds_load(&data, path, &(ds_load_options){0}, &error);
        failures += status != ST_OK;
        assert_int_equal(error.text[0] != '\0', status != ST_OK);
        assert_int_equal(data == NULL, status != ST_OK);
        ds_destroy(&data);
        bytes[i] = kept;
        if (i % 5 != 0) continue;
        ts_write(path, bytes, i);
        st_clear(&error);
        assert_int_equal(ds_load(&data, path, &(ds_load_options){0}, &error), ST_FAILED);
    }
    assert_true(failures > size / stride / 8);
    free(bytes);
}

static void test_damage(void **state)
{
    static const spec cosmic = {11, {-1, 0, 1, 3, -1, -1, 7, 8, 9}, 2, true, ONE_HOT, {5, 0, 0}, NO_FAULT, 10};
    expect_damage(state, &iemocap, 1);
    expect_damage(state, &cosmic, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts),          cmocka_unit_test(test_forms),
        cmocka_unit_test(test_files_of_numpy),   cmocka_unit_test(test_layout_by_contents),
        cmocka_unit_test(test_none_is_no_label), cmocka_unit_test(test_options),
        cmocka_unit_test(test_tolerated),        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_other_pickles),    cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, ts_scratch_open, ts_scratch_close);
}
