#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/safetensors.h"
#include "model/training/config_json.h"
#include "model/network/params.h"
#include "tests/support/harness.h"

/* Cases of every kind: three, two and one modality, several layers, all gates, no graph layer. */
static const char *const cases[] = {"plain", "meld_shape", "odd_sizes", "two_modes", "one_mode", "no_graph", "lonely"};
enum { CASES = sizeof cases / sizeof *cases };

typedef struct opened {
    sf_file *file;
    nn_config config;
    nn_params params;
} opened;

static void open_case(th_case *t, opened *o, const char *name, bool training)
{
    const char *folder = getenv("SAFSD_TEST_GOLDEN");
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.safetensors", folder ? folder : "tests/golden", name);
    TH_OK(t, sf_open(&o->file, path, SF_TRUST, rt_error(t->rt)));
    TH_OK(t, nn_config_from_json(&o->config, sf_metadata(o->file, "config"), path, rt_error(t->rt)));
    TH_OK(t, nn_params_create(&o->params, t->rt, &o->config, training));
    TH_OK(t, nn_params_commit(&o->params));
}

static void close_case(opened *o)
{
    nn_params_destroy(&o->params);
    sf_close(&o->file);
}

/* The tensors param/NAME of a case, in file order, are the items of the table. */
static void table_case(th_case *t, const void *user)
{
    (void)user;
    for (size_t k = 0; k < CASES; ++k) {
        opened o = {0};
        open_case(t, &o, cases[k], false);
        size_t next = 0;
        uint64_t elements = 0;
        for (size_t i = 0; i < sf_count(o.file); ++i) {
            const sf_tensor *tensor = sf_at(o.file, i);
            if (strncmp(tensor->name, "param/", 6) != 0) continue;
            assert_true(next < o.params.count);
            const nn_param *p = &o.params.items[next++];
            assert_string_equal(p->name, tensor->name + 6);
            assert_int_equal(p->rank, tensor->rank);
            for (size_t d = 0; d < p->rank; ++d) assert_int_equal(p->shape[d], tensor->shape[d]);
            assert_int_equal(p->elements, tensor->elements);
            assert_ptr_equal(nn_params_find(&o.params, p->name), p);
            elements += p->elements;
        }
        assert_int_equal(next, o.params.count);
        assert_int_equal(elements, o.params.elements);
        assert_null(nn_params_find(&o.params, "smax_fc"));
        close_case(&o);
    }
}

static void test_table(void **state)
{
    th_run_once(state, table_case, NULL);
}

/* ---- initialisation: docs/model.md 9 from its own words, in double ---- */

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), k = strlen(end);
    return n >= k && strcmp(text + n - k, end) == 0;
}

/* Cases made by tests/make_golden.py hold the initial values of their seed, but for layer norms. */
static void expect_as_in_file(const opened *o, const nn_param *p, const float *values)
{
    char name[128];
    snprintf(name, sizeof name, "param/%s", p->name);
    const sf_tensor *tensor = sf_find(o->file, name);
    const bool norm = strstr(p->name, "layer_norm") != NULL;
    for (size_t i = 0; i < p->elements; ++i) {
        float expected = norm ? (ends_with(p->name, "weight") ? 1.0f : 0.0f) : 0.0f;
        if (!norm) sf_read_floats(tensor, i, 1, &expected);
        if (!(fabs((double)values[i] - (double)expected) <= 1e-7 * fmax(1.0, fabs((double)expected))))
            fail_msg("%s[%zu] is %.9g instead of %.9g", p->name, i, (double)values[i], (double)expected);
    }
}

static void initial_case(th_case *t, const void *user)
{
    (void)user;
    static const char *const made[] = {"adamw", "no_graph", "nobody_labelled", "lonely"};
    for (size_t k = 0; k < sizeof made / sizeof *made; ++k) {
        opened o = {0};
        open_case(t, &o, made[k], false);
        TH_OK(t, nn_params_initialise(&o.params, o.config.seed));
        for (size_t i = 0; i < o.params.count; ++i) {
            float *values = th_floats(t, o.params.items[i].elements);
            TH_OK(t, rt_read(t->rt, o.params.items[i].value, values, o.params.items[i].elements));
            expect_as_in_file(&o, &o.params.items[i], values);
        }
        close_case(&o);
    }
}

static void test_initial_values(void **state)
{
    th_run_once(state, initial_case, NULL);
}

