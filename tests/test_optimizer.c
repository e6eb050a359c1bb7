#include <math.h>
#include <string.h>

#include "model/network/optimizer.h"
#include "runtime/launch.h"
#include "tests/support/harness.h"
#include "reference/optimizer.h"

static const size_t sizes[] = {1, 3, 4, 5, 15, 16, 17, 31, 33, 63, 65, 257, 1023, 4099};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* Those that a slow device is given stop at a few vectors. */
static size_t sizes_wanted(void)
{
    return th_small() ? 9 : SIZES;
}

static const nn_adam plain = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};

/* Control elements with these counts, the rest NaN. */
static rt_view control_of(th_case *t, uint32_t updates, uint32_t skipped)
{
    float *control = th_floats(t, NN_CONTROL_ELEMENTS);
    for (size_t i = 0; i < NN_CONTROL_ELEMENTS; ++i) control[i] = NAN;
    memcpy(&control[NN_CONTROL_UPDATES], &updates, sizeof updates);
    memcpy(&control[NN_CONTROL_SKIPPED], &skipped, sizeof skipped);
    return th_upload(t, control, NN_CONTROL_ELEMENTS);
}

static nn_step_outcome outcome_of(th_case *t, rt_view control)
{
    return nn_step_outcome_of(th_fetch(t, control, NN_CONTROL_ELEMENTS));
}

/* ---- the kernels, at sizes of all kinds ---- */

static void partials_case(th_case *t, const void *user)
{
    (void)user;
    static const size_t slices[] = {1, 16, 64, 100};
    const size_t group = rt_row_group(t->rt);
    for (size_t s = 0; s < sizes_wanted(); ++s)
        for (size_t k = 0; k < sizeof slices / sizeof *slices; ++k) {
            const size_t n = sizes[s], slice = slices[k], count = (n + slice - 1) / slice;
            if (slice == 1 && n > 100) continue;
            const th_tensor gradient = th_normal(t, n, n + slice, 1.0);
            double *expected = th_doubles(t, count);
            for (size_t i = 0; i < n; ++i) expected[i / slice] += gradient.value[i] * gradient.value[i];
            const rt_view partials = th_output(t, count);
            TH_OK(t, RT_LAUNCH(t->rt, "gradient_partials", rt_rows(t->rt, count), RT_VIEW(partials),
                               RT_VIEW(gradient.view), RT_LOCAL(group), RT_UINT(n), RT_UINT(slice)));
            th_expect(t, "partials", partials, expected, count, TH_ROUNDING);
        }
}

static void test_partials(void **state)
{
    th_run(state, partials_case, NULL);
}

static void decide_part(th_case *t, rt_view control, rt_view partials, size_t slices, bool last, double clip)
{
    const size_t group = rt_row_group(t->rt);
    TH_OK(t, RT_LAUNCH(t->rt, "optimizer_decide", rt_groups(1, 1, 1, group), RT_VIEW(control), RT_VIEW(partials),
                       RT_LOCAL(group), RT_UINT(slices), RT_UINT(last), RT_FLOAT((float)clip),
                       RT_FLOAT((float)log(plain.beta1)), RT_FLOAT((float)log(plain.beta2))));
}

/* In two launches where that is possible: the second begins at the last partial sum of the first. */
static void decide(th_case *t, rt_view control, rt_view partials, size_t slices, double clip)
{
    const size_t first = slices / 2;
    if (first == 0) {
        decide_part(t, control, partials, slices, true, clip);
        return;
    }
    decide_part(t, control, partials, first, false, clip);
    decide_part(t, control, rt_view_at(partials, first - 1), slices - first + 1, true, clip);
}

