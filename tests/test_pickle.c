/* data/pickle: every protocol against what Python says it holds, hostile and damaged files, nothing run. */
#include "tests/support/scratch.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/pickle.h"
#include "tests/support/value_text.h"

/* ---- fixtures written by Python ---- */

static void fixture_path(char *path, size_t size, const char *name)
{
    const char *source = getenv("SAFSD_TEST_SOURCE");
    snprintf(path, size, "%s/tests/data/pickles/%s", source ? source : ".", name);
}

static void expect_fixture(const char *name, const char *expectation)
{
    char path[4096];
    st_error error = {0};
    ds_pickle *pickle = NULL;
    size_t size = 0;
    fixture_path(path, sizeof path, expectation);
    char *expected = (char *)ts_read(path, &size);
    fixture_path(path, sizeof path, name);
    if (ds_pickle_open(&pickle, path, &error) != ST_OK) fail_msg("%s", error.text);
    const ds_value *root = ds_pickle_root(pickle);
    assert_int_equal(root->kind, DS_LIST);
    const char *line = expected;
    for (size_t i = 0; i < root->as.list.count; i++) {
        const char *end = strchr(line, '\n');
        assert_non_null(end);
        ts_sink s = {0};
        ts_put_value(&s, root->as.list.items[i], 0);
        if (s.size != (size_t)(end - line) || memcmp(s.text, line, s.size) != 0)
            fail_msg("%s, entry %zu is %s\nand not %.*s", name, i, s.text, (int)(end - line), line);
        free(s.text);
        line = end + 1;
    }
    assert_int_equal(*line, 0);
    ds_pickle_close(&pickle);
    assert_null(pickle);
    free(expected);
}

static void test_protocols(void **state)
{
    static const char *const names[] = {
        "protocol0.pickle",        "protocol1.pickle",        "protocol2.pickle",
        "protocol3.pickle",        "protocol4.pickle",        "protocol5.pickle",
        "numpy2_protocol2.pickle", "numpy2_protocol4.pickle", "numpy2_protocol5.pickle",
    };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) expect_fixture(names[i], "expected.txt");
}

static void test_python2(void **state)
{
    (void)state;
    expect_fixture("python2_protocol0.pickle", "python2_expected.txt");
    expect_fixture("python2_protocol1.pickle", "python2_expected.txt");
    expect_fixture("python2_protocol2.pickle", "python2_expected.txt");
}

/* ---- pickles by hand ---- */

/* Parsed from memory of exactly that size, so that a sanitizer sees every byte read beyond it. */
static st_status parse(const char *bytes, size_t size, ts_sink *out, st_error *error)
{
    ds_pickle *pickle = NULL;
    unsigned char *exact = malloc(size ? size : 1);
    assert_non_null(exact);
    memcpy(exact, bytes, size);
    st_clear(error);
    const st_status status = ds_pickle_parse(&pickle, exact, size, "it", error);
    if (status == ST_OK && out) ts_put_value(out, ds_pickle_root(pickle), 0);
    if (status != ST_OK) {
        assert_null(pickle);
        assert_int_equal(error->status, status);
        assert_true(error->text[0] != '\0');
    }
    ds_pickle_close(&pickle);
    free(exact);
    return status;
}

#define BYTES(literal) (literal), sizeof(literal) - 1

static void expect(const char *bytes, size_t size, const char *expected)
{
    st_error error = {0};
    ts_sink s = {0};
    if (parse(bytes, size, &s, &error) != ST_OK) fail_msg("%s", error.text);
    assert_string_equal(s.text, expected);
    free(s.text);
}

static void expect_failure(const char *bytes, size_t size, const char *naming)
{
    st_error error = {0};
    if (parse(bytes, size, NULL, &error) != ST_FAILED) fail_msg("no failure that names '%s'", naming);
    if (!strstr(error.text, naming)) fail_msg("'%s' does not say '%s'", error.text, naming);
}

