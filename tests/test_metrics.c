#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/training/class_tables.h"
#include "model/training/history.h"
#include "model/training/metrics.h"

static void expect_near(double actual, double expected)
{
    if (!(fabs(actual - expected) < 1e-12)) fail_msg("%.17g where %.17g is expected", actual, expected);
}

/* The numbers that scikit-learn's classification_report gives for
 * y_true = 0 0 0 1 1 2 2 2 2 3, y_pred = 0 1 0 1 1 2 0 2 4 2 over the labels that occur. */
static void test_known_report(void **state)
{
    (void)state;
    static const int32_t labels[] = {0, 0, 0, 1, 1, 2, 2, 2, 2, 3};
    static const int predicted[] = {0, 1, 0, 1, 1, 2, 0, 2, 4, 2};
    enum { C = 6, N = 10 };
    float p[N * C] = {0};
    for (size_t n = 0; n < N; ++n) p[n * C + (size_t)predicted[n]] = 0.5f;
    uint64_t confusion[C * C] = {0};
    nn_confusion_add(confusion, C, labels, p, N);
    assert_int_equal(confusion[0 * C + 1], 1);
    assert_int_equal(confusion[1 * C + 0], 0);
    assert_int_equal(confusion[2 * C + 4], 1);
    assert_int_equal(confusion[3 * C + 2], 1);

    nn_class_metrics per_class[C];
    const nn_metrics m = nn_metrics_of(confusion, C, per_class);
    assert_int_equal(m.rows, 10);
    expect_near(m.accuracy, 0.6);
    const double precision[C] = {2.0 / 3, 2.0 / 3, 2.0 / 3, 0, 0, 0}, recall[C] = {2.0 / 3, 1, 0.5, 0, 0, 0};
    const double f1[C] = {2.0 / 3, 0.8, 4.0 / 7, 0, 0, 0};
    const uint64_t support[C] = {3, 2, 4, 1, 0, 0}, called[C] = {3, 3, 3, 0, 1, 0};
    for (size_t c = 0; c < C; ++c) {
        expect_near(per_class[c].scores.precision, precision[c]);
        expect_near(per_class[c].scores.recall, recall[c]);
        expect_near(per_class[c].scores.f1, f1[c]);
        assert_int_equal(per_class[c].support, support[c]);
        assert_int_equal(per_class[c].predicted, called[c]);
    }
    /* Class 4 was only predicted and counts in the macro mean, class 5 occurs nowhere and does not. */
    expect_near(m.macro.f1, (2.0 / 3 + 0.8 + 4.0 / 7) / 5);
    expect_near(m.macro.precision, 2.0 / 5);
    expect_near(m.macro.recall, (2.0 / 3 + 1 + 0.5) / 5);
    expect_near(m.weighted.f1, 0.3 * 2 / 3 + 0.2 * 0.8 + 0.4 * 4 / 7);
    expect_near(m.weighted.precision, 0.9 * 2 / 3);
    expect_near(m.weighted.recall, 0.6);
}

/* Metrics straight from the definitions, class by class over the rows. */
static void test_random_against_definition(void **state)
{
    (void)state;
    enum { C = 7, N = 301 };
    int32_t labels[N];
    float p[N * C];
    size_t guess[N];
    uint32_t seed = 17;
    for (size_t n = 0; n < N; ++n) {
        labels[n] = (int32_t)((seed = seed * 1664525u + 1013904223u) >> 16) % (C + 1) - 1; /* -1 among them */
        guess[n] = ((seed = seed * 1664525u + 1013904223u) >> 16) % C;
        for (size_t c = 0; c < C; ++c) p[n * C + c] = c == guess[n] ? 0.4f : 0.1f;
    }
    uint64_t confusion[C * C] = {0};
    nn_confusion_add(confusion, C, labels, p, 100); /* in two pieces, as batches come */
    nn_confusion_add(confusion, C, labels + 100, p + 100 * C, N - 100);
    const nn_metrics m = nn_metrics_of(confusion, C, NULL);
    double right = 0, rows = 0, weighted = 0, macro = 0;
    for (size_t n = 0; n < N; ++n) {
        rows += labels[n] >= 0;
        right += labels[n] == (int32_t)guess[n];
    }
    for (int32_t c = 0; c < C; ++c) {
        double tp = 0, fp = 0, fn = 0;
        for (size_t n = 0; n < N; ++n) {
            if (labels[n] < 0) continue;
            const bool is = labels[n] == c, called = guess[n] == (size_t)c;
            tp += is && called;
            fp += !is && called;
            fn += is && !called;
        }
        const double precision = tp / (tp + fp), recall = tp / (tp + fn),
                     f1 = 2 * precision * recall / (precision + recall);
        weighted += (tp + fn) / rows * f1;
        macro += f1 / C;
    }
    assert_int_equal(m.rows, (uint64_t)rows);
    assert_true(rows < N);
    expect_near(m.accuracy, right / rows);
    expect_near(m.weighted.f1, weighted);
    expect_near(m.macro.f1, macro);
}

