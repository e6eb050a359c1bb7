/* bench/search and bench/tune: what is drawn, what is kept, and what cannot be used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/search.h"
#include "bench/tune.h"
#include "runtime/gemm.h"
#include "runtime/gemm_clblast_variants.h"
#include "tests/support/harness.h"
#include "tests/support/scratch.h"

/* A device of which only what a tuning needs is known. */
static rt_device_info device_of(const char *name, const char *driver)
{
    rt_device_info device = {
        .type = RT_CPU, .compiler = true, .vector_width = 16, .max_group = 4096, .local_bytes = 1 << 18};
    snprintf(device.platform_name, sizeof device.platform_name, "A Platform");
    snprintf(device.name, sizeof device.name, "%s", name);
    snprintf(device.driver, sizeof device.driver, "%s", driver);
    return device;
}

static size_t value_of(const rt_tuning *tuning, const char *name)
{
    for (size_t i = 0; i < tuning->count; ++i)
        if (strcmp(tuning->parameters[i].name, name) == 0) return tuning->parameters[i].value;
    fail_msg("there is no %s", name);
    return 0;
}

/* Whatever is drawn fits the device and CLBlast's own rules. */
static void test_draws(void **state)
{
    (void)state;
    rt_device_info device = device_of("A", "1");
    device.max_group = 256;
    device.local_bytes = 8192;
    char before[RT_TUNING_TEXT] = "", text[RT_TUNING_TEXT];
    size_t changes = 0;
    for (uint32_t draw = 0; draw < 200; ++draw) {
        rt_tuning t = {.gemm = "clblast"};
        rt_gemm_clblast_draw_xgemm(&t, &device, draw);
        rt_gemm_clblast_draw_direct(&t, &device, draw);
        assert_int_equal(t.count, 26);
        const size_t threads = value_of(&t, "MDIMC") * value_of(&t, "NDIMC");
        assert_true(threads <= 256);
        assert_true(value_of(&t, "MDIMCD") * value_of(&t, "NDIMCD") <= 256);
        assert_int_equal(value_of(&t, "MWG") % (value_of(&t, "MDIMC") * value_of(&t, "VWM")), 0);
        assert_int_equal(value_of(&t, "NWG") % (value_of(&t, "NDIMB") * value_of(&t, "VWN")), 0);
        assert_int_equal(value_of(&t, "KWG") % (threads / value_of(&t, "MDIMA")), 0);
        assert_true(4 * value_of(&t, "KWG") *
                        (value_of(&t, "SA") * value_of(&t, "MWG") + value_of(&t, "SB") * value_of(&t, "NWG")) <=
                    8192);
        rt_tuning_print(&t, "clblast", text);
        changes += strcmp(before, text) != 0;
        memcpy(before, text, sizeof before);
    }
    assert_true(changes > 150);
}

/* Seconds of a step on a device that exists on paper. */
typedef struct paper {
    double own, rows_8, library; /* own kernels, those with 8 rows to a tile, and a library whatever its parameters */
} paper;

/* Runs a search to its end: own kernels come first, every provider as it is before any variant. */
static size_t search_on(th_case *t, const paper *device, bench_search *search, rt_tuning *result)
{
    bench_candidate candidate;
    size_t trials = 0;
    bench_search_start(search, t->rt);
    assert_false(bench_search_result(search, result));
    for (; bench_search_next(search, &candidate); ++trials) {
        const bool own = strcmp(candidate.tuning.gemm, "panel") == 0;
        const bool rows_8 = own && rt_tuning_get(&candidate.tuning, "panel", "rows", 0) == 8;
        bench_trial trial = {.outcome = trials % 7 == 3 && !rows_8 ? BENCH_WRONG : BENCH_MEASURED};
        assert_true(trials < 200);
        if (trials < GEMM_PROVIDER_COUNT) {
            assert_int_equal(own, trials == 0);
            assert_int_equal(candidate.tuning.count, 0);
            trial.outcome = BENCH_MEASURED;
        }
        trial.seconds = rows_8 ? device->rows_8 : own ? device->own : device->library;
        bench_search_learn(search, &candidate, &trial, own ? 1 : 2);
    }
    assert_true(bench_search_result(search, result));
    return trials;
}

static size_t trials_of(const bench_search *search, const char *provider)
{
    for (size_t i = 0; i < GEMM_PROVIDER_COUNT; ++i)
        if (strcmp(rt_gemm_name(i), provider) == 0) return search->families[i].tried;
    fail_msg("there is no %s", provider);
    return 0;
}

/* The fastest wins by more than noise, or the fixed rule stays; what is far behind gets no time, and a provider whose
 * variants gain nothing gets no more. */
