#include <stdlib.h>
#include <string.h>

#include "model/network/batch.h"
#include "tests/support/harness.h"

enum { MOST_DIALOGUES = 7, SPEAKERS = 4 };
static const size_t dims[NN_MODALITIES] = {3, 0, 17};

static nn_config config_of(void)
{
    return (nn_config){.uses = {true, false, true}, .dims = {3, 0, 17}, .speakers = SPEAKERS};
}

/* Random dialogues of these lengths. */
static ds_batch new_batch(th_case *t, const int32_t *lengths, size_t dialogues, uint64_t seed)
{
    ds_batch batch = {.dialogues = dialogues, .lengths = th_ints(t, dialogues)};
    for (size_t b = 0; b < dialogues; ++b) batch.rows += (size_t)(batch.lengths[b] = lengths[b]);
    batch.speakers = th_ints(t, batch.rows);
    batch.labels = th_ints(t, batch.rows);
    for (size_t r = 0; r < batch.rows; ++r) {
        const int32_t drawn = (int32_t)(th_random(&seed) % SPEAKERS);
        batch.speakers[r] = drawn == SPEAKERS - 1 ? SPEAKERS : drawn; /* the last never speaks, somebody unknown does */
        batch.labels[r] = (int32_t)(th_random(&seed) % 5) - 1;
    }
    for (size_t m = 0; m < NN_MODALITIES; ++m) {
        if (!dims[m]) continue;
        batch.x[m] = th_floats(t, batch.rows * dims[m]);
        for (size_t i = 0; i < batch.rows * dims[m]; ++i) batch.x[m][i] = (float)th_gauss(&seed);
    }
    return batch;
}

static nn_extent extent_of(const ds_batch *batch)
{
    nn_extent e = {batch->dialogues, batch->rows, 0, 0};
    for (size_t b = 0; b < batch->dialogues; ++b) {
        const size_t L = (size_t)batch->lengths[b];
        e.pairs += L * L;
        if (L > e.longest) e.longest = L;
    }
    return e;
}

static void expect_ints(th_case *t, const char *what, rt_view view, const int32_t *expected, size_t elements)
{
    th_expect_bits(t, what, view, (const uint32_t *)expected, elements);
}

/* Where each row of dialogues first .. first + count lies, by walking over them. */
static void expect_rows(th_case *t, const nn_batch *part, const ds_batch *whole, size_t first)
{
    const size_t count = part->segments.dialogues, rows = part->segments.rows;
    int32_t *starts = th_ints(t, count + 1), *pairs = th_ints(t, count + 1), *dialogue = th_ints(t, rows),
            *position = th_ints(t, rows);
    size_t row = 0, longest = 0;
    for (size_t b = 0; b < count; ++b) {
        const int32_t L = whole->lengths[first + b];
        starts[b + 1] = starts[b] + L;
        pairs[b + 1] = pairs[b] + L * L;
        if ((size_t)L > longest) longest = (size_t)L;
        for (int32_t i = 0; i < L; ++i, ++row) {
            dialogue[row] = (int32_t)b;
            position[row] = i;
        }
    }
    assert_int_equal(rows, row);
    assert_int_equal(part->segments.longest, longest);
    assert_int_equal(part->segments.pairs, pairs[count]);
    expect_ints(t, "starts", part->segments.starts, starts, count + 1);
    expect_ints(t, "pair_starts", part->segments.pair_starts, pairs, count + 1);
    expect_ints(t, "dialogue_of", part->segments.dialogue_of, dialogue, rows);
    expect_ints(t, "position", part->segments.position, position, rows);
}

/* Rows of each speaker, ascending, one speaker after another. */
static void expect_speakers(th_case *t, const nn_batch *part, const int32_t *speakers)
{
    int32_t *sorted = th_ints(t, part->segments.rows), *starts = th_ints(t, SPEAKERS + 2);
    size_t at = 0;
    for (int32_t s = 0; s <= SPEAKERS; ++s) {
        starts[s] = (int32_t)at;
        for (size_t r = 0; r < part->segments.rows; ++r)
            if (speakers[r] == s) sorted[at++] = (int32_t)r;
    }
    starts[SPEAKERS + 1] = (int32_t)at;
    expect_ints(t, "speakers", part->speakers.of_row, speakers, part->segments.rows);
    expect_ints(t, "by_speaker", part->speakers.rows, sorted, part->segments.rows);
    expect_ints(t, "speaker_starts", part->speakers.starts, starts, SPEAKERS + 2);
}

static void expect_part(th_case *t, const nn_batch *part, const ds_batch *whole, size_t first, size_t rows_before)
{
    size_t row = 0;
    for (size_t b = 0; b < first; ++b) row += (size_t)whole->lengths[b];
    assert_int_equal(part->first_row, rows_before + row);
    expect_rows(t, part, whole, first);
    expect_speakers(t, part, whole->speakers + row);
    expect_ints(t, "labels", part->labels, whole->labels + row, part->segments.rows);
    for (size_t m = 0; m < NN_MODALITIES; ++m)
        if (dims[m])
            expect_ints(t, "x", part->x[m], (const int32_t *)(whole->x[m] + row * dims[m]),
                        part->segments.rows * dims[m]);
}

typedef struct shelf {
    nn_batch_store store;
} shelf;

static void open_shelf(th_case *t, shelf *s, nn_extent extent)
{
    const nn_config config = config_of();
    TH_OK(t, nn_batch_store_create(&s->store, t->rt, &config, &extent));
    TH_OK(t, nn_batch_store_commit(&s->store));
}