static void decide_case(th_case *t, const void *user)
{
    (void)user;
    static const uint32_t updates[] = {0, 1, 9, 1000, 1000000};
    for (size_t s = 0; s < sizes_wanted(); ++s)
        for (int clip = 0; clip < 3; ++clip) {
            const size_t n = sizes[s];
            const uint32_t before = updates[s % 5];
            double *squares = th_doubles(t, n), sum = 0.0;
            uint64_t seed = n;
            for (size_t i = 0; i < n; ++i) sum += squares[i] = (double)(float)th_uniform(&seed);
            const double norm = sqrt(sum), limit = clip == 0 ? 0.0 : clip == 1 ? norm / 3.0 : norm * 3.0;
            const rt_view partials = th_upload_doubles(t, squares, n), control = control_of(t, before, 5);
            decide(t, control, partials, n, limit);
            const nn_step_outcome outcome = outcome_of(t, control);
            assert_true(outcome.finite);
            assert_int_equal(outcome.updates, before + 1);
            assert_int_equal(outcome.skipped, 5);
            const double now = before + 1.0, factor = clip == 1 ? 1.0 / 3.0 : 1.0;
            const double corrections[2] = {1.0 / (1.0 - pow(plain.beta1, now)), 1.0 / (1.0 - pow(plain.beta2, now))};
            th_expect(t, "norm", control, &norm, 1, TH_ROUNDING);
            th_expect(t, "factor", rt_view_at(control, NN_CONTROL_FACTOR), &factor, 1, TH_ROUNDING);
            th_expect(t, "correction of m", rt_view_at(control, NN_CONTROL_CORRECTION_1), &corrections[0], 1,
                      TH_ROUNDING);
            th_expect(t, "correction of v", rt_view_at(control, NN_CONTROL_CORRECTION_2), &corrections[1], 1,
                      TH_ROUNDING);
        }
}

static void test_decide(void **state)
{
    th_run(state, decide_case, NULL);
}

/* One bad partial anywhere, or squares that overflow together: no update, one more skipped. */
static void refuse_case(th_case *t, const void *user)
{
    (void)user;
    static const double bad[] = {NAN, INFINITY, 3e38};
    for (size_t s = 0; s < sizes_wanted(); ++s)
        for (size_t b = 0; b < 3; ++b) {
            const size_t n = sizes[s] + 1, place = (7 * s) % n;
            double *squares = th_doubles(t, n);
            for (size_t i = 0; i < n; ++i) squares[i] = 1.0;
            squares[place] = bad[b];
            if (b == 2) squares[(place + 1) % n] = bad[b];
            const rt_view control = control_of(t, 41, 6);
            decide(t, control, th_upload_doubles(t, squares, n), n, 1.0);
            const nn_step_outcome outcome = outcome_of(t, control);
            assert_false(outcome.finite);
            assert_true(!isfinite(outcome.norm));
            assert_int_equal(outcome.updates, 41);
            assert_int_equal(outcome.skipped, 7);
        }
}

static void test_refuse(void **state)
{
    th_run(state, refuse_case, NULL);
}

/* p, m, v as a training run has them, on both sides. */
typedef struct side_by_side {
    ref_adam host;
    rt_view p, m, v;
} side_by_side;

static side_by_side states(th_case *t, size_t n, double updates)
{
    const th_tensor p = th_normal(t, n, 1 + n, 1.0), m = th_normal(t, n, 2 + n, 0.1),
                    root = th_normal(t, n, 3 + n, 0.1);
    double *v = th_doubles(t, n);
    for (size_t i = 0; i < n; ++i) v[i] = (double)(float)(root.value[i] * root.value[i] + 1e-4);
    return (side_by_side){{p.value, m.value, v, n, updates}, p.view, m.view, th_upload_doubles(t, v, n)};
}

static void expect_states(th_case *t, const side_by_side *s)
{
    th_expect(t, "m", s->m, s->host.m, s->host.elements, TH_ROUNDING);
    th_expect(t, "v", s->v, s->host.v, s->host.elements, TH_ROUNDING);
    th_expect(t, "p", s->p, s->host.p, s->host.elements, TH_ROUNDING);
}

static void launch_update(th_case *t, const side_by_side *s, rt_view gradient, rt_view control, const nn_adam *adam,
                          double lr)
{
    const size_t n = s->host.elements;
    TH_OK(t, RT_LAUNCH(t->rt, "adam_update", rt_items(t->rt, n), RT_VIEW(s->p), RT_VIEW(s->m), RT_VIEW(s->v),
                       RT_VIEW(gradient), RT_VIEW(control), RT_UINT(n), RT_FLOAT((float)lr),
                       RT_FLOAT((float)adam->beta1), RT_FLOAT((float)(1.0 - adam->beta1)), RT_FLOAT((float)adam->beta2),
                       RT_FLOAT((float)(1.0 - adam->beta2)), RT_FLOAT((float)adam->eps),
                       RT_FLOAT(adam->decoupled ? 0.0f : (float)adam->weight_decay),
                       RT_FLOAT(adam->decoupled ? (float)adam->weight_decay : 0.0f)));
}

