#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/training/checkpoint.h"
#include "tests/support/harness.h"
#include "tests/support/scratch.h"

/* The rig of the harness and a folder for files. */
typedef struct rigs {
    void *device, *scratch;
} rigs;

static int open_rigs(void **state)
{
    rigs *r = calloc(1, sizeof *r);
    *state = r;
    return !r || th_open(&r->device) != 0 || ts_scratch_open(&r->scratch) != 0 ? -1 : 0;
}

static int close_rigs(void **state)
{
    rigs *r = *state;
    const int device = th_close(&r->device), scratch = ts_scratch_close(&r->scratch);
    free(r);
    return device != 0 || scratch != 0 ? -1 : 0;
}

/* What the cases share: a small model whose parameters and moments are known numbers. */
typedef struct fixture {
    th_case *t;
    void **scratch;
    nn_config config;
    nn_params params;
    ds_statistics statistics;
    nn_checkpoint_about about;
    nn_history history;
    nn_run_state run;
    char notice[ST_TEXT_SIZE];
} fixture;

static const char *const classes[] = {"glad", "\"sad\"",
                                      ("m\xc3\xbc"
                                       "de")};
static const char *const speakers[] = {"M", "F"};
static const float weights[] = {1, 2, 3}, alpha[] = {0.5f, 0.25f, 0.125f};
static const float similarity[] = {1, 0.5f, 0.25f, 0, 1, 0.75f, 0.1f, 0.2f, 1};

static const nn_config small = {.uses = {true, false, true},
                                .dims = {5, 0, 3},
                                .hidden = 8,
                                .graph_hidden = 6,
                                .ffn = 4,
                                .heads = 2,
                                .layers = 2,
                                .gcn_layers = 2,
                                .classes = 3,
                                .speakers = 2,
                                .gate = NN_GATE_LEARNED,
                                .dropout = 0.3,
                                .gcn_mask = 0.5,
                                .seed = 12345694739u,
                                .lambda_ce = 1,
                                .lambda_saf = 1,
                                .lambda_kl = 1,
                                .gamma = 2,
                                .temperature = 1,
                                .teacher_gradient = true};

static void write_normal(fixture *f, rt_view view, size_t elements, uint64_t seed)
{
    float *values = th_floats(f->t, elements);
    for (size_t i = 0; i < elements; ++i) values[i] = (float)th_gauss(&seed);
    TH_OK(f->t, rt_write(f->t->rt, view, values, elements));
}

static void set_up(fixture *f, th_case *t, void **scratch)
{
    static const size_t dims[DS_MODALITIES] = {5, 2, 3};
    memset(f, 0, sizeof *f);
    f->t = t;
    f->scratch = scratch;
    f->config = small;
    TH_OK(t, nn_params_create(&f->params, t->rt, &f->config, true));
    TH_OK(t, nn_params_commit(&f->params));
    for (size_t i = 0; i < f->params.count; ++i) {
        const nn_param *item = &f->params.items[i];
        write_normal(f, item->value, item->elements, 3 * i);
        write_normal(f, item->moment1, item->elements, 3 * i + 1);
        write_normal(f, item->moment2, item->elements, 3 * i + 2);
    }
    TH_OK(t, ds_statistics_create(&f->statistics, dims, rt_error(t->rt)));
    for (size_t i = 0; i < 5; ++i) f->statistics.mean[0][i] = (float)i / 3;
    f->statistics.deviation[1][1] = 0.3f;
    f->about = (nn_checkpoint_about){.configuration = "[experiment]\nseed = 7\n; \"a\" \xc3\xa4\n",
                                     .config = f->config,
                                     .class_names = classes,
                                     .speaker_names = speakers,
                                     .selection = "valid",
                                     .epoch = 3,
                                     .statistics = &f->statistics,
                                     .tables = {weights, alpha, similarity}};
    nn_history_create(&f->history, 3);
    for (size_t e = 0; e < 3; ++e) {
        TH_OK(t, nn_history_extend(&f->history, rt_error(t->rt)));
        nn_split_losses *losses = nn_history_losses(&f->history, e, DS_VALID);
        *losses = (nn_split_losses){1.0 / 3, (double)e / 7, NAN, -0.0, 77};
        nn_history_confusion(&f->history, e, DS_TEST)[5] = UINT64_C(1) << 40;
    }
    f->run = (nn_run_state){
        {.step = UINT32_MAX, .epoch = 3, .batch = 2, .updates = 9, .skipped = 4, .sums = {0.1, 0.2, 0.3, 0.4, 5}},
        "{\"gemm\": \"panel\"}",
        &f->history};
}

