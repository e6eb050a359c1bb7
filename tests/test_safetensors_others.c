/* Safetensors files of other programs: types that only those compute with, names under prefixes, and what kind of file
 * each is. */
#include "tests/support/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"
#include "data/file_kind.h"
#include "data/safetensors.h"
#include "model/training/checkpoint.h"

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

/* A file from a header text and `data` bytes of zeros. */
static void write_header(const char *path, const char *json, size_t data)
{
    const uint64_t length = strlen(json);
    unsigned char *bytes = calloc(1, 8 + (size_t)length + data + 1);
    assert_non_null(bytes);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, json, (size_t)length);
    ts_write(path, bytes, 8 + (size_t)length + data);
    free(bytes);
}

/* Every type that the reference reader takes, of 8 elements; a null in place of the metadata; many dimensions. */
static void test_types_of_others(void **state)
{
    static const struct {
        const char *name;
        size_t bytes;
    } types[] = {{"F4", 4},          {"F6_E2M3", 6},     {"F6_E3M2", 6}, {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8},
                 {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"C64", 64},    {"F64", 64},    {"BF16", 16},   {"BOOL", 8}};
    st_error error = {0};
    const char *path = ts_path(state, "types.safetensors");
    char json[256];
    sf_file *file = NULL;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        snprintf(json, sizeof json,
                 "{\"__metadata__\":null,\"x\":{\"dtype\":\"%s\",\"shape\":[2,1,1,1,1,1,1,1,1,4],"
                 "\"data_offsets\":[0,%zu]}}",
                 types[i].name, types[i].bytes);
        write_header(path, json, types[i].bytes);
        OK(sf_open(&file, path, SF_VERIFY, &error));
        assert_int_equal(sf_metadata_count(file), 0);
        assert_null(sf_metadata(file, "format"));
        const sf_tensor *x = sf_find(file, "x");
        assert_non_null(x);
        assert_string_equal(sf_dtype_name(x->dtype), types[i].name);
        assert_int_equal(x->bytes, types[i].bytes);
        assert_int_equal(x->rank, 10);
        assert_int_equal(sf_is_convertible(x->dtype), i >= 9);
        sf_close(&file);
    }
}

static void test_types_that_fit_no_byte(void **state)
{
    static const struct {
        const char *json;
        size_t data;
        const char *naming;
    } cases[] = {
        {"{\"x\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,2]}}", 2, "inside a byte"},
        {"{\"x\":{\"dtype\":\"F6_E2M3\",\"shape\":[2],\"data_offsets\":[0,1]}}", 1, "inside a byte"},
        {"{\"x\":{\"dtype\":\"C64\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "shape needs 16"},
        {"{\"x\":{\"dtype\":\"C128\",\"shape\":[1],\"data_offsets\":[0,16]}}", 16, "C128"},
        {"{\"__metadata__\":{\"a\":null}}", 0, "'a'"},
    };
    st_error error = {0};
    const char *path = ts_path(state, "bad.safetensors");
    sf_file *file = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_header(path, cases[i].json, cases[i].data);
        FAILS(sf_open(&file, path, SF_TRUST, &error), ST_FAILED, cases[i].naming);
    }
    sf_writer *writer = NULL;
    st_clear(&error);
    OK(sf_writer_create(&writer, path, &error));
    FAILS(sf_writer_tensor(writer, "x", SF_F4, 1, (uint64_t[]){2}, &error), ST_FAILED, "F4");
    sf_writer_destroy(&writer);
}

/* Two dialogues of one utterance each, and `more` behind them; the type of the features is `type` of `size` bytes. */
static void write_data(const char *path, const char *type, size_t size, const char *more, size_t more_bytes)
{
    char json[1024];
    snprintf(json, sizeof json,
             "{\"x_t\":{\"dtype\":\"%s\",\"shape\":[2,4],\"data_offsets\":[0,%zu]},"
             "\"speakers\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[%zu,%zu]},"
             "\"split\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[%zu,%zu]},"
             "\"lengths\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[%zu,%zu]}%s}",
             type, 8 * size, 8 * size, 8 * size + 2, 8 * size + 2, 8 * size + 4, 8 * size + 4, 8 * size + 6, more);
    write_header(path, json, 8 * size + 6 + more_bytes);
    size_t bytes = 0;
    unsigned char *file = ts_read(path, &bytes);
    file[8 + strlen(json) + 8 * size + 4] = file[8 + strlen(json) + 8 * size + 5] = 1; /* lengths */
    ts_write(path, file, bytes);
    free(file);
}

/* What a data set does not use is passed over and named; what it uses must be numbers. */
static void test_unused_tensors(void **state)
{
    st_error error = {0};
    const char *path = ts_path(state, "data.safetensors");
    ds_dataset *data = NULL;
    write_data(path, "F32", 4, ",\"scale\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[38,42]}", 4);
    OK(ds_load(&data, path, &(ds_load_options){0}, &error));
    assert_int_equal(data->utterances, 2);
    assert_string_equal(data->passed_over, "scale");
    ds_destroy(&data);
    write_data(path, "F32", 4, "", 0);
    OK(ds_load(&data, path, &(ds_load_options){0}, &error));
    assert_null(data->passed_over);
    ds_destroy(&data);
    write_data(path, "F8_E4M3", 1, "", 0);
    FAILS(ds_load(&data, path, &(ds_load_options){0}, &error), ST_FAILED, "'x_t' has the type F8_E4M3");
    assert_null(data);
}