/* Control as optimizer_decide leaves it. */
static rt_view decided(th_case *t, uint32_t finite, double factor, const nn_adam *adam, double updates)
{
    float *control = th_floats(t, NN_CONTROL_ELEMENTS);
    memcpy(&control[NN_CONTROL_FINITE], &finite, sizeof finite);
    control[NN_CONTROL_FACTOR] = (float)factor;
    control[NN_CONTROL_CORRECTION_1] = (float)(1.0 / (1.0 - pow(adam->beta1, updates)));
    control[NN_CONTROL_CORRECTION_2] = (float)(1.0 / (1.0 - pow(adam->beta2, updates)));
    return th_upload(t, control, NN_CONTROL_ELEMENTS);
}

static void update_case(th_case *t, const void *user)
{
    (void)user;
    static const nn_adam kinds[] = {
        {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8},
        {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.3},
        {.beta1 = 0.8, .beta2 = 0.95, .eps = 1e-2, .weight_decay = 0.3, .decoupled = true},
        {.beta1 = 0.0, .beta2 = 0.5, .eps = 1e-3, .clip = 0.125},
    };
    for (size_t s = 0; s < sizes_wanted(); ++s)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; ++k) {
            const double updates = k % 2 ? 0.0 : 6.0;
            side_by_side both = states(t, sizes[s], updates);
            const th_tensor gradient = th_normal(t, sizes[s], 9 + k, 1.0);
            const double norm = 4.0, factor = kinds[k].clip > 0.0 ? kinds[k].clip / norm : 1.0;
            ref_adam_update(&both.host, gradient.value, norm, &kinds[k], 0.01);
            launch_update(t, &both, gradient.view, decided(t, 1, factor, &kinds[k], updates + 1.0), &kinds[k], 0.01);
            expect_states(t, &both);
            th_expect(t, "gradient", gradient.view, gradient.value, sizes[s], TH_EXACT);
        }
}

static void test_update(void **state)
{
    th_run(state, update_case, NULL);
}

/* ---- the whole step, over arenas of several blocks ---- */

enum { BLOCKS = 3, BLOCK_BYTES = 131072 * 4 };
static const size_t block_elements[BLOCKS] = {70000, 131072,
                                              1000}; /* one slice and a bit, exactly two, less than one */
static const th_setting small_blocks[] = {{"small blocks", 0, 0, BLOCK_BYTES, false},
                                          {"small blocks, VW=4, group=7", 4, 7, BLOCK_BYTES, false},
                                          {"small blocks, VW=1, group=128", 1, 128, BLOCK_BYTES, false}};

typedef struct arenas {
    nn_params params;
    nn_optimizer optimizer;
    rt_arena *control;
    double *p[BLOCKS], *gradient[BLOCKS];
    ref_adam host[BLOCKS];
} arenas;

static rt_view block_of(rt_arena *arena, size_t b)
{
    size_t elements = 0;
    return rt_arena_block(arena, b, &elements);
}

/* Takes so large that every block of an arena holds one. */
static void fill_arena(th_case *t, rt_arena **arena)
{
    rt_view view;
    TH_OK(t, rt_arena_create(arena, t->rt, "a test"));
    for (size_t b = 0; b < BLOCKS; ++b) TH_OK(t, rt_arena_take(*arena, "a test's tensor", block_elements[b], &view));
    TH_OK(t, rt_arena_commit(*arena));
    for (size_t b = 0; b < rt_arena_blocks(*arena); ++b) {
        size_t elements = 0;
        view = rt_arena_block(*arena, b, &elements);
        TH_OK(t, rt_zero(t->rt, view, elements));
    }
}

static float *rounded(th_case *t, const double *values, size_t elements)
{
    float *floats = th_floats(t, elements);
    for (size_t i = 0; i < elements; ++i) floats[i] = (float)values[i];
    return floats;
}

