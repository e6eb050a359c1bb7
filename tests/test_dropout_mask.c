#include <math.h>
#include <string.h>

#include "model/layers/dropout_mask.h"
#include "tests/support/harness.h"
#include "reference/dropout_mask.h"

static const nn_draw draw = {.seed = 12345694739u, .step = 7, .p = 0.5};

/* The words whose bits below `elements` come from kept(element_of(e)), compared under a mask for the last word. */
typedef uint64_t element_of(const void *layout, size_t e);

static void expect_mask(th_case *t, rt_view bits, const nn_draw *d, uint32_t site, size_t elements, element_of *element,
                        const void *layout)
{
    const size_t words = nn_dropout_mask_words(elements);
    uint32_t *actual = (uint32_t *)th_ints(t, words);
    if (words) TH_OK(t, rt_read(t->rt, bits, actual, words));
    for (size_t e = 0; e < elements; ++e) {
        const bool kept = (actual[e / 32] >> (e % 32)) & 1;
        if (kept != ref_dropout_mask_kept(d->seed, site, d->step, d->p, element(layout, e)))
            fail_msg("[%s] site %u, p %g: bit %zu of %zu is %d", t->setting->name, (unsigned)site, d->p, e, elements,
                     kept);
    }
}

static void test_reference(void **state)
{
    (void)state;
    static const uint32_t zero[4] = {0, 0, 0, 0};
    uint32_t word[4];
    ref_philox(word, zero, zero);
    assert_int_equal(word[0], 0x6627e8d5);
    assert_int_equal(word[1], 0xe169c58d);
    assert_int_equal(word[2], 0xbc57ac4c);
    assert_int_equal(word[3], 0x9b00dbd8);
    /* The known answers of docs/model.md 7. */
    static const double uniform[4] = {-.122078, .183570, -.252991, .941374};
    for (uint64_t i = 0; i < 4; ++i) {
        const double u = (ref_random_word(12345694739u, 65537, 0, i) + 0.5) / 4294967296.0;
        assert_true(fabs(2 * u - 1 - uniform[i]) < 1e-6);
    }
}

static void test_site_numbers(void **state)
{
    (void)state;
    static const struct {
        nn_modality source, target;
        uint32_t number;
    } encoders[] = {
        {NN_TEXT, NN_TEXT, 0},     {NN_AUDIO, NN_TEXT, 1},  {NN_VISUAL, NN_TEXT, 2},
        {NN_AUDIO, NN_AUDIO, 3},   {NN_TEXT, NN_AUDIO, 4},  {NN_VISUAL, NN_AUDIO, 5},
        {NN_VISUAL, NN_VISUAL, 6}, {NN_TEXT, NN_VISUAL, 7}, {NN_AUDIO, NN_VISUAL, 8},
    };
    for (size_t i = 0; i < 9; ++i) {
        const uint32_t first = encoders[i].number * 512;
        assert_int_equal(nn_site_encoder(encoders[i].source, encoders[i].target, 0, NN_SITE_INPUT_B), first);
        assert_int_equal(nn_site_encoder(encoders[i].source, encoders[i].target, 63, NN_SITE_FFN_2), first + 509);
    }
}

static void test_scale(void **state)
{
    (void)state;
    assert_true(nn_dropout_scale(0.0) == 1.0f);
    assert_true(nn_dropout_scale(0.5) == 2.0f);
    assert_true(nn_dropout_scale(0.1) == (float)(1.0 / 0.9));
}

static uint64_t from_first(const void *first, size_t e)
{
    return *(const uint64_t *)first + e;
}

static void flat_case(th_case *t, const void *user)
{
    (void)user;
    static const size_t sizes[] = {1, 4, 31, 32, 33, 64, 65, 127, 4097};
    static const uint64_t firsts[] = {0, 1, 2, 3, 37, 0xfffffff9u, 0x3fffffffdu, (UINT64_C(1) << 60) + 6};
    static const double ps[] = {0.0, 0.3, 0.5, 0.999, 1.0 - 0x1p-33};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; ++s)
        for (size_t f = 0; f < sizeof firsts / sizeof *firsts; ++f)
            for (size_t i = 0; i < sizeof ps / sizeof *ps; ++i) {
                const nn_draw d = {draw.seed, draw.step, ps[i]};
                const rt_view bits = th_output(t, nn_dropout_mask_words(sizes[s]));
                TH_OK(t, nn_dropout_mask_draw(t->rt, bits, &d, 8201, firsts[f], sizes[s]));
                expect_mask(t, bits, &d, 8201, sizes[s], from_first, &firsts[f]);
            }
}

static void test_flat(void **state)
{
    th_run(state, flat_case, NULL);
}

/* An element is dropped below floor(p * 2^32) and kept from there on. */
static void threshold_case(th_case *t, const void *user)
{
    (void)user;
    enum { ELEMENTS = 40 };
    for (unsigned e = 0; e < ELEMENTS; ++e)
        for (int above = 0; above < 2; ++above) {
            const uint32_t word = ref_random_word(draw.seed, 8200, draw.step, e);
            const nn_draw d = {draw.seed, draw.step, ((double)word + above + 0.5) / 4294967296.0};
            const rt_view bits = th_output(t, 2);
            TH_OK(t, nn_dropout_mask_draw(t->rt, bits, &d, 8200, 0, ELEMENTS));
            uint32_t actual[2] = {0, 0};
            TH_OK(t, rt_read(t->rt, bits, actual, 2));
            assert_int_equal(actual[e / 32] >> e % 32 & 1, above ? 0 : 1);
        }
}

