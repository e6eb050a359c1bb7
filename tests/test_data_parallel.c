/* Several devices train one model: the same losses and parameters as one device, but for rounding. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/training/data_parallel.h"
#include "tests/support/harness.h"

enum { DIALOGUES = 7, STEPS = 20, CLASSES = 3, WIDTH = 10 };

static const int32_t lengths[DIALOGUES] = {5, 1, 17, 3, 9, 2, 12};

typedef struct world {
    st_error error;
    long live;
    rt_device_list devices;
    rt_context *contexts[3];
    nn_safsd_options options;
    float tables[2 * CLASSES + CLASSES * CLASSES];
    ds_batch batch;
} world;

static void make_batch(world *w)
{
    uint64_t state = 11;
    w->batch.dialogues = DIALOGUES;
    w->batch.lengths = malloc(sizeof lengths);
    memcpy(w->batch.lengths, lengths, sizeof lengths);
    nn_extent *e = &w->options.extent;
    e->dialogues = DIALOGUES;
    for (size_t b = 0; b < DIALOGUES; ++b) {
        const size_t L = (size_t)lengths[b];
        e->rows += L;
        e->pairs += L * L;
        if (L > e->longest) e->longest = L;
    }
    w->batch.rows = e->rows;
    w->batch.speakers = malloc(e->rows * sizeof(int32_t));
    w->batch.labels = malloc(e->rows * sizeof(int32_t));
    for (size_t r = 0; r < e->rows; ++r) {
        w->batch.speakers[r] = (int32_t)(th_random(&state) % 2);
        w->batch.labels[r] = (int32_t)(th_random(&state) % (CLASSES + 1)) - 1;
    }
    for (size_t m = 0; m < 3; ++m) {
        w->batch.x[m] = malloc(e->rows * WIDTH * sizeof(float));
        for (size_t i = 0; i < e->rows * WIDTH; ++i) w->batch.x[m][i] = (float)th_gauss(&state);
    }
}

static int open_world(void **state)
{
    world *w = calloc(1, sizeof *w);
    *state = w;
    for (size_t i = 0; i < sizeof w->tables / sizeof *w->tables; ++i) w->tables[i] = 0.3f + 0.05f * (float)i;
    w->options.tables = (nn_loss_tables){w->tables, w->tables + CLASSES, w->tables + 2 * CLASSES};
    w->options.training = true;
    w->options.config = (nn_config){.uses = {true, true, true},
                                    .dims = {WIDTH, WIDTH, WIDTH},
                                    .hidden = 12,
                                    .graph_hidden = 10,
                                    .ffn = 14,
                                    .heads = 2,
                                    .layers = 2,
                                    .gcn_layers = 2,
                                    .classes = CLASSES,
                                    .speakers = 2,
                                    .gate = NN_GATE_LEARNED,
                                    .dropout = 0.3,
                                    .gcn_mask = 0.5,
                                    .seed = 99,
                                    .lambda_ce = 1,
                                    .lambda_saf = 1,
                                    .lambda_kl = 1,
                                    .gamma = 2,
                                    .temperature = 2,
                                    .saf_form = NN_SAF_PUBLISHED,
                                    .teacher_gradient = true};
    make_batch(w);
    assert_int_equal(rt_device_list_create(&w->devices, &w->error), ST_OK);
    const rt_options options = {.live_objects = &w->live};
    /* As many different devices as there are, then the first again. */
    for (size_t c = 0; c < 3; ++c)
        assert_int_equal(
            rt_context_create(&w->contexts[c], &w->devices.items[c < w->devices.count ? c : 0], &options, &w->error),
            ST_OK);
    return 0;
}

static int close_world(void **state)
{
    world *w = *state;
    for (size_t c = 0; c < 3; ++c) rt_context_destroy(&w->contexts[c]);
    rt_device_list_destroy(&w->devices);
    for (size_t m = 0; m < 3; ++m) free(w->batch.x[m]);
    free(w->batch.lengths);
    free(w->batch.speakers);
    free(w->batch.labels);
    assert_int_equal(w->live, 0);
    free(w);
    return 0;
}