static void searches(th_case *t, const void *user)
{
    (void)user;
    bench_search search;
    rt_tuning result;
    const char *rule = rt_gemm_rule(rt_device(t->rt));
    const bool own_rule = strcmp(rule, "panel") == 0;

    search_on(t, &(paper){.own = 10, .rows_8 = 8, .library = 90}, &search, &result);
    assert_string_equal(result.gemm, "panel");
    assert_int_equal(rt_tuning_get(&result, "panel", "rows", 0), 8);
    assert_int_equal(trials_of(&search, "clblast"), 1);
    assert_true(trials_of(&search, "panel") > 8);

    const size_t short_search = search_on(t, &(paper){.own = 90, .rows_8 = 90, .library = 10}, &search, &result);
    assert_string_equal(result.gemm, "clblast");
    assert_int_equal(trials_of(&search, "panel"), 1);
    assert_true(trials_of(&search, "clblast") > 8 && short_search < 12);

    search_on(t, &(paper){.own = 10, .rows_8 = 9.9, .library = 10.1}, &search, &result);
    assert_string_equal(result.gemm, rule);
    if (own_rule) assert_int_equal(rt_tuning_get(&result, "panel", "rows", 0), 0);
    assert_true(trials_of(&search, "clblast") > 3 && trials_of(&search, "panel") > 8);
}

static void test_search(void **state)
{
    th_run_once(state, searches, NULL);
}

/* The panel kernels with one vector of B taken for another, in a folder for SAFSD_CL_KERNELS. */
static void break_kernels(void **state)
{
    static const char *const files[] = {"gemm_panel.cl", "vector.clh"};
    static const char right[] = "fma((fv)(a[r]), b1, ", wrong[] = "fma((fv)(a[r]), b0, ";
    for (size_t i = 0; i < 2; ++i) {
        char path[1024];
        size_t size = 0;
        snprintf(path, sizeof path, "%s/cl/%s", getenv("SAFSD_TEST_SOURCE"), files[i]);
        char *text = (char *)ts_read(path, &size), *place = strstr(text, right);
        assert_int_equal(place != NULL, i == 0);
        if (place) memcpy(place, wrong, sizeof wrong - 1);
        ts_write(ts_path(state, files[i]), text, size);
        free(text);
    }
    setenv("SAFSD_CL_KERNELS", ts_path(state, "."), 1);
}

/* A fast wrong answer is no candidate. */
static void try_broken(th_case *t, bench_tuner *tuner, const bench_candidate *candidate)
{
    void *folder = NULL;
    bench_trial trial;
    assert_int_equal(ts_scratch_open(&folder), 0);
    break_kernels(&folder);
    TH_OK(t, bench_tuner_try(tuner, candidate, (bench_limits){0, NULL, NULL}, &trial));
    unsetenv("SAFSD_CL_KERNELS");
    assert_int_equal(ts_scratch_close(&folder), 0);
    if (trial.outcome != BENCH_WRONG) fail_msg("outcome %d: %s", (int)trial.outcome, trial.why);
    assert_non_null(strstr(trial.why, "differs from the reference"));
}

/* The whole way on a small model: every provider is right, and its time is told. */
static void try_providers(th_case *t, const void *user)
{
    (void)user;
    const bench_case small = {&bench_shapes[1], 32, 2, true};
    bench_problem problem;
    bench_tuner *tuner = NULL;
    bench_trial trial;
    TH_OK(t, bench_problem_create(&problem, &small, rt_error(t->rt)));
    TH_OK(t, bench_tuner_create(&tuner, t->rt, &problem));
    assert_true(bench_tuner_flops(tuner) > 0);
    assert_true(bench_tuner_share(tuner) > 0.2 && bench_tuner_share(tuner) <= 1);
    bench_candidate good = {"panel", {.gemm = "panel"}};
    const bench_candidate bad = {"none", {.gemm = "none"}};
    assert_true(rt_tuning_set(&good.tuning, "panel", "", "rows", 4));
    TH_OK(t, bench_tuner_try(tuner, &good, (bench_limits){0, NULL, NULL}, &trial));
    assert_int_equal(trial.outcome, BENCH_MEASURED);
    assert_true(trial.seconds > 0);
    for (size_t kind = 0; kind < BENCH_KINDS; ++kind) assert_true(trial.rate[kind] > 0);
    TH_OK(t, bench_tuner_try(tuner, &bad, (bench_limits){0, NULL, NULL}, &trial));
    assert_int_equal(trial.outcome, BENCH_REFUSED);
    assert_non_null(strstr(trial.why, "no GEMM provider 'none'"));
    TH_OK(t, bench_tuner_try(tuner, &good, (bench_limits){1e-12, NULL, NULL}, &trial));
    assert_int_equal(trial.outcome, BENCH_SLOW);
    try_broken(t, tuner, &good);
    bench_tuner_destroy(&tuner);
    bench_problem_destroy(&problem);
}

static void test_try(void **state)
{
    th_run_once(state, try_providers, NULL);
}

int main(void)
{
    const struct CMUnitTest draws[] = {cmocka_unit_test(test_draws)};
    const struct CMUnitTest devices[] = {cmocka_unit_test(test_search), cmocka_unit_test(test_try)};
    const int failed = cmocka_run_group_tests_name("draws", draws, ts_scratch_open, ts_scratch_close);
    return failed + cmocka_run_group_tests_name("devices", devices, th_open, th_close);
}
