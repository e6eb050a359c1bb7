#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/synth.h"
#include "model/training/class_tables.h"
#include "model/training/run_fingerprint.h"
#include "tests/support/harness.h"

/* What a fingerprint is made of, in memory that a change may write to. */
typedef struct parts {
    nn_config config;
    nn_class_tables tables;
    ds_dataset *data;
    nn_adam adam;
    nn_schedule schedule;
    nn_evaluator evaluator;
    size_t batch, micro_batch;
} parts;

static char *fingerprint_of(th_case *t, const parts *p)
{
    const nn_run_fingerprint_parts all = {.config = &p->config,
                                          .tables = p->tables.tables,
                                          .data = p->data,
                                          .adam = &p->adam,
                                          .schedule = &p->schedule,
                                          .evaluator = &p->evaluator,
                                          .batch = p->batch,
                                          .micro_batch = p->micro_batch};
    char *text = NULL;
    TH_OK(t, nn_run_fingerprint_write(&text, t->rt, &all));
    return text;
}

typedef struct change {
    const char *key; /* that the refusal must name */
    void (*make)(parts *p);
} change;

#define CHANGE(name, statement)                                                                                        \
    static void change_##name(parts *p)                                                                                \
    {                                                                                                                  \
        statement;                                                                                                     \
    }
CHANGE(hidden, p->config.hidden += 2)
CHANGE(graph_hidden, p->config.graph_hidden += 1)
CHANGE(ffn, p->config.ffn += 1)
CHANGE(heads, p->config.heads = 1)
CHANGE(layers, p->config.layers += 1)
CHANGE(gcn_layers, p->config.gcn_layers += 1)
CHANGE(modalities, p->config.uses[1] = false)
CHANGE(gate, p->config.gate = NN_GATE_OFF)
CHANGE(dropout, p->config.dropout += 1e-12)
CHANGE(gcn_mask, p->config.gcn_mask = 0)
CHANGE(seed, p->config.seed += 1)
CHANGE(lambda_ce, p->config.lambda_ce = 2)
CHANGE(lambda_saf, p->config.lambda_saf = 2)
CHANGE(lambda_kl, p->config.lambda_kl = 2)
CHANGE(gamma, p->config.gamma = 1)
CHANGE(temperature, p->config.temperature = 8)
CHANGE(saf_form, p->config.saf_form = NN_SAF_TRUE_CLASS)
CHANGE(teacher_gradient, p->config.teacher_gradient = true)
CHANGE(class_weights, p->tables.memory[1] *= 2)
CHANGE(alpha, p->tables.memory[p->tables.classes] *= 2)
CHANGE(similarity, p->tables.memory[2 * p->tables.classes + 1] += 0.5f)
CHANGE(optimizer, p->adam.decoupled = true)
CHANGE(beta1, p->adam.beta1 = 0.8)
CHANGE(beta2, p->adam.beta2 = 0.99)
CHANGE(eps, p->adam.eps = 1e-7)
CHANGE(weight_decay, p->adam.weight_decay = 0)
CHANGE(clip, p->adam.clip = 1)
CHANGE(lr, p->schedule.lr *= 2)
CHANGE(warmup, p->schedule.warmup += 1)
CHANGE(schedule, p->schedule.form = NN_SCHEDULE_CONSTANT)
CHANGE(steps, p->schedule.steps += 1)
CHANGE(gcn_eval, p->evaluator.mode = NN_GCN_SAMPLE)
CHANGE(repetitions, p->evaluator.repetitions += 1)
CHANGE(batch, p->batch += 1)
CHANGE(micro_batch, p->micro_batch += 1)
CHANGE(data, p->data->utterances -= 1)

#define ENTRY(name)                                                                                                    \
    {                                                                                                                  \
#name, change_##name                                                                                           \
    }
static const change changes[] = {
    ENTRY(hidden),        ENTRY(graph_hidden),
    ENTRY(ffn),           ENTRY(heads),
    ENTRY(layers),        ENTRY(gcn_layers),
    ENTRY(modalities),    ENTRY(gate),
    ENTRY(dropout),       ENTRY(gcn_mask),
    ENTRY(seed),          ENTRY(lambda_ce),
    ENTRY(lambda_saf),    ENTRY(lambda_kl),
    ENTRY(gamma),         ENTRY(temperature),
    ENTRY(saf_form),      ENTRY(teacher_gradient),
    ENTRY(class_weights), ENTRY(alpha),
    ENTRY(similarity),    ENTRY(optimizer),
    ENTRY(beta1),         ENTRY(beta2),
    ENTRY(eps),           ENTRY(weight_decay),
    ENTRY(clip),          ENTRY(lr),
    ENTRY(warmup),        ENTRY(schedule),
    ENTRY(steps),         ENTRY(gcn_eval),
    ENTRY(repetitions),   ENTRY(batch),
    ENTRY(micro_batch),   ENTRY(data),
};

