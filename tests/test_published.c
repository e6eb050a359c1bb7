/* data/published: every layout of the field, every form of its fields, and what is wrong with a file. */
#include "tests/ref/scratch.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"

#define OK(call)                                                                                                       \
    do {                                                                                                               \
        if ((call) != ST_OK) fail_msg("%s: %s", #call, error.text);                                                    \
    } while (0)

/* ---- a pickle written by hand: protocol 2, lists of lists ---- */

typedef struct writer {
    unsigned char *bytes;
    size_t size, room;
} writer;

static void put(writer *w, const void *bytes, size_t size)
{
    if (w->size + size > w->room) {
        w->room = 2 * (w->size + size) + 4096;
        w->bytes = realloc(w->bytes, w->room);
        assert_non_null(w->bytes);
    }
    memcpy(w->bytes + w->size, bytes, size);
    w->size += size;
}

static void put_op(writer *w, const char *operation)
{
    put(w, operation, strlen(operation));
}

static void put_int(writer *w, long number)
{
    char text[32];
    snprintf(text, sizeof text, "I%ld\n", number);
    put_op(w, text);
}

static void put_float(writer *w, double number)
{
    uint64_t bits = 0;
    unsigned char bytes[9] = {'G'};
    memcpy(&bits, &number, sizeof bits);
    for (size_t i = 0; i < 8; i++) bytes[1 + i] = (unsigned char)(bits >> (56 - 8 * i));
    put(w, bytes, sizeof bytes);
}

static void put_text(writer *w, const char *text)
{
    const unsigned char head[2] = {'U', (unsigned char)strlen(text)};
    put(w, head, 2);
    put_op(w, text);
}

/* ---- a data set in a published layout, with one thing wrong where wanted ---- */

typedef enum voice { M_AND_F, ONE_HOT, NUMBERS, NAMES } voice;

typedef enum fault {
    NO_FAULT,
    NAN_FEATURE,
    LARGE_FEATURE,
    TEXT_FEATURE,
    NARROW_ROW,
    FLAT_ROW,
    SHORT_FEATURES,
    SHORT_LABELS,
    SHORT_SENTENCES,
    LABELS_NO_LIST,
    LABEL_TEXT,
    LABEL_HALF,
    LABEL_LOW,
    LABEL_UNKNOWN,
    UNLABELLED,
    EMPTY_DIALOGUE,
    LONG_DIALOGUE,
    LISTED_TWICE,
    IN_BOTH_LISTS,
    NOT_THERE,
    NO_LABELS_OF_ONE,
    UNLISTED,
    TWO_HOT,
    NONE_HOT,
    NEGATIVE_SPEAKER,
    MIXED_SPEAKERS,
    FORBIDDEN_CLASS,
    ID_IS_A_LIST,
    NO_TRAINING,
    NO_DIALOGUES,
} fault;

typedef struct spec {
    size_t size;    /* fields of the tuple */
    int places[9];  /* ids, speakers, labels, text, audio, visual, sentences, training, test; -1: none */
    int sentiments; /* a dict of no use there; -1: none */
    bool number_ids;
    voice voice;
    size_t widths[3];
    fault wrong;
} spec;

enum { DIALOGUES = 3, TRAINING = 2 };
static const size_t lengths[DIALOGUES] = {3, 1, 4}; /* the pickle's dicts hold them in the order 2, 0, 1 */
static const size_t starts[DIALOGUES] = {0, 3, 4};

static double feature(size_t modality, size_t row, size_t k)
{
    return 1000.0 * (double)modality + (double)row + (double)k / 8.0;
}

static size_t length_of(const spec *s, size_t d)
{
    if (s->wrong == EMPTY_DIALOGUE && d == 1) return 0;
    if (s->wrong == LONG_DIALOGUE && d == 1) return 513;
    return lengths[d];
}

static void put_id(writer *w, const spec *s, size_t d)
{
    char text[32];
    snprintf(text, sizeof text, "dia%zu", d);
    if (s->wrong == ID_IS_A_LIST)
        put_op(w, "]");
    else if (s->number_ids)
        put_int(w, (long)(100 + d));
    else
        put_text(w, text);
}

static void put_speaker(writer *w, const spec *s, size_t row)
{
    static const char *const names[] = {"Ross", "Joey", "Ross", "Phoebe"};
    if (s->wrong == MIXED_SPEAKERS && row == 6)
        put_int(w, 1);
    else if (s->voice == M_AND_F)
        put_text(w, row % 2 ? "M" : "F"); /* F first: still speaker 1 */
    else if (s->voice == NAMES)
        put_text(w, names[row % 4]);
    else if (s->voice == NUMBERS)
        put_int(w, s->wrong == NEGATIVE_SPEAKER && row == 6 ? -1 : (long)(row % 4));
    else {
        put_op(w, "](");
        for (size_t k = 0; k < 9; k++) {
            const bool second = s->wrong == TWO_HOT && row == 6 && k == 8;
            const bool none = s->wrong == NONE_HOT && row == 6;
            put_float(w, (k == row % 4 && !none) || second ? 1.0 : 0.0);
        }
        put_op(w, "e");
    }
}

static void put_label(writer *w, const spec *s, size_t row)
{
    if (row != 5)
        put_int(w, s->wrong == UNLABELLED ? -1 : (long)(row % 3));
    else if (s->wrong == LABEL_TEXT)
        put_text(w, "sad");
    else if (s->wrong == LABEL_HALF)
        put_float(w, 1.5);
    else if (s->wrong == LABEL_LOW)
        put_int(w, -2);
    else if (s->wrong == LABEL_UNKNOWN || s->wrong == UNLABELLED)
        put_int(w, -1);
    else
        put_float(w, 2.0); /* a whole float is a label too */
}

static void put_row(writer *w, const spec *s, size_t modality, size_t row)
{
    const bool here = row == 5 && modality == 1;
    const size_t width = s->widths[modality] - (here && s->wrong == NARROW_ROW);
    if (here && s->wrong == FLAT_ROW) {
        put_float(w, 1.0);
        return;
    }
    put_op(w, "](");
    for (size_t k = 0; k < width; k++) {
        if (here && k == 1 && s->wrong == TEXT_FEATURE)
            put_text(w, "x");
        else if (here && k == 1 && s->wrong == NAN_FEATURE)
            put_float(w, NAN);
        else if (here && k == 1 && s->wrong == LARGE_FEATURE)
            put_float(w, 1e39);
        else
            put_float(w, feature(modality, row, k));
    }
    put_op(w, "e");
}

/* Entry `row` of a field. */
static void put_entry(writer *w, const spec *s, size_t field, size_t row)
{
    char text[32];
    if (field == 1)
        put_speaker(w, s, row);
    else if (field == 2)
        put_label(w, s, row);
    else if (field >= 3 && field <= 5)
        put_row(w, s, field - 3, row);
    else {
        snprintf(text, sizeof text, "%s %zu", field == 0 ? "u" : "sentence", row);
        put_text(w, text);
    }
}

static void put_table(writer *w, const spec *s, size_t field)
{
    static const size_t order[DIALOGUES] = {2, 0, 1};
    put_op(w, "}(");
    for (size_t i = 0; i < DIALOGUES + (s->wrong == UNLISTED); i++) {
        const size_t d = i < DIALOGUES ? order[i] : 9;
        if (s->wrong == NO_LABELS_OF_ONE && field == 2 && d == 2) continue;
        put_id(w, s, d);
        size_t length = d < DIALOGUES ? length_of(s, d) : 1;
        if (d == 2 && ((s->wrong == SHORT_FEATURES && field == 4) || (s->wrong == SHORT_LABELS && field == 2) ||
                       (s->wrong == SHORT_SENTENCES && field == 6)))
            length--;
        if (s->wrong == LABELS_NO_LIST && field == 2 && d == 2) {
            put_int(w, 4);
            continue;
        }
        put_op(w, "](");
        for (size_t k = 0; k < length; k++) put_entry(w, s, field, d < DIALOGUES ? starts[d] + k : 0);
        put_op(w, "e");
    }
    put_op(w, "u");
}

static void put_ids(writer *w, const spec *s, bool training)
{
    put_op(w, "](");
    for (size_t d = 0; d < DIALOGUES && s->wrong != NO_DIALOGUES; d++) {
        if ((d < TRAINING && s->wrong != NO_TRAINING) == training) put_id(w, s, d);
    }
    if (s->wrong == LISTED_TWICE && training) put_id(w, s, 0);
    if (s->wrong == IN_BOTH_LISTS && !training) put_id(w, s, 0);
    if (s->wrong == NOT_THERE && !training) put_id(w, s, 7);
    put_op(w, "e");
}

static writer write_pickle(const spec *s)
{
    writer w = {0};
    put_op(&w, "\x80\x02(");
    for (int place = 0; place < (int)s->size; place++) {
        size_t field = 0;
        while (field < 9 && s->places[field] != place) field++;
        if (field < 3 || field == 6)
            put_table(&w, s, field);
        else if (field < 6 && s->widths[field - 3] == 0)
            put_op(&w, place % 2 ? "N" : "}"); /* both say: none */
        else if (field < 6)
            put_table(&w, s, field);
        else if (field < 9)
            put_ids(&w, s, field == 7);
        else if (place == s->sentiments)
            put_op(&w, "}(I1\nI2\nu");
        else if (place < 9)
            put_op(&w, "}");
        else
            put_op(&w, s->wrong == FORBIDDEN_CLASS ? "cposix\nsystem\n" : "N");
    }
    put_op(&w, "t.");
    return w;
}

static st_status load_spec(void **state, const spec *s, const ds_load_options *options, ds_dataset **data,
                           st_error *error)
{
    const char *path = ts_path(state, "published.pkl");
    writer w = write_pickle(s);
    ts_write(path, w.bytes, w.size);
    free(w.bytes);
    st_clear(error);
    return ds_load(data, path, options, error);
}

static const spec iemocap = {12, {0, 1, 2, 3, 7, 8, 9, 10, 11}, -1, false, M_AND_F, {5, 3, 2}, NO_FAULT};

/* ---- what comes out ---- */

static void expect_features(const ds_dataset *data, const size_t widths[3])
{
    for (size_t m = 0; m < 3; m++) {
        assert_int_equal(data->dims[m], widths[m]);
        assert_int_equal(data->x[m] != NULL, widths[m] > 0);
        for (size_t i = 0; i < data->utterances; i++) {
            for (size_t k = 0; k < widths[m]; k++)
                assert_true(data->x[m][i * widths[m] + k] == (float)feature(m, i, k));
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
        assert_int_equal(data->lengths[d], lengths[d]);
        assert_int_equal(data->starts[d], starts[d]);
        assert_int_equal(data->split[d], d < TRAINING ? DS_TRAIN : DS_TEST);
    }
    static const int32_t by_voice[][4] = {
        [M_AND_F] = {1, 0, 1, 0}, [ONE_HOT] = {0, 1, 2, 3}, [NUMBERS] = {0, 1, 2, 3}, [NAMES] = {0, 1, 0, 2}};
    static const size_t speakers[] = {[M_AND_F] = 2, [ONE_HOT] = 9, [NUMBERS] = 4, [NAMES] = 3};
    assert_int_equal(data->speaker_count, speakers[s->voice]);
    for (size_t i = 0; i < 8; i++) {
        char text[32];
        assert_int_equal(data->labels[i], i % 3);
        assert_int_equal(data->speakers[i], by_voice[s->voice][i % 4]);
        snprintf(text, sizeof text, "u %zu", i);
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
        {12, {0, 1, 2, 3, 7, 8, 9, 10, 11}, -1, false, M_AND_F, {5, 3, 2}, NO_FAULT},
        {13, {0, 1, 2, 3, 7, 8, 9, 10, 11}, -1, true, ONE_HOT, {5, 3, 2}, NO_FAULT},
        {13, {0, 1, 2, 4, 8, 9, 10, 11, 12}, 3, false, M_AND_F, {5, 3, 2}, NO_FAULT},
        {14, {0, 1, 2, 4, 8, 9, 10, 11, 12}, 3, true, ONE_HOT, {5, 3, 2}, NO_FAULT},
        {9, {0, 1, 2, 3, 4, 5, 6, 7, 8}, -1, false, M_AND_F, {5, 3, 2}, NO_FAULT},
        {10, {0, 1, 2, 3, 4, 5, 6, 7, 8}, -1, true, ONE_HOT, {5, 3, 2}, NO_FAULT},
        {9, {0, 1, 2, 3, 4, -1, 5, 6, 7}, 8, true, ONE_HOT, {5, 3, 0}, NO_FAULT},
    };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) expect_spec(state, &specs[i]);
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
        {LARGE_FEATURE, M_AND_F, "dialogue 'dia2', utterance 2 (u 5): audio feature 2 is infinite"},
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
        {NO_LABELS_OF_ONE, M_AND_F, "dialogue 'dia2' of the test ids has no labels"},
        {TWO_HOT, ONE_HOT, "dialogue 'dia2', utterance 3: the speaker row is not one-hot"},
        {NONE_HOT, ONE_HOT, "dialogue 'dia2', utterance 3: the speaker row is not one-hot"},
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
static void test_damage(void **state)
{
    writer w = write_pickle(&iemocap);
    const char *path = ts_path(state, "damaged.pkl");
    uint32_t random = 99;
    size_t failures = 0;
    for (size_t i = 0; i < w.size; i++) {
        st_error error = {0};
        ds_dataset *data = NULL;
        const unsigned char kept = w.bytes[i];
        random = random * 1664525u + 1013904223u;
        w.bytes[i] = (unsigned char)(kept ^ (1 + (random >> 24) % 255));
        ts_write(path, w.bytes, w.size);
        const st_status status = ds_load(&data, path, &(ds_load_options){0}, &error);
        failures += status != ST_OK;
        assert_int_equal(data == NULL, status != ST_OK);
        ds_destroy(&data);
        w.bytes[i] = kept;
        if (i % 5 != 0) continue;
        ts_write(path, w.bytes, i);
        st_clear(&error);
        assert_int_equal(ds_load(&data, path, &(ds_load_options){0}, &error), ST_FAILED);
    }
    assert_true(failures > w.size / 4);
    free(w.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts),       cmocka_unit_test(test_forms),     cmocka_unit_test(test_files_of_numpy),
        cmocka_unit_test(test_options),       cmocka_unit_test(test_tolerated), cmocka_unit_test(test_faults),
        cmocka_unit_test(test_other_pickles), cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, ts_scratch_open, ts_scratch_close);
}
