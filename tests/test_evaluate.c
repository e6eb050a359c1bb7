#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/fingerprint.h"
#include "data/synth.h"
#include "model/training/class_tables.h"
#include "model/training/evaluate.h"
#include "tests/support/harness.h"

enum { CLASSES = 6, USED = 2 };

static const double class_weights[CLASSES] = {1, 2, 0.5, 3, 1.5, 0.25};
static const double alpha[CLASSES] = {0.1, 0.2, 0.3, 0.15, 0.05, 0.25};

/* A model of random parameters and data in which every fifth test utterance has no label. */
typedef struct fixture {
    ds_dataset *data;
    int32_t *labels; /* those of the data set, with gaps */
    ds_dataset view; /* the data set with these labels */
    nn_class_tables tables;
    nn_config config;
    nn_safsd *model;
    size_t rows; /* of the test part */
} fixture;

static void set_up(fixture *f, th_case *t, nn_saf_form form)
{
    st_error *error = rt_error(t->rt);
    double similarity[CLASSES * CLASSES], frequencies[CLASSES] = {0};
    for (size_t i = 0; i < CLASSES * CLASSES; ++i)
        similarity[i] = i % (CLASSES + 1) == 0 ? 1 : (double)(i * 7 % 10) / 10;
    const nn_class_options options = {NN_WEIGHTS_LIST, NN_ALPHA_LIST, class_weights, CLASSES,
                                      alpha,           CLASSES,       similarity,    CLASSES};
    const ds_synth_options synth = {.like = DS_IEMOCAP, .dialogues = 24, .dims = {6, 5, 4}, .seed = 3};
    memset(f, 0, sizeof *f);
    TH_OK(t, ds_synth(&f->data, &synth, error));
    assert_int_equal(f->data->classes, CLASSES);
    f->labels = th_ints(t, f->data->utterances);
    for (size_t n = 0; n < f->data->utterances; ++n) f->labels[n] = n % 5 == 3 ? -1 : f->data->labels[n];
    f->view = *f->data;
    f->view.labels = f->labels;
    TH_OK(t, nn_class_tables_create(&f->tables, &options, frequencies, CLASSES, error));
    f->config = (nn_config){.uses = {true, false, true},
                            .dims = {6, 0, 4},
                            .hidden = 8,
                            .graph_hidden = 8,
                            .ffn = 8,
                            .heads = 2,
                            .layers = 1,
                            .gcn_layers = 2,
                            .classes = CLASSES,
                            .speakers = f->data->speaker_count,
                            .gate = NN_GATE_IDENTITY,
                            .dropout = 0.5,
                            .gcn_mask = 0.5,
                            .seed = 11,
                            .lambda_ce = 0.7,
                            .lambda_saf = 1.3,
                            .lambda_kl = 0.4,
                            .gamma = 2,
                            .temperature = 1,
                            .saf_form = form};
    const nn_safsd_options wanted = {f->config, f->tables.tables, nn_extent_of(&f->view, f->view.dialogues), false};
    TH_OK(t, nn_safsd_create(&f->model, t->rt, &wanted));
    TH_OK(t, nn_params_initialise(nn_safsd_params(f->model), f->config.seed));
    assert_true(ds_select(&f->view, DS_TEST, NULL, &f->rows) >= 4);
}

static void tear_down(fixture *f)
{
    nn_safsd_destroy(&f->model);
    nn_class_tables_destroy(&f->tables);
    ds_destroy(&f->data);
}

static nn_evaluator evaluator(const fixture *f, size_t batch)
{
    return (nn_evaluator){.batch = batch, .tables = f->tables.tables, .mode = NN_GCN_EXPECTED, .repetitions = 1};
}

/* The test part evaluated, with all that comes out. */
static nn_evaluated evaluate(const fixture *f, th_case *t, const nn_evaluator *how)
{
    nn_evaluated out = {.probabilities = th_floats(t, f->rows * CLASSES),
                        .student_probabilities = th_floats(t, USED * f->rows * CLASSES),
                        .confusion = (uint64_t *)th_doubles(t, CLASSES * CLASSES)};
    TH_OK(t, nn_evaluate(f->model, &f->view, DS_TEST, how, &out));
    return out;
}

/* ---- losses against docs/model.md 6, from the probabilities ---- */

typedef struct sums {
    double ce, weights, saf, labelled, kl, rows;
} sums;

static void add_row(sums *s, const fixture *f, const nn_evaluated *out, size_t row, int32_t y)
{
    const float *p = out->probabilities + row * CLASSES;
    const nn_loss_tables *tables = &f->tables.tables;
    s->rows += 1;
    if (y >= 0) {
        s->weights += (double)tables->class_weights[y];
        s->ce -= (double)tables->class_weights[y] * log((double)p[y]);
        s->labelled += 1;
    }
    for (size_t m = 0; m < USED; ++m) {
        const float *q = out->student_probabilities + (m * f->rows + row) * CLASSES;
        for (size_t c = 0; c < CLASSES; ++c) {
            s->kl += (double)p[c] * (log((double)p[c]) - log((double)q[c]));
            const double focal = -(1 - (double)q[c]) * (1 - (double)q[c]) * log((double)q[c]);
            if (y >= 0)
                s->saf +=
                    (double)tables->alpha[c] * (double)tables->similarity[(size_t)y * CLASSES + c] * focal / CLASSES;
        }
    }
}