static void test_literals(void **state)
{
    (void)state;
    expect(BYTES("I42\n."), "42");
    expect(BYTES("I-7\n."), "-7");
    expect(BYTES("I01\n."), "True");
    expect(BYTES("I00\n."), "False");
    expect(BYTES("L-9223372036854775808L\n."), "-9223372036854775808");
    expect(BYTES("L9223372036854775808L\n."), "?");
    expect(BYTES("F-1.5e3\n."), "-1500");
    expect(BYTES("\x8a\x00."), "0");
    expect(BYTES("\x8a\x01\xff."), "-1");
    expect(BYTES("\x8a\x02\xff\x00."), "255");
    expect(BYTES("\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80."), "-9223372036854775808");
    expect(BYTES("\x8a\x0a\xff\xff\xff\xff\xff\xff\xff\x7f\x00\x00."), "9223372036854775807");
    expect(BYTES("\x8a\x0a\x00\x00\x00\x00\x00\x00\x00\x80\xff\xff."), "-9223372036854775808");
    expect(BYTES("\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x00."), "?");
    expect(BYTES("J\xff\xff\xff\xff."), "-1");
    expect(BYTES("G\xbf\xf8\x00\x00\x00\x00\x00\x00."), "-1.5");
    expect(BYTES("S'a\\x41\\'\\\\\\n\\101\\0'\n."), "b\"aA'{5c}{a}A{0}\"");
    expect(BYTES("S\"it's\"\n."), "b\"it's\"");
    expect(BYTES("V\xe9\\u2603\\ud83d\\ude00\\U0001f600\\n\n."), "u\"{e9}{2603}{1f600}{1f600}{5c}n\"");
    expect(BYTES("V\\ud83dx\n."), "u\"{fffd}x\"");
}

static void test_containers(void **state)
{
    (void)state;
    expect(BYTES("(K\x01K\x02l."), "list(1 2)");
    expect(BYTES("(K\x01K\x02t."), "tuple(1 2)");
    expect(BYTES("(K\x01K\x02"
                 "d."),
           "dict(1:2)");
    expect(BYTES("(K\x01(K\x02"
                 "1l."),
           "list(1)");
    expect(BYTES("(K\x01K\x02"
                 "0l."),
           "list(1)");
    expect(BYTES("K\x05"
                 "2\x86."),
           "tuple(5 5)");
    expect(BYTES("](K\x01(0e."), "list(1)");
    expect(BYTES("]q\x00K\x01"
                 "a0h\x00."),
           "list(1)");
    expect(BYTES("}K\x01K\x02s(K\x03K\x04u."), "dict(1:2 3:4)");
    expect(BYTES("\x8f(K\x01\x90."), "set(1)");
    expect(BYTES("(K\x01\x91."), "set(1)");
    expect(BYTES("c__builtin__\nset\n(]K\x01"
                 "atR."),
           "set(1)");
    expect(BYTES("(c__builtin__\nset\n]K\x01"
                 "ao."),
           "set(1)");
    expect(BYTES("(]K\x01"
                 "ai__builtin__\nset\n."),
           "set(1)");
    expect(BYTES("ccollections\nOrderedDict\n(](K\x01K\x02l"
                 "atR."),
           "dict(1:2)");
    expect(BYTES("c_codecs\nencode\n(V\xe9"
                 "a\nVlatin1\ntR."),
           "b\"{e9}a\"");
    expect(BYTES("N.trailing bytes are another file's"), "None");
}

static void test_forbidden(void **state)
{
    (void)state;
    expect_failure(BYTES("cos\nsystem\n(S'true'\ntR."), "os.system");
    expect_failure(BYTES("cos\nsystem\n(S'true'\ntR."), "nothing was run");
    expect_failure(BYTES("(S'true'\nios\nsystem\n."), "os.system");
    expect_failure(BYTES("\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R."), "os.system");
    expect_failure(BYTES("cbuiltins\neval\n."), "builtins.eval");
    expect_failure(BYTES("c__builtin__\ngetattr\n."), "__builtin__.getattr");
    expect_failure(BYTES("ctorch._utils\n_rebuild_tensor_v2\n."), "torch._utils._rebuild_tensor_v2");
    expect_failure(BYTES("cpandas.core.frame\nDataFrame\n."), "pandas.core.frame.DataFrame");
    expect_failure(BYTES("c\x1b[31m\nx\xff\n."), "?[31m.x?");
    expect_failure(BYTES("cnumpy\nload\n."), "numpy.load");
    expect_failure(BYTES("S'0'\nQ."), "outside the file");
    expect_failure(BYTES("P0\n."), "outside the file");
    expect_failure(BYTES("\x80\x05\x97."), "outside the file");
    expect_failure(BYTES("\x82\x01."), "unknown operation");
}