/* Another seed, other values, of the same distribution; the padding row is zero whatever the seed. */
static void seeds_case(th_case *t, const void *user)
{
    (void)user;
    opened o = {0};
    open_case(t, &o, "odd_sizes", false);
    float *values[2];
    const nn_param *weight = nn_params_find(&o.params, "t_t.transformer_inter.1.feed_forward.w_2.weight");
    assert_non_null(weight);
    for (uint64_t seed = 0; seed < 2; ++seed) {
        TH_OK(t, nn_params_initialise(&o.params, seed));
        values[seed] = th_floats(t, weight->elements);
        TH_OK(t, rt_read(t->rt, weight->value, values[seed], weight->elements));
        const double bound = 1.0 / sqrt((double)o.config.ffn);
        double squares = 0;
        for (size_t i = 0; i < weight->elements; ++i) {
            assert_true(fabs((double)values[seed][i]) <= bound);
            squares += (double)values[seed][i] * (double)values[seed][i];
        }
        assert_true(fabs(squares / (double)weight->elements / (bound * bound / 3.0) - 1.0) < 0.1);
        const nn_param *speakers = &o.params.items[0];
        assert_string_equal(speakers->name, "speaker_embeddings.weight");
        float *rows = th_floats(t, speakers->elements);
        TH_OK(t, rt_read(t->rt, speakers->value, rows, speakers->elements));
        for (size_t i = 0; i < speakers->elements; ++i)
            assert_true((rows[i] == 0.0f) == (i >= speakers->elements - o.config.hidden));
    }
    assert_memory_not_equal(values[0], values[1], weight->elements * sizeof(float));
    close_case(&o);
}

static void test_seeds(void **state)
{
    th_run_once(state, seeds_case, NULL);
}

/* ---- views ---- */

static void expect_weight(const nn_params *params, const char *name, nn_weight weight)
{
    const nn_param *p = nn_params_find(params, name);
    if (!p) fail_msg("there is no %s", name);
    assert_ptr_equal(weight.value.block, p->value.block);
    assert_int_equal(weight.value.at, p->value.at);
    if (!weight.gradient.block) return; /* of a key bias: see below */
    assert_ptr_equal(weight.gradient.block, p->gradient.block);
    assert_int_equal(weight.gradient.at, p->gradient.at);
}

static void expect_after(rt_view view, rt_view first, size_t elements)
{
    assert_non_null(view.block);
    assert_ptr_equal(view.block, first.block);
    assert_int_equal(view.at, first.at + elements);
}

/* One weight [2H, H] or [3H, H] and one bias from the first of `k`, whose bias is not learned. */
static void expect_joint(const nn_linear_weights *joint, const nn_encoder_weights *layer, size_t H, size_t out)
{
    assert_int_equal(joint->in, H);
    assert_int_equal(joint->out, out);
    assert_int_equal(joint->dbias_from, H);
    expect_after(joint->weight.value, layer->k.weight.value, 0);
    expect_after(joint->weight.gradient, layer->k.weight.gradient, 0);
    expect_after(joint->bias.value, layer->k.bias.value, 0);
    expect_after(joint->bias.gradient, layer->v.bias.gradient, 0);
}

/* k, v and q lie one after another, so that a product with all of them is one product. */
static void expect_projections(const nn_encoder_weights *layer, size_t H)
{
    const nn_linear_weights *const parts[] = {&layer->k, &layer->v, &layer->q};
    for (size_t i = 0; i < 3; ++i) {
        assert_int_equal(parts[i]->in, H);
        assert_int_equal(parts[i]->out, H);
        assert_int_equal(parts[i]->dbias_from, 0);
        expect_after(parts[i]->weight.value, layer->k.weight.value, i * H * H);
        expect_after(parts[i]->weight.gradient, layer->k.weight.gradient, i * H * H);
        expect_after(parts[i]->bias.value, layer->k.bias.value, i * H);
        if (i > 0) expect_after(parts[i]->bias.gradient, layer->v.bias.gradient, (i - 1) * H);
    }
    expect_joint(&layer->kv, layer, H, 2 * H);
    expect_joint(&layer->kvq, layer, H, 3 * H);
}