static void tear_down(fixture *f)
{
    nn_params_destroy(&f->params);
    ds_statistics_destroy(&f->statistics);
    nn_history_destroy(&f->history);
}

static void save(fixture *f, const char *path, bool with_state)
{
    TH_OK(f->t, nn_checkpoint_save(path, &f->params, &f->about, with_state ? &f->run : NULL));
}

static void expect_equal(fixture *f, rt_view a, rt_view b, size_t elements, const char *name)
{
    float *x = th_floats(f->t, elements), *y = th_floats(f->t, elements);
    TH_OK(f->t, rt_read(f->t->rt, a, x, elements));
    TH_OK(f->t, rt_read(f->t->rt, b, y, elements));
    for (size_t i = 0; i < elements; ++i)
        if (memcmp(&x[i], &y[i], sizeof *x) != 0)
            fail_msg("%s, element %zu: %g and %g", name, i, (double)x[i], (double)y[i]);
}

static void keep_notice(void *user, const char *sentence)
{
    fixture *f = user;
    const size_t used = strlen(f->notice);
    snprintf(f->notice + used, sizeof f->notice - used, "%s\n", sentence);
}

/* Opens a file that must open. */
static nn_checkpoint *opened(fixture *f, const char *path)
{
    nn_checkpoint *checkpoint = NULL;
    TH_OK(f->t, nn_checkpoint_open(&checkpoint, path, rt_error(f->t->rt)));
    return checkpoint;
}

/* The call just made must have failed so, with these words in its sentence. */
static void expect_failure(fixture *f, st_status status, st_status expected, const char *first, const char *second)
{
    st_error *error = rt_error(f->t->rt);
    if (status != expected || !strstr(error->text, first) || !strstr(error->text, second))
        fail_msg("status %d where %d is expected; '%s' must hold '%s' and '%s'", (int)status, (int)expected,
                 error->text, first, second);
    st_clear(error);
}

typedef struct call {
    void **scratch;
    void (*body)(fixture *f);
} call;

static void run_body(th_case *t, const void *user)
{
    const call *c = user;
    fixture f;
    set_up(&f, t, c->scratch);
    c->body(&f);
    tear_down(&f);
}

static void in_fixture(void **state, void (*body)(fixture *f))
{
    rigs *r = *state;
    const call c = {&r->scratch, body};
    th_run_once(&r->device, run_body, &c);
}

/* ---- own files ---- */

static void check_about(const nn_checkpoint_about *a)
{
    assert_string_equal(a->configuration, "[experiment]\nseed = 7\n; \"a\" \xc3\xa4\n");
    assert_string_equal(a->program, SAFSD_VERSION);
    assert_string_equal(a->selection, "valid");
    assert_int_equal(a->epoch, 3);
    assert_int_equal(a->config.hidden, 8);
    assert_true(a->config.seed == 12345694739u);
    for (size_t c = 0; c < 3; ++c) assert_string_equal(a->class_names[c], classes[c]);
    for (size_t s = 0; s < 2; ++s) assert_string_equal(a->speaker_names[s], speakers[s]);
    assert_memory_equal(a->tables.class_weights, weights, sizeof weights);
    assert_memory_equal(a->tables.alpha, alpha, sizeof alpha);
    assert_memory_equal(a->tables.similarity, similarity, sizeof similarity);
}

static void check_statistics(const fixture *f, const ds_statistics *statistics)
{
    assert_non_null(statistics);
    for (size_t m = 0; m < DS_MODALITIES; ++m) {
        const size_t bytes = f->statistics.dims[m] * sizeof(float);
        assert_int_equal(statistics->dims[m], f->statistics.dims[m]);
        assert_memory_equal(statistics->mean[m], f->statistics.mean[m], bytes);
        assert_memory_equal(statistics->deviation[m], f->statistics.deviation[m], bytes);
    }
}