static void test_threshold(void **state)
{
    th_run(state, threshold_case, NULL);
}

static void sites_case(th_case *t, const void *user)
{
    (void)user;
    static const uint32_t numbers[] = {5, 512, 1027, 8194};
    enum { ELEMENTS = 1001, STRIDE = 37 };
    const uint64_t first = 3 * ELEMENTS;
    const nn_sites sites = {th_upload(t, numbers, 4), 4, STRIDE};
    const rt_view bits = th_output(t, 4 * STRIDE);
    TH_OK(t, nn_dropout_mask_draw_sites(t->rt, bits, &draw, sites, first, ELEMENTS));
    for (size_t k = 0; k < 4; ++k) {
        expect_mask(t, rt_view_at(bits, k * STRIDE), &draw, numbers[k], ELEMENTS, from_first, &first);
        th_expect_untouched(t, "between masks", rt_view_at(bits, k * STRIDE + 32), STRIDE - 32);
    }
}

static void test_sites(void **state)
{
    th_run(state, sites_case, NULL);
}

typedef struct attention_layout {
    size_t heads, first_row, row_and_head;
} attention_layout;

static uint64_t attention_element(const void *layout, size_t j)
{
    const attention_layout *a = layout;
    return (a->first_row * a->heads + a->row_and_head) * 512 + j;
}

static void attention_case(th_case *t, const void *user)
{
    (void)user;
    static const int32_t lengths[] = {1, 32, 33, 70, 2};
    enum { DIALOGUES = 5, ROWS = 138, HEADS = 3, SITES = 2, FIRST_ROW = 11000 };
    static const uint32_t numbers[SITES] = {2, 514};
    int32_t *starts = th_ints(t, DIALOGUES + 1), *dialogue_of = th_ints(t, ROWS);
    for (int32_t b = 0; b < DIALOGUES; ++b) {
        starts[b + 1] = starts[b] + lengths[b];
        for (int32_t r = starts[b]; r < starts[b + 1]; ++r) dialogue_of[r] = b;
    }
    const nn_segments segments = {.rows = ROWS,
                                  .dialogues = DIALOGUES,
                                  .longest = 70,
                                  .starts = th_upload(t, starts, DIALOGUES + 1),
                                  .dialogue_of = th_upload(t, dialogue_of, ROWS)};
    const size_t stride = nn_dropout_mask_attention_words(ROWS, HEADS) + 5;
    const nn_sites sites = {th_upload(t, numbers, SITES), SITES, stride};
    const rt_view bits = th_output(t, SITES * stride);
    TH_OK(t, nn_dropout_mask_draw_attention(t->rt, bits, &draw, sites, &segments, FIRST_ROW, HEADS));
    for (size_t k = 0; k < SITES; ++k)
        for (size_t i = 0; i < ROWS * HEADS; ++i) {
            const size_t length = (size_t)lengths[dialogue_of[i / HEADS]], words = nn_dropout_mask_words(length);
            const attention_layout layout = {HEADS, FIRST_ROW, i};
            const rt_view at = rt_view_at(bits, k * stride + i * NN_ATTENTION_WORDS);
            expect_mask(t, at, &draw, numbers[k], length, attention_element, &layout);
            th_expect_untouched(t, "words behind a dialogue", rt_view_at(at, words), NN_ATTENTION_WORDS - words);
        }
}

static void test_attention(void **state)
{
    th_run(state, attention_case, NULL);
}

typedef struct graph_layout {
    size_t modalities, rows, first_row, graph;
} graph_layout;

static uint64_t graph_element(const void *layout, size_t e)
{
    const graph_layout *g = layout;
    const size_t c = e % g->graph, r = e / g->graph % g->rows, m = e / g->graph / g->rows;
    return ((g->first_row + r) * g->modalities + m) * g->graph + c;
}

static void graph_case(th_case *t, const void *user)
{
    (void)user;
    static const graph_layout layouts[] = {{1, 1, 0, 1},      {3, 7, 0, 5},       {2, 9, 1u << 30, 33},
                                           {3, 11, 5000, 64}, {2, 5, 123457, 31}, {3, 4, 0, 100}};
    static const uint32_t numbers[] = {8301, 8302, 12289};
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; ++i) {
        const graph_layout g = layouts[i];
        const size_t elements = g.modalities * g.rows * g.graph, stride = nn_dropout_mask_words(elements) + 3;
        const nn_sites sites = {th_upload(t, numbers, 3), 3, stride};
        const rt_view bits = th_output(t, 3 * stride);
        TH_OK(t, nn_dropout_mask_draw_graph(t->rt, bits, &draw, sites, g.modalities, g.rows, g.first_row, g.graph));
        for (size_t k = 0; k < 3; ++k) {
            expect_mask(t, rt_view_at(bits, k * stride), &draw, numbers[k], elements, graph_element, &g);
            th_expect_untouched(t, "between masks", rt_view_at(bits, (k + 1) * stride - 3), 3);
        }
    }
}

static void test_graph(void **state)
{
    th_run(state, graph_case, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference), cmocka_unit_test(test_site_numbers), cmocka_unit_test(test_scale),
        cmocka_unit_test(test_flat),      cmocka_unit_test(test_threshold),    cmocka_unit_test(test_sites),
        cmocka_unit_test(test_attention), cmocka_unit_test(test_graph),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
