/* The same seed and configuration on every device that is found, with different vector widths and work-groups: masks
 * identical, the losses of 20 steps equal but for rounding; the same device twice: equal to the bit. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/network/safsd.h"
#include "model/checks/selftest.h"
#include "tests/support/harness.h"

enum { STEPS = 20, LOSSES = 4, BATCHES = 3, DIALOGUES = 3, CLASSES = 4, SPEAKERS = 2, MOST_ROWS = 64 };

/* Lengths of the dialogues of each batch. The small ones are for simulators. */
static const int32_t lengths[BATCHES][DIALOGUES] = {{17, 1, 6}, {9, 20, 2}, {3, 33, 5}};
static const int32_t small_lengths[BATCHES][DIALOGUES] = {{2, 1, 3}, {1, 2, 2}, {3, 1, 1}};

typedef struct history {
    float losses[STEPS][LOSSES];
} history;

static nn_config config_of(void)
{
    const bool small = th_small();
    const size_t width = small ? 4 : 24;
    return (nn_config){.uses = {true, true, !small},
                       .dims = {7, 5, small ? 0 : 3},
                       .hidden = width,
                       .graph_hidden = width - 1,
                       .ffn = width + 3,
                       .heads = 2,
                       .layers = small ? 1 : 2,
                       .gcn_layers = small ? 1 : 2,
                       .classes = CLASSES,
                       .speakers = SPEAKERS,
                       .gate = NN_GATE_LEARNED,
                       .dropout = 0.3,
                       .gcn_mask = 0.5,
                       .seed = 5,
                       .lambda_ce = 1.0,
                       .lambda_saf = 1.0,
                       .lambda_kl = 1.0,
                       .gamma = 2.0,
                       .temperature = 2.0,
                       .teacher_gradient = true};
}

/* One batch in memory of the caller. */
typedef struct batch_memory {
    ds_batch batch;
    int32_t lists[2 * MOST_ROWS + DIALOGUES];
    float x[NN_MODALITIES][7 * MOST_ROWS];
} batch_memory;

static void fill_batch(batch_memory *m, const nn_config *config, size_t number)
{
    const int32_t *of = th_small() ? small_lengths[number] : lengths[number];
    uint64_t seed = number + 1;
    m->batch = (ds_batch){.dialogues = DIALOGUES,
                          .speakers = m->lists,
                          .labels = m->lists + MOST_ROWS,
                          .lengths = m->lists + 2 * MOST_ROWS};
    for (size_t b = 0; b < DIALOGUES; ++b) m->batch.rows += (size_t)of[b];
    memcpy(m->batch.lengths, of, DIALOGUES * sizeof *of);
    for (size_t r = 0; r < m->batch.rows; ++r) {
        m->batch.speakers[r] = (int32_t)(th_random(&seed) % SPEAKERS);
        m->batch.labels[r] = r % 7 == 3 ? -1 : (int32_t)(th_random(&seed) % CLASSES);
    }
    for (size_t k = 0; k < NN_MODALITIES; ++k) {
        m->batch.x[k] = m->x[k];
        for (size_t i = 0; i < m->batch.rows * config->dims[k]; ++i) m->x[k][i] = (float)th_gauss(&seed);
    }
}

static nn_extent extent_of(const batch_memory *batches)
{
    nn_extent e = {.dialogues = DIALOGUES};
    for (size_t i = 0; i < BATCHES; ++i) {
        size_t pairs = 0;
        for (size_t b = 0; b < DIALOGUES; ++b) {
            const size_t length = (size_t)batches[i].batch.lengths[b];
            pairs += length * length;
            if (length > e.longest) e.longest = length;
        }
        if (pairs > e.pairs) e.pairs = pairs;
        if (batches[i].batch.rows > e.rows) e.rows = batches[i].batch.rows;
    }
    return e;
}

static st_status train(rt_context *rt, nn_safsd *model, const batch_memory *batches, history *out)
{
    static const nn_adam adam = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 1e-5};
    (void)rt;
    for (uint32_t step = 0; step < STEPS; ++step) {
        nn_pending pending;
        nn_step_result result;
        ST_FORWARD(nn_safsd_gradient(model, &batches[step % BATCHES].batch, step, 0));
        ST_FORWARD(nn_safsd_update(model, &adam, 1e-3));
        ST_FORWARD(nn_safsd_result_later(model, &pending));
        ST_FORWARD(nn_safsd_result(model, &pending, &result));
        const float losses[LOSSES] = {result.loss, result.ce, result.saf, result.kl};
        memcpy(out->losses[step], losses, sizeof losses);
    }
    return ST_OK;
}

