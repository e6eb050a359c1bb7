/* The model as a whole, beyond golden cases: parts of a batch, repetition to the bit, what a step leaves alone. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/network/safsd.h"
#include "runtime/gemm.h"
#include "tests/support/harness.h"

enum { DIALOGUES = 4, ROWS = 18, CLASSES = 5, SPEAKERS = 3, MODALITIES = 3, STEPS = 10 };
static const int32_t lengths[DIALOGUES] = {5, 1, 9, 3};
static const nn_extent extent = {DIALOGUES, ROWS, 25 + 1 + 81 + 9, 9};
static const nn_adam adam = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 1e-5};

static nn_config config_of(nn_saf_form form)
{
    return (nn_config){.uses = {true, true, true},
                       .dims = {7, 5, 3},
                       .hidden = 12,
                       .graph_hidden = 10,
                       .ffn = 14,
                       .heads = 3,
                       .layers = 2,
                       .gcn_layers = 3,
                       .classes = CLASSES,
                       .speakers = SPEAKERS,
                       .gate = NN_GATE_LEARNED,
                       .dropout = 0.4,
                       .gcn_mask = 0.5,
                       .seed = 20231107,
                       .lambda_ce = 1.0,
                       .lambda_saf = 0.8,
                       .lambda_kl = 0.6,
                       .gamma = 2.0,
                       .temperature = 2.0,
                       .saf_form = form,
                       .teacher_gradient = true};
}

static nn_loss_tables tables_of(th_case *t)
{
    float *w = th_floats(t, CLASSES), *alpha = th_floats(t, CLASSES), *similarity = th_floats(t, CLASSES * CLASSES);
    uint64_t seed = 9;
    for (size_t c = 0; c < CLASSES; ++c) {
        w[c] = (float)(0.5 + th_uniform(&seed));
        alpha[c] = (float)(0.1 + 0.2 * th_uniform(&seed));
    }
    for (size_t i = 0; i < CLASSES * CLASSES; ++i) similarity[i] = i % (CLASSES + 1) ? (float)th_uniform(&seed) : 1.0f;
    return (nn_loss_tables){w, alpha, similarity};
}

static ds_batch batch_of(th_case *t)
{
    const nn_config config = config_of(NN_SAF_SOFT);
    ds_batch batch = {.dialogues = DIALOGUES,
                      .rows = ROWS,
                      .speakers = th_ints(t, ROWS),
                      .labels = th_ints(t, ROWS),
                      .lengths = th_ints(t, DIALOGUES)};
    uint64_t seed = 5;
    memcpy(batch.lengths, lengths, sizeof lengths);
    for (size_t m = 0; m < MODALITIES; ++m) {
        batch.x[m] = th_floats(t, ROWS * config.dims[m]);
        for (size_t i = 0; i < ROWS * config.dims[m]; ++i) batch.x[m][i] = (float)th_gauss(&seed);
    }
    for (size_t r = 0; r < ROWS; ++r) {
        batch.speakers[r] = (int32_t)(th_random(&seed) % SPEAKERS);
        batch.labels[r] = r % 5 == 2 ? -1 : (int32_t)(th_random(&seed) % CLASSES);
    }
    return batch;
}

/* Dialogues first .. first + count of a batch, as a batch of their own. */
static ds_batch slice_of(const ds_batch *whole, size_t first, size_t count)
{
    const nn_config config = config_of(NN_SAF_SOFT);
    size_t row = 0;
    for (size_t b = 0; b < first; ++b) row += (size_t)whole->lengths[b];
    ds_batch part = {.dialogues = count,
                     .speakers = whole->speakers + row,
                     .labels = whole->labels + row,
                     .lengths = whole->lengths + first};
    for (size_t b = 0; b < count; ++b) part.rows += (size_t)part.lengths[b];
    for (size_t m = 0; m < MODALITIES; ++m) part.x[m] = whole->x[m] + row * config.dims[m];
    return part;
}

static nn_safsd *new_model(th_case *t, nn_saf_form form, bool training)
{
    nn_safsd *model = NULL;
    const nn_safsd_options options = {config_of(form), tables_of(t), extent, training};
    TH_OK(t, nn_safsd_create(&model, t->rt, &options));
    TH_OK(t, nn_params_initialise(nn_safsd_params(model), 77));
    return model;
}

