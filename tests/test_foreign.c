/* data/foreign: files of other formats are named with the next step, wherever a data set or weights are expected. */
#include "tests/support/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"
#include "data/foreign.h"
#include "data/safetensors.h"

/* The header of a zip entry whose name has n characters. */
#define ZIP(n) "PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" n "\0\0\0"

#define BYTES(text) text, sizeof text - 1

static const struct {
    const char *bytes;
    size_t size;
    const char *name, *step;
} files[] = {
    {BYTES(ZIP("\x0c") "model/data.pk"
                       "l"),
     "zip archive", "unzip"}, /* its name ends before the l */
    {BYTES(ZIP("\x0e") "model/data.pkl\x80\x02}"), "PyTorch file", "torch.load"},
    {BYTES(ZIP("\x07") "x_t.npy\x93NUMPY"), ".npz archive", "numpy.load"},
    {BYTES(ZIP("\xff") "x_t.npy"), ".npz archive", "numpy.load"}, /* cut in the name */
    {BYTES(ZIP("\x05") "a.txt"), "zip archive", "unzip"},
    {BYTES("PK\x03\x04"), "zip archive", "unzip"},
    {BYTES("\x80\x02\x8a\nl\xfc\x9c"
           "F\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."),
     "PyTorch file", "torch.load"},
    {BYTES("\x80\x04\x95\x0d\0\0\0\0\0\0\0\x8a\nl\xfc\x9c"
           "F\xf9 j\xa8P\x19."),
     "PyTorch file", "torch.load"},
    {BYTES("\x93NUMPY\x01\0v\0{'descr': '<f4'"), ".npy array", "numpy.load"},
    {BYTES("\x89HDF\r\n\x1a\n"), "HDF5", "h5py"},
    {BYTES("MATLAB 5.0 MAT-file, Platform"), "MATLAB", "loadmat"},
    {BYTES("PAR1\x15\x04"), "Parquet", "pandas"},
    {BYTES("\x1f\x8b\x08"), "gzip", "gunzip"},
    {BYTES("BZh9"), "bzip2", "bunzip2"},
    {BYTES("\xfd"
           "7zXZ\0"),
     "xz", "unxz"},
    {BYTES("\x28\xb5\x2f\xfd\x60\xe1"), "zstd", "unzstd"},
    {BYTES("dialogue,utterance,label\na,1,happy\n"), "CSV", "data container"},
    {BYTES("\xef\xbb\xbfname;frameTime\r\n'a';0\r\n"), "CSV", "data container"},
    {BYTES("Sprecher\tGef\xc3\xbchl\n"), "CSV", "data container"},
    {BYTES("{\"dialogue\": \"a\", \"speaker\": \"M\"}\n{"), "JSON", "data container"},
    {BYTES("[1, 2]"), "JSON", "data container"},
};

static void test_names_and_steps(void **state)
{
    const char *path = ts_path(state, "some.file");
    for (size_t i = 0; i < sizeof files / sizeof files[0]; ++i) {
        st_error errors[3] = {{0}, {0}, {0}};
        ds_dataset *data = NULL;
        sf_file *file = NULL;
        ts_write(path, files[i].bytes, files[i].size);
        assert_int_equal(ds_load(&data, path, &(ds_load_options){0}, &errors[0]), ST_FAILED);
        assert_int_equal(ds_load(&data, path, &(ds_load_options){.format = DS_FORMAT_CONTAINER}, &errors[1]),
                         ST_FAILED);
        assert_int_equal(sf_open(&file, path, SF_VERIFY, &errors[2]), ST_FAILED);
        for (size_t k = 0; k < 3; ++k)
            if (!strstr(errors[k].text, path) || !strstr(errors[k].text, files[i].name) ||
                !strstr(errors[k].text, files[i].step))
                fail_msg("'%s' names neither %s nor %s", errors[k].text, files[i].name, files[i].step);
    }
}

/* What begins as a pickle or as nothing known is left to its reader. */
static void test_left_alone(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } pickles[] = {{BYTES("\x80\x02\x8a\x02\0\1.")}, {BYTES("\x80")}, {BYTES("(lp0\n.")}, {BYTES("I7\n.")}};
    (void)state;
    for (size_t i = 0; i < sizeof pickles / sizeof pickles[0]; ++i) {
        assert_null(ds_foreign((const unsigned char *)pickles[i].bytes, pickles[i].size));
        assert_null(ds_foreign_text((const unsigned char *)pickles[i].bytes, pickles[i].size));
    }
    assert_null(ds_foreign_text((const unsigned char *)"words of nothing.", 17));
    assert_null(ds_foreign_text((const unsigned char *)"a,b\x01,", 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_steps),
        cmocka_unit_test(test_left_alone),
    };
    return cmocka_run_group_tests(tests, ts_scratch_open, ts_scratch_close);
}
