/* data/safetensors: round trips, foreign and damaged files, the stream writer and its failures. */
#include "tests/support/scratch.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "data/safetensors.h"

#define OK(call)                                                                                                       \
    do {                                                                                                               \
        if ((call) != ST_OK) fail_msg("%s: %s", #call, error.text);                                                    \
    } while (0)

/* The call fails with this status, and the sentence names what it must name. */
#define FAILS(call, expected, naming)                                                                                  \
    do {                                                                                                               \
        st_clear(&error);                                                                                              \
        assert_int_equal((call), (expected));                                                                          \
        assert_int_equal(error.status, (expected));                                                                    \
        if (!strstr(error.text, (naming))) fail_msg("'%s' does not say '%s'", error.text, (naming));                   \
    } while (0)

/* A file with two tensors, an empty one, a scalar, and names that need escapes. */
static void write_sample(const char *path, size_t piece)
{
    st_error error = {0};
    sf_writer *writer = NULL;
    unsigned char data[6 * 4 + 2 + 8];
    const float x[6] = {1.0f, -2.5f, 3.25f, 0.0f, 1e-30f, -0.0f};
    const double scalar = 0.1;
    memcpy(data, x, sizeof x);
    memcpy(data + 24, "\x01\x7f", 2);
    memcpy(data + 26, &scalar, sizeof scalar);
    OK(sf_writer_create(&writer, path, &error));
    OK(sf_writer_metadata(writer, "format", "pt", &error));
    OK(sf_writer_metadata(writer, "quote\"\\", "line\nbreak \"checksum\":\"xxh3-64: \xc3\xa4", &error));
    OK(sf_writer_tensor(writer, "x", SF_F32, 2, (uint64_t[]){2, 3}, &error));
    OK(sf_writer_tensor(writer, "none", SF_F32, 2, (uint64_t[]){0, 7}, &error));
    OK(sf_writer_tensor(writer, "bytes/\"\xc3\xa9\"\t", SF_U8, 1, (uint64_t[]){2}, &error));
    OK(sf_writer_tensor(writer, "scalar", SF_F64, 0, NULL, &error));
    for (size_t done = 0; done < sizeof data; done += piece)
        OK(sf_writer_data(writer, data + done, sizeof data - done < piece ? sizeof data - done : piece, &error));
    OK(sf_writer_finish(writer, &error));
    sf_writer_destroy(&writer);
    assert_null(writer);
}

static void test_round_trip(void **state)
{
    st_error error = {0};
    const char *path = ts_path(state, "sample.safetensors");
    write_sample(path, 5);
    sf_file *file = NULL;
    OK(sf_open(&file, path, SF_VERIFY, &error));
    assert_string_equal(sf_path(file), path);
    assert_true(sf_has_checksum(file));
    assert_int_equal(sf_count(file), 4);
    const sf_tensor *x = sf_find(file, "x");
    assert_non_null(x);
    assert_true(x->dtype == SF_F32 && sf_has_shape(x, 2, (uint64_t[]){2, 3}) && !sf_has_shape(x, 1, (uint64_t[]){6}));
    assert_false(sf_has_shape(x, 2, (uint64_t[]){3, 2}));
    assert_int_equal(x->elements, 6);
    assert_int_equal(x->bytes, 24);
    assert_int_equal((uintptr_t)x->data % 8, 0);
    float values[4] = {0};
    sf_read_floats(x, 1, 4, values);
    assert_memory_equal(values, ((float[]){-2.5f, 3.25f, 0.0f, 1e-30f}), sizeof values);
    const sf_tensor *bytes = sf_find(file, "bytes/\"\xc3\xa9\"\t");
    assert_non_null(bytes);
    assert_memory_equal(bytes->data, "\x01\x7f", 2);
    const sf_tensor *none = sf_find(file, "none");
    assert_non_null(none);
    assert_int_equal(none->elements, 0);
    const sf_tensor *scalar = sf_find(file, "scalar");
    assert_non_null(scalar);
    assert_int_equal(scalar->rank, 0);
    sf_read_floats(scalar, 0, 1, values);
    assert_true(values[0] == 0.1f);
    assert_null(sf_find(file, "y"));
    assert_string_equal(sf_metadata(file, "format"), "pt");
    assert_string_equal(sf_metadata(file, "quote\"\\"), "line\nbreak \"checksum\":\"xxh3-64: \xc3\xa4");
    assert_null(sf_metadata(file, "nothing"));
    assert_int_equal(sf_metadata_count(file), 3);
    const char *key = NULL;
    assert_string_equal(sf_metadata_at(file, 0, &key), "pt");
    assert_string_equal(key, "format");
    assert_null(sf_metadata_at(file, 3, &key));
    sf_close(&file);
    assert_null(file);
    sf_close(&file);
}

/* The same declarations give the same bytes, however the data come in; the layout is the one that other readers need.
 */
static void test_bytes(void **state)
{
    const char *paths[2] = {ts_path(state, "a.safetensors"), ts_path(state, "b.safetensors")};
    write_sample(paths[0], 1);
    write_sample(paths[1], 100);
    size_t sizes[2] = {0};
    unsigned char *bytes[2] = {ts_read(paths[0], &sizes[0]), ts_read(paths[1], &sizes[1])};
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(bytes[0], bytes[1], sizes[0]);
    uint64_t length = 0;
    memcpy(&length, bytes[0], sizeof length);
    assert_int_equal(length % 8, 0);
    assert_int_equal(8 + length + 34, sizes[0]);
    assert_int_equal(bytes[0][8], '{');
    assert_non_null(strstr((char *)bytes[0] + 8, "\"x\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}"));
    assert_non_null(strstr((char *)bytes[0] + 8, "\"checksum\":\"xxh3-64:"));
    struct stat about;
    assert_int_equal(stat(paths[0], &about), 0);
    assert_int_equal(about.st_mode & 0600, 0600);
    free(bytes[0]);
    free(bytes[1]);
}

/* Every flipped bit is noticed, in header and data alike; without verifying, a flip in the data is not. */
static void test_checksum(void **state)
{
    st_error error = {0};
    const char *path = ts_path(state, "sum.safetensors");
    write_sample(path, 7);
    size_t size = 0;
    unsigned char *bytes = ts_read(path, &size);
    sf_file *file = NULL;
    for (size_t i = 0; i < size; i++) {
        const unsigned char kept = bytes[i];
        bytes[i] = (unsigned char)(kept ^ (1u << i % 8));
        ts_write(path, bytes, size);
        st_clear(&error);
        const st_status status = sf_open(&file, path, SF_VERIFY, &error);
        if (status == ST_OK && sf_has_checksum(file)) fail_msg("flip at byte %zu went unnoticed", i);
        sf_close(&file);
        bytes[i] = kept;
    }
    bytes[size - 1] ^= 1;
    ts_write(path, bytes, size);
    FAILS(sf_open(&file, path, SF_VERIFY, &error), ST_CHECK, "checksum");
    assert_null(file);
    st_clear(&error);
    OK(sf_open(&file, path, SF_TRUST, &error));
    sf_close(&file);
    free(bytes);
}

static void test_truncated(void **state)
{
    st_error error = {0};
    const char *path = ts_path(state, "cut.safetensors");
    write_sample(path, 7);
    size_t size = 0;
    unsigned char *bytes = ts_read(path, &size);
    sf_file *file = NULL;
    for (size_t cut = 0; cut < size; cut++) {
        ts_write(path, bytes, cut);
        FAILS(sf_open(&file, path, SF_TRUST, &error), ST_FAILED, path);
    }
    ts_write(path, bytes, size - 1);
    FAILS(sf_open(&file, path, SF_TRUST, &error), ST_FAILED, "truncated");
    free(bytes);
}

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

static void test_foreign_headers(void **state)
{
    st_error error = {0};
    const char *path = ts_path(state, "foreign.safetensors");
    sf_file *file = NULL;
    write_header(path, "{}", 0);
    OK(sf_open(&file, path, SF_VERIFY, &error));
    assert_int_equal(sf_count(file), 0);
    assert_int_equal(sf_metadata_count(file), 0);
    assert_null(sf_metadata(file, "format"));
    assert_false(sf_has_checksum(file));
    sf_close(&file);
    write_header(path,
                 "{ \"b\" : {\"shape\":[3], \"dtype\":\"I8\", \"data_offsets\":[1, 4]},"
                 " \"a\":{\"dtype\":\"BOOL\",\"shape\":[],\"data_offsets\":[0,1]}}   ",
                 4);
    OK(sf_open(&file, path, SF_VERIFY, &error));
    assert_string_equal(sf_at(file, 0)->name, "a");
    assert_string_equal(sf_at(file, 1)->name, "b");
    sf_close(&file);
}

static void test_bad_headers(void **state)
{
    static const struct {
        const char *json;
        size_t data;
        const char *naming;
    } cases[] = {
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}", 8, "damaged"},
        {"{\"x\":1}", 0, "'x'"},
        {"{\"x\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "F31"},
        {"{\"x\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "dtype"},
        {"{\"x\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "shape"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "dimension"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", 8, "dimension"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,16],\"data_offsets\":[0,0]}}", 0, "larger"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,12]}}", 12, "shape needs 8"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "backwards"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", 8, "backwards"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8, "data_offsets"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7, "truncated"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12, "belong to no tensor"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 9, "belong to no tensor"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
         "\"y\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
         12, "overlaps"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
         "\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
         8, "duplicate"},
        {"{\"__metadata__\":{\"a\":1}}", 0, "'a'"},
        {"{\"__metadata__\":[]}", 0, "__metadata__"},
    };
    st_error error = {0};
    const char *path = ts_path(state, "bad.safetensors");
    sf_file *file = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_header(path, cases[i].json, cases[i].data);
        FAILS(sf_open(&file, path, SF_TRUST, &error), ST_FAILED, cases[i].naming);
        assert_null(file);
    }
    FAILS(sf_open(&file, ts_path(state, "missing"), SF_TRUST, &error), ST_FAILED, "No such file");
    FAILS(sf_open(&file, "/", SF_TRUST, &error), ST_FAILED, "folder");
    ts_write(path, "PK\x03\x04.................", 20);
    FAILS(sf_open(&file, path, SF_TRUST, &error), ST_FAILED, "zip archive");
    ts_write(path, "\xff\xff\xff\xff\0\0\0\0{}", 10);
    FAILS(sf_open(&file, path, SF_TRUST, &error), ST_FAILED, "header would have");
}

