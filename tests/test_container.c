/* data/container: a data set as a safetensors file and back, files of others, damaged ones. */
#include "tests/support/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"
#include "data/safetensors.h"
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

static void expect_names(const char *const *names, const char *const *expected, size_t count)
{
    for (size_t i = 0; i < count; i++) assert_string_equal(names[i], expected[i]);
}

static void test_round_trip(void **state)
{
    st_error error = {0};
    const char *path = ts_path(state, "data.safetensors");
    ds_dataset *data = ts_small_data();
    ds_dataset *read = NULL;
    OK(ds_save(data, path, &error));
    OK(ds_load(&read, path, &(ds_load_options){0}, &error));
    assert_int_equal(read->dialogues, data->dialogues);
    assert_int_equal(read->utterances, data->utterances);
    for (size_t m = 0; m < DS_MODALITIES; m++) {
        assert_int_equal(read->dims[m], data->dims[m]);
        assert_memory_equal(read->x[m], data->x[m], data->utterances * data->dims[m] * sizeof(float));
    }
    assert_memory_equal(read->speakers, data->speakers, data->utterances * sizeof(int32_t));
    assert_memory_equal(read->labels, data->labels, data->utterances * sizeof(int32_t));
    assert_memory_equal(read->lengths, data->lengths, data->dialogues * sizeof(int32_t));
    assert_memory_equal(read->split, data->split, data->dialogues * sizeof(int32_t));
    assert_memory_equal(read->starts, data->starts, (data->dialogues + 1) * sizeof(size_t));
    assert_int_equal(read->classes, data->classes);
    assert_int_equal(read->speaker_count, data->speaker_count);
    expect_names(read->class_names, data->class_names, data->classes);
    expect_names(read->speaker_names, data->speaker_names, data->speaker_count);
    expect_names(read->dialogue_ids, data->dialogue_ids, data->dialogues);
    expect_names(read->utterance_ids, data->utterance_ids, data->utterances);
    expect_names(read->sentences, data->sentences, data->utterances);
    assert_int_equal(read->unlisted, 0);
    const char *again = ts_path(state, "again.safetensors");
    OK(ds_save(read, again, &error));
    size_t sizes[2] = {0};
    unsigned char *bytes[2] = {ts_read(path, &sizes[0]), ts_read(again, &sizes[1])};
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(bytes[0], bytes[1], sizes[0]);
    free(bytes[0]);
    free(bytes[1]);
    ds_destroy(&read);
    ds_destroy(&data);
}

/* The map is read-only: what changes moves into memory of its own, and the file stays as it was. */
static void test_changes_of_a_mapped_set(void **state)
{
    st_error error = {0};
    const char *path = ts_path(state, "mapped.safetensors");
    ds_dataset *data = ts_small_data();
    ds_dataset *read = NULL;
    ds_statistics statistics = {0};
    OK(ds_save(data, path, &error));
    OK(ds_load(&read, path, &(ds_load_options){.format = DS_FORMAT_CONTAINER}, &error));
    OK(ds_hold_out(read, (const char *const[]){"d0"}, 1, &error));
    OK(ds_statistics_measure(read, &statistics, &error));
    OK(ds_standardize(read, &statistics, &error));
    OK(ds_standardize(read, &statistics, &error)); /* in place the second time */
    assert_int_equal(read->split[0], DS_VALID);
    const float once = (ts_small_feature(0, 7, 2) - statistics.mean[0][2]) / statistics.deviation[0][2];
    const float twice = (once - statistics.mean[0][2]) / statistics.deviation[0][2];
    assert_true(read->x[0][7 * 5 + 2] - twice < 1e-5f && twice - read->x[0][7 * 5 + 2] < 1e-5f);
    ds_statistics_destroy(&statistics);
    ds_destroy(&read);
    OK(ds_load(&read, path, &(ds_load_options){0}, &error));
    assert_memory_equal(read->x[0], data->x[0], data->utterances * 5 * sizeof(float));
    ds_destroy(&read);
    ds_destroy(&data);
}

static void test_class_names_of_the_caller(void **state)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    st_error error = {0};
    const char *path = ts_path(state, "named.safetensors");
    ds_dataset *data = ts_small_data();
    OK(ds_save(data, path, &error));
    ds_destroy(&data);
    OK(ds_load(&data, path, &(ds_load_options){.class_names = names, .classes = 4}, &error));
    assert_int_equal(data->classes, 4);
    expect_names(data->class_names, names, 4);
    ds_destroy(&data);
    FAILS(ds_load(&data, path, &(ds_load_options){.class_names = names, .classes = 2}, &error), ST_FAILED, "2 classes");
    assert_null(data);
}

/* ---- files by hand ---- */

