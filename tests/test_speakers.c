/* data/speakers: names of a data set among those that a model knows. */
#include "tests/support/scratch.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "data/assemble.h"
#include "data/fingerprint.h"
#include "data/speakers.h"
#include "tests/support/small_data.h"

enum { MOST = 6 };

typedef struct trial {
    const char *known[MOST], *names[MOST]; /* of the model; of the data, which speak in turn */
    size_t known_count, count;
    ds_unknown unknown;
    int32_t rows[MOST];
    const char *notice; /* a piece of the sentence; NULL: none */
} trial;

/* Dialogues d0 .. d4: utterance i is spoken by i % count, so all of up to six speak in d0 .. d2. */
static ds_dataset *spoken(const trial *c)
{
    st_error error = {0};
    ds_dataset *data = ts_small_data();
    for (size_t i = 0; i < data->utterances; i++) data->storage->speakers[i] = (int32_t)(i % c->count);
    assert_int_equal(ds_name_speakers(data, c->names, c->count, &error), ST_OK);
    return data;
}

static ds_known_speakers known_of(const trial *c)
{
    return (ds_known_speakers){.names = c->known[0] ? c->known : NULL,
                               .count = c->known_count,
                               .unknown = c->unknown,
                               .owner = "best.safetensors",
                               .concerned = {true, true, true}};
}

static const trial trials[] = {
    {{"Alice", "Bob"}, {"Alice", "Bob"}, 2, 2, DS_UNKNOWN_REFUSE, {0, 1}, NULL},
    {{"Alice", "Bob"}, {"Bob", "Alice"}, 2, 2, DS_UNKNOWN_REFUSE, {1, 0}, NULL},
    {{"Alice", "Bob", "Carol"}, {"Carol"}, 3, 1, DS_UNKNOWN_REFUSE, {2}, NULL},
    {{"M", "F"}, {"M", "F"}, 2, 2, DS_UNKNOWN_REFUSE, {0, 1}, NULL},
    {{"M", "F"}, {"0", "1"}, 2, 2, DS_UNKNOWN_REFUSE, {0, 1}, NULL},
    {{"F", "M"}, {"M", "F"}, 2, 2, DS_UNKNOWN_REFUSE, {1, 0}, NULL},
    {{"0", "1", "2"}, {"0", "1"}, 3, 2, DS_UNKNOWN_REFUSE, {0, 1}, NULL},
    {{"0", "1", "2"}, {"2", "0"}, 3, 2, DS_UNKNOWN_REFUSE, {2, 0}, NULL},
    {{"0", "1", "2"}, {"M", "F"}, 3, 2, DS_UNKNOWN_REFUSE, {0, 1}, NULL},
    {{"0", "1", "2"}, {"F", "2", "M"}, 3, 3, DS_UNKNOWN_REFUSE, {1, 2, 0}, NULL},
    {{NULL}, {"F", "M"}, 2, 2, DS_UNKNOWN_REFUSE, {1, 0}, NULL},
    {{NULL}, {"0", "1", "2"}, 9, 3, DS_UNKNOWN_REFUSE, {0, 1, 2}, NULL},
    {{"Alice", "Bob"}, {"0", "1"}, 2, 2, DS_UNKNOWN_REFUSE, {0, 1}, "numbers its speakers.*'Alice'"},
    {{"Alice", "Bob"}, {"Carol", "Bob", "Dave"}, 2, 3, DS_UNKNOWN_PADDING, {2, 1, 2}, "'Carol', 'Dave'"},
    {{"Alice", "Bob"}, {"0", "1", "2"}, 2, 3, DS_UNKNOWN_PADDING, {0, 1, 2}, "'2'"},
    {{NULL}, {"M", "F"}, 1, 2, DS_UNKNOWN_PADDING, {0, 1}, "'F'"},
    {{"Alice", "Bob"},
     {"Carol", "Bob", "Dave", "Eve"},
     2,
     4,
     DS_UNKNOWN_POSITION,
     {0, 1, 1, 0},
     "warning: 3 speakers.*'Carol' as 'Alice', 'Dave' as 'Bob', 'Eve' as 'Alice'"},
    {{NULL}, {"Carol", "M"}, 3, 2, DS_UNKNOWN_POSITION, {0, 0}, "'Carol' as '0'"},
};