/* STEPS steps on 1 + replicas devices; losses [STEPS] and the final head weight [elements]. */
static void train(world *w, size_t replicas, size_t micro_batch, float *losses, float *weight)
{
    nn_safsd *model = NULL;
    nn_data_parallel *parallel = NULL;
    const nn_adam adam = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 1e-5};
    assert_int_equal(nn_safsd_create(&model, w->contexts[0], &w->options), ST_OK);
    assert_int_equal(nn_params_initialise(nn_safsd_params(model), 99), ST_OK);
    assert_int_equal(nn_data_parallel_create(&parallel, model, w->contexts + 1, replicas, &w->options), ST_OK);
    for (uint32_t step = 0; step < STEPS; ++step) {
        nn_pending pending;
        nn_step_result result;
        assert_int_equal(nn_data_parallel_gradient(parallel, &w->batch, step, micro_batch), ST_OK);
        assert_int_equal(nn_data_parallel_update(parallel, &adam, 1e-3), ST_OK);
        assert_int_equal(nn_data_parallel_result_later(parallel, &pending), ST_OK);
        assert_int_equal(nn_data_parallel_result(parallel, &pending, &result), ST_OK);
        assert_true(result.outcome.finite);
        losses[step] = result.loss;
    }
    const nn_param *head = nn_params_find(nn_safsd_params(model), "smax_fc.weight");
    assert_int_equal(rt_read(w->contexts[0], head->value, weight, head->elements), ST_OK);
    nn_data_parallel_destroy(&parallel);
    nn_safsd_destroy(&model);
}

static void expect_alike(world *w, size_t replicas, size_t micro_batch)
{
    float one[STEPS], many[STEPS], weight_one[CLASSES * 60], weight_many[CLASSES * 60];
    train(w, 0, 0, one, weight_one);
    train(w, replicas, micro_batch, many, weight_many);
    for (size_t s = 0; s < STEPS; ++s)
        if (!(fabs((double)one[s] - (double)many[s]) <= 1e-5 * fabs((double)one[s])))
            fail_msg("step %zu: loss %.9g on one device, %.9g on %zu", s, (double)one[s], (double)many[s],
                     replicas + 1);
    double difference = 0, norm = 0;
    for (size_t i = 0; i < CLASSES * 60; ++i) {
        difference += pow((double)weight_one[i] - (double)weight_many[i], 2);
        norm += pow((double)weight_one[i], 2);
    }
    assert_true(sqrt(difference) <= 1e-4 * sqrt(norm));
}

static void test_two_devices(void **state)
{
    expect_alike(*state, 1, 0);
}

static void test_three_devices_in_parts(void **state)
{
    expect_alike(*state, 2, 2);
}

static void test_repeats_to_the_bit(void **state)
{
    float a[STEPS], b[STEPS], weight_a[CLASSES * 60], weight_b[CLASSES * 60];
    train(*state, 1, 0, a, weight_a);
    train(*state, 1, 0, b, weight_b);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_equal(weight_a, weight_b, sizeof weight_a);
}

static void test_cut_is_by_work(void **state)
{
    const world *w = *state;
    const nn_config *c = &w->options.config;
    size_t cuts[4];
    int32_t even[4] = {10, 10, 10, 10}, front[5] = {300, 5, 5, 5, 5}, single[1] = {4};
    nn_data_parallel_cut(cuts, 2, &(ds_batch){.dialogues = 4, .lengths = even}, c);
    assert_int_equal(cuts[1], 2);
    assert_int_equal(cuts[2], 4);
    nn_data_parallel_cut(cuts, 2, &(ds_batch){.dialogues = 5, .lengths = front}, c);
    assert_int_equal(cuts[1], 1); /* the long one alone, against the four short ones */
    nn_data_parallel_cut(cuts, 3, &(ds_batch){.dialogues = 1, .lengths = single}, c);
    assert_int_equal(cuts[0], 0);
    assert_int_equal(cuts[1], 1); /* fewer dialogues than devices: the rest have none */
    assert_int_equal(cuts[2], 1);
    assert_int_equal(cuts[3], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_devices),
        cmocka_unit_test(test_three_devices_in_parts),
        cmocka_unit_test(test_repeats_to_the_bit),
        cmocka_unit_test(test_cut_is_by_work),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