/* Values or gradients of all parameters, one after another. */
static float *all_parameters(th_case *t, nn_safsd *model, bool gradients)
{
    const nn_params *params = nn_safsd_params(model);
    float *values = th_floats(t, (size_t)params->elements);
    for (size_t i = 0, at = 0; i < params->count; at += params->items[i++].elements)
        TH_OK(t, rt_read(t->rt, gradients ? params->items[i].gradient : params->items[i].value, values + at,
                         params->items[i].elements));
    return values;
}

static nn_step_result one_step(th_case *t, nn_safsd *model, const ds_batch *batch, uint32_t step, size_t micro_batch)
{
    nn_pending pending;
    nn_step_result result;
    TH_OK(t, nn_safsd_gradient(model, batch, step, micro_batch));
    TH_OK(t, nn_safsd_update(model, &adam, 1e-3));
    TH_OK(t, nn_safsd_result_later(model, &pending));
    TH_OK(t, nn_safsd_result(model, &pending, &result));
    return result;
}

static double norm_of(const float *x, const float *minus, size_t elements)
{
    double squares = 0;
    for (size_t i = 0; i < elements; ++i) squares += pow((double)x[i] - (minus ? (double)minus[i] : 0.0), 2.0);
    return sqrt(squares);
}

/* ---- a batch that is cut ---- */

/* Tensor by tensor, with the floor of docs/model.md 12. */
static void expect_gradients(const nn_params *params, const float *x, const float *reference, double tolerance)
{
    const double rms = norm_of(reference, NULL, (size_t)params->elements) / sqrt((double)params->elements);
    for (size_t i = 0, at = 0; i < params->count; at += params->items[i++].elements) {
        const size_t n = params->items[i].elements;
        const double size = fmax(norm_of(reference + at, NULL, n), 1e-3 * sqrt((double)n) * rms);
        const double error = norm_of(x + at, reference + at, n) / size;
        if (!(error <= tolerance))
            fail_msg("the gradient of %s changes by %.2e with the cut", params->items[i].name, error);
    }
}

static void cut_case(th_case *t, const void *user)
{
    (void)user;
    const ds_batch batch = batch_of(t);
    for (int form = NN_SAF_SOFT; form <= NN_SAF_PUBLISHED; ++form) {
        nn_safsd *model = new_model(t, (nn_saf_form)form, true);
        TH_OK(t, nn_safsd_gradient(model, &batch, 3, 0));
        const float *whole = all_parameters(t, model, true);
        for (size_t part = 1; part <= DIALOGUES; ++part) {
            TH_OK(t, nn_safsd_gradient(model, &batch, 3, part));
            expect_gradients(nn_safsd_params(model), all_parameters(t, model, true), whole, 1e-5);
        }
        nn_safsd_destroy(&model);
    }
}

static void test_cut(void **state)
{
    th_run_once(state, cut_case, NULL);
}

static void history_case(th_case *t, const void *user)
{
    (void)user;
    const ds_batch batch = batch_of(t);
    float history[2][STEPS][4];
    for (size_t cut = 0; cut < 2; ++cut) {
        nn_safsd *model = new_model(t, NN_SAF_PUBLISHED, true);
        for (uint32_t step = 0; step < STEPS; ++step) {
            const nn_step_result r = one_step(t, model, &batch, step, cut);
            memcpy(history[cut][step], (const float[4]){r.loss, r.ce, r.saf, r.kl}, sizeof history[cut][step]);
            assert_true(r.outcome.finite);
            assert_int_equal(r.outcome.updates, step + 1);
        }
        nn_safsd_destroy(&model);
    }
    const double size = norm_of(history[0][0], NULL, STEPS * 4);
    assert_true(norm_of(history[1][0], history[0][0], STEPS * 4) <= 1e-5 * size);
    assert_true(history[0][STEPS - 1][0] < history[0][0][0]); /* it learns */
}

static void test_history(void **state)
{
    th_run_once(state, history_case, NULL);
}

/* ---- the same twice ---- */