/* Pieces in order, with ".*" between them. */
static bool says(const char *text, const char *pattern)
{
    char pieces[200];
    snprintf(pieces, sizeof pieces, "%s", pattern);
    for (char *piece = pieces; piece;) {
        char *next = strstr(piece, ".*");
        if (next) *next = '\0';
        if (!(text = strstr(text, piece))) return false;
        piece = next ? next + 2 : NULL;
    }
    return true;
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof trials / sizeof *trials; k++) {
        const trial *c = &trials[k];
        st_error error = {0};
        char notice[ST_TEXT_SIZE];
        ds_dataset *data = spoken(c);
        const ds_known_speakers known = known_of(c);
        if (ds_match_speakers(data, &known, notice, &error) != ST_OK) fail_msg("trial %zu: %s", k, error.text);
        for (size_t s = 0; s < c->count; s++)
            if (data->speaker_rows[s] != c->rows[s]) fail_msg("trial %zu, speaker %zu", k, s);
        if (c->notice ? !says(notice, c->notice) : notice[0] != '\0') fail_msg("trial %zu says: %s", k, notice);
        ds_destroy(&data);
    }
}

/* What a batch holds are rows of the model; names stay those of the data. */
static void test_batches(void **state)
{
    (void)state;
    const trial *c = &trials[1];
    st_error error = {0};
    char notice[ST_TEXT_SIZE];
    ds_dataset *data = spoken(c);
    const ds_known_speakers known = known_of(c);
    const uint64_t before = ds_fingerprint(data);
    assert_int_equal(ds_match_speakers(data, &known, notice, &error), ST_OK);
    const ds_batch batch = ds_batch_of(data, (const size_t[]){2, 0}, 2);
    const ds_dialogue last = ds_batch_dialogue(&batch, 0, 0, data->dims),
                      first = ds_batch_dialogue(&batch, 1, 6, data->dims);
    for (size_t i = 0; i < 6; i++) assert_int_equal(ds_speaker_of(&last, i), 1 - (int32_t)((data->starts[2] + i) % 2));
    for (size_t i = 0; i < 3; i++) assert_int_equal(ds_speaker_of(&first, i), 1 - (int32_t)(i % 2));
    assert_string_equal(data->speaker_names[data->speakers[0]], "Bob");
    assert_true(ds_fingerprint(data) != before);
    ds_destroy(&data);
}

static const trial strangers = {{"Alice", "Bob"}, {"Carol", "Bob", "Dave"}, 2, 3, DS_UNKNOWN_REFUSE, {2, 1, 2}, NULL};

static void test_refused(void **state)
{
    (void)state;
    st_error error = {0};
    char notice[ST_TEXT_SIZE];
    ds_dataset *data = spoken(&strangers);
    ds_known_speakers known = known_of(&strangers);
    assert_int_equal(ds_match_speakers(data, &known, notice, &error), ST_USAGE);
    if (!says(error.text, "best.safetensors.*2 speakers.*'Carol', 'Dave'.*unknown_speakers"))
        fail_msg("%s", error.text);
    assert_null(data->speaker_rows);
    ds_destroy(&data);
}

/* Speakers of parts that nobody asked for are not refused; the validation part, one dialogue of two, has only two. */
static void test_part(void **state)
{
    (void)state;
    st_error error = {0};
    char notice[ST_TEXT_SIZE];
    ds_dataset *data = spoken(&strangers);
    ds_known_speakers known = known_of(&strangers);
    known.concerned[DS_TRAIN] = known.concerned[DS_TEST] = false;
    for (size_t i = data->starts[3]; i < data->starts[4]; i++) data->storage->speakers[i] = 1;
    assert_int_equal(ds_match_speakers(data, &known, notice, &error), ST_OK);
    assert_string_equal(notice, "");
    assert_int_equal(data->speaker_rows[1], 1);
    data->storage->speakers[data->starts[3]] = 2;
    assert_int_equal(ds_match_speakers(data, &known, notice, &error), ST_USAGE);
    if (!says(error.text, "1 speaker of.*: 'Dave';")) fail_msg("%s", error.text);
    ds_destroy(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