static void set_up(parts *p, th_case *t)
{
    double frequencies[16];
    const nn_class_options options = {0};
    const ds_synth_options synth = {.like = DS_MELD, .dialogues = 4, .dims = {3, 2, 2}, .seed = 5};
    memset(p, 0, sizeof *p);
    TH_OK(t, ds_synth(&p->data, &synth, rt_error(t->rt)));
    ds_class_frequencies(p->data, frequencies);
    TH_OK(t, nn_class_tables_create(&p->tables, &options, frequencies, p->data->classes, rt_error(t->rt)));
    p->config = (nn_config){.uses = {true, true, true},
                            .dims = {3, 2, 2},
                            .hidden = 8,
                            .graph_hidden = 8,
                            .ffn = 8,
                            .heads = 2,
                            .layers = 1,
                            .gcn_layers = 2,
                            .classes = p->data->classes,
                            .speakers = p->data->speaker_count,
                            .dropout = 0.1,
                            .gcn_mask = 0.5,
                            .seed = 1,
                            .lambda_ce = 1,
                            .lambda_saf = 1,
                            .lambda_kl = 1,
                            .gamma = 2,
                            .temperature = 1};
    p->adam = (nn_adam){.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 1e-5};
    p->schedule = (nn_schedule){NN_SCHEDULE_COSINE, 1e-3, 1, 50};
    p->evaluator = (nn_evaluator){.mode = NN_GCN_MEAN, .repetitions = 3};
    p->batch = p->micro_batch = 4;
}

static void tear_down(parts *p)
{
    nn_class_tables_destroy(&p->tables);
    ds_destroy(&p->data);
}

/* Whatever decides numbers is in the fingerprint: each change alone is refused by its name. */
static void every_change(th_case *t, const void *user)
{
    (void)user;
    st_error *error = rt_error(t->rt);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; ++i) {
        parts p;
        char word[64];
        set_up(&p, t);
        char *old = fingerprint_of(t, &p), *again = fingerprint_of(t, &p);
        assert_string_equal(old, again);
        TH_OK(t, nn_run_fingerprint_compare(old, again, "last.safetensors", error));
        changes[i].make(&p);
        char *now = fingerprint_of(t, &p);
        assert_int_equal(nn_run_fingerprint_compare(old, now, "last.safetensors", error), ST_USAGE);
        snprintf(word, sizeof word, " %s = ", changes[i].key);
        if (!strstr(error->text, word) || !strstr(error->text, "last.safetensors"))
            fail_msg("%s: '%s'", changes[i].key, error->text);
        st_clear(error);
        free(old);
        free(again);
        free(now);
        tear_down(&p);
    }
}

static void test_every_change(void **state)
{
    th_run_once(state, every_change, NULL);
}

/* What is allowed to differ: the length of a run without a cosine. */
static void length_is_free(th_case *t, const void *user)
{
    (void)user;
    parts p;
    set_up(&p, t);
    p.schedule.form = NN_SCHEDULE_CONSTANT;
    char *old = fingerprint_of(t, &p);
    p.schedule.steps *= 2;
    char *now = fingerprint_of(t, &p);
    assert_string_equal(old, now);
    free(old);
    free(now);
    tear_down(&p);
}

static void test_length_is_free(void **state)
{
    th_run_once(state, length_is_free, NULL);
}

static void test_values(void **state)
{
    (void)state;
    static const char fingerprint[] = "{\"gemm\": \"panel\", \"vector_width\": 16, \"lr\": 0.5, \"uses\": [1, 2]}";
    char value[40];
    st_error error = {0};
    assert_true(nn_run_fingerprint_value(fingerprint, "gemm", value, sizeof value));
    assert_string_equal(value, "panel");
    assert_true(nn_run_fingerprint_value(fingerprint, "vector_width", value, sizeof value));
    assert_string_equal(value, "16");
    assert_true(nn_run_fingerprint_value(fingerprint, "uses", value, sizeof value));
    assert_string_equal(value, "[1, 2]");
    assert_false(nn_run_fingerprint_value(fingerprint, "row_group", value, sizeof value));
    assert_false(nn_run_fingerprint_value(NULL, "gemm", value, sizeof value));
    assert_false(nn_run_fingerprint_value("{", "gemm", value, sizeof value));
    assert_int_equal(nn_run_fingerprint_compare("{", fingerprint, "x", &error), ST_FAILED);
    st_clear(&error);
    assert_int_equal(nn_run_fingerprint_compare("{}", fingerprint, "x", &error), ST_USAGE);
    assert_non_null(strstr(error.text, "gemm = nothing"));
    assert_non_null(strstr(error.text, "panel"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_change),
        cmocka_unit_test(test_length_is_free),
        cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