typedef struct part {
    const char *name;
    sf_dtype dtype;
    size_t rank;
    uint64_t shape[2];
    const void *data;
} part;

enum { PARTS = 9 };

static const double features[] = {1, 2, 3, 4, 5, 6, 7, 8};
static const int64_t speakers[] = {0, 3, 0, 0};
static const uint8_t labels[] = {0, 1, 0, 1};
static const int32_t lengths[] = {3, 1};
static const int16_t split[] = {2, 0};

/* Two dialogues in the types of some other writer, without names. */
static void set_parts(part parts[PARTS])
{
    memset(parts, 0, PARTS * sizeof *parts);
    parts[0] = (part){"x_t", SF_F64, 2, {4, 2}, features};
    parts[1] = (part){"speakers", SF_I64, 1, {4}, speakers};
    parts[2] = (part){"labels", SF_U8, 1, {4}, labels};
    parts[3] = (part){"lengths", SF_I32, 1, {2}, lengths};
    parts[4] = (part){"split", SF_I16, 1, {2}, split};
}

static void write_parts(const char *path, const part parts[PARTS], const char *key, const char *value)
{
    st_error error = {0};
    sf_writer *writer = NULL;
    OK(sf_writer_create(&writer, path, &error));
    if (key) OK(sf_writer_metadata(writer, key, value, &error));
    for (size_t i = 0; i < PARTS; i++) {
        if (parts[i].name)
            OK(sf_writer_tensor(writer, parts[i].name, parts[i].dtype, parts[i].rank, parts[i].shape, &error));
    }
    for (size_t i = 0; i < PARTS; i++) {
        if (!parts[i].name) continue;
        size_t bytes = sf_dtype_bits(parts[i].dtype) / 8;
        for (size_t k = 0; k < parts[i].rank; k++) bytes *= (size_t)parts[i].shape[k];
        OK(sf_writer_data(writer, parts[i].data, bytes, &error));
    }
    OK(sf_writer_finish(writer, &error));
    sf_writer_destroy(&writer);
}

static void test_foreign_file(void **state)
{
    st_error error = {0};
    const char *path = ts_path(state, "foreign.safetensors");
    part parts[PARTS];
    set_parts(parts);
    write_parts(path, parts, NULL, NULL);
    ds_dataset *data = NULL;
    OK(ds_load(&data, path, &(ds_load_options){0}, &error));
    assert_int_equal(data->dialogues, 2);
    assert_int_equal(data->utterances, 4);
    for (size_t i = 0; i < 8; i++) assert_true(data->x[0][i] == (float)features[i]);
    assert_null(data->x[1]);
    assert_int_equal(data->dims[1], 0);
    assert_int_equal(data->classes, 2);
    assert_string_equal(data->class_names[1], "1");
    assert_int_equal(data->speaker_count, 4);
    assert_string_equal(data->speaker_names[3], "3");
    assert_int_equal(data->split[0], DS_TEST);
    expect_names(data->dialogue_ids, (const char *const[]){"0", "1"}, 2);
    expect_names(data->utterance_ids, (const char *const[]){"0_0", "0_1", "0_2", "1_0"}, 4);
    assert_null(data->sentences);
    ds_destroy(&data);
    parts[2].name = NULL; /* without labels */
    parts[5] = (part){"x_v", SF_F32, 2, {4, 0}, features};
    write_parts(path, parts, "class_names", "[\"no\", \"yes\"]");
    OK(ds_load(&data, path, &(ds_load_options){0}, &error));
    for (size_t i = 0; i < 4; i++) assert_int_equal(data->labels[i], DS_UNLABELLED);
    expect_names(data->class_names, (const char *const[]){"no", "yes"}, 2);
    assert_null(data->x[2]);
    ds_destroy(&data);
}

static void expect_failure(void **state, const part parts[PARTS], const char *key, const char *value,
                           const char *naming)
{
    st_error error = {0};
    const char *path = ts_path(state, "bad.safetensors");
    ds_dataset *data = NULL;
    write_parts(path, parts, key, value);
    FAILS(ds_load(&data, path, &(ds_load_options){0}, &error), ST_FAILED, naming);
    assert_non_null(strstr(error.text, path));
    assert_null(data);
}