static void write_gradient(th_case *t, arenas *a, size_t step)
{
    for (size_t b = 0; b < BLOCKS; ++b) {
        uint64_t seed = 100 * step + b;
        for (size_t i = 0; i < block_elements[b]; ++i) a->gradient[b][i] = (double)(float)th_gauss(&seed);
        TH_OK(t, rt_write(t->rt, block_of(a->params.gradients, b), rounded(t, a->gradient[b], block_elements[b]),
                          block_elements[b]));
    }
}

static void open_arenas(th_case *t, arenas *a)
{
    *a = (arenas){.params = {.rt = t->rt, .training = true}};
    fill_arena(t, &a->params.values);
    fill_arena(t, &a->params.gradients);
    fill_arena(t, &a->params.moments1);
    fill_arena(t, &a->params.moments2);
    assert_int_equal(rt_arena_blocks(a->params.values), BLOCKS);
    TH_OK(t, rt_arena_create(&a->control, t->rt, "a test"));
    TH_OK(t, nn_optimizer_plan(&a->optimizer, &a->params, a->control));
    TH_OK(t, rt_arena_commit(a->control));
    TH_OK(t, nn_optimizer_set(&a->optimizer, 0, 0));
    for (size_t b = 0; b < BLOCKS; ++b) {
        uint64_t seed = 7 + b;
        const size_t n = block_elements[b];
        a->gradient[b] = th_doubles(t, n);
        a->host[b] = (ref_adam){th_doubles(t, n), th_doubles(t, n), th_doubles(t, n), n, 0.0};
        for (size_t i = 0; i < n; ++i) a->host[b].p[i] = (double)(float)th_gauss(&seed);
        TH_OK(t, rt_write(t->rt, block_of(a->params.values, b), rounded(t, a->host[b].p, n), n));
    }
}

static void close_arenas(arenas *a)
{
    rt_arena_destroy(&a->control);
    rt_arena_destroy(&a->params.values);
    rt_arena_destroy(&a->params.gradients);
    rt_arena_destroy(&a->params.moments1);
    rt_arena_destroy(&a->params.moments2);
}

static double whole_norm(const arenas *a)
{
    double squares = 0.0;
    for (size_t b = 0; b < BLOCKS; ++b) squares += pow(ref_norm(a->gradient[b], block_elements[b]), 2.0);
    return sqrt(squares);
}

static void expect_arenas(th_case *t, const arenas *a)
{
    for (size_t b = 0; b < BLOCKS; ++b) {
        th_expect(t, "m", block_of(a->params.moments1, b), a->host[b].m, block_elements[b], TH_ACTIVATION);
        th_expect(t, "v", block_of(a->params.moments2, b), a->host[b].v, block_elements[b], TH_ACTIVATION);
        th_expect(t, "p", block_of(a->params.values, b), a->host[b].p, block_elements[b], TH_ACTIVATION);
    }
}

static void steps_case(th_case *t, const void *user)
{
    const nn_adam *adam = user;
    arenas a;
    open_arenas(t, &a);
    for (size_t step = 0; step < 3; ++step) {
        write_gradient(t, &a, step);
        TH_OK(t, nn_optimizer_step(&a.optimizer, adam, 0.01));
        const nn_step_outcome outcome = outcome_of(t, a.optimizer.control);
        assert_true(outcome.finite);
        assert_int_equal(outcome.updates, step + 1);
        assert_int_equal(outcome.skipped, 0);
        const double norm = whole_norm(&a);
        th_expect(t, "norm", a.optimizer.control, &norm, 1, TH_ACTIVATION);
        for (size_t b = 0; b < BLOCKS; ++b) {
            ref_adam_update(&a.host[b], a.gradient[b], norm, adam, 0.01);
            a.host[b].updates += 1.0;
        }
    }
    expect_arenas(t, &a);
    close_arenas(&a);
}

static void test_steps(void **state)
{
    static const nn_adam kinds[] = {
        {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.1},
        {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.1, .decoupled = true, .clip = 50.0},
    };
    if (th_small()) skip();
    for (size_t s = 0; s < sizeof small_blocks / sizeof *small_blocks; ++s)
        for (size_t k = 0; k < 2; ++k) th_run_in(state, &small_blocks[s], steps_case, &kinds[k]);
}