static void repeat_case(th_case *t, const void *user)
{
    (void)user;
    const ds_batch batch = batch_of(t);
    const float *first[2] = {NULL, NULL};
    nn_step_result last[2];
    size_t bytes = 0;
    for (size_t run = 0; run < 2; ++run) {
        nn_safsd *model = new_model(t, NN_SAF_SOFT, true);
        for (uint32_t step = 0; step < 3; ++step) last[run] = one_step(t, model, &batch, step, 0);
        first[run] = all_parameters(t, model, false);
        bytes = (size_t)nn_safsd_params(model)->elements * sizeof(float);
        nn_safsd_destroy(&model);
    }
    assert_memory_equal(first[0], first[1], bytes);
    assert_memory_equal(&last[0].loss, &last[1].loss, sizeof(float));
    assert_memory_equal(&last[0].outcome.norm, &last[1].outcome.norm, sizeof(float));
}

static void test_repeat(void **state)
{
    static const th_setting like_a_gpu = {"VW=4, group=7", 4, 7, 0, false};
    th_run_once(state, repeat_case, NULL);
    th_run_in(state, &like_a_gpu, repeat_case, NULL);
}

/* ---- what a step leaves alone ---- */

/* Once two batches have gone up, steps and evaluations create no OpenCL object that lasts. */
static void objects_case(th_case *t, const void *user)
{
    (void)user;
    const ds_batch batch = batch_of(t);
    nn_safsd *model = new_model(t, NN_SAF_SOFT, true);
    float *probabilities = th_floats(t, ROWS * CLASSES);
    nn_prediction prediction = {.probabilities = probabilities};
    const nn_evaluation mean = {NN_GCN_MEAN, 3, 0, NULL};
    long before = 0;
    for (uint32_t step = 0; step < 6; ++step) {
        one_step(t, model, &batch, step, step % 3);
        TH_OK(t, nn_safsd_evaluate(model, &batch, &mean, &prediction));
        if (step == 2) before = *t->live_objects;
        if (step > 2) assert_int_equal(*t->live_objects, before);
    }
    nn_safsd_destroy(&model);
}

static void test_objects(void **state)
{
    th_run_once(state, objects_case, NULL);
}

/* A batch with a feature that is no number: nothing is updated, and the next batch is. */
static void not_finite_case(th_case *t, const void *user)
{
    (void)user;
    ds_batch batch = batch_of(t);
    nn_safsd *model = new_model(t, NN_SAF_SOFT, true);
    const size_t bytes = (size_t)nn_safsd_params(model)->elements * sizeof(float);
    one_step(t, model, &batch, 0, 0);
    const float *before = all_parameters(t, model, false), kept = batch.x[1][0];
    batch.x[1][0] = NAN;
    nn_step_result result = one_step(t, model, &batch, 1, 0);
    assert_false(result.outcome.finite);
    assert_int_equal(result.outcome.updates, 1);
    assert_int_equal(result.outcome.skipped, 1);
    assert_memory_equal(all_parameters(t, model, false), before, bytes);
    batch.x[1][0] = kept;
    result = one_step(t, model, &batch, 2, 0);
    assert_true(result.outcome.finite && isfinite(result.loss));
    assert_int_equal(result.outcome.updates, 2);
    assert_int_equal(result.outcome.skipped, 1);
    assert_memory_not_equal(all_parameters(t, model, false), before, bytes);
    nn_safsd_destroy(&model);
}

static void test_not_finite(void **state)
{
    th_run_once(state, not_finite_case, NULL);
}

/* ---- evaluation ---- */

static float *evaluate(th_case *t, nn_safsd *model, const ds_batch *batch, nn_evaluation how, nn_prediction *prediction)
{
    float *probabilities = th_floats(t, (1 + MODALITIES) * batch->rows * CLASSES);
    nn_prediction unused;
    if (!prediction) prediction = &unused;
    *prediction =
        (nn_prediction){.probabilities = probabilities, .student_probabilities = probabilities + batch->rows * CLASSES};
    TH_OK(t, nn_safsd_evaluate(model, batch, &how, prediction));
    return probabilities;
}