static st_status run(rt_context *rt, history *out)
{
    static const float weights[CLASSES] = {0.8f, 1.2f, 1.0f, 0.6f}, alpha[CLASSES] = {0.2f, 0.3f, 0.25f, 0.25f};
    static const float similarity[CLASSES * CLASSES] = {1.0f, .3f, .2f,  .1f, .3f, 1.0f, .4f, .2f,
                                                        .2f,  .4f, 1.0f, .5f, .1f, .2f,  .5f, 1.0f};
    batch_memory *batches = calloc(BATCHES, sizeof *batches);
    assert_non_null(batches);
    const nn_config config = config_of();
    nn_safsd *model = NULL;
    st_status status = ST_OK;
    for (size_t i = 0; i < BATCHES; ++i) fill_batch(&batches[i], &config, i);
    const nn_safsd_options options = {config, {weights, alpha, similarity}, extent_of(batches), true};
    ST_TRY(nn_safsd_create(&model, rt, &options));
    ST_TRY(nn_params_initialise(nn_safsd_params(model), config.seed));
    ST_TRY(train(rt, model, batches, out));
done:
    nn_safsd_destroy(&model);
    free(batches);
    return status;
}

/* The masks of the self-test are known bit by bit. */
static st_status check_masks(rt_context *rt)
{
    nn_selftest_summary summary;
    const nn_selftest_options options = {.answers = nn_known_answers, .brief = th_small(), .operation = "dropout_mask"};
    return nn_selftest(rt, &options, &summary);
}

static double difference(const history *a, const history *b)
{
    double most = 0.0;
    for (size_t s = 0; s < STEPS; ++s)
        for (size_t l = 0; l < LOSSES; ++l) {
            const double x = (double)a->losses[s][l], y = (double)b->losses[s][l];
            assert_true(isfinite(x) && isfinite(y) && x > 0.0);
            most = fmax(most, fabs(y - x) / x);
        }
    return most;
}

typedef struct comparison {
    history first; /* of the first run of all */
    size_t runs;
} comparison;

static void compare(comparison *all, const rt_device_info *device, const char *name, const rt_options *options)
{
    static history now, again;
    st_error error = {.status = ST_OK};
    rt_context *rt = NULL;
    st_status status = ST_OK;
    ST_TRY(rt_context_create(&rt, device, options, &error));
    ST_TRY(check_masks(rt));
    ST_TRY(run(rt, &now));
    again = now;
    if (!th_small()) ST_TRY(run(rt, &again));
done:
    rt_context_destroy(&rt);
    if (status != ST_OK) fail_msg("%s %s, %s: %s", device->selector, device->name, name, error.text);
    assert_memory_equal(&now, &again, sizeof now);
    if (all->runs++ == 0) all->first = now;
    const double most = difference(&all->first, &now);
    print_message("%s %s, %s: the losses differ by up to %.1e from the first run\n", device->selector, device->name,
                  name, most);
    assert_true(most < 1e-4);
}

static void test_devices_agree(void **state)
{
    (void)state;
    static const rt_options settings[] = {{.gemm = NULL}, {.vector_width = 4, .group_size = 7}};
    static const char *const names[] = {"as it is", "VW=4, group=7"};
    enum { SETTINGS = sizeof settings / sizeof *settings };
    rt_device_list devices;
    st_error error = {.status = ST_OK};
    comparison all = {.runs = 0};
    if (rt_device_list_create(&devices, &error) != ST_OK) fail_msg("%s", error.text);
    for (size_t d = 0; d < devices.count; ++d) {
        const rt_device_info *device = &devices.items[d];
        if (device->error[0] || !device->compiler) {
            print_message("%s %s is skipped: %s\n", device->selector, device->name,
                          device->error[0] ? device->error : "it has no compiler");
            continue;
        }
        for (size_t s = 0; s < (th_small() ? 1 : SETTINGS); ++s) compare(&all, device, names[s], &settings[s]);
    }
    rt_device_list_destroy(&devices);
    assert_true(all.runs >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_devices_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
