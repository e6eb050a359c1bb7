/* data/synth: shapes, repeatability, and that the signal needs context and every modality. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "data/synth.h"

static ds_dataset *synth(ds_corpus like, size_t dialogues, size_t t, size_t a, size_t v, uint64_t seed)
{
    st_error error = {0};
    ds_dataset *data = NULL;
    const ds_synth_options options = {.like = like, .dialogues = dialogues, .dims = {t, a, v}, .seed = seed};
    if (ds_synth(&data, &options, &error) != ST_OK) fail_msg("%s", error.text);
    return data;
}

/* The sizes of docs/model.md 11: dialogues per split, lengths, widths, classes, speakers. */
static void test_shape_of_iemocap(void **state)
{
    (void)state;
    ds_dataset *data = synth(DS_IEMOCAP, 0, 0, 0, 0, 7);
    assert_int_equal(ds_select(data, DS_TRAIN, NULL, NULL), 108);
    assert_int_equal(ds_select(data, DS_VALID, NULL, NULL), 12);
    assert_int_equal(ds_select(data, DS_TEST, NULL, NULL), 31);
    assert_true(data->dims[0] == 1024 && data->dims[1] == 1582 && data->dims[2] == 342);
    assert_true(data->classes == 6 && data->speaker_count == 2);
    assert_string_equal(data->class_names[5], "frustrated");
    assert_string_equal(data->speaker_names[1], "F");
    assert_true(data->utterances > 151 * 43 && data->utterances < 151 * 55);
    for (size_t d = 0; d < data->dialogues; d++) {
        assert_true(data->lengths[d] >= 8 && data->lengths[d] <= 110);
        assert_true(d == 0 || data->split[d] >= data->split[d - 1]);
    }
    double mean = 0.0;
    double squares = 0.0;
    for (size_t i = 0; i < data->utterances * 342; i++) mean += (double)data->x[2][i];
    for (size_t i = 0; i < data->utterances * 342; i++) squares += (double)data->x[2][i] * (double)data->x[2][i];
    mean /= (double)(data->utterances * 342);
    squares /= (double)(data->utterances * 342);
    assert_true(fabs(mean) < 0.05 && squares > 1.0 && squares < 1.6);
    ds_destroy(&data);
}

static void test_shape_of_meld(void **state)
{
    (void)state;
    ds_dataset *data = synth(DS_MELD, 0, 3, 2, 1, 7);
    assert_int_equal(ds_select(data, DS_TRAIN, NULL, NULL), 1038);
    assert_int_equal(ds_select(data, DS_VALID, NULL, NULL), 114);
    assert_int_equal(ds_select(data, DS_TEST, NULL, NULL), 280);
    assert_true(data->dims[0] == 3 && data->dims[1] == 2 && data->dims[2] == 1);
    assert_true(data->classes == 7 && data->speaker_count == 9);
    assert_true(data->utterances > 1432 * 9 && data->utterances < 1432 * 10);
    size_t of_class[7] = {0};
    size_t of_speaker[9] = {0};
    int shortest = 512;
    int longest = 0;
    for (size_t d = 0; d < data->dialogues; d++) {
        shortest = data->lengths[d] < shortest ? data->lengths[d] : shortest;
        longest = data->lengths[d] > longest ? data->lengths[d] : longest;
    }
    for (size_t i = 0; i < data->utterances; i++) {
        of_class[data->labels[i]]++;
        of_speaker[data->speakers[i]]++;
    }
    assert_true(shortest == 1 && longest == 33);
    for (size_t c = 0; c < 7; c++) assert_true(of_class[c] > data->utterances / 9);
    for (size_t s = 0; s < 9; s++) assert_true(of_speaker[s] > 0);
    ds_destroy(&data);
}

static void test_repeatable(void **state)
{
    (void)state;
    ds_dataset *a = synth(DS_IEMOCAP, 12, 6, 5, 4, 3);
    ds_dataset *b = synth(DS_IEMOCAP, 12, 6, 5, 4, 3);
    ds_dataset *other = synth(DS_IEMOCAP, 12, 6, 5, 4, 4);
    assert_int_equal(a->utterances, b->utterances);
    for (size_t m = 0; m < DS_MODALITIES; m++)
        assert_memory_equal(a->x[m], b->x[m], a->utterances * a->dims[m] * sizeof(float));
    assert_memory_equal(a->labels, b->labels, a->utterances * sizeof *a->labels);
    assert_memory_equal(a->speakers, b->speakers, a->utterances * sizeof *a->speakers);
    assert_true(other->utterances != a->utterances || memcmp(other->labels, a->labels, a->utterances * 4) != 0);
    assert_memory_not_equal(other->x[0], a->x[0], 6 * sizeof(float));
    ds_destroy(&a);
    ds_destroy(&b);
    ds_destroy(&other);
}