/* A model without gradients predicts what a training model does, whatever that one did before. */
static void evaluation_only_case(th_case *t, const void *user)
{
    (void)user;
    static const nn_evaluation modes[] = {
        {NN_GCN_EXPECTED, 1, 0, NULL}, {NN_GCN_SAMPLE, 1, 7, NULL}, {NN_GCN_MEAN, 4, 7, NULL}};
    const ds_batch batch = batch_of(t);
    nn_safsd *training = new_model(t, NN_SAF_SOFT, true), *only = new_model(t, NN_SAF_SOFT, false);
    assert_true(nn_safsd_memory(only).parameters * 4 == nn_safsd_memory(training).parameters);
    assert_true(nn_safsd_memory(only).activations < nn_safsd_memory(training).activations);
    assert_null(nn_safsd_optimizer(only));
    const size_t bytes = (1 + MODALITIES) * ROWS * CLASSES * sizeof(float);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; ++i) {
        nn_prediction a, b;
        TH_OK(t, nn_safsd_gradient(training, &batch, 5, 2));
        const float *expected = evaluate(t, training, &batch, modes[i], &a);
        assert_memory_equal(evaluate(t, only, &batch, modes[i], &b), expected, bytes);
        assert_memory_equal(&a.loss, &b.loss, sizeof(float));
        for (size_t n = 0; n < (1 + MODALITIES) * ROWS; ++n) {
            double sum = 0;
            for (size_t c = 0; c < CLASSES; ++c) sum += (double)expected[n * CLASSES + c];
            assert_true(fabs(sum - 1.0) < 1e-5);
        }
    }
    nn_safsd_destroy(&training);
    nn_safsd_destroy(&only);
}

static void test_evaluation_only(void **state)
{
    th_run_once(state, evaluation_only_case, NULL);
}

static double difference(const float *a, const float *b, size_t elements)
{
    double largest = 0;
    for (size_t i = 0; i < elements; ++i) largest = fmax(largest, fabs((double)a[i] - (double)b[i]));
    return largest;
}

/* Masks of an evaluation go by the row in the split: dialogues alone get what they get together. */
static void rows_of_split_case(th_case *t, const void *user)
{
    (void)user;
    static const nn_gcn_eval modes[] = {NN_GCN_EXPECTED, NN_GCN_SAMPLE, NN_GCN_MEAN};
    const ds_batch batch = batch_of(t), tail = slice_of(&batch, 2, 2);
    const size_t before = (size_t)(lengths[0] + lengths[1]);
    nn_safsd *model = new_model(t, NN_SAF_SOFT, false);
    for (size_t i = 0; i < 3; ++i) {
        const float *whole = evaluate(t, model, &batch, (nn_evaluation){modes[i], 3, 100, NULL}, NULL);
        const float *part = evaluate(t, model, &tail, (nn_evaluation){modes[i], 3, 100 + before, NULL}, NULL);
        const float *shifted = evaluate(t, model, &tail, (nn_evaluation){modes[i], 3, 101 + before, NULL}, NULL);
        assert_true(difference(part, whole + before * CLASSES, tail.rows * CLASSES) < 2e-6);
        const double moved = difference(shifted, part, tail.rows * CLASSES);
        assert_true(modes[i] == NN_GCN_EXPECTED ? moved == 0 : moved > 1e-4);
    }
    nn_safsd_destroy(&model);
}

static void test_rows_of_split(void **state)
{
    th_run_once(state, rows_of_split_case, NULL);
}

/* ---- refusals ---- */

static void expect_refusal(const th_case *t, st_status status, st_status expected, const char *piece)
{
    assert_int_equal(status, expected);
    if (!strstr(rt_error(t->rt)->text, piece)) fail_msg("\"%s\" is not in: %s", piece, rt_error(t->rt)->text);
    st_clear(rt_error(t->rt));
}

