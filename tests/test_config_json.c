#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/training/config_json.h"

static const nn_config sample = {.uses = {true, false, true},
                                 .dims = {20, 0, 10},
                                 .hidden = 32,
                                 .graph_hidden = 24,
                                 .ffn = 48,
                                 .heads = 4,
                                 .layers = 2,
                                 .gcn_layers = 3,
                                 .classes = 6,
                                 .speakers = 2,
                                 .gate = NN_GATE_IDENTITY,
                                 .dropout = 0.1,
                                 .gcn_mask = 1.0 / 3,
                                 .seed = UINT64_MAX,
                                 .lambda_ce = 1,
                                 .lambda_saf = 0.7,
                                 .lambda_kl = 1e-3,
                                 .gamma = 2,
                                 .temperature = 8,
                                 .saf_form = NN_SAF_PUBLISHED,
                                 .teacher_gradient = true};

static void expect_same(const nn_config *a, const nn_config *b)
{
    for (size_t m = 0; m < NN_MODALITIES; ++m) {
        assert_int_equal(a->uses[m], b->uses[m]);
        assert_int_equal(a->dims[m], b->dims[m]);
    }
    assert_memory_equal(&a->hidden, &b->hidden, 8 * sizeof(size_t));
    assert_int_equal(a->gate, b->gate);
    assert_true(a->dropout == b->dropout && a->gcn_mask == b->gcn_mask);
    assert_true(a->seed == b->seed);
    assert_memory_equal(&a->lambda_ce, &b->lambda_ce, 5 * sizeof(double));
    assert_int_equal(a->saf_form, b->saf_form);
    assert_int_equal(a->teacher_gradient, b->teacher_gradient);
}

static void test_round_trip(void **state)
{
    (void)state;
    static const uint64_t seeds[] = {0, 12345694739u, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
    st_error error = {0};
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; ++i) {
        nn_config config = sample, back;
        char *text = NULL, *again = NULL;
        config.seed = seeds[i];
        assert_int_equal(nn_config_to_json(&config, &text, &error), ST_OK);
        assert_int_equal(nn_config_from_json(&back, text, "x", &error), ST_OK);
        expect_same(&back, &config);
        assert_int_equal(nn_config_to_json(&back, &again, &error), ST_OK);
        assert_string_equal(text, again);
        free(text);
        free(again);
    }
}

/* The keys of a golden case, with those that are no model's among them. */
static const char golden[] =
    "{\"hidden\": 32, \"graph_hidden\": 32, \"ffn\": 32, \"heads\": 4, \"layers\": 1, \"gcn_layers\": 4, \"classes\": "
    "6,"
    " \"speakers\": 2, \"modalities\": [\"t\", \"v\"], \"dims\": {\"t\": 20, \"a\": 14, \"v\": 10}, \"gate\": \"off\","
    " \"dropout\": 0.1, \"gcn_mask\": 0.5, \"temperature\": 1.0, \"teacher_gradient\": false, \"gamma\": 2.0,"
    " \"saf_form\": \"true_class\", \"lambda_ce\": 1, \"lambda_saf\": 1.0, \"lambda_kl\": 1.0, \"optimizer\": \"adam\","
    " \"lr\": 0.001, \"seed\": 12345734334, \"mode\": \"train\", \"steps\": 1}";

static void test_golden_keys(void **state)
{
    (void)state;
    st_error error = {0};
    nn_config c;
    assert_int_equal(nn_config_from_json(&c, golden, "x", &error), ST_OK);
    assert_true(c.uses[0] && !c.uses[1] && c.uses[2]);
    assert_int_equal(c.dims[1], 0); /* not in use */
    assert_int_equal(c.dims[2], 10);
    assert_int_equal(c.gate, NN_GATE_OFF);
    assert_int_equal(c.saf_form, NN_SAF_TRUE_CLASS);
    assert_true(c.seed == 12345734334u && c.lambda_ce == 1.0 && !c.teacher_gradient);
}

/* Replaces `from` in the golden text by `to`; the sentence must hold `word` and the place. */
static void expect_refused(const char *from, const char *to, const char *word)
{
    char text[2000];
    st_error error = {0};
    nn_config c;
    const char *at = strstr(golden, from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - golden), golden, to, at + strlen(from));
    assert_int_equal(nn_config_from_json(&c, text, "case.safetensors", &error), ST_FAILED);
    if (!strstr(error.text, word) || !strstr(error.text, "case.safetensors"))
        fail_msg("'%s' lacks '%s'", error.text, word);
}

static void test_refused(void **state)
{
    (void)state;
    expect_refused("\"heads\": 4, ", "", "'heads'");
    expect_refused("\"heads\": 4", "\"heads\": 5", "5 heads");
    expect_refused("\"heads\": 4", "\"heads\": \"4\"", "'heads'");
    expect_refused("\"heads\": 4", "\"heads\": -4", "'heads'");
    expect_refused("\"gate\": \"off\"", "\"gate\": \"open\"", "'gate'");
    expect_refused("[\"t\", \"v\"]", "[\"t\", \"x\"]", "'modalities'");
    expect_refused("[\"t\", \"v\"]", "\"tv\"", "'modalities'");
    expect_refused("[\"t\", \"v\"]", "[]", "modality");
    expect_refused("\"t\": 20, ", "", "'t'");
    expect_refused("\"teacher_gradient\": false", "\"teacher_gradient\": 0", "'teacher_gradient'");
    expect_refused("\"dropout\": 0.1", "\"dropout\": \"0.1\"", "'dropout'");
    expect_refused("\"dropout\": 0.1", "\"dropout\": 1.0", "dropout");
    expect_refused("12345734334", "\"12x\"", "'seed'");
    expect_refused("{\"hidden\"", "[\"hidden\"", "JSON");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_golden_keys),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