static void test_malformed(void **state)
{
    (void)state;
    expect_failure(BYTES(""), "truncated");
    expect_failure(BYTES("."), "stop");
    expect_failure(BYTES("K\x01K\x02."), "left over");
    expect_failure(BYTES("(K\x01."), "left over");
    expect_failure(BYTES("\x80\x06N."), "protocol 6");
    expect_failure(BYTES("0."), "without its values");
    expect_failure(BYTES("1."), "without its mark");
    expect_failure(BYTES("K\x01(a."), "without its value");
    expect_failure(BYTES("](a."), "without its value");
    expect_failure(BYTES("K\x01K\x02"
                         "a."),
                   "no container");
    expect_failure(BYTES("]K\x01K\x02s."), "no container");
    expect_failure(BYTES("}(K\x01u."), "half an entry");
    expect_failure(BYTES("(K\x01"
                         "d."),
                   "half an entry");
    expect_failure(BYTES("h\x00."), "never written");
    expect_failure(BYTES("g12345678901234567890\n."), "memo number");
    expect_failure(BYTES("Nr\xff\xff\xff\xff."), "beyond reason");
    expect_failure(BYTES("Np99999999\n."), "beyond reason");
    expect_failure(BYTES("I12abc\n."), "number that is none");
    expect_failure(BYTES("I\n."), "number that is none");
    expect_failure(BYTES("I-\n."), "number that is none");
    expect_failure(BYTES("F1.5x\n."), "number that is none");
    expect_failure(BYTES("S'abc\n."), "quotes");
    expect_failure(BYTES("Sabc\n."), "quotes");
    expect_failure(BYTES("S'\\x4'\n."), "escape");
    expect_failure(BYTES("S'\\'\n."), "escape");
    expect_failure(BYTES("V\\u26\n."), "escape");
    expect_failure(BYTES("V\\Uffffffff\n."), "escape");
    expect_failure(BYTES("X\xff\xff\xff\xff"
                         "abc"),
                   "truncated");
    expect_failure(BYTES("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
                         "abc"),
                   "truncated");
    expect_failure(BYTES("\x95\xff\xff\xff\xff\xff\xff\xff\xffN."), "truncated");
    expect_failure(BYTES("\x8b\xff\xff\xff\xff"
                         "abc"),
                   "truncated");
    expect_failure(BYTES("c_codecs\nencode\n(V\\u2603\nVlatin1\ntR."), "latin1");
    expect_failure(BYTES("c_codecs\nencode\n(Va\nVutf-8\ntR."), "latin1");
    expect_failure(BYTES("K\x01)R."), "uncallable");
    expect_failure(BYTES("c__builtin__\nint\n)R."), "mentioned");
    expect_failure(BYTES("]}b."), "attributes");
    expect_failure(BYTES("utterance,label\n1,2\n"), "no pickle");
}

/* numpy.core.multiarray._reconstruct and a state, as numpy writes them; `dtype` and `state` are pickle text. */
#define ARRAY(dtype_name, order, shape, fortran, data)                                                                 \
    "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n" shape                                \
    "cnumpy\ndtype\n(S'" dtype_name "'\nI0\nI1\ntR(I3\nS'" order "'\nNNNI-1\nI-1\nI0\ntb" fortran data "tb."

static void test_arrays(void **state)
{
    (void)state;
    expect(BYTES(ARRAY("f4", "<", "(I2\nt", "I00\n", "S'\\x00\\x00\\x80?\\x00\\x00\\x00\\xc0'\n")), "array f4 2(1 -2)");
    expect(BYTES(ARRAY("f4", ">", "(I2\nt", "I00\n", "S'?\\x80\\x00\\x00\\xc0\\x00\\x00\\x00'\n")), "array f4 2(1 -2)");
    expect(BYTES(ARRAY("i1", "|", "(I2\nI2\nt", "I01\n", "S'\\x01\\x02\\x03\\xff'\n")), "array i1 2x2(1 3 2 -1)");
    expect(BYTES(ARRAY("i1", "|", "(I0\nI99\nt", "I00\n", "S''\n")), "array i1 0x99()");
}