/* A kept checksum key of a file that another program wrote anew does not hold. */
static void test_foreign_checksum(void **state)
{
    st_error error = {0};
    const char *path = ts_path(state, "kept.safetensors");
    sf_file *file = NULL;
    write_header(path, "{\"__metadata__\": {\"checksum\": \"xxh3-64:0123456789abcdef\"}}", 0);
    FAILS(sf_open(&file, path, SF_VERIFY, &error), ST_CHECK, "rewrote");
    write_header(path, "{\"__metadata__\":{\"checksum\":\"sha256:00\"}}", 0);
    st_clear(&error);
    OK(sf_open(&file, path, SF_VERIFY, &error));
    assert_false(sf_has_checksum(file));
    sf_close(&file);
}

static void test_dtypes(void **state)
{
    static const struct {
        const char *name;
        sf_dtype dtype;
        unsigned char bytes[16];
        double values[2];
    } cases[] = {
        {"BOOL", SF_BOOL, {0, 1}, {0, 1}},
        {"U8", SF_U8, {7, 255}, {7, 255}},
        {"I8", SF_I8, {7, 255}, {7, -1}},
        {"U16", SF_U16, {1, 2, 255, 255}, {513, 65535}},
        {"I16", SF_I16, {1, 2, 255, 255}, {513, -1}},
        {"U32", SF_U32, {1, 0, 0, 1, 255, 255, 255, 255}, {16777217, 4294967295.0}},
        {"I32", SF_I32, {1, 0, 0, 1, 254, 255, 255, 255}, {16777217, -2}},
        {"U64", SF_U64, {5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128}, {5, 9223372036854775808.0}},
        {"I64", SF_I64, {5, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255}, {5, -1}},
        {"F16", SF_F16, {0x00, 0x3c, 0x01, 0x80}, {1, -0x1p-24}},
        {"BF16", SF_BF16, {0x80, 0x3f, 0x49, 0xc0}, {1, -3.140625}},
        {"F32", SF_F32, {0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}, {1, -2}},
        {"F64", SF_F64, {0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0xe0, 0xbf}, {1, -0.5}},
    };
    const char *path = ts_path(state, "types.safetensors");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        st_error error = {0};
        sf_writer *writer = NULL;
        sf_file *file = NULL;
        assert_string_equal(sf_dtype_name(cases[i].dtype), cases[i].name);
        OK(sf_writer_create(&writer, path, &error));
        OK(sf_writer_tensor(writer, "x", cases[i].dtype, 1, (uint64_t[]){2}, &error));
        OK(sf_writer_data(writer, cases[i].bytes, 2 * sf_dtype_bits(cases[i].dtype) / 8, &error));
        OK(sf_writer_finish(writer, &error));
        sf_writer_destroy(&writer);
        OK(sf_open(&file, path, SF_VERIFY, &error));
        float x[2] = {0};
        int32_t n[2] = {0};
        sf_read_floats(sf_find(file, "x"), 0, 2, x);
        for (size_t k = 0; k < 2; k++) {
            const double value = cases[i].values[k];
            assert_true(x[k] == (float)value);
            const st_status status = sf_read_int32(sf_find(file, "x"), k, 1, &n[k], &error);
            const bool whole = value == floor(value) && fabs(value) < 2147483648.0;
            assert_int_equal(status, whole ? ST_OK : ST_FAILED);
            if (whole) assert_true((double)n[k] == value);
            st_clear(&error);
        }
        sf_close(&file);
    }
}

