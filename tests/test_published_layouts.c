/* Published pickles of other kinds: COSMIC's with a validation part, and data whose labels are None. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"
#include "tests/support/scratch.h"

enum { DIALOGUES = 4 };
static const char *const ids[DIALOGUES] = {"a", "b", "c", "d"};
static const size_t lengths[DIALOGUES] = {2, 1, 3, 2};

/* What an utterance of a field is. */
typedef enum entry { SPEAKER, ONE_HOT, LABEL, ROW, SENTENCE, UTTERANCE, NO_LABEL } entry;

static void put_entry(FILE *out, entry what, size_t d, size_t u)
{
    const size_t label = (d + u) % 3;
    if (what == SPEAKER) fprintf(out, "V%s\n", u % 2 ? "F" : "M");
    if (what == ONE_HOT) fprintf(out, "](I%d\nI%d\nI0\ne", u % 2 == 0, u % 2 == 1);
    if (what == LABEL) fprintf(out, "I%zu\n", label);
    if (what == NO_LABEL) fputs(u == 1 ? "N" : "I1\n", out);
    if (what == ROW) fprintf(out, "](F%zu.5\nF%zu.25\ne", d, u);
    if (what == SENTENCE) fprintf(out, "Vsentence %zu\n", u);
    if (what == UTTERANCE) fprintf(out, "Vu%zu\n", u);
}

static void put_field(FILE *out, entry what)
{
    fputs("}(", out);
    for (size_t d = 0; d < DIALOGUES; ++d) {
        fprintf(out, "V%s\n](", ids[d]);
        for (size_t u = 0; u < lengths[d]; ++u) put_entry(out, what, d, u);
        fputc('e', out);
    }
    fputc('u', out);
}

/* Fields in the order of `fields`, "-" for None, then lists of ids, each id a letter. */
static const char *write_pickle(void **state, const entry *fields, size_t count, const char *const *lists,
                                size_t list_count)
{
    const char *path = ts_path(state, "layout.pkl");
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    fputs("\x80\x02(", out);
    for (size_t i = 0; i < count; ++i) put_field(out, fields[i]);
    for (size_t i = 0; i < list_count; ++i) {
        fputs("](", out);
        for (const char *id = lists[i]; *id; ++id) fprintf(out, "V%c\n", *id);
        fputc('e', out);
    }
    fputs("t.", out);
    fclose(out);
    ts_write(path, text, size);
    free(text);
    return path;
}

static void expect_cosmic(const char *path)
{
    static const int32_t splits[DIALOGUES] = {DS_TRAIN, DS_TRAIN, DS_VALID, DS_TEST};
    st_error error = {.status = ST_OK};
    ds_dataset *data = NULL;
    if (ds_load(&data, path, &(ds_load_options){.classes = 0}, &error) != ST_OK) fail_msg("%s", error.text);
    assert_int_equal(data->dialogues, DIALOGUES);
    assert_int_equal(data->dims[0], 2);
    assert_int_equal(data->dims[1] + data->dims[2], 0);
    assert_int_equal(data->classes, 3);
    assert_string_equal(data->utterance_ids[4], "c_1");
    assert_string_equal(data->sentences[4], "sentence 1");
    for (size_t d = 0; d < DIALOGUES; ++d) {
        assert_string_equal(data->dialogue_ids[d], ids[d]);
        assert_int_equal(data->split[d], splits[d]);
        for (size_t u = 0; u < lengths[d]; ++u) {
            const size_t row = data->starts[d] + u;
            assert_int_equal(data->labels[row], (d + u) % 3);
            assert_int_equal(data->speakers[row], u % 2);
            assert_true(data->x[0][2 * row] == (float)d + 0.5f && data->x[0][2 * row + 1] == (float)u + 0.25f);
        }
    }
    ds_destroy(&data);
}

/* Training, test and validation lists stand in this order in the file; dialogues of the data set as they are split. */
static void test_cosmic(void **state)
{
    static const char *const lists[] = {"ab", "d", "c"};
    const entry ten[] = {SPEAKER, LABEL, ROW, ROW, ROW, ROW, SENTENCE};
    const entry eleven[] = {ONE_HOT, LABEL, LABEL, ROW, ROW, ROW, ROW, SENTENCE};
    expect_cosmic(write_pickle(state, ten, 7, lists, 3));
    expect_cosmic(write_pickle(state, eleven, 8, lists, 3));
}

/* Ten fields of the other kind: ids first, three modalities, a list of no use at the end. */
static void test_ten_fields(void **state)
{
    static const char *const lists[] = {"ab", "cd", "ab"};
    const entry fields[] = {UTTERANCE, SPEAKER, LABEL, ROW, ROW, ROW, SENTENCE};
    st_error error = {.status = ST_OK};
    ds_dataset *data = NULL;
    const char *path = write_pickle(state, fields, 7, lists, 3);
    assert_int_equal(ds_load(&data, path, &(ds_load_options){.classes = 0}, &error), ST_OK);
    for (size_t m = 0; m < DS_MODALITIES; ++m) assert_int_equal(data->dims[m], 2);
    assert_string_equal(data->utterance_ids[4], "u1");
    assert_int_equal(ds_select(data, DS_VALID, NULL, NULL), 0);
    assert_int_equal(ds_select(data, DS_TEST, NULL, NULL), 2);
    ds_destroy(&data);
}

static void test_labels_of_none(void **state)
{
    static const char *const lists[] = {"ab", "cd"};
    const entry fields[] = {UTTERANCE, SPEAKER, NO_LABEL, ROW, ROW, ROW, SENTENCE};
    st_error error = {.status = ST_OK};
    ds_dataset *data = NULL;
    const char *path = write_pickle(state, fields, 7, lists, 2);
    assert_int_equal(ds_load(&data, path, &(ds_load_options){.classes = 0}, &error), ST_OK);
    for (size_t d = 0; d < DIALOGUES; ++d)
        for (size_t u = 0; u < lengths[d]; ++u)
            assert_int_equal(data->labels[data->starts[d] + u], u == 1 ? DS_UNLABELLED : 1);
    ds_destroy(&data);
}

/* The whole field is None. */
static void test_no_labels(void **state)
{
    const char *path = ts_path(state, "none.pkl");
    static const char text[] = "\x80\x02(}(Va\n](Vu0\neu}(Va\n](VM\neuN}(Va\n](](F1\neeu}}}](Va\ne](et.";
    st_error error = {.status = ST_OK};
    ds_dataset *data = NULL;
    ts_write(path, text, sizeof text - 1);
    if (ds_load(&data, path, &(ds_load_options){.classes = 0}, &error) != ST_OK) fail_msg("%s", error.text);
    assert_int_equal(data->labels[0], DS_UNLABELLED);
    assert_int_equal(data->classes, 0);
    ds_destroy(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cosmic),
        cmocka_unit_test(test_ten_fields),
        cmocka_unit_test(test_labels_of_none),
        cmocka_unit_test(test_no_labels),
    };
    return cmocka_run_group_tests(tests, ts_scratch_open, ts_scratch_close);
}