static nn_split_losses expected_losses(const fixture *f, const nn_evaluated *out, size_t batch)
{
    size_t dialogues[64], row = 0;
    const size_t count = ds_select(&f->view, DS_TEST, dialogues, NULL);
    nn_split_losses l = {0};
    for (size_t first = 0; first < count; first += batch) {
        sums s = {0};
        for (size_t d = first; d < count && d < first + batch; ++d)
            for (size_t n = f->view.starts[dialogues[d]]; n < f->view.starts[dialogues[d] + 1]; ++n)
                add_row(&s, f, out, row++, f->labels[n]);
        const double ce = s.weights > 0 ? s.ce / s.weights : 0, saf = s.labelled > 0 ? s.saf / s.labelled : 0,
                     kl = s.kl / s.rows;
        l.ce += s.rows * ce;
        l.saf += s.rows * saf;
        l.kl += s.rows * kl;
        l.loss += s.rows * (f->config.lambda_ce * ce + f->config.lambda_saf * saf + f->config.lambda_kl * kl);
        l.utterances += s.rows;
    }
    assert_int_equal(row, f->rows);
    return (nn_split_losses){l.loss / l.utterances, l.ce / l.utterances, l.saf / l.utterances, l.kl / l.utterances,
                             l.utterances};
}

static void expect_near(const char *what, double actual, double expected)
{
    if (!(fabs(actual - expected) <= 1e-5 * fabs(expected)))
        fail_msg("%s: %.9g where %.9g is expected", what, actual, expected);
}

static void expect_losses(const nn_split_losses *actual, const nn_split_losses *expected)
{
    expect_near("loss", actual->loss, expected->loss);
    expect_near("ce", actual->ce, expected->ce);
    expect_near("saf", actual->saf, expected->saf);
    expect_near("kl", actual->kl, expected->kl);
    assert_true(actual->utterances == expected->utterances);
}

static void losses_and_counts(th_case *t, const void *user)
{
    (void)user;
    fixture f;
    set_up(&f, t, NN_SAF_SOFT);
    for (size_t batch = 1; batch < 6; batch += 2) {
        nn_evaluator how = evaluator(&f, batch);
        const nn_evaluated out = evaluate(&f, t, &how);
        const nn_split_losses expected = expected_losses(&f, &out, batch);
        expect_losses(&out.losses, &expected);
        how.part = 2; /* parts of a batch make the losses of the batch */
        const nn_evaluated parts = evaluate(&f, t, &how);
        expect_losses(&parts.losses, &expected);
        uint64_t confusion[CLASSES * CLASSES] = {0};
        size_t dialogues[64], row = 0;
        const size_t count = ds_select(&f.view, DS_TEST, dialogues, NULL);
        for (size_t d = 0; d < count; ++d)
            for (size_t n = f.view.starts[dialogues[d]]; n < f.view.starts[dialogues[d] + 1]; ++n, ++row)
                nn_confusion_add(confusion, CLASSES, &f.labels[n], out.probabilities + row * CLASSES, 1);
        assert_memory_equal(out.confusion, confusion, sizeof confusion);
        const uint64_t counted = nn_metrics_of(confusion, CLASSES, NULL).rows;
        assert_true(counted > 0 && counted < f.rows);
    }
    tear_down(&f);
}

static void test_losses_and_counts(void **state)
{
    th_run_once(state, losses_and_counts, NULL);
}

/* Masks of an evaluation are counted by the row in the split: how it is packed changes nothing. */
static void packing(th_case *t, const void *user)
{
    (void)user;
    static const nn_gcn_eval modes[] = {NN_GCN_EXPECTED, NN_GCN_SAMPLE, NN_GCN_MEAN};
    fixture f;
    nn_evaluated first[3];
    set_up(&f, t, NN_SAF_PUBLISHED);
    for (size_t i = 0; i < 3; ++i) {
        nn_evaluator how = evaluator(&f, 1);
        how.mode = modes[i];
        how.repetitions = 2;
        first[i] = evaluate(&f, t, &how);
        how.batch = 64;
        const nn_evaluated all = evaluate(&f, t, &how);
        how.part = 3;
        const nn_evaluated parts = evaluate(&f, t, &how);
        for (size_t e = 0; e < f.rows * CLASSES; ++e) {
            if (!(fabsf(all.probabilities[e] - first[i].probabilities[e]) < 1e-5f) ||
                !(fabsf(parts.probabilities[e] - first[i].probabilities[e]) < 1e-5f))
                fail_msg("mode %zu, element %zu: %g, %g, %g", i, e, (double)first[i].probabilities[e],
                         (double)all.probabilities[e], (double)parts.probabilities[e]);
        }
    }
    double difference = 0; /* the modes are different things */
    for (size_t e = 0; e < f.rows * CLASSES; ++e)
        difference += fabs((double)first[1].probabilities[e] - (double)first[0].probabilities[e]);
    assert_true(difference > 1e-3);
    tear_down(&f);
}