static void test_half_precision(void **state)
{
    static const uint16_t halves[] = {0x0000, 0x8000, 0x0001, 0x03ff, 0x0400, 0x3555,
                                      0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00};
    static const double values[] = {0.0,   -0.0,   0x1p-24,  0x1.ff8p-15, 0x1p-14, 0.333251953125,
                                    65504, -65504, INFINITY, -INFINITY};
    (void)state;
    const sf_tensor tensor = {.name = "h", .dtype = SF_F16, .elements = 11, .data = halves};
    float x[11] = {0};
    sf_read_floats(&tensor, 0, 11, x);
    for (size_t i = 0; i < 10; i++) {
        assert_true((double)x[i] == values[i]);
        assert_int_equal(signbit(x[i]) != 0, signbit(values[i]) != 0);
    }
    assert_true(isnan(x[10]));
}

/* ---- the writer fails cleanly ---- */

static void test_unfinished_leaves_nothing(void **state)
{
    st_error error = {0};
    const char *path = ts_path(state, "kept.txt");
    ts_write(path, "old", 3);
    const size_t files = ts_files(state);
    sf_writer *writer = NULL;
    OK(sf_writer_create(&writer, path, &error));
    OK(sf_writer_tensor(writer, "x", SF_F32, 1, (uint64_t[]){2}, &error));
    OK(sf_writer_data(writer, "1234", 4, &error));
    assert_in_range(ts_files(state), files, files + 1); /* it may be without a name */
    FAILS(sf_writer_finish(writer, &error), ST_FAILED, "4 of 8 bytes");
    FAILS(sf_writer_data(writer, "12345", 5, &error), ST_FAILED, "more data");
    sf_writer_destroy(&writer);
    assert_int_equal(ts_files(state), files);
    size_t size = 0;
    unsigned char *bytes = ts_read(path, &size);
    assert_int_equal(size, 3);
    free(bytes);
    sf_writer_destroy(&writer);
}

