/* Features that are not finite: refused where they are used, or replaced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "data/assemble.h"
#include "data/finite.h"
#include "tests/support/small_data.h"

static const bool all_used[DS_MODALITIES] = {false, false, false};

/* Audio feature 1 of row 5 (dialogue d2, training) and feature 0 of row 13 (d4, test). */
static ds_dataset *damaged(float value)
{
    ds_dataset *data = ts_small_data();
    data->storage->x[1][5 * 3 + 1] = value;
    data->storage->x[1][13 * 3] = value;
    return data;
}

static void test_stop(void **state)
{
    (void)state;
    static const struct {
        float value;
        const char *words;
    } cases[] = {{NAN, "is not a number"}, {INFINITY, "is infinite"}, {-INFINITY, "is infinite"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        st_error error = {.status = ST_OK};
        ds_dataset *data = damaged(cases[i].value);
        assert_int_equal(ds_make_finite(data, "FILE", all_used, DS_NONFINITE_STOP, &error), ST_FAILED);
        assert_non_null(strstr(error.text, "FILE: dialogue 'd2', utterance 2 (u5): audio feature 2"));
        assert_non_null(strstr(error.text, cases[i].words));
        ds_destroy(&data);
    }
}

/* What is not used may be anything, and stays. */
static void test_unused(void **state)
{
    (void)state;
    static const bool unused[DS_MODALITIES] = {false, true, false};
    static const ds_nonfinite ways[] = {DS_NONFINITE_STOP, DS_NONFINITE_ZERO, DS_NONFINITE_MEAN};
    for (size_t i = 0; i < 3; ++i) {
        st_error error = {.status = ST_OK};
        ds_dataset *data = damaged(NAN);
        assert_int_equal(ds_make_finite(data, "FILE", unused, ways[i], &error), ST_OK);
        assert_true(isnan(data->x[1][16]));
        assert_int_equal(data->replaced[1], 0);
        ds_destroy(&data);
    }
}

static void test_zero(void **state)
{
    (void)state;
    st_error error = {.status = ST_OK};
    ds_dataset *data = damaged(-INFINITY);
    assert_int_equal(ds_make_finite(data, NULL, all_used, DS_NONFINITE_ZERO, &error), ST_OK);
    for (size_t i = 0; i < TS_UTTERANCES; ++i)
        for (size_t k = 0; k < 3; ++k) {
            const bool replaced = (i == 5 && k == 1) || (i == 13 && k == 0);
            assert_true(data->x[1][i * 3 + k] == (replaced ? 0 : ts_small_feature(1, i, k)));
        }
    assert_int_equal(data->replaced[1], 2);
    assert_int_equal(data->replaced[0] + data->replaced[2], 0);
    ds_destroy(&data);
}

/* The mean of the finite values of that feature over the training part, rows 0 to 9. */
static void test_mean(void **state)
{
    (void)state;
    double sums[2] = {0, 0};
    for (size_t i = 0; i < 10; ++i) {
        if (i != 5) sums[1] += (double)ts_small_feature(1, i, 1);
        sums[0] += (double)ts_small_feature(1, i, 0);
    }
    st_error error = {.status = ST_OK};
    ds_dataset *data = damaged(NAN);
    assert_int_equal(ds_make_finite(data, NULL, all_used, DS_NONFINITE_MEAN, &error), ST_OK);
    assert_true(data->x[1][5 * 3 + 1] == (float)(sums[1] / 9));
    assert_true(data->x[1][13 * 3] == (float)(sums[0] / 10));
    ds_destroy(&data);
}

/* Without a training part all parts count; a feature without any finite value becomes 0. */
static void test_mean_without_training(void **state)
{
    (void)state;
    st_error error = {.status = ST_OK};
    ds_dataset *data = damaged(NAN);
    double sum = 0;
    for (size_t d = 0; d < TS_DIALOGUES; ++d) data->storage->split[d] = DS_TEST;
    for (size_t i = 0; i < TS_UTTERANCES; ++i) {
        data->storage->x[2][i * 2] = NAN;
        if (i != 5) sum += (double)ts_small_feature(1, i, 1);
    }
    assert_int_equal(ds_make_finite(data, NULL, all_used, DS_NONFINITE_MEAN, &error), ST_OK);
    assert_true(data->x[1][16] == (float)(sum / 14));
    for (size_t i = 0; i < TS_UTTERANCES; ++i) assert_true(data->x[2][i * 2] == 0);
    assert_int_equal(data->replaced[2], TS_UTTERANCES);
    ds_destroy(&data);
}

/* Features of somebody else are copied before they change. */
static void test_shared(void **state)
{
    (void)state;
    st_error error = {.status = ST_OK};
    ds_dataset *data = damaged(NAN), *copy = NULL;
    assert_int_equal(ds_share(&copy, data, &error), ST_OK);
    assert_int_equal(ds_make_finite(copy, NULL, all_used, DS_NONFINITE_ZERO, &error), ST_OK);
    assert_true(isnan(data->x[1][16]) && copy->x[1][16] == 0);
    assert_true(copy->x[0] == data->x[0]);
    ds_destroy(&copy);
    ds_destroy(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_unused),
        cmocka_unit_test(test_zero),
        cmocka_unit_test(test_mean),
        cmocka_unit_test(test_mean_without_training),
        cmocka_unit_test(test_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