static void test_packing(void **state)
{
    th_run_once(state, packing, NULL);
}

/* Losses are those of whole batches: of the form published too, whose mean row of similarities all parts share. */
static void parts(th_case *t, const void *user)
{
    (void)user;
    for (nn_saf_form form = NN_SAF_SOFT; form <= NN_SAF_PUBLISHED; ++form) {
        fixture f;
        set_up(&f, t, form);
        nn_evaluator how = evaluator(&f, 64);
        const nn_split_losses whole = evaluate(&f, t, &how).losses;
        assert_true(whole.saf > 0);
        for (how.part = 1; how.part <= 3; ++how.part) {
            const nn_split_losses cut = evaluate(&f, t, &how).losses;
            if (!(fabs(cut.loss - whole.loss) < 1e-5 * whole.loss) || !(fabs(cut.saf - whole.saf) < 1e-5 * whole.saf) ||
                !(fabs(cut.ce - whole.ce) < 1e-5 * whole.ce) || cut.utterances != whole.utterances)
                fail_msg("form %d in parts of %zu: loss %.9g and %.9g, saf %.9g and %.9g", (int)form, how.part,
                         cut.loss, whole.loss, cut.saf, whole.saf);
        }
        tear_down(&f);
    }
}

static void test_parts(void **state)
{
    th_run_once(state, parts, NULL);
}

static void refusals(th_case *t, const void *user)
{
    (void)user;
    fixture f;
    set_up(&f, t, NN_SAF_SOFT);
    st_error *error = rt_error(t->rt);
    atomic_bool cancel = 1;
    nn_evaluator how = evaluator(&f, 2);
    nn_evaluated out = {0};
    how.cancel = &cancel;
    assert_int_equal(nn_evaluate(f.model, &f.view, DS_TEST, &how, &out), ST_INTERRUPTED);
    st_clear(error);
    cancel = 0;
    static const char *const words[] = {"modality v", "classes", "speakers"};
    for (size_t i = 0; i < 3; ++i) {
        ds_dataset other = f.view;
        if (i == 0) other.dims[2] = 3;
        if (i == 1) other.classes = 7;
        if (i == 2) other.speaker_count += 1;
        assert_int_equal(nn_evaluate(f.model, &other, DS_TEST, &how, &out), ST_USAGE);
        if (!strstr(error->text, words[i])) fail_msg("'%s' lacks '%s'", error->text, words[i]);
        st_clear(error);
    }
    how.batch = 0;
    assert_int_equal(nn_evaluate(f.model, &f.view, DS_TEST, &how, &out), ST_USAGE);
    st_clear(error);
    how.batch = 2;
    int32_t *split = th_ints(t, f.view.dialogues); /* all train: the test part is empty */
    f.view.split = split;
    TH_OK(t, nn_evaluate(f.model, &f.view, DS_TEST, &how, &out));
    assert_true(out.losses.utterances == 0 && out.losses.loss == 0);
    tear_down(&f);
}

static void test_refusals(void **state)
{
    th_run_once(state, refusals, NULL);
}

/* Every field that decides numbers changes the fingerprint; names do not. */
static void fingerprints(th_case *t, const void *user)
{
    (void)user;
    fixture f;
    set_up(&f, t, NN_SAF_SOFT);
    const ds_dataset *d = f.data;
    const uint64_t before = ds_fingerprint(d);
    ds_dataset same = *d;
    same.dialogue_ids = NULL;
    same.sentences = NULL;
    assert_true(ds_fingerprint(&same) == before);
    assert_true(ds_fingerprint(&f.view) != before); /* labels */
    int32_t *copies[3] = {th_ints(t, d->utterances), th_ints(t, d->dialogues), th_ints(t, d->dialogues)};
    memcpy(copies[0], d->speakers, d->utterances * sizeof(int32_t));
    memcpy(copies[1], d->split, d->dialogues * sizeof(int32_t));
    memcpy(copies[2], d->lengths, d->dialogues * sizeof(int32_t));
    for (size_t i = 0; i < 3; ++i) {
        ds_dataset other = *d;
        copies[i][1] += 1;
        if (i == 0) other.speakers = copies[0];
        if (i == 1) other.split = copies[1];
        if (i == 2) other.lengths = copies[2];
        assert_true(ds_fingerprint(&other) != before);
    }
    const size_t elements = d->utterances * d->dims[2];
    float *x = th_floats(t, elements);
    memcpy(x, d->x[2], elements * sizeof *x);
    x[elements - 1] += 1;
    ds_dataset other = *d;
    other.x[2] = x;
    assert_true(ds_fingerprint(&other) != before);
    tear_down(&f);
}

static void test_fingerprints(void **state)
{
    th_run_once(state, fingerprints, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_losses_and_counts), cmocka_unit_test(test_packing),      cmocka_unit_test(test_parts),
        cmocka_unit_test(test_refusals),          cmocka_unit_test(test_fingerprints),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