static void check_progress(const nn_progress *a, const nn_progress *b)
{
    assert_true(a->step == b->step && a->epoch == b->epoch && a->batch == b->batch);
    assert_true(a->updates == b->updates && a->skipped == b->skipped);
    assert_memory_equal(&a->sums, &b->sums, sizeof a->sums);
}

static void last_comes_back(fixture *f)
{
    const char *path = ts_path(f->scratch, "last.safetensors");
    save(f, path, true);
    nn_checkpoint *c = opened(f, path);
    assert_true(c->own && c->resumable);
    check_about(&c->about);
    check_statistics(f, c->about.statistics);
    check_progress(&c->progress, &f->run.progress);
    assert_string_equal(c->fingerprint, f->run.fingerprint);
    assert_int_equal(c->history.epochs, 3);
    assert_memory_equal(c->history.losses, f->history.losses, 3 * DS_SPLITS * sizeof *c->history.losses);
    assert_memory_equal(c->history.confusion, f->history.confusion, 3 * DS_SPLITS * 9 * sizeof(uint64_t));

    nn_params back;
    TH_OK(f->t, nn_params_create(&back, f->t->rt, &c->about.config, true));
    TH_OK(f->t, nn_params_commit(&back));
    TH_OK(f->t, nn_checkpoint_load(c, &back, keep_notice, f));
    TH_OK(f->t, nn_checkpoint_load_moments(c, &back));
    assert_string_equal(f->notice, ""); /* no foreign tensor was ignored */
    for (size_t i = 0; i < back.count; ++i) {
        const nn_param *a = &back.items[i], *b = &f->params.items[i];
        expect_equal(f, a->value, b->value, a->elements, a->name);
        expect_equal(f, a->moment1, b->moment1, a->elements, a->name);
        expect_equal(f, a->moment2, b->moment2, a->elements, a->name);
    }
    nn_params_destroy(&back);
    nn_checkpoint_close(&c);
}

static void test_last_comes_back(void **state)
{
    in_fixture(state, last_comes_back);
}

/* A `best` holds the parameters in the order of docs/model.md 9, nothing of the optimiser, and cannot be resumed. */
static void best_has_parameters_only(fixture *f)
{
    const char *path = ts_path(f->scratch, "best.safetensors");
    f->about.statistics = NULL;
    f->about.configuration = NULL;
    save(f, path, false);
    nn_checkpoint *c = opened(f, path);
    assert_true(c->own && !c->resumable);
    assert_null(c->about.statistics);
    assert_null(c->about.configuration);
    assert_int_equal(sf_count(c->file), f->params.count + 3);
    for (size_t i = 0; i < f->params.count; ++i) assert_string_equal(sf_at(c->file, i)->name, f->params.items[i].name);
    assert_string_equal(sf_at(c->file, 0)->name, "speaker_embeddings.weight");
    assert_int_equal(sf_find(c->file, "textf_input.weight")->rank, 3);
    expect_failure(f, nn_checkpoint_load_moments(c, &f->params), ST_FAILED, "best.safetensors", "last.safetensors");
    nn_checkpoint_close(&c);
}

static void test_best_has_parameters_only(void **state)
{
    in_fixture(state, best_has_parameters_only);
}

static void same_bytes(fixture *f)
{
    const char *paths[] = {ts_path(f->scratch, "one.safetensors"), ts_path(f->scratch, "two.safetensors")};
    size_t sizes[2];
    unsigned char *bytes[2];
    for (size_t i = 0; i < 2; ++i) {
        save(f, paths[i], true);
        bytes[i] = ts_read(paths[i], &sizes[i]);
    }
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(bytes[0], bytes[1], sizes[0]);
    free(bytes[0]);
    free(bytes[1]);
}

static void test_same_bytes(void **state)
{
    in_fixture(state, same_bytes);
}