static void test_bad_declarations(void **state)
{
    st_error error = {0};
    sf_writer *writer = NULL;
    OK(sf_writer_create(&writer, ts_path(state, "declared.safetensors"), &error));
    OK(sf_writer_tensor(writer, "x", SF_F32, 1, (uint64_t[]){1}, &error));
    OK(sf_writer_metadata(writer, "key", "value", &error));
    FAILS(sf_writer_tensor(writer, "x", SF_F32, 1, (uint64_t[]){1}, &error), ST_FAILED, "twice");
    FAILS(sf_writer_tensor(writer, "__metadata__", SF_F32, 1, (uint64_t[]){1}, &error), ST_FAILED, "reserved");
    FAILS(sf_writer_tensor(writer, "\xff", SF_F32, 1, (uint64_t[]){1}, &error), ST_FAILED, "UTF-8");
    FAILS(sf_writer_tensor(writer, "big", SF_F32, 2, (uint64_t[]){UINT64_C(1) << 40, UINT64_C(1) << 40}, &error),
          ST_FAILED, "too large");
    FAILS(sf_writer_metadata(writer, "key", "again", &error), ST_FAILED, "twice");
    FAILS(sf_writer_metadata(writer, "checksum", "x", &error), ST_FAILED, "reserved");
    FAILS(sf_writer_metadata(writer, "bad", "\xc3\x28", &error), ST_FAILED, "UTF-8");
    st_clear(&error);
    OK(sf_writer_data(writer, "1234", 4, &error));
    FAILS(sf_writer_tensor(writer, "y", SF_F32, 1, (uint64_t[]){1}, &error), ST_FAILED, "after data");
    st_clear(&error);
    OK(sf_writer_finish(writer, &error));
    sf_writer_destroy(&writer);
}