static void test_nothing_labelled(void **state)
{
    (void)state;
    static const int32_t labels[] = {-1, -1};
    static const float p[] = {0.9f, 0.1f, 0.2f, 0.8f};
    uint64_t confusion[4] = {0};
    nn_confusion_add(confusion, 2, labels, p, 2);
    const nn_metrics m = nn_metrics_of(confusion, 2, NULL);
    assert_int_equal(m.rows, 0);
    expect_near(m.accuracy, 0);
    expect_near(m.weighted.f1, 0);
    expect_near(m.macro.f1, 0);
}

static void test_most_probable(void **state)
{
    (void)state;
    static const float rows[][3] = {{0.2f, 0.5f, 0.3f}, {0.4f, 0.4f, 0.2f}, {-3.0f, -2.0f, -1.0f}, {0.2f, 0.4f, 0.4f}};
    static const size_t expected[] = {1, 0, 2, 1};
    for (size_t i = 0; i < 4; ++i) assert_int_equal(nn_most_probable(rows[i], 3), expected[i]);
}

/* ---- history ---- */

static void fill(nn_history *history, size_t epoch, ds_split split, uint64_t right, uint64_t wrong)
{
    uint64_t *confusion = nn_history_confusion(history, epoch, split);
    confusion[0] = confusion[3] = right;
    confusion[1] = confusion[2] = wrong;
}

static void test_selections(void **state)
{
    (void)state;
    st_error error = {0};
    nn_history history;
    nn_history_create(&history, 2);
    assert_int_equal(nn_history_best(&history, DS_TEST), NN_NO_EPOCH);
    static const uint64_t valid[] = {0, 3, 5, 5, 4}, test[] = {1, 6, 5, 2, 6};
    for (size_t e = 0; e < 5; ++e) {
        assert_int_equal(nn_history_extend(&history, &error), ST_OK);
        fill(&history, e, DS_TEST, test[e], 10 - test[e]);
    }
    assert_int_equal(nn_history_best(&history, DS_VALID), NN_NO_EPOCH);
    assert_int_equal(nn_history_selects(&history), DS_TEST);
    assert_int_equal(nn_history_best(&history, DS_TEST), 1); /* the earliest of two equals */
    for (size_t e = 0; e < 5; ++e) fill(&history, e, DS_VALID, valid[e], 10 - valid[e]);
    assert_int_equal(nn_history_selects(&history), DS_VALID);
    assert_int_equal(nn_history_best(&history, DS_VALID), 2);
    expect_near(nn_history_metrics(&history, 2, DS_VALID).weighted.f1, 0.5);
    nn_history_destroy(&history);
}