static void refusals_case(th_case *t, const void *user)
{
    (void)user;
    nn_safsd *model = NULL, *only = new_model(t, NN_SAF_SOFT, false);
    nn_safsd_options options = {config_of(NN_SAF_SOFT), tables_of(t), extent, true};
    ds_batch batch = batch_of(t);
    float *probabilities = th_floats(t, ROWS * CLASSES);
    nn_prediction prediction = {.probabilities = probabilities};
    const nn_evaluation expected = {NN_GCN_EXPECTED, 1, 0, NULL};

    expect_refusal(t, nn_safsd_gradient(only, &batch, 0, 0), ST_FAILED, "for evaluation only");
    batch.speakers[4] = SPEAKERS + 1;
    expect_refusal(t, nn_safsd_evaluate(only, &batch, &expected, &prediction), ST_FAILED,
                   "utterance 4 of the batch has speaker 4");
    batch.speakers[4] = -1;
    expect_refusal(t, nn_safsd_evaluate(only, &batch, &expected, &prediction), ST_FAILED, "has speaker -1");
    nn_safsd_destroy(&only);

    options.extent = (nn_extent){2, 6, 26, 5};
    TH_OK(t, nn_safsd_create(&model, t->rt, &options));
    batch.speakers[4] = 0;
    expect_refusal(t, nn_safsd_gradient(model, &batch, 0, 0), ST_FAILED,
                   "a batch of 4 dialogues, 18 utterances (longest 9, ");
    expect_refusal(t, nn_safsd_gradient(model, &batch, 0, 2), ST_FAILED, "exceeds the planned extent: 2, 6 (5, ");
    nn_safsd_destroy(&model);

    options.extent = (nn_extent){0, 0, 0, 0};
    expect_refusal(t, nn_safsd_create(&model, t->rt, &options), ST_USAGE, "no utterance");
    options.extent = (nn_extent){1, 513, 513 * 513, 513};
    expect_refusal(t, nn_safsd_create(&model, t->rt, &options), ST_USAGE, "at most 512");
    options.extent = extent;
    options.config.heads = 5;
    expect_refusal(t, nn_safsd_create(&model, t->rt, &options), ST_USAGE, "5 heads do not divide 12");
    assert_null(model);
}

static void test_refusals(void **state)
{
    th_run_once(state, refusals_case, NULL);
}

/* Tries a model on a device that says it has so much memory. */
static void expect_no_room(th_case *t, uint64_t memory, uint64_t block, const char *const pieces[3])
{
    rt_device_info device = *rt_device(t->rt);
    device.memory_bytes = memory;
    device.largest_block_bytes = block;
    st_error error = {.status = ST_OK};
    rt_context *rt = NULL;
    nn_safsd *model = NULL;
    long live_objects = 0;
    assert_int_equal(rt_context_create(&rt, &device, &(rt_options){.live_objects = &live_objects}, &error), ST_OK);
    const nn_safsd_options options = {config_of(NN_SAF_SOFT), tables_of(t), extent, true};
    assert_int_equal(nn_safsd_create(&model, rt, &options), ST_DEVICE);
    assert_null(model);
    assert_int_equal(rt_gemm_scratch_bytes(rt), 0); /* what did not fit burdens no smaller model */
    for (size_t i = 0; i < 3; ++i)
        if (!strstr(error.text, pieces[i])) fail_msg("\"%s\" is not in: %s", pieces[i], error.text);
    rt_context_destroy(&rt);
    assert_int_equal(live_objects, 0);
}

static void no_room_case(th_case *t, const void *user)
{
    (void)user;
    const uint64_t block = 1 << 24;
    nn_safsd *model = new_model(t, NN_SAF_SOFT, true);
    const nn_memory need = nn_safsd_memory(model);
    nn_safsd_destroy(&model);
    expect_no_room(t, 1 << 10, block,
                   (const char *const[]){"does not fit", "gradients and moments alone need", "smaller hidden width"});
    expect_no_room(
        t, need.parameters + need.activations / 2, block,
        (const char *const[]){"does not fit", "activations", "utterances at a time would fit instead of 18"});
    expect_no_room(t, (uint64_t)1 << 30, 1 << 9,
                   (const char *const[]){"in one piece", "largest block", "smaller model or batch"});
}

static void test_no_room(void **state)
{
    th_run_once(state, no_room_case, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),           cmocka_unit_test(test_history),    cmocka_unit_test(test_repeat),
        cmocka_unit_test(test_objects),       cmocka_unit_test(test_not_finite), cmocka_unit_test(test_evaluation_only),
        cmocka_unit_test(test_rows_of_split), cmocka_unit_test(test_refusals),   cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
