/* data/labels: how many there are of each class, and what a training refuses. */
#include "tests/support/scratch.h"

#include <stdbool.h>
#include <string.h>

#include "data/assemble.h"
#include "data/labels.h"
#include "tests/support/small_data.h"

static const bool all[DS_SPLITS] = {true, true, true}, training[DS_SPLITS] = {true};

/* The labels of the fifteen utterances, the first ten of which are in the training part; names NULL: nobody's. */
static ds_dataset *labelled(const int32_t labels[TS_UTTERANCES], const char *const *names, size_t classes)
{
    st_error error = {0};
    ds_dataset *data = ts_small_data();
    memcpy(data->storage->labels, labels, TS_UTTERANCES * sizeof *labels);
    if (ds_name_classes(data, names, classes, &error) != ST_OK) fail_msg("%s", error.text);
    return data;
}

static void expect_verdict(ds_dataset *data, st_status status, const char *piece)
{
    st_error error = {0};
    assert_int_equal(ds_check_labels(data, &error), status);
    if (piece && !strstr(error.text, piece)) fail_msg("%s", error.text);
    ds_destroy(&data);
}

static void test_counts(void **state)
{
    (void)state;
    size_t counts[TS_CLASSES] = {0};
    ds_dataset *data = ts_small_data();
    assert_int_equal(ds_count_labels(data, DS_TRAIN, counts), 9); /* the fifth has no label */
    assert_memory_equal(counts, ((size_t[]){4, 2, 3}), sizeof counts);
    assert_int_equal(ds_count_labels(data, DS_TEST, counts), 3);
    assert_memory_equal(counts, ((size_t[]){5, 3, 4}), sizeof counts);
    expect_verdict(data, ST_OK, NULL);
}

static void test_no_label(void **state)
{
    (void)state;
    int32_t labels[TS_UTTERANCES] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 1, 2, 0, 1};
    static const char *const piece = "no utterance of the training part has a label";
    expect_verdict(labelled(labels, NULL, 3), ST_USAGE, piece);
    labels[9] = 2;
    expect_verdict(labelled(labels, NULL, 3), ST_OK, NULL);
    for (size_t i = 0; i < TS_UTTERANCES; i++) labels[i] = DS_UNLABELLED;
    expect_verdict(labelled(labels, NULL, 0), ST_USAGE, piece);
}

/* Four times as many classes as labels are taken, one more is not, unless somebody named them. */
static void test_stray(void **state)
{
    (void)state;
    static const char *const names[13] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"};
    int32_t labels[TS_UTTERANCES] = {0, 1, 0, 1, 0, 1, 0, 1, 11, 11, 0, 1, 0, 1, 0};
    expect_verdict(labelled(labels, NULL, 12), ST_OK, NULL);
    labels[8] = labels[9] = 12;
    expect_verdict(
        labelled(labels, NULL, 13), ST_USAGE,
        "dialogue 'd2', utterance 5 (u8): the label is 12, as of 2 utterances in all, which makes 13 classes "
        "where 3 different labels occur");
    expect_verdict(labelled(labels, names, 13), ST_OK, NULL);
}

static void test_absent(void **state)
{
    (void)state;
    static const char *const names[4] = {"happy", "sad", "calm", "angry"};
    static const int32_t labels[TS_UTTERANCES] = {0, 3, 0, 3, 0, 0, 0, 0, 0, -1, 1, 1, 2, 2, 2};
    char sentence[ST_TEXT_SIZE];
    ds_dataset *data = labelled(labels, names, 4);
    ds_describe_absent(data, training, "the training part", sentence);
    assert_string_equal(
        sentence, "the training part has labels of 2 of the 4 classes: happy (7), angry (2); and none of sad, calm");
    ds_describe_absent(data, all, "the whole", sentence);
    assert_string_equal(sentence, "");
    ds_destroy(&data);
    static const int32_t none[TS_UTTERANCES] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1, 1, 2, 2, 2};
    data = labelled(none, names, 4);
    ds_describe_absent(data, training, "the training part", sentence);
    assert_string_equal(sentence, "");
    ds_destroy(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_no_label),
        cmocka_unit_test(test_stray),
        cmocka_unit_test(test_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