/* Tensors of one byte each under these names, and metadata `format` unless it is NULL. */
static void write_names(const char *path, const char *format, const char *const *names)
{
    st_error error = {0};
    sf_writer *writer = NULL;
    OK(sf_writer_create(&writer, path, &error));
    if (format) OK(sf_writer_metadata(writer, "format", format, &error));
    for (size_t i = 0; names[i]; i++) OK(sf_writer_tensor(writer, names[i], SF_U8, 1, (uint64_t[]){1}, &error));
    for (size_t i = 0; names[i]; i++) OK(sf_writer_data(writer, "", 1, &error));
    OK(sf_writer_finish(writer, &error));
    sf_writer_destroy(&writer);
}

/* The format decides, then the names; data and weights are told apart in the same way wherever they are opened. */
static void test_kinds(void **state)
{
    static const struct {
        const char *format, *names[3];
        ds_file_kind kind;
        const char *as_data, *as_weights; /* what is said of it */
    } cases[] = {
        {"safsd-data-1", {"x"}, DS_FILE_DATA, "no tensor 'lengths'", "is a data set"},
        {"safsd-data-1", {"speaker_embeddings.weight"}, DS_FILE_DATA, "no tensor 'lengths'", "is a data set"},
        {NULL, {"lengths", "speakers"}, DS_FILE_DATA, "no tensor 'split'", "is a data set"},
        {"pt", {"lengths", "speakers"}, DS_FILE_DATA, "no tensor 'split'", "is a data set"},
        {"safsd-checkpoint-1", {"lengths", "speakers"}, DS_FILE_CHECKPOINT, "is a checkpoint", "'program'"},
        {"safsd-golden-1", {"lengths", "speakers"}, DS_FILE_GOLDEN, "is a golden case", "is a golden case"},
        {NULL, {"batch/lengths"}, DS_FILE_GOLDEN, "is a golden case", "is a golden case"},
        {NULL, {"speaker_embeddings.weight"}, DS_FILE_WEIGHTS, "is a checkpoint", NULL},
        {"pt", {"_orig_mod.module.speaker_embeddings.weight"}, DS_FILE_WEIGHTS, "is a checkpoint", NULL},
        {"pt", {"lengths"}, DS_FILE_OTHER, "no tensor 'speakers'", NULL},
    };
    st_error error = {0};
    const char *path = ts_path(state, "kind.safetensors");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sf_file *file = NULL;
        ds_dataset *data = NULL;
        nn_checkpoint *weights = NULL;
        write_names(path, cases[i].format, cases[i].names);
        st_clear(&error);
        OK(sf_open(&file, path, SF_VERIFY, &error));
        assert_int_equal(ds_file_kind_of(file), cases[i].kind);
        sf_close(&file);
        FAILS(ds_load(&data, path, &(ds_load_options){0}, &error), ST_FAILED, cases[i].as_data);
        if (cases[i].as_weights)
            FAILS(nn_checkpoint_open(&weights, path, &error), ST_FAILED, cases[i].as_weights);
        else
            OK(nn_checkpoint_open(&weights, path, &error));
        nn_checkpoint_close(&weights);
    }
}

static void test_prefixes(void **state)
{
    st_error error = {0};
    const char *path = ts_path(state, "prefixes.safetensors");
    char dropped[32];
    sf_file *file = NULL;
    assert_string_equal(sf_without_prefixes("module._orig_mod.module.a.module.b"), "a.module.b");
    assert_string_equal(sf_without_prefixes("modules.a"), "modules.a");
    write_names(path, NULL, (const char *const[]){"module.b", "_orig_mod.module.c", "a", NULL});
    OK(sf_open(&file, path, SF_VERIFY, &error));
    OK(sf_drop_prefixes(file, dropped, sizeof dropped, &error));
    assert_string_equal(dropped, "_orig_mod.module.");
    assert_true(sf_find(file, "a") && sf_find(file, "b") && sf_find(file, "c"));
    assert_null(sf_find(file, "module.b"));
    sf_close(&file);
    write_names(path, NULL, (const char *const[]){"module.b", "b", NULL});
    OK(sf_open(&file, path, SF_VERIFY, &error));
    FAILS(sf_drop_prefixes(file, dropped, sizeof dropped, &error), ST_FAILED, "'b' twice");
    sf_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_of_others), cmocka_unit_test(test_types_that_fit_no_byte),
        cmocka_unit_test(test_unused_tensors),  cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_prefixes),
    };
    return cmocka_run_group_tests(tests, ts_scratch_open, ts_scratch_close);
}