/* A parameter that passes through host memory in pieces. */
static void large_tensor(fixture *f)
{
    const char *path = ts_path(f->scratch, "large.safetensors");
    nn_params large;
    f->config.dims[NN_TEXT] = 131200;
    TH_OK(f->t, nn_params_create(&large, f->t->rt, &f->config, true));
    TH_OK(f->t, nn_params_commit(&large));
    const nn_param *item = nn_params_find(&large, "textf_input.weight");
    assert_true(item->elements > (1 << 20));
    write_normal(f, item->value, item->elements, 1);
    f->about.config = f->config;
    TH_OK(f->t, nn_checkpoint_save(path, &large, &f->about, NULL));
    nn_checkpoint *c = opened(f, path);
    float *values = th_floats(f->t, item->elements);
    TH_OK(f->t, rt_read(f->t->rt, item->value, values, item->elements));
    assert_memory_equal(sf_find(c->file, item->name)->data, values, item->elements * sizeof *values);
    TH_OK(f->t, rt_zero(f->t->rt, item->value, item->elements));
    TH_OK(f->t, nn_checkpoint_load(c, &large, NULL, NULL));
    const float *back = th_fetch(f->t, item->value, item->elements);
    assert_memory_equal(back, values, item->elements * sizeof *values);
    nn_checkpoint_close(&c);
    nn_params_destroy(&large);
}

static void test_large_tensor(void **state)
{
    in_fixture(state, large_tensor);
}

/* ---- damaged files ---- */

static void damage_is_seen(fixture *f)
{
    nn_checkpoint *c = NULL;
    const char *path = ts_path(f->scratch, "whole.safetensors"), *bad = ts_path(f->scratch, "bad.safetensors");
    st_error *error = rt_error(f->t->rt);
    size_t size = 0;
    save(f, path, true);
    unsigned char *bytes = ts_read(path, &size);
    bytes[size - 1] ^= 1; /* in the data */
    ts_write(bad, bytes, size);
    expect_failure(f, nn_checkpoint_open(&c, bad, error), ST_CHECK, "bad.safetensors", "checksum");
    bytes[size - 1] ^= 1;

    unsigned char *epoch = (unsigned char *)strstr((char *)bytes + 8, "\"epoch\":\"3\"");
    assert_non_null(epoch);
    epoch[9] = '4'; /* in the header */
    ts_write(bad, bytes, size);
    expect_failure(f, nn_checkpoint_open(&c, bad, error), ST_CHECK, "bad.safetensors", "checksum");
    epoch[9] = '3';

    ts_write(bad, bytes, size - 5);
    expect_failure(f, nn_checkpoint_open(&c, bad, error), ST_FAILED, "bad.safetensors", "truncated");

    unsigned char *key = (unsigned char *)strstr((char *)bytes + 8, "\"checksum\"");
    assert_non_null(key);
    key[1] = 'C'; /* a file of this program without a checksum */
    ts_write(bad, bytes, size);
    expect_failure(f, nn_checkpoint_open(&c, bad, error), ST_CHECK, "bad.safetensors", "has no checksum");
    assert_null(c);
    free(bytes);
    expect_failure(f, nn_checkpoint_open(&c, ts_path(f->scratch, "none.safetensors"), error), ST_FAILED,
                   "none.safetensors", "");
}

static void test_damage_is_seen(void **state)
{
    in_fixture(state, damage_is_seen);
}

static void unwritable(fixture *f)
{
    const size_t files = ts_files(f->scratch);
    const char *path = ts_path(f->scratch, "no-such-folder/x.safetensors");
    expect_failure(f, nn_checkpoint_save(path, &f->params, &f->about, NULL), ST_FAILED, "no-such-folder", "");
    f->about.class_names = (const char *const[]){"a", "\xff", "c"}; /* no UTF-8: fails after the file was begun */
    path = ts_path(f->scratch, "half.safetensors");
    const st_status status = nn_checkpoint_save(path, &f->params, &f->about, NULL);
    assert_int_equal(status, ST_FAILED);
    st_clear(rt_error(f->t->rt));
    assert_int_equal(ts_files(f->scratch), files); /* nothing half-written */
}

