/* data/philox: known answers of Random123 and of docs/model.md 7, and draws in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/philox.h"

static const uint64_t seed = 12345694739u;

static void test_known_answers_of_random123(void **state)
{
    (void)state;
    uint32_t words[4] = {0};
    ds_philox_block((ds_stream){0, 0, 0}, 0, words);
    assert_memory_equal(words, ((uint32_t[]){0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}), sizeof words);
    ds_philox_block((ds_stream){UINT64_MAX, UINT32_MAX, UINT32_MAX}, UINT64_MAX, words);
    assert_memory_equal(words, ((uint32_t[]){0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}), sizeof words);
    ds_philox_block((ds_stream){0x299f31d0a4093822u, 0x13198a2e, 0x03707344}, 0x85a308d3243f6a88u, words);
    assert_memory_equal(words, ((uint32_t[]){0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}), sizeof words);
}

static void test_word_is_lane_of_block(void **state)
{
    (void)state;
    const ds_stream stream = {seed, 77, 5};
    const uint64_t first = ((uint64_t)1 << 35) + 4; /* beyond 32 bits of blocks */
    uint32_t words[4] = {0};
    ds_philox_block(stream, first >> 2, words);
    for (size_t i = 0; i < 4; i++) assert_int_equal(ds_philox_word(stream, first + i), words[i]);
}

static void test_known_draws(void **state)
{
    (void)state;
    static const double normals[] = {.398462, .930187, .367210, -.445999};
    static const double uniforms[] = {-.122078, .183570, -.252991, .941374};
    float x[4] = {0};
    ds_fill_normal((ds_stream){seed, DS_SITE_INITIALISATION, 0}, 0, x, 4);
    for (size_t i = 0; i < 4; i++) assert_true(fabs((double)x[i] - normals[i]) < 6e-7);
    ds_fill_uniform((ds_stream){seed, DS_SITE_INITIALISATION + 1, 0}, 0, x, 4, 1.0);
    for (size_t i = 0; i < 4; i++) assert_true(fabs((double)x[i] - uniforms[i]) < 6e-7);
    ds_fill_uniform((ds_stream){seed, DS_SITE_INITIALISATION + 1, 0}, 0, x, 4, 0.25);
    for (size_t i = 0; i < 4; i++) assert_true(fabs((double)x[i] - 0.25 * uniforms[i]) < 6e-7);
}

static void test_known_orders(void **state)
{
    (void)state;
    static const size_t orders[2][8] = {{0, 1, 7, 6, 4, 5, 2, 3}, {3, 2, 5, 7, 0, 4, 1, 6}};
    for (uint32_t epoch = 0; epoch < 2; epoch++) {
        size_t order[8] = {0};
        ds_shuffle((ds_stream){seed, DS_SITE_SHUFFLE, epoch}, order, 8);
        assert_memory_equal(order, orders[epoch], sizeof order);
    }
    size_t one[1] = {9};
    ds_shuffle((ds_stream){seed, DS_SITE_SHUFFLE, 0}, one, 1);
    assert_int_equal(one[0], 0);
    ds_shuffle((ds_stream){seed, DS_SITE_SHUFFLE, 0}, one, 0);
}

static void test_unit(void **state)
{
    (void)state;
    assert_true(ds_unit(0) > 0.0 && ds_unit(UINT32_MAX) < 1.0);
}

/* Every cut of a range at every phase gives the same values, and nothing beyond is touched. */
static void test_pieces(void **state)
{
    (void)state;
    enum { COUNT = 23 };
    const ds_stream stream = {seed, 9, 2};
    for (int normal = 0; normal < 2; normal++) {
        float whole[COUNT] = {0};
        if (normal)
            ds_fill_normal(stream, 0, whole, COUNT);
        else
            ds_fill_uniform(stream, 0, whole, COUNT, 2.0);
        for (size_t first = 0; first < COUNT; first++) {
            for (size_t count = 0; first + count <= COUNT; count++) {
                float piece[COUNT + 1];
                for (size_t i = 0; i <= COUNT; i++) piece[i] = 1e30f;
                if (normal)
                    ds_fill_normal(stream, first, piece, count);
                else
                    ds_fill_uniform(stream, first, piece, count, 2.0);
                assert_memory_equal(piece, whole + first, count * sizeof *piece);
                assert_true(piece[count] == 1e30f);
            }
        }
    }
}

static void test_moments(void **state)
{
    (void)state;
    enum { COUNT = 200000 };
    float *x = malloc(COUNT * sizeof *x);
    assert_non_null(x);
    ds_fill_normal((ds_stream){seed, 3, 0}, 0, x, COUNT);
    double sum = 0.0;
    double squares = 0.0;
    for (size_t i = 0; i < COUNT; i++) sum += (double)x[i];
    for (size_t i = 0; i < COUNT; i++) squares += (double)x[i] * (double)x[i];
    assert_true(fabs(sum / COUNT) < 0.01);
    assert_true(fabs(squares / COUNT - 1.0) < 0.01);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers_of_random123),
        cmocka_unit_test(test_word_is_lane_of_block),
        cmocka_unit_test(test_known_draws),
        cmocka_unit_test(test_known_orders),
        cmocka_unit_test(test_unit),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