static void close_shelf(shelf *s)
{
    nn_batch_store_destroy(&s->store);
}

static void parts_case(th_case *t, const void *user)
{
    (void)user;
    static const int32_t lengths[MOST_DIALOGUES] = {3, 1, 8, 2, 2, 30, 1};
    const ds_batch batch = new_batch(t, lengths, MOST_DIALOGUES, 1);
    shelf s;
    open_shelf(t, &s, extent_of(&batch));
    for (size_t count = 1; count <= MOST_DIALOGUES; ++count)
        for (size_t first = 0; first + count <= MOST_DIALOGUES; ++first) {
            nn_batch part;
            TH_OK(t, nn_batch_upload(&s.store, t->rt, &batch, first, count, first * 1000, &part));
            assert_int_equal(part.segments.dialogues, count);
            expect_part(t, &part, &batch, first, first * 1000);
        }
    close_shelf(&s);
}

static void test_parts(void **state)
{
    th_run_once(state, parts_case, NULL);
}

/* What was handed over is copied: the caller may reuse its memory at once, whatever is still on its way. */
static void turns_case(th_case *t, const void *user)
{
    (void)user;
    static const int32_t lengths[2] = {40, 25};
    const ds_batch first = new_batch(t, lengths, 2, 1);
    shelf s;
    open_shelf(t, &s, extent_of(&first));
    for (uint64_t turn = 0; turn < 7; ++turn) {
        const ds_batch batch = new_batch(t, lengths, 2, 10 + turn), copy = new_batch(t, lengths, 2, 10 + turn);
        nn_batch part;
        TH_OK(t, nn_batch_upload(&s.store, t->rt, &batch, 0, 2, 0, &part));
        memset(batch.x[0], 0xff, batch.rows * dims[0] * sizeof(float));
        memset(batch.x[2], 0xff, batch.rows * dims[2] * sizeof(float));
        memset(batch.labels, 0xff, batch.rows * sizeof(int32_t));
        if (turn % 3 == 2) expect_part(t, &part, &copy, 0, 0);
    }
    close_shelf(&s); /* with uploads under way */
}

static void test_turns(void **state)
{
    static const th_setting separate = {"separate memory", 0, 0, 0, true};
    th_run_once(state, turns_case, NULL);
    th_run_in(state, &separate, turns_case, NULL);
    th_run_in(state, &separate, parts_case, NULL);
}

static void expect_refusal(const th_case *t, st_status status, const char *piece)
{
    assert_int_equal(status, ST_FAILED);
    if (!strstr(rt_error(t->rt)->text, piece)) fail_msg("\"%s\" is not in: %s", piece, rt_error(t->rt)->text);
    st_clear(rt_error(t->rt));
}

/* Each bound of the extent by itself, and speakers that the model does not know. */
static void refusals_case(th_case *t, const void *user)
{
    (void)user;
    static const int32_t lengths[3] = {4, 2, 4};
    const ds_batch batch = new_batch(t, lengths, 3, 1);
    const nn_extent fits = extent_of(&batch);
    const nn_extent lacking[] = {{fits.dialogues - 1, fits.rows, fits.pairs, fits.longest},
                                 {fits.dialogues, fits.rows - 1, fits.pairs, fits.longest},
                                 {fits.dialogues, fits.rows, fits.pairs - 1, fits.longest},
                                 {fits.dialogues, fits.rows, fits.pairs, fits.longest - 1}};
    nn_batch part;
    for (size_t i = 0; i < 4; ++i) {
        shelf s;
        open_shelf(t, &s, lacking[i]);
        expect_refusal(t, nn_batch_upload(&s.store, t->rt, &batch, 0, 3, 0, &part),
                       "a batch of 3 dialogues, 10 utterances");
        close_shelf(&s);
    }
    shelf s;
    open_shelf(t, &s, fits);
    batch.speakers[5] = SPEAKERS + 1;
    expect_refusal(t, nn_batch_upload(&s.store, t->rt, &batch, 0, 3, 0, &part),
                   "utterance 5 of the batch has speaker 5");
    batch.speakers[5] = -1;
    expect_refusal(t, nn_batch_upload(&s.store, t->rt, &batch, 1, 2, 0, &part),
                   "utterance 1 of the batch has speaker -1");
    TH_OK(t, nn_batch_upload(&s.store, t->rt, &batch, 0, 1, 0, &part)); /* it is not in this part */
    close_shelf(&s);
}

static void test_refusals(void **state)
{
    th_run_once(state, refusals_case, NULL);
}

static void largest_case(th_case *t, const void *user)
{
    (void)user;
    const nn_extent extent = {5, 100, 2500, 40};
    shelf s;
    open_shelf(t, &s, extent);
    const nn_batch largest = nn_batch_largest(&s.store);
    assert_int_equal(largest.segments.dialogues, extent.dialogues);
    assert_int_equal(largest.segments.rows, extent.rows);
    assert_int_equal(largest.segments.pairs, extent.pairs);
    assert_int_equal(largest.segments.longest, extent.longest);
    assert_true(largest.x[2].at + extent.rows * dims[2] <= nn_batch_store_bytes(&s.store) / sizeof(float) / 2);
    close_shelf(&s);
}

static void test_largest(void **state)
{
    th_run_once(state, largest_case, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_largest),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