static void test_unwritable(void **state)
{
    in_fixture(state, unwritable);
}

/* ---- files of the published program ---- */

typedef struct foreign {
    fixture *f;
    const char *skip, *reshape, *integer, *poison; /* names of parameters to get wrong, or NULL */
    const char *extra;                             /* a tensor more, or NULL */
    const char *prefix;                            /* before every name, or NULL */
} foreign;

static bool is(const char *name, const char *wanted)
{
    return wanted && strcmp(name, wanted) == 0;
}

/* Types that take turns: what a parameter of number i is stored as. */
static sf_dtype dtype_of(const foreign *w, size_t i)
{
    static const sf_dtype turns[] = {SF_F32, SF_F64, SF_F16, SF_BF16};
    return is(w->f->params.items[i].name, w->integer) ? SF_I32 : turns[i % 4];
}

/* Half-integers between -3.5 and 3.5, which every type holds. */
static double value_of(size_t i, size_t element)
{
    return (double)((i * 7 + element * 5) % 15) / 2 - 3.5;
}

static size_t encode(unsigned char *to, sf_dtype dtype, double value)
{
    const float single = (float)value;
    uint32_t bits = 0;
    uint16_t half = 0;
    memcpy(&bits, &single, sizeof bits);
    if (dtype == SF_F64) memcpy(to, &value, sizeof value);
    if (dtype == SF_F32 || dtype == SF_I32) memcpy(to, &single, sizeof single);
    if (dtype == SF_BF16) half = (uint16_t)(bits >> 16);
    if (dtype == SF_F16) /* normal halves or zero only */
        half = value == 0
                   ? 0
                   : (uint16_t)((bits >> 16 & 0x8000u) | (((bits >> 23 & 0xffu) - 112u) << 10) | (bits >> 13 & 0x3ffu));
    if (dtype == SF_BF16 || dtype == SF_F16) memcpy(to, &half, sizeof half);
    return sf_dtype_bits(dtype) / 8;
}

static void declare_foreign(const foreign *w, sf_writer *writer)
{
    static const uint64_t one[] = {1};
    st_error *error = rt_error(w->f->t->rt);
    TH_OK(w->f->t, sf_writer_metadata(writer, "format", "pt", error));
    for (size_t i = 0; i < w->f->params.count; ++i) {
        const nn_param *item = &w->f->params.items[i];
        uint64_t shape[4] = {item->shape[0], item->shape[1], item->shape[2], 1};
        if (is(item->name, w->skip)) continue;
        const size_t rank = item->rank + (is(item->name, w->reshape) ? 1 : 0); /* a trailing 1 */
        if (rank <= 3) shape[item->rank] = 1;
        char name[160];
        snprintf(name, sizeof name, "%s%s", w->prefix ? w->prefix : "", item->name);
        TH_OK(w->f->t, sf_writer_tensor(writer, name, dtype_of(w, i), rank, shape, error));
    }
    if (w->extra) TH_OK(w->f->t, sf_writer_tensor(writer, w->extra, SF_F32, 1, one, error));
    TH_OK(w->f->t, sf_writer_tensor(writer, "last_gate.weight", SF_I64, 1, one, error));
}

static const char *write_foreign(const foreign *w)
{
    static const unsigned char zeros[12] = {0};
    st_error *error = rt_error(w->f->t->rt);
    sf_writer *writer = NULL;
    const char *path = ts_path(w->f->scratch, "foreign.safetensors");
    TH_OK(w->f->t, sf_writer_create(&writer, path, error));
    declare_foreign(w, writer);
    for (size_t i = 0; i < w->f->params.count; ++i) {
        const nn_param *item = &w->f->params.items[i];
        if (is(item->name, w->skip)) continue;
        for (size_t e = 0; e < item->elements; ++e) {
            unsigned char bytes[8];
            const bool poison = is(item->name, w->poison) && e == 3;
            const size_t size = encode(bytes, dtype_of(w, i), poison ? (double)INFINITY : value_of(i, e));
            TH_OK(w->f->t, sf_writer_data(writer, bytes, size, error));
        }
    }
    TH_OK(w->f->t, sf_writer_data(writer, zeros, w->extra ? 12 : 8, error));
    TH_OK(w->f->t, sf_writer_finish(writer, error));
    sf_writer_destroy(&writer);
    return path;
}