static void test_bad_files(void **state)
{
    static const float nothing[8] = {0};
    static const double half[] = {0.5, 1, 0, 1};
    part parts[PARTS];
    for (size_t i = 1; i < 5; i++) {
        set_parts(parts);
        const char *lacking = parts[i].name;
        parts[i].name = NULL;
        if (i != 2) expect_failure(state, parts, NULL, NULL, lacking);
    }
    set_parts(parts);
    parts[0].name = NULL;
    expect_failure(state, parts, NULL, NULL, "no features");
    set_parts(parts);
    parts[0] = (part){"x_t", SF_F32, 2, {2, 4}, nothing};
    expect_failure(state, parts, NULL, NULL, "'x_t' has");
    parts[0] = (part){"x_t", SF_F32, 1, {8}, nothing};
    expect_failure(state, parts, NULL, NULL, "'x_t' has");
    set_parts(parts);
    parts[2].shape[0] = 3;
    expect_failure(state, parts, NULL, NULL, "'labels' must have 4 entries");
    set_parts(parts);
    parts[2] = (part){"labels", SF_F64, 1, {4}, half};
    expect_failure(state, parts, NULL, NULL, "element 0 of tensor 'labels' is 0.5");
    set_parts(parts);
    parts[3].data = (const int32_t[]){3, 2};
    expect_failure(state, parts, NULL, NULL, "sum to 5");
    parts[3].data = (const int32_t[]){4, 0};
    expect_failure(state, parts, NULL, NULL, "dialogue '1' has no utterances");
    set_parts(parts);
    parts[4].data = (const int16_t[]){0, 4};
    expect_failure(state, parts, NULL, NULL, "split 4");
    set_parts(parts);
    parts[1].data = (const int64_t[]){0, 1, 2000000000, 0};
    expect_failure(state, parts, NULL, NULL, "speaker 2000000000");
    set_parts(parts);
    expect_failure(state, parts, "class_names", "{}", "'class_names' is no list");
    expect_failure(state, parts, "class_names", "[1]", "'class_names' is no list");
    expect_failure(state, parts, "class_names", "[\"one\"]", "1 classes");
    expect_failure(state, parts, "speaker_names", "[\"M\", \"F\"]", "speaker 3, where there are 2");
    expect_failure(state, parts, "speaker_names", "nonsense", "'speaker_names' is no list");
    parts[5] = (part){"dialogue_ids", SF_U8, 1, {4}, "a\0bc"};
    expect_failure(state, parts, NULL, NULL, "'dialogue_ids' must be U8 and hold 2 texts");
    parts[5] = (part){"dialogue_ids", SF_U8, 1, {6}, "a\0b\0c"};
    expect_failure(state, parts, NULL, NULL, "'dialogue_ids'");
    parts[5] = (part){"dialogue_ids", SF_U8, 1, {2}, "a"};
    expect_failure(state, parts, NULL, NULL, "'dialogue_ids'");
    parts[5] = (part){"dialogue_ids", SF_U8, 1, {4}, "a\0a"};
    expect_failure(state, parts, NULL, NULL, "'a' is listed twice");
}

static void test_damage(void **state)
{
    st_error error = {0};
    const char *path = ts_path(state, "damaged.safetensors");
    ds_dataset *data = ts_small_data();
    OK(ds_save(data, path, &error));
    ds_destroy(&data);
    size_t size = 0;
    unsigned char *bytes = ts_read(path, &size);
    bytes[size - 20] ^= 4;
    ts_write(path, bytes, size);
    FAILS(ds_load(&data, path, &(ds_load_options){0}, &error), ST_CHECK, "checksum");
    ts_write(path, bytes, size / 2);
    FAILS(ds_load(&data, path, &(ds_load_options){0}, &error), ST_FAILED, "truncated");
    FAILS(ds_load(&data, path, &(ds_load_options){.format = DS_FORMAT_PICKLE}, &error), ST_FAILED, "pickle");
    ts_write(path, "I1\n.", 4);
    FAILS(ds_load(&data, path, &(ds_load_options){.format = DS_FORMAT_CONTAINER}, &error), ST_FAILED, "no safetensors");
    FAILS(ds_load(&data, ts_path(state, "nowhere"), &(ds_load_options){0}, &error), ST_FAILED, "No such file");
    assert_null(data);
    free(bytes);
}

static void test_unwritable(void **state)
{
    st_error error = {0};
    ds_dataset *data = ts_small_data();
    const size_t files = ts_files(state);
    FAILS(ds_save(data, ts_path(state, "no/folder.safetensors"), &error), ST_FAILED, "No such file");
    data->class_names = (const char *const[]){"a", "\xff", "c"};
    FAILS(ds_save(data, ts_path(state, "utf8.safetensors"), &error), ST_FAILED, "UTF-8");
    assert_int_equal(ts_files(state), files);
    ds_destroy(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_changes_of_a_mapped_set),
        cmocka_unit_test(test_class_names_of_the_caller),
        cmocka_unit_test(test_foreign_file),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_unwritable),
    };
    return cmocka_run_group_tests(tests, ts_scratch_open, ts_scratch_close);
}