static void test_small_and_absent(void **state)
{
    (void)state;
    st_error error = {0};
    ds_dataset *data = synth(DS_MELD, 3, 4, 0, 2, 1);
    assert_true(data->x[0] && !data->x[1] && data->x[2] && data->dims[1] == 0);
    assert_memory_equal(data->split, ((int32_t[]){DS_TRAIN, DS_VALID, DS_TEST}), 3 * sizeof *data->split);
    ds_destroy(&data);
    assert_int_equal(ds_synth(&data, &(ds_synth_options){.dialogues = 2}, &error), ST_USAGE);
    assert_null(data);
    assert_non_null(strstr(error.text, "3 or more"));
    size_t count = 0;
    assert_string_equal(ds_corpus_classes(DS_MELD, &count)[6], "anger");
    assert_int_equal(count, 7);
}

/* ---- what can be read from it ---- */

/* The projection of every utterance on the direction between the two values of bit m, found on the training part:
 * seen from the mean of its dialogue, or from the mean of all. */
static void project(const ds_dataset *data, size_t m, unsigned first_code, bool context, double *z)
{
    const size_t width = data->dims[m];
    double *mean = calloc(width, sizeof *mean);
    double *direction = calloc(width, sizeof *direction);
    assert_true(mean && direction);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t d = 0; d < data->dialogues; d++) {
            const size_t first = data->starts[d];
            const size_t last = data->starts[d + 1];
            memset(mean, 0, width * sizeof *mean);
            for (size_t i = first; i < last; i++)
                for (size_t k = 0; k < width; k++)
                    mean[k] += (double)data->x[m][i * width + k] / (double)(last - first);
            for (size_t i = first; i < last; i++) {
                const bool bit = (first_code + (unsigned)data->labels[i]) >> m & 1;
                z[i] = 0.0;
                for (size_t k = 0; k < width; k++) {
                    const double x = (double)data->x[m][i * width + k];
                    if (pass == 0 && data->split[d] == DS_TRAIN) direction[k] += (bit ? 1.0 : -1.0) * (x - mean[k]);
                    if (pass == 1) z[i] += direction[k] * (context ? x - mean[k] : x);
                }
            }
        }
    }
    free(mean);
    free(direction);
}

/* Share of the utterances whose class is told by the bits of the modalities in `used`, where of classes that the bits
 * do not tell apart the most frequent is guessed. */
static double readable(const ds_dataset *data, unsigned first_code, unsigned used, bool context)
{
    size_t seen[8][8] = {{0}};
    double *z[DS_MODALITIES];
    for (size_t m = 0; m < DS_MODALITIES; m++) {
        z[m] = calloc(data->utterances, sizeof *z[m]);
        assert_non_null(z[m]);
        project(data, m, first_code, context, z[m]);
    }
    size_t right = 0;
    size_t all = 0;
    for (size_t i = 0; i < data->utterances; i++) {
        unsigned cell = 0;
        for (unsigned m = 0; m < DS_MODALITIES; m++) cell |= (unsigned)(z[m][i] > 0.0) << m;
        seen[cell & used][data->labels[i]]++;
        all++;
    }
    for (size_t cell = 0; cell < 8; cell++) {
        size_t best = 0;
        for (size_t c = 0; c < 8; c++) best = seen[cell][c] > best ? seen[cell][c] : best;
        right += best;
    }
    for (size_t m = 0; m < DS_MODALITIES; m++) free(z[m]);
    return (double)right / (double)all;
}

static void test_needs_context_and_all_modalities(void **state)
{
    static const struct {
        ds_corpus like;
        size_t dialogues;
        unsigned first_code;
        double all, alone, pair, single;
    } cases[] = {{DS_IEMOCAP, 60, 1, 0.93, 0.40, 0.70, 0.36}, {DS_MELD, 400, 0, 0.70, 0.40, 0.60, 0.31}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        ds_dataset *data = synth(cases[i].like, cases[i].dialogues, 24, 16, 12, 5);
        const unsigned code = cases[i].first_code;
        assert_true(readable(data, code, 7, true) > cases[i].all);
        assert_true(readable(data, code, 7, false) < cases[i].alone);
        for (unsigned m = 0; m < 3; m++) {
            assert_true(readable(data, code, 7u & ~(1u << m), true) < cases[i].pair);
            assert_true(readable(data, code, 1u << m, true) < cases[i].single);
        }
        ds_destroy(&data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape_of_iemocap),
        cmocka_unit_test(test_shape_of_meld),
        cmocka_unit_test(test_repeatable),
        cmocka_unit_test(test_small_and_absent),
        cmocka_unit_test(test_needs_context_and_all_modalities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