/* Every epoch is the best by another measure: ten rows of class 0, two of class 1. */
static void test_what_selects(void **state)
{
    (void)state;
    static const uint64_t confusion[][4] = {
        {6, 4, 0, 2},  /* macro F1 0.625, weighted 0.708, accuracy 0.667 */
        {8, 2, 1, 1},  /* macro F1 0.621, weighted 0.768, accuracy 0.750 */
        {10, 0, 2, 0}, /* macro F1 0.455, weighted 0.758, accuracy 0.833 */
        {0, 10, 2, 0}, /* nothing right, the lowest loss */
    };
    static const double losses[] = {3, 2, 4, 1};
    static const struct {
        nn_select select;
        const char *name;
        long best;
    } cases[] = {{NN_SELECT_WEIGHTED_F1, "weighted_f1", 1},
                 {NN_SELECT_MACRO_F1, "macro_f1", 0},
                 {NN_SELECT_ACCURACY, "accuracy", 2},
                 {NN_SELECT_LOSS, "loss", 3}};
    st_error error = {0};
    nn_history history;
    nn_history_create(&history, 2);
    assert_int_equal(history.select, NN_SELECT_WEIGHTED_F1);
    for (size_t e = 0; e < 8; ++e) { /* each twice: the earliest of equals */
        assert_int_equal(nn_history_extend(&history, &error), ST_OK);
        for (ds_split s = DS_VALID; s <= DS_TEST; ++s) {
            memcpy(nn_history_confusion(&history, e, s), confusion[e % 4], sizeof confusion[0]);
            *nn_history_losses(&history, e, s) = (nn_split_losses){losses[e % 4], 1, 1, 1, 12};
        }
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        nn_select read = NN_SELECT_WEIGHTED_F1;
        history.select = cases[i].select;
        assert_int_equal(nn_history_best(&history, DS_VALID), cases[i].best);
        assert_int_equal(nn_history_best(&history, DS_TEST), cases[i].best);
        assert_string_equal(nn_select_name(cases[i].select), cases[i].name);
        assert_true(nn_select_of(cases[i].name, &read));
        assert_int_equal(read, cases[i].select);
    }
    nn_history_losses(&history, 7, DS_VALID)->loss = 0.5;
    assert_int_equal(nn_history_best(&history, DS_VALID), 7);
    assert_int_equal(nn_history_best(&history, DS_TEST), 3);
    assert_false(nn_select_of("f1", &(nn_select){0}));
    nn_history_destroy(&history);
}

/* However well an epoch scores, it is never selected where a loss of its evaluation is not finite. */
static void test_only_finite_epochs(void **state)
{
    (void)state;
    st_error error = {0};
    nn_history history;
    nn_history_create(&history, 2);
    for (size_t e = 0; e < 5; ++e) {
        assert_int_equal(nn_history_extend(&history, &error), ST_OK);
        assert_true(nn_history_finite(&history, e));
        for (ds_split s = DS_VALID; s <= DS_TEST; ++s) {
            fill(&history, e, s, 9 - e, 1 + e);
            *nn_history_losses(&history, e, s) = (nn_split_losses){1, 1, 1, 1, 10};
        }
    }
    assert_int_equal(nn_history_best(&history, DS_VALID), 0);
    nn_history_losses(&history, 0, DS_VALID)->loss = (double)NAN;
    nn_history_losses(&history, 1, DS_VALID)->ce = (double)INFINITY;
    nn_history_losses(&history, 2, DS_VALID)->saf = -(double)NAN;
    nn_history_losses(&history, 3, DS_TEST)->kl = (double)INFINITY;
    nn_history_losses(&history, 4, DS_TRAIN)->loss = (double)NAN; /* says nothing of the model after the epoch */
    for (size_t e = 0; e < 5; ++e) assert_int_equal(nn_history_finite(&history, e), e == 4);
    assert_int_equal(nn_history_best(&history, DS_VALID), 4);
    assert_int_equal(nn_history_best(&history, DS_TEST), 4);
    nn_history_losses(&history, 4, DS_VALID)->kl = (double)NAN;
    assert_int_equal(nn_history_best(&history, DS_VALID), NN_NO_EPOCH);
    assert_int_equal(nn_history_best(&history, DS_TEST), NN_NO_EPOCH);
    nn_history_losses(&history, 4, DS_VALID)->utterances = nn_history_losses(&history, 4, DS_TEST)->utterances = 0;
    assert_false(nn_history_finite(&history, 4)); /* without other parts that of the training counts */
    nn_history_destroy(&history);
}