/* The views that layers use are those of the table, and lie at the same place of all four arenas. */
static void views_case(th_case *t, const void *user)
{
    (void)user;
    opened o = {0};
    open_case(t, &o, "odd_sizes", true);
    nn_params *p = &o.params;
    expect_weight(p, "speaker_embeddings.weight", p->speaker_embeddings);
    expect_weight(p, "acouf_input.weight", p->input[NN_AUDIO].weight);
    expect_weight(p, "v_a.transformer_inter.1.self_attn.linear_k.weight", p->layers[5][1].k.weight);
    expect_weight(p, "v_a.transformer_inter.1.self_attn.linear_k.bias", p->layers[5][1].k.bias);
    expect_weight(p, "v_a.transformer_inter.0.self_attn.linear_q.bias", p->layers[5][0].q.bias);
    expect_weight(p, "t_v.transformer_inter.1.self_attn.linear_v.weight", p->layers[7][1].v.weight);
    expect_weight(p, "t_v.transformer_inter.1.self_attn.linear.weight", p->layers[7][1].output.weight);
    expect_weight(p, "t_v.transformer_inter.1.feed_forward.w_1.bias", p->layers[7][1].ffn_1.bias);
    expect_weight(p, "t_v.transformer_inter.1.feed_forward.w_2.weight", p->layers[7][1].ffn_2.weight);
    expect_weight(p, "t_v.transformer_inter.0.feed_forward.layer_norm.bias", p->layers[7][0].ffn_norm.bias);
    expect_weight(p, "t_v.transformer_inter.1.layer_norm.weight", p->layers[7][1].norm.gain);
    expect_weight(p, "a_v_gate.gate.0.weight", p->gate[8].weight);
    expect_weight(p, "features_reduce_v.bias", p->reduce[NN_VISUAL].bias);
    expect_weight(p, "t_output_layer.2.weight", p->student[NN_TEXT].weight);
    expect_weight(p, "graph_model.speaker_embeddings.weight", p->graph_embeddings);
    expect_weight(p, "graph_model.fc1.bias", p->graph_input.bias);
    expect_weight(p, "graph_model.conv3.gate.weight", p->graph_gate[2]);
    expect_weight(p, "graph_model.conv1.gate.bias", p->graph_gate_bias[0]);
    expect_weight(p, "smax_fc.weight", p->head.weight);
    for (size_t e = 0; e < NN_ENCODERS; ++e)
        for (size_t l = 0; l < o.config.layers; ++l) expect_projections(&p->layers[e][l], o.config.hidden);
    for (size_t i = 0; i < p->count; ++i) {
        assert_int_equal(p->items[i].gradient.at, p->items[i].value.at);
        assert_int_equal(p->items[i].moment1.at, p->items[i].value.at);
        assert_int_equal(p->items[i].moment2.at, p->items[i].value.at);
    }
    close_case(&o);
}

static void test_views(void **state)
{
    th_run_once(state, views_case, NULL);
}

/* Softmax ignores what a key bias adds to all scores: its gradient is exactly 0, and no layer is given it. */
static void key_bias_case(th_case *t, const void *user)
{
    (void)user;
    opened o = {0};
    open_case(t, &o, "odd_sizes", true);
    for (size_t e = 0; e < NN_ENCODERS; ++e)
        for (size_t l = 0; l < o.config.layers; ++l) {
            assert_null(o.params.layers[e][l].k.bias.gradient.block);
            assert_non_null(o.params.layers[e][l].q.bias.gradient.block);
        }
    for (size_t i = 0; i < o.params.count; ++i) {
        if (!ends_with(o.params.items[i].name, "linear_k.bias")) continue;
        const size_t n = o.params.items[i].elements;
        float *gradient = th_floats(t, n), *zeros = th_floats(t, n);
        TH_OK(t, rt_read(t->rt, o.params.items[i].gradient, gradient, n));
        assert_memory_equal(gradient, zeros, n * sizeof *zeros);
    }
    close_case(&o);
}

static void test_key_bias(void **state)
{
    th_run_once(state, key_bias_case, NULL);
}

/* Every element of every arena, gaps included, starts as 0: the optimiser and its norm run over whole blocks. */
static void cleared_case(th_case *t, const void *user)
{
    (void)user;
    opened o = {0};
    open_case(t, &o, "one_mode", true);
    rt_arena *const arenas[] = {o.params.values, o.params.gradients, o.params.moments1, o.params.moments2};
    assert_int_equal(nn_params_bytes(&o.params), 4 * rt_arena_bytes(o.params.values));
    for (size_t k = 0; k < 4; ++k) {
        assert_int_equal(rt_arena_blocks(arenas[k]), rt_arena_blocks(arenas[0]));
        for (size_t b = 0; b < rt_arena_blocks(arenas[k]); ++b) {
            size_t elements = 0;
            const rt_view block = rt_arena_block(arenas[k], b, &elements);
            const float *values = th_fetch(t, block, elements);
            for (size_t i = 0; i < elements; ++i) assert_true(values[i] == 0.0f);
        }
    }
    close_case(&o);

    opened only = {0};
    open_case(t, &only, "one_mode", false);
    assert_int_equal(nn_params_bytes(&only.params), rt_arena_bytes(only.params.values));
    assert_null(only.params.gradients);
    assert_null(only.params.items[0].gradient.block);
    close_case(&only);
}

static void test_cleared(void **state)
{
    static const th_setting small_blocks = {"blocks of 16 KiB", 0, 0, 16 << 10, false};
    th_run_once(state, cleared_case, NULL);
    th_run_in(state, &small_blocks, cleared_case, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table), cmocka_unit_test(test_initial_values), cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_views), cmocka_unit_test(test_key_bias),       cmocka_unit_test(test_cleared),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