static void test_bad_arrays(void **state)
{
    (void)state;
    expect_failure(BYTES(ARRAY("f4", "<", "(I2\nt", "I00\n", "S'1234567'\n")), "do not fit");
    expect_failure(BYTES(ARRAY("f4", "<", "(I3\nt", "I00\n", "S'12345678'\n")), "do not fit");
    expect_failure(BYTES(ARRAY("f4", "<", "(I-2\nt", "I00\n", "S'12345678'\n")), "impossible shape");
    expect_failure(BYTES(ARRAY("i1", "|", "(I1048576\nI1048576\nI1048576\nI1048576\nt", "I00\n", "S''\n")),
                   "impossible");
    expect_failure(BYTES(ARRAY("i1", "|", "(I1\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nI1\nt", "I00\n", "S'1'\n")),
                   "8 dimensions");
    expect_failure(BYTES(ARRAY("i1", "|", "(S'2'\nt", "I00\n", "S'12'\n")), "impossible shape");
    expect_failure(BYTES(ARRAY("i1", "|", "N", "I00\n", "S'12'\n")), "without a shape");
    expect_failure(BYTES(ARRAY("i1", "|", "(I2\nt", "N", "S'12'\n")), "without an order");
    expect_failure(BYTES(ARRAY("i1", "|", "(I2\nt", "I00\n", "]")), "without bytes");
    expect_failure(BYTES(ARRAY("c8", "<", "(I1\nt", "I00\n", "S'12345678'\n")), "'c8'");
    expect_failure(BYTES(ARRAY("f16", "<", "(I1\nt", "I00\n", "S'1234567812345678'\n")), "'f16'");
    expect_failure(BYTES(ARRAY("M8", "<", "(I1\nt", "I00\n", "S'12345678'\n")), "'M8'");
    expect_failure(BYTES(ARRAY("S0", "|", "(I9\nt", "I00\n", "S''\n")), "'S0'");
    expect_failure(BYTES(ARRAY("i3", "|", "(I1\nt", "I00\n", "S'123'\n")), "'i3'");
    expect_failure(BYTES(ARRAY("O8", "|", "(I2\nt", "I00\n", "(K\x01l")), "without its objects");
    expect_failure(BYTES("cnumpy.core.multiarray\n_reconstruct\n(c__builtin__\nint\n(I0\ntS'b'\ntR."), "another class");
    expect_failure(BYTES("cnumpy\ndtype\n(S'V8'\nI0\nI1\ntR."), "'V8'");
    expect_failure(BYTES("cnumpy\ndtype\n(S'f4'\nI0\nI1\ntR(I3\nS'<'\nN(S'a'\ntNtb."), "named fields");
    expect_failure(BYTES("cnumpy\ndtype\n(S'f4'\nI0\nI1\ntRK\x01"
                         "b."),
                   "state of another kind");
    expect_failure(BYTES("cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'f4'\nI0\nI1\ntRS'12345'\ntR."),
                   "do not fit");
}

/* A megabyte named again and again must not fill the memory: copies are limited by the size of the file. */
static void test_no_blow_up(void **state)
{
    (void)state;
    enum { LARGE = 1 << 20, TIMES = 20000 };
    static const char before[] = "c_codecs\nencode\nq\0020X";
    static const char after[] = "q\0000X\6\0\0\0latin1q\0010";
    static const char call[] = "h\002h\0h\1\206R0";
    char *bytes = malloc(LARGE + 64 + sizeof call * TIMES);
    assert_non_null(bytes);
    const uint32_t large = LARGE;
    size_t size = sizeof before - 1;
    memcpy(bytes, before, size);
    memcpy(bytes + size, &large, 4);
    memset(bytes + size + 4, 'x', LARGE);
    size += 4 + LARGE;
    memcpy(bytes + size, after, sizeof after - 1);
    size += sizeof after - 1;
    for (int i = 0; i < TIMES; i++) {
        memcpy(bytes + size, call, sizeof call - 1);
        size += sizeof call - 1;
    }
    bytes[size++] = 'N';
    bytes[size++] = '.';
    expect_failure(bytes, size, "far more than its own size");
    free(bytes);
}