static void published_weights_under(fixture *f, const char *prefix)
{
    const foreign w = {.f = f, .extra = "t_t.transformer_inter.0.layer_norm.weight", .prefix = prefix};
    nn_checkpoint *c = opened(f, write_foreign(&w));
    assert_string_equal(c->dropped, prefix);
    for (size_t i = 0; i < f->params.count; ++i)
        TH_OK(f->t, rt_zero(f->t->rt, f->params.items[i].value, f->params.items[i].elements));
    assert_true(!c->own && !c->resumable);
    f->notice[0] = '\0';
    TH_OK(f->t, nn_checkpoint_load(c, &f->params, keep_notice, f));
    assert_int_equal(strstr(f->notice, "without their prefix") != NULL, prefix[0] != '\0');
    assert_non_null(strstr(f->notice, prefix));
    assert_non_null(strstr(f->notice, "foreign.safetensors"));
    assert_non_null(strstr(f->notice, "2 tensors"));
    assert_non_null(strstr(f->notice, "last_gate.weight"));
    assert_non_null(strstr(f->notice, "t_t.transformer_inter.0.layer_norm.weight"));
    for (size_t i = 0; i < f->params.count; ++i) {
        const nn_param *item = &f->params.items[i];
        const float *values = th_fetch(f->t, item->value, item->elements);
        for (size_t e = 0; e < item->elements; ++e)
            if (values[e] != (float)value_of(i, e)) fail_msg("%s, element %zu: %g", item->name, e, (double)values[e]);
    }
    TH_OK(f->t, nn_checkpoint_load(c, &f->params, NULL, NULL));
    expect_failure(f, nn_checkpoint_load_moments(c, &f->params), ST_FAILED, "foreign.safetensors", "training state");
    nn_checkpoint_close(&c);
}

static void published_weights(fixture *f)
{
    published_weights_under(f, "");
    published_weights_under(f, "module.");
    published_weights_under(f, "_orig_mod.module.");
}

static void test_published_weights(void **state)
{
    in_fixture(state, published_weights);
}

static void expect_refused(fixture *f, const foreign *w, const char *first, const char *second)
{
    nn_checkpoint *c = opened(f, write_foreign(w));
    expect_failure(f, nn_checkpoint_load(c, &f->params, NULL, NULL), ST_FAILED, first, second);
    nn_checkpoint_close(&c);
}

static void misfits(fixture *f)
{
    expect_refused(f, &(foreign){.f = f, .skip = "features_reduce_v.bias"}, "'features_reduce_v.bias'", "[8]");
    expect_refused(f, &(foreign){.f = f, .reshape = "smax_fc.weight"}, "'smax_fc.weight' has shape [3, 24, 1]",
                   "[3, 24]");
    expect_refused(f, &(foreign){.f = f, .integer = "smax_fc.bias"}, "'smax_fc.bias'", "I32");
    expect_refused(f, &(foreign){.f = f, .poison = "speaker_embeddings.weight"}, "element 3",
                   "'speaker_embeddings.weight'");
    expect_refused(f, &(foreign){.f = f, .extra = "v_t.transformer_inter.2.self_attn.linear_k.weight"},
                   "v_t.transformer_inter.2", "layers");
    expect_refused(f, &(foreign){.f = f, .extra = "graph_model.conv3.gate.bias"}, "graph_model.conv3", "gcn_layers");
}

static void test_misfits(void **state)
{
    in_fixture(state, misfits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_comes_back),   cmocka_unit_test(test_best_has_parameters_only),
        cmocka_unit_test(test_same_bytes),        cmocka_unit_test(test_large_tensor),
        cmocka_unit_test(test_damage_is_seen),    cmocka_unit_test(test_unwritable),
        cmocka_unit_test(test_published_weights), cmocka_unit_test(test_misfits),
    };
    return cmocka_run_group_tests(tests, open_rigs, close_rigs);
}
