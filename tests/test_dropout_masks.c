/* The masks of a step as layers get them: each site's own bits, drawn for the rows of the whole batch. */
#include <string.h>

#include "model/network/dropout_masks.h"
#include "tests/support/batch.h"
#include "tests/support/harness.h"
#include "reference/dropout_mask.h"

enum { FIRST_ROW = 70001, STEP = 9, MODALITIES = 2 };
static const uint64_t seed = 0x123456789abcdef0u;
static const int32_t lengths[] = {5, 1, 33};
static const nn_extent extent = {4, 60, 40 * 40, 40}; /* larger than the batch */

static nn_config config_of(void)
{
    return (nn_config){.uses = {true, false, true},
                       .dims = {3, 0, 2},
                       .hidden = 10,
                       .graph_hidden = 7,
                       .ffn = 13,
                       .heads = 5,
                       .layers = 2,
                       .gcn_layers = 3,
                       .classes = 3,
                       .speakers = 2,
                       .dropout = 0.4,
                       .gcn_mask = 0.7,
                       .seed = seed,
                       .temperature = 1};
}

typedef struct drawn {
    nn_config config;
    rt_arena *arena;
    nn_dropout_masks masks;
    th_dialogues dialogues;
    nn_batch batch;
} drawn;

static void open_masks(th_case *t, drawn *d, nn_config config, bool training)
{
    d->config = config;
    d->dialogues = th_batch(t, lengths, sizeof lengths / sizeof *lengths);
    d->batch = (nn_batch){.segments = d->dialogues.segments, .first_row = FIRST_ROW};
    TH_OK(t, rt_arena_create(&d->arena, t->rt, "a test"));
    TH_OK(t, nn_dropout_masks_plan(&d->masks, d->arena, &d->config, &extent, training, rt_error(t->rt)));
    if (rt_arena_blocks(d->arena)) TH_OK(t, rt_arena_commit(d->arena));
    TH_OK(t, nn_dropout_masks_commit(&d->masks, t->rt));
}

static void close_masks(drawn *d)
{
    nn_dropout_masks_destroy(&d->masks);
    rt_arena_destroy(&d->arena);
}

static uint32_t *words_of(th_case *t, rt_view bits, size_t elements)
{
    const size_t words = (elements + 31) / 32;
    uint32_t *values = (uint32_t *)th_ints(t, words);
    TH_OK(t, rt_read(t->rt, bits, values, words));
    return values;
}

static bool bit_of(const uint32_t *words, size_t element)
{
    return (words[element / 32] >> element % 32 & 1) != 0;
}

static void expect_bit(bool kept, uint32_t site, uint32_t step, double p, uint64_t element, const char *what)
{
    if (kept != ref_dropout_mask_kept(seed, site, step, p, element))
        fail_msg("%s: element %llu of site %u is %d", what, (unsigned long long)element, (unsigned)site, (int)kept);
}

/* A mask over [rows, width], element index row * width + column. */
static void expect_rows(th_case *t, nn_dropout_mask mask, uint32_t site, size_t rows, size_t width, const char *what)
{
    assert_non_null(mask.bits.block);
    assert_true(mask.scale == (float)(1.0 / (1.0 - 0.4)));
    const uint32_t *words = words_of(t, mask.bits, rows * width);
    for (size_t i = 0; i < rows * width; ++i)
        expect_bit(bit_of(words, i), site, STEP, 0.4, (uint64_t)FIRST_ROW * width + i, what);
}

static void expect_attention(th_case *t, const drawn *d, nn_dropout_mask mask, uint32_t site)
{
    const size_t heads = d->config.heads, rows = d->batch.segments.rows;
    const uint32_t *words = words_of(t, mask.bits, rows * heads * NN_LONGEST_DIALOGUE);
    for (size_t r = 0; r < rows; ++r)
        for (size_t h = 0; h < heads; ++h)
            for (size_t j = 0; j < ref_length(&d->dialogues.host, (size_t)d->dialogues.host.dialogue_of[r]); ++j)
                expect_bit(bit_of(words, (r * heads + h) * NN_LONGEST_DIALOGUE + j), site, STEP, 0.4,
                           ((FIRST_ROW + r) * heads + h) * NN_LONGEST_DIALOGUE + j, "attention");
}