/* A million nested tuples, and a list that holds itself: no recursion, no endless work. */
static void test_deep(void **state)
{
    (void)state;
    enum { DEPTH = 1000000 };
    st_error error = {0};
    char *bytes = malloc(DEPTH + 8);
    assert_non_null(bytes);
    bytes[0] = ')';
    memset(bytes + 1, 0x85, DEPTH);
    bytes[DEPTH + 1] = '.';
    assert_int_equal(parse(bytes, DEPTH + 2, NULL, &error), ST_OK);
    memset(bytes, '(', DEPTH);
    bytes[DEPTH] = '.';
    assert_int_equal(parse(bytes, DEPTH + 1, NULL, &error), ST_FAILED);
    free(bytes);
    assert_int_equal(parse(BYTES("]q\x00h\x00"
                                 "a."),
                           NULL, &error),
                     ST_OK);
}

/* Every truncation fails; every third byte changed either fails with a sentence or gives some other data, and never
 * crashes, reads outside or leaks (which sanitizers see). */
static void test_damage(void **state)
{
    static const char *const names[] = {"protocol0.pickle", "protocol2.pickle",         "protocol4.pickle",
                                        "protocol5.pickle", "python2_protocol0.pickle", "python2_protocol2.pickle"};
    (void)state;
    for (size_t f = 0; f < sizeof names / sizeof names[0]; f++) {
        char path[4096];
        st_error error = {0};
        size_t size = 0;
        fixture_path(path, sizeof path, names[f]);
        char *bytes = (char *)ts_read(path, &size);
        for (size_t cut = 0; cut < size; cut += cut % 7 + 1)
            assert_int_equal(parse(bytes, cut, NULL, &error), ST_FAILED);
        uint32_t random = 12345;
        size_t failures = 0;
        size_t tries = 0;
        for (size_t i = f % 3; i < size; i += 3) {
            const char kept = bytes[i];
            random = random * 1664525u + 1013904223u;
            bytes[i] = (char)(kept ^ (char)(1 + (random >> 24) % 255));
            failures += parse(bytes, size, NULL, &error) != ST_OK;
            tries++;
            bytes[i] = kept;
        }
        assert_true(failures > tries / 20 && failures < tries);
        free(bytes);
    }
}

/* ---- reading from files ---- */

static void test_files(void **state)
{
    st_error error = {0};
    ds_pickle *pickle = NULL;
    const char *path = ts_path(state, "some.pkl");
    assert_int_equal(ds_pickle_open(&pickle, path, &error), ST_FAILED);
    assert_non_null(strstr(error.text, "No such file"));
    static const struct {
        const char *bytes;
        size_t size;
        const char *naming;
    } cases[] = {
        {"", 0, "empty"},
        {"PK\x03\x04....", 8, "zip archive"},
        {"\x1f\x8b\x08", 3, "gzip"},
        {"\x89HDF\r\n", 6, "HDF5"},
        {"<!DOCTYPE html>", 15, "web page"},
        {"version https://git-lfs.github.com/spec/v1\n", 43, "LFS"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ts_write(path, cases[i].bytes, cases[i].size);
        st_clear(&error);
        assert_int_equal(ds_pickle_open(&pickle, path, &error), ST_FAILED);
        assert_null(pickle);
        if (!strstr(error.text, cases[i].naming)) fail_msg("%s", error.text);
        assert_non_null(strstr(error.text, path));
    }
    ts_write(path, "I7\n.", 4);
    st_clear(&error);
    assert_int_equal(ds_pickle_open(&pickle, path, &error), ST_OK);
    int64_t seven = 0;
    assert_true(ds_value_integer(ds_pickle_root(pickle), &seven));
    assert_int_equal(seven, 7);
    ds_pickle_close(&pickle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_protocols),  cmocka_unit_test(test_python2),    cmocka_unit_test(test_literals),
        cmocka_unit_test(test_containers), cmocka_unit_test(test_forbidden),  cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_arrays),     cmocka_unit_test(test_bad_arrays), cmocka_unit_test(test_no_blow_up),
        cmocka_unit_test(test_deep),       cmocka_unit_test(test_damage),     cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, ts_scratch_open, ts_scratch_close);
}