/* Bits of every parameter and moment. */
static uint32_t *all_bits(th_case *t, const arenas *a)
{
    rt_arena *const arenas_of[3] = {a->params.values, a->params.moments1, a->params.moments2};
    size_t total = 0, done = 0;
    for (size_t b = 0; b < BLOCKS; ++b) total += 3 * block_elements[b];
    uint32_t *bits = (uint32_t *)th_ints(t, total);
    for (size_t k = 0; k < 3; ++k)
        for (size_t b = 0; b < BLOCKS; ++b) {
            TH_OK(t, rt_read(t->rt, block_of(arenas_of[k], b), bits + done, block_elements[b]));
            done += block_elements[b];
        }
    return bits;
}

/* One bad element in any block, first or last: nothing changes but the count of skipped steps, and the next good
 * gradient is applied as if nothing had been. */
static void skipped_case(th_case *t, const void *user)
{
    (void)user;
    static const float bad[3] = {NAN, INFINITY, -INFINITY};
    static const nn_adam adam = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.1, .clip = 1.0};
    arenas a;
    open_arenas(t, &a);
    write_gradient(t, &a, 0);
    TH_OK(t, nn_optimizer_step(&a.optimizer, &adam, 0.01));
    const uint32_t *before = all_bits(t, &a);
    const size_t bytes = sizeof *before * 3 * (block_elements[0] + block_elements[1] + block_elements[2]);
    uint32_t skipped = 0;
    for (size_t b = 0; b < BLOCKS; ++b)
        for (size_t k = 0; k < 3; ++k) {
            const size_t place = k == 0 ? 0 : k == 1 ? block_elements[b] / 2 : block_elements[b] - 1;
            write_gradient(t, &a, 1);
            TH_OK(t, rt_write(t->rt, rt_view_at(block_of(a.params.gradients, b), place), &bad[k], 1));
            TH_OK(t, nn_optimizer_step(&a.optimizer, &adam, 0.01));
            const nn_step_outcome outcome = outcome_of(t, a.optimizer.control);
            assert_false(outcome.finite);
            assert_int_equal(outcome.updates, 1);
            assert_int_equal(outcome.skipped, ++skipped);
            assert_memory_equal(all_bits(t, &a), before, bytes);
        }
    write_gradient(t, &a, 2);
    TH_OK(t, nn_optimizer_step(&a.optimizer, &adam, 0.01));
    const nn_step_outcome outcome = outcome_of(t, a.optimizer.control);
    assert_true(outcome.finite);
    assert_int_equal(outcome.updates, 2);
    assert_int_equal(outcome.skipped, 9);
    assert_memory_not_equal(all_bits(t, &a), before, bytes);
    close_arenas(&a);
}

static void test_skipped(void **state)
{
    if (th_small()) skip();
    th_run_in(state, &small_blocks[0], skipped_case, NULL);
}

/* Counts that a checkpoint brings back. */
static void resume_case(th_case *t, const void *user)
{
    (void)user;
    arenas a;
    open_arenas(t, &a);
    TH_OK(t, nn_optimizer_set(&a.optimizer, 999999, 12));
    write_gradient(t, &a, 0);
    TH_OK(t, nn_optimizer_step(&a.optimizer, &plain, 0.01));
    const nn_step_outcome outcome = outcome_of(t, a.optimizer.control);
    assert_int_equal(outcome.updates, 1000000);
    assert_int_equal(outcome.skipped, 12);
    for (size_t b = 0; b < BLOCKS; ++b) {
        a.host[b].updates = 999999.0;
        ref_adam_update(&a.host[b], a.gradient[b], 1.0, &plain, 0.01);
    }
    expect_arenas(t, &a);
    close_arenas(&a);
}

static void test_resume(void **state)
{
    if (th_small()) skip();
    th_run_in(state, &small_blocks[0], resume_case, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partials), cmocka_unit_test(test_decide), cmocka_unit_test(test_refuse),
        cmocka_unit_test(test_update),   cmocka_unit_test(test_steps),  cmocka_unit_test(test_skipped),
        cmocka_unit_test(test_resume),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