static void encoder_case(th_case *t, const void *user)
{
    (void)user;
    static const size_t used[] = {0, 2, 6, 7}; /* t_t, v_t, v_v, t_v */
    drawn d;
    open_masks(t, &d, config_of(), true);
    TH_OK(t, nn_dropout_masks_draw(&d.masks, t->rt, &d.batch, STEP));
    const size_t N = d.batch.segments.rows, H = d.config.hidden;
    for (size_t i = 0; i < sizeof used / sizeof *used; ++i) {
        const size_t e = used[i];
        const bool cross = e == 2 || e == 7;
        expect_rows(t, nn_dropout_masks_encoder(&d.masks, e, 0, NN_SITE_INPUT_B), (uint32_t)(e * 512), N, H, "input_b");
        if (cross)
            expect_rows(t, nn_dropout_masks_encoder(&d.masks, e, 0, NN_SITE_INPUT_A), (uint32_t)(e * 512 + 1), N, H,
                        "input_a");
        for (size_t l = 0; l < d.config.layers; ++l) {
            const uint32_t site = (uint32_t)((e * 64 + l) * 8);
            expect_attention(t, &d, nn_dropout_masks_encoder(&d.masks, e, l, NN_SITE_ATTENTION), site + 2);
            expect_rows(t, nn_dropout_masks_encoder(&d.masks, e, l, NN_SITE_CONTEXT), site + 3, N, H, "context");
            expect_rows(t, nn_dropout_masks_encoder(&d.masks, e, l, NN_SITE_FFN_1), site + 4, N, d.config.ffn, "ffn_1");
            expect_rows(t, nn_dropout_masks_encoder(&d.masks, e, l, NN_SITE_FFN_2), site + 5, N, H, "ffn_2");
        }
    }
    expect_rows(t, nn_dropout_masks_student(&d.masks, NN_TEXT), 8192, N, H, "student t");
    expect_rows(t, nn_dropout_masks_student(&d.masks, NN_VISUAL), 8194, N, H, "student v");
    expect_rows(t, nn_dropout_masks_head(&d.masks), 8200, N, MODALITIES * 2 * d.config.graph_hidden, "head");
    close_masks(&d);
}

static void test_dropout_sites(void **state)
{
    th_run_once(state, encoder_case, NULL);
}

/* Bit (m, r, c) of a graph mask is that of element (row * |M| + m) * G + c. */
static void expect_graph(th_case *t, const drawn *d, uint32_t first_site, uint32_t step)
{
    const size_t N = d->batch.segments.rows, G = d->config.graph_hidden;
    for (size_t k = 0; k < d->config.gcn_layers; ++k) {
        const nn_dropout_mask mask = nn_dropout_masks_graph(&d->masks, k);
        assert_non_null(mask.bits.block);
        assert_true(mask.scale == 1.0f);
        const uint32_t *words = words_of(t, mask.bits, MODALITIES * N * G);
        for (size_t m = 0; m < MODALITIES; ++m)
            for (size_t i = 0; i < N * G; ++i)
                expect_bit(bit_of(words, m * N * G + i), first_site + (uint32_t)k + 1, step, 0.7,
                           ((FIRST_ROW + i / G) * MODALITIES + m) * G + i % G, "graph");
    }
}

static void graph_case(th_case *t, const void *user)
{
    (void)user;
    for (int training = 0; training < 2; ++training) {
        drawn d;
        open_masks(t, &d, config_of(), training != 0);
        if (training) {
            TH_OK(t, nn_dropout_masks_draw(&d.masks, t->rt, &d.batch, STEP));
            expect_graph(t, &d, 8300, STEP);
        }
        TH_OK(t, nn_dropout_masks_draw_evaluation(&d.masks, t->rt, &d.batch, 4));
        expect_graph(t, &d, 12288, 4);
        assert_int_equal(nn_dropout_masks_head(&d.masks).bits.block != NULL, training);
        close_masks(&d);
    }
}

static void test_graph_sites(void **state)
{
    th_run_once(state, graph_case, NULL);
}

static void expect_none(nn_dropout_mask mask)
{
    assert_null(mask.bits.block);
    assert_true(mask.scale == 1.0f);
}

/* Nothing is drawn, and nothing dropped or scaled, where a probability is 0 or a model only evaluates. */
static void nothing_case(th_case *t, const void *user)
{
    (void)user;
    for (int which = 0; which < 3; ++which) {
        nn_config config = config_of();
        if (which == 0) config.dropout = 0;
        if (which == 1) config.gcn_mask = 0;
        drawn d;
        open_masks(t, &d, config, which != 2);
        TH_OK(t, nn_dropout_masks_draw(&d.masks, t->rt, &d.batch, STEP));
        TH_OK(t, nn_dropout_masks_draw_evaluation(&d.masks, t->rt, &d.batch, 0));
        assert_int_equal(nn_dropout_masks_graph(&d.masks, 1).bits.block != NULL, which != 1);
        if (which == 1) {
            expect_none(nn_dropout_masks_graph(&d.masks, 1));
            assert_non_null(nn_dropout_masks_student(&d.masks, NN_TEXT).bits.block);
        } else {
            expect_none(nn_dropout_masks_encoder(&d.masks, 0, 0, NN_SITE_INPUT_B));
            expect_none(nn_dropout_masks_encoder(&d.masks, 2, 1, NN_SITE_ATTENTION));
            expect_none(nn_dropout_masks_encoder(&d.masks, 2, 1, NN_SITE_FFN_1));
            expect_none(nn_dropout_masks_student(&d.masks, NN_VISUAL));
            expect_none(nn_dropout_masks_head(&d.masks));
        }
        close_masks(&d);
    }
}

static void test_nothing(void **state)
{
    th_run_once(state, nothing_case, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dropout_sites),
        cmocka_unit_test(test_graph_sites),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
