/* Contexts that live long, come and go, and work beside each other: one process may train several models. */
#include <malloc.h> /* mallinfo2 */
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include "runtime/context.h"
#include "runtime/gemm.h"
#include "runtime/launch.h"
#include "runtime/profile.h"
#include "runtime/profile_hooks.h"
#include "runtime/program_pool.h"
#include "tests/support/harness.h"
#include "tests/support/small_run.h"

enum { CYCLES = 1000, SETTLED = 200, THREADS = 2, MOST_ELEMENTS = 1 << 16 };

/* ---- one short training, and what becomes of its parameters ---- */

typedef struct trained {
    float values[MOST_ELEMENTS];
    size_t count;
} trained;

static st_status read_parameters(const nn_params *params, trained *result)
{
    result->count = 0;
    for (size_t i = 0; i < params->count; ++i) {
        const nn_param *p = &params->items[i];
        if (result->count + p->elements > MOST_ELEMENTS)
            return st_fail(rt_error(params->rt), ST_FAILED, "raise MOST_ELEMENTS");
        ST_FORWARD(rt_read(params->rt, p->value, result->values + result->count, p->elements));
        result->count += p->elements;
    }
    return ST_OK;
}

static st_status train(rt_context *rt, const ts_small_run *run, trained *result)
{
    const nn_trainer_options options = ts_small_run_options(run);
    nn_trainer *trainer = NULL;
    st_status status = nn_trainer_create(&trainer, rt, &options);
    if (status == ST_OK) status = nn_trainer_run(trainer);
    if (status == ST_OK) status = read_parameters(nn_safsd_params(nn_trainer_model(trainer)), result);
    nn_trainer_destroy(&trainer);
    return status;
}

static void expect_same(const trained *a, const trained *b)
{
    assert_true(a->count > 0);
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->values, b->values, a->count * sizeof *a->values);
}

/* ---- a context after a failure ---- */

/* The slot of one call is not that of the next. */
static void slots_case(th_case *t, const void *user)
{
    (void)user;
    st_error first = {.status = ST_OK}, second = {.status = ST_OK}, *own = rt_set_error(t->rt, &first);
    assert_int_equal(rt_launch(t->rt, "nothing", rt_scalars(t->rt, 1), NULL, 0), ST_FAILED);
    assert_ptr_equal(rt_set_error(t->rt, &second), &first);
    assert_int_equal(first.status, ST_FAILED);
    assert_int_equal(second.status, ST_OK);
    assert_int_equal(rt_launch(t->rt, "nobody", rt_scalars(t->rt, 1), NULL, 0), ST_FAILED);
    assert_non_null(strstr(first.text, "nothing"));
    assert_non_null(strstr(second.text, "nobody"));
    assert_ptr_equal(rt_set_error(t->rt, own), &second);
    assert_int_equal(own->status, ST_OK);
}

static void test_slots(void **state)
{
    th_run_once(state, slots_case, NULL);
}

static void hear_call(void *user, const rt_gemm_call *call)
{
    (void)call;
    ++*(size_t *)user;
}

/* A run stops wherever it stops; after rt_recover another gives the bits of one on a new context. */
static void recovers_case(th_case *t, const void *user)
{
    (void)user;
    ts_small_run run;
    size_t calls = 0;
    trained *before = calloc(1, sizeof *before), *after = calloc(1, sizeof *after);
    rt_context *rt = NULL;
    st_error error = {.status = ST_OK};
    const rt_profile_line *phases = NULL;
    ts_small_run_create(&run, NN_WEIGHTS_INVERSE_FREQUENCY);
    assert_int_equal(rt_context_create(&rt, rt_device(t->rt), &(rt_options){.profile = true}, &error), ST_OK);
    assert_int_equal(train(rt, &run, before), ST_OK);

    rt_planning(rt, true);
    rt_gemm_observe(rt, hear_call, &calls);
    rt_phase_begin(rt, "a phase that never ends");
    rt_profile_begin(rt, "a group that never ends");
    assert_int_equal(rt_launch(rt, "nothing", rt_scalars(rt, 1), NULL, 0), ST_FAILED);
    assert_int_equal(rt_recover(rt), ST_OK);
    st_clear(&error);
    rt_profile_reset(rt);
    assert_int_equal(train(rt, &run, after), ST_OK);
    expect_same(before, after);
    assert_int_equal(calls, 0);
    size_t count = 0;
    assert_int_equal(rt_profile_read(rt, &phases, &count), ST_OK);
    for (size_t i = 0; i < count; ++i) {
        assert_string_not_equal(phases[i].name, "a group that never ends");
        if (phases[i].part) assert_string_not_equal(phases[i].part, "a phase that never ends");
    }
    rt_context_destroy(&rt);
    ts_small_run_destroy(&run);
    free(before);
    free(after);
}

static void test_recovers(void **state)
{
    if (th_small()) skip();
    th_run_once(state, recovers_case, NULL);
}

/* ---- many contexts ---- */

static size_t bytes_in_use(void)
{
    return mallinfo2().uordblks;
}

/* Opens a context, plans and steps a small model, and closes it. */
static void live_once(const rt_device_info *device, rt_program_pool *pool, const ts_small_run *run)
{
    long live = 0;
    st_error error = {.status = ST_OK};
    rt_context *rt = NULL;
    nn_trainer *trainer = NULL;
    const nn_trainer_options options = ts_small_run_options(run);
    const rt_options opened = {.pool = pool, .live_objects = &live};
    if (rt_context_create(&rt, device, &opened, &error) != ST_OK || nn_trainer_create(&trainer, rt, &options) != ST_OK)
        fail_msg("%s", error.text);
    nn_trainer_destroy(&trainer);
    rt_context_destroy(&rt);
    if (live != 0) fail_msg("%ld OpenCL objects are left", live);
}