/* An epoch with a score of 0 is still the best of those there are. */
static void test_zero_score_is_a_score(void **state)
{
    (void)state;
    st_error error = {0};
    nn_history history, copy;
    nn_history_create(&history, 2);
    for (size_t e = 0; e < 40; ++e) assert_int_equal(nn_history_extend(&history, &error), ST_OK);
    for (size_t e = 0; e < 40; ++e) fill(&history, e, DS_VALID, 0, 4);
    nn_history_losses(&history, 39, DS_TEST)->kl = 0.1;
    assert_int_equal(nn_history_best(&history, DS_VALID), 0);
    nn_history_create(&copy, 2);
    assert_int_equal(nn_history_copy(&copy, &history, &error), ST_OK);
    assert_int_equal(copy.epochs, 40);
    assert_memory_equal(copy.losses, history.losses, 40 * DS_SPLITS * sizeof *copy.losses);
    assert_memory_equal(copy.confusion, history.confusion, 40 * DS_SPLITS * 4 * sizeof *copy.confusion);
    nn_history_destroy(&history);
    nn_history_destroy(&copy);
}

/* ---- tables of the loss ---- */

static void test_class_tables(void **state)
{
    (void)state;
    static const double frequencies[] = {0.5, 0.25, 0.25, 0};
    st_error error = {0};
    nn_class_tables tables;
    nn_class_options options = {0};
    assert_int_equal(nn_class_tables_create(&tables, &options, frequencies, 4, &error), ST_OK);
    static const double alpha[] = {0.5 / 3, 0.25, 0.25, 1.0 / 3};
    for (size_t c = 0; c < 4; ++c) {
        assert_true(tables.tables.class_weights[c] == 1.0f);
        assert_true(tables.tables.alpha[c] == (float)alpha[c]);
        for (size_t d = 0; d < 4; ++d) assert_true(tables.tables.similarity[c * 4 + d] == (c == d ? 1.0f : 0.0f));
    }
    nn_class_tables_destroy(&tables);
    options.weights = NN_WEIGHTS_INVERSE_FREQUENCY;
    assert_int_equal(nn_class_tables_create(&tables, &options, frequencies, 4, &error), ST_OK);
    static const float inverse[] = {2.0f, 4.0f, 4.0f, 0.0f};
    assert_memory_equal(tables.tables.class_weights, inverse, sizeof inverse);
    nn_class_tables_destroy(&tables);
}

static void test_class_lists(void **state)
{
    (void)state;
    static const double list[] = {0.1, 0.2, 0.3}, frequencies[] = {0.5, 0.5};
    static const double similarity[] = {1, 0.25, 0.75, 1};
    const nn_class_options options = {.weights = NN_WEIGHTS_LIST,
                                      .alpha = NN_ALPHA_LIST,
                                      .weight_list = list,
                                      .weight_count = 2,
                                      .alpha_list = list + 1,
                                      .alpha_count = 2,
                                      .similarity = similarity,
                                      .similarity_classes = 2};
    st_error error = {0};
    nn_class_tables tables;
    assert_int_equal(nn_class_tables_create(&tables, &options, frequencies, 2, &error), ST_OK);
    assert_true(tables.tables.class_weights[1] == 0.2f && tables.tables.alpha[1] == 0.3f);
    assert_true(tables.tables.similarity[1] == 0.25f && tables.tables.similarity[2] == 0.75f);
    nn_class_tables_destroy(&tables);

    nn_class_options wrong[3] = {options, options, options};
    wrong[0].weight_count = 3;
    wrong[1].alpha_count = 3;
    wrong[2].similarity_classes = 3;
    static const char *const words[] = {"class weights", "alpha", "similarity"};
    for (size_t i = 0; i < 3; ++i) {
        st_clear(&error);
        assert_int_equal(nn_class_tables_create(&tables, &wrong[i], frequencies, 2, &error), ST_USAGE);
        assert_non_null(strstr(error.text, words[i]));
        assert_non_null(strstr(error.text, "2 classes"));
        nn_class_tables_destroy(&tables);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_report),
        cmocka_unit_test(test_random_against_definition),
        cmocka_unit_test(test_nothing_labelled),
        cmocka_unit_test(test_most_probable),
        cmocka_unit_test(test_selections),
        cmocka_unit_test(test_what_selects),
        cmocka_unit_test(test_only_finite_epochs),
        cmocka_unit_test(test_zero_score_is_a_score),
        cmocka_unit_test(test_class_tables),
        cmocka_unit_test(test_class_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