static void test_unwritable(void **state)
{
    st_error error = {0};
    sf_writer *writer = NULL;
    FAILS(sf_writer_create(&writer, ts_path(state, "no/such/folder.safetensors"), &error), ST_FAILED, "No such file");
    assert_null(writer);
    const char *folder = ts_path(state, "folder");
    assert_int_equal(mkdir(folder, 0700), 0);
    FAILS(sf_writer_create(&writer, folder, &error), ST_FAILED, "folder");
    assert_null(writer);
}

/* A limit on the size of files stands in for a full disk: the write fails, and finishing cannot hide that. */
static void test_full_disk(void **state)
{
    st_error error = {0};
    sf_writer *writer = NULL;
    const char *path = ts_path(state, "full.safetensors");
    const size_t files = ts_files(state);
    const size_t size = (size_t)3 << 20;
    unsigned char *bytes = calloc(1, size);
    assert_non_null(bytes);
    OK(sf_writer_create(&writer, path, &error));
    OK(sf_writer_tensor(writer, "x", SF_U8, 1, (uint64_t[]){size}, &error));
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*const handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){1 << 20, before.rlim_max}), 0);
    const st_status status = sf_writer_data(writer, bytes, size, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, ST_FAILED);
    assert_non_null(strstr(error.text, "full.safetensors failed"));
    FAILS(sf_writer_finish(writer, &error), ST_FAILED, "incomplete");
    sf_writer_destroy(&writer);
    assert_int_equal(ts_files(state), files);
    free(bytes);
}

/* Pieces larger and smaller than the stage, against the whole. */
static void test_large_stream(void **state)
{
    st_error error = {0};
    const char *path = ts_path(state, "large.safetensors");
    const size_t count = 1500001;
    uint32_t *x = malloc(count * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < count; i++) x[i] = (uint32_t)(i * 2654435761u);
    sf_writer *writer = NULL;
    OK(sf_writer_create(&writer, path, &error));
    OK(sf_writer_tensor(writer, "x", SF_U32, 1, (uint64_t[]){count}, &error));
    const unsigned char *bytes = (const unsigned char *)x;
    size_t done = 0;
    for (size_t piece = 3; done < count * 4; piece = piece * 5 + 1) {
        const size_t size = count * 4 - done < piece ? count * 4 - done : piece;
        OK(sf_writer_data(writer, bytes + done, size, &error));
        done += size;
    }
    OK(sf_writer_finish(writer, &error));
    sf_writer_destroy(&writer);
    sf_file *file = NULL;
    OK(sf_open(&file, path, SF_VERIFY, &error));
    assert_memory_equal(sf_find(file, "x")->data, x, count * 4);
    sf_close(&file);
    free(x);
}

/* Files of another writer: the golden cases, when the build says where they are. */
static void test_golden_files_open(void **state)
{
    (void)state;
    const char *folder = getenv("SAFSD_TEST_GOLDEN");
    if (!folder) skip();
    st_error error = {0};
    char path[4096];
    snprintf(path, sizeof path, "%s/dropout.safetensors", folder);
    sf_file *file = NULL;
    OK(sf_open(&file, path, SF_VERIFY, &error));
    assert_string_equal(sf_metadata(file, "format"), "safsd-golden-1");
    const sf_tensor *lengths = sf_find(file, "batch/lengths");
    const sf_tensor *labels = sf_find(file, "batch/labels");
    assert_non_null(lengths);
    assert_non_null(labels);
    int32_t values[3] = {0};
    assert_int_equal(lengths->elements, 3);
    OK(sf_read_int32(lengths, 0, 3, values, &error));
    assert_int_equal(values[0] + values[1] + values[2], labels->elements);
    sf_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_checksum),          cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_foreign_headers),   cmocka_unit_test(test_bad_headers),
        cmocka_unit_test(test_foreign_checksum),  cmocka_unit_test(test_dtypes),
        cmocka_unit_test(test_half_precision),    cmocka_unit_test(test_unfinished_leaves_nothing),
        cmocka_unit_test(test_bad_declarations),  cmocka_unit_test(test_unwritable),
        cmocka_unit_test(test_full_disk),         cmocka_unit_test(test_large_stream),
        cmocka_unit_test(test_golden_files_open),
    };
    return cmocka_run_group_tests(tests, ts_scratch_open, ts_scratch_close);
}