/* No object of OpenCL's is left, and the memory of the process does not grow with the number of contexts. */
static void come_and_go_case(th_case *t, const void *user)
{
    (void)user;
    ts_small_run run;
    rt_program_pool *pool = NULL;
    long live = 0;
    size_t settled = 0;
    ts_small_run_create(&run, NN_WEIGHTS_INVERSE_FREQUENCY);
    TH_OK(t, rt_program_pool_create(&pool, rt_device(t->rt), &live, rt_error(t->rt)));
    for (size_t cycle = 0; cycle < CYCLES; ++cycle) {
        if (cycle == SETTLED) settled = bytes_in_use();
        live_once(rt_device(t->rt), pool, &run);
    }
    const size_t grown = bytes_in_use() > settled ? bytes_in_use() - settled : 0;
    print_message("%zu bytes more after %d cycles\n", grown, CYCLES - SETTLED);
    assert_true(grown < 64 * (CYCLES - SETTLED));
    rt_program_pool_destroy(&pool);
    assert_int_equal(live, 0);
    ts_small_run_destroy(&run);
}

static void test_come_and_go(void **state)
{
    if (th_small()) skip();
    th_run_once(state, come_and_go_case, NULL);
}

/* ---- a pool ---- */

/* Compiled once, whoever opens; of another device it is refused. */
static void pool_case(th_case *t, const void *user)
{
    (void)user;
    rt_program_pool *pool = NULL;
    rt_context *contexts[3] = {NULL};
    long live = 0, own[3] = {0};
    size_t programs = 0;
    st_error error = {.status = ST_OK};
    TH_OK(t, rt_program_pool_create(&pool, rt_device(t->rt), &live, rt_error(t->rt)));
    for (size_t i = 0; i < 3; ++i) {
        const rt_options options = {.pool = pool, .live_objects = &own[i], .vector_width = i == 2 ? 4 : 0};
        assert_int_equal(rt_context_create(&contexts[i], rt_device(t->rt), &options, &error), ST_OK);
        if (i == 0) programs = rt_program_pool_count(pool);
        if (i == 1) assert_int_equal(rt_program_pool_count(pool), programs);
    }
    assert_true(programs > 0);
    if (rt_vector_width(contexts[0]) != 4) assert_true(rt_program_pool_count(pool) > programs);
    rt_device_info other = *rt_device(t->rt);
    rt_context *refused = NULL;
    other.handle = NULL;
    assert_int_equal(rt_context_create(&refused, &other, &(rt_options){.pool = pool}, &error), ST_FAILED);
    assert_non_null(strstr(error.text, "the pool of programs is not for"));
    for (size_t i = 0; i < 3; ++i) {
        rt_context_destroy(&contexts[i]);
        assert_int_equal(own[i], 0);
    }
    rt_program_pool_destroy(&pool);
    assert_int_equal(live, 0);
}

static void test_pool(void **state)
{
    th_run_once(state, pool_case, NULL);
}

/* ---- two threads ---- */

typedef struct worker {
    const rt_device_info *device;
    const ts_small_run *run;
    rt_program_pool *pool;
    st_error error;
    trained result;
    size_t rounds;
} worker;

/* Opens a context of its own, trains, closes it; several times, so that openings fall into trainings. */
static int work(void *argument)
{
    worker *w = argument;
    for (size_t round = 0; round < w->rounds && w->error.status == ST_OK; ++round) {
        rt_context *rt = NULL;
        const st_status status =
            rt_context_create(&rt, w->device, &(rt_options){.pool = w->pool, .gemm = "panel"}, &w->error);
        if (status == ST_OK) (void)train(rt, w->run, &w->result);
        rt_context_destroy(&rt);
    }
    return 0;
}

/* Two at once compute the bits of one alone, whether they share programs or not. */
static void threads_case(th_case *t, const void *user)
{
    (void)user;
    ts_small_run run;
    worker *alone = calloc(1, sizeof *alone), *workers = calloc(THREADS, sizeof *workers);
    ts_small_run_create(&run, NN_WEIGHTS_INVERSE_FREQUENCY);
    *alone = (worker){.device = rt_device(t->rt), .run = &run, .rounds = 1};
    work(alone);
    if (alone->error.status != ST_OK) fail_msg("%s", alone->error.text);
    for (int pooled = 0; pooled < 2; ++pooled) {
        rt_program_pool *pool = NULL;
        thrd_t threads[THREADS];
        if (pooled) TH_OK(t, rt_program_pool_create(&pool, rt_device(t->rt), NULL, rt_error(t->rt)));
        for (size_t i = 0; i < THREADS; ++i) {
            workers[i] = (worker){.device = rt_device(t->rt), .run = &run, .pool = pool, .rounds = 3};
            assert_int_equal(thrd_create(&threads[i], work, &workers[i]), thrd_success);
        }
        for (size_t i = 0; i < THREADS; ++i) thrd_join(threads[i], NULL);
        for (size_t i = 0; i < THREADS; ++i) {
            if (workers[i].error.status != ST_OK) fail_msg("%s", workers[i].error.text);
            expect_same(&alone->result, &workers[i].result);
        }
        rt_program_pool_destroy(&pool);
    }
    ts_small_run_destroy(&run);
    free(alone);
    free(workers);
}

static void test_threads(void **state)
{
    if (th_small()) skip();
    th_run_once(state, threads_case, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots),   cmocka_unit_test(test_recovers),    cmocka_unit_test(test_pool),
        cmocka_unit_test(test_threads), cmocka_unit_test(test_come_and_go),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
