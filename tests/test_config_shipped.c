/* The shipped configurations: they hold the published values, and reference.ini is the table of keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/schema.h"
#include "tests/support/configs.h"

static const char *const shipped[] = {"iemocap", "meld", "mosi2", "mosi7", "meld_text", "demo", "reference"};
enum { SHIPPED = sizeof shipped / sizeof *shipped };

static void shipped_path(char path[1024], const char *name)
{
    const char *source = getenv("SAFSD_TEST_SOURCE");
    assert_non_null(source);
    snprintf(path, 1024, "%s/config/%s.ini", source, name);
}

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("%s cannot be opened", path);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

static void load_shipped(cfg_config *config, const char *name)
{
    char path[1024];
    st_error error = {0};
    shipped_path(path, name);
    if (cfg_load(config, path, tc_no_overrides, &error) != ST_OK) fail_msg("%s", error.text);
}

/* What both published configurations share (docs/model.md 6 and 8). */
static void expect_published(const cfg_config *config)
{
    assert_int_equal(config->data.modalities, CFG_TEXT | CFG_AUDIO | CFG_VISUAL);
    assert_int_equal(config->data.format, CFG_FORMAT_AUTO);
    assert_false(config->data.standardize);
    tc_expect_real(config->data.valid_fraction, 0);
    const cfg_model *model = &config->model;
    assert_int_equal(model->hidden, 1024);
    assert_int_equal(model->graph_hidden, 1024);
    assert_int_equal(model->ffn, 1024);
    assert_int_equal(model->heads, 8);
    assert_int_equal(model->layers, 1);
    assert_int_equal(model->gcn_layers, 4);
    assert_int_equal(model->gcn_eval.mode, CFG_GCN_EXPECTED);
    tc_expect_real(model->dropout, 0.5);
    tc_expect_real(model->gcn_mask, 0.5);
    const cfg_loss *loss = &config->loss;
    tc_expect_real(loss->lambda_ce, 1);
    tc_expect_real(loss->lambda_saf, 1);
    tc_expect_real(loss->gamma, 2);
    tc_expect_real(loss->temperature, 1);
    assert_int_equal(loss->saf_form, CFG_SAF_SOFT);
    assert_true(loss->teacher_gradient);
    const cfg_train *train = &config->train;
    assert_int_equal(train->optimizer, CFG_OPTIMIZER_ADAM);
    tc_expect_real(train->beta1, 0.9);
    tc_expect_real(train->beta2, 0.999);
    tc_expect_real(train->eps, 1e-8);
    tc_expect_real(train->weight_decay, 1e-5);
    assert_int_equal(train->schedule, CFG_SCHEDULE_CONSTANT);
    assert_int_equal(train->warmup, 0);
    tc_expect_real(train->clip, 0);
    assert_int_equal(train->micro_batch, 0);
    assert_int_equal(train->patience, 0);
    assert_int_equal(train->nonfinite, CFG_NONFINITE_STOP);
    assert_false(train->evaluate_train);
    assert_false(train->log_steps);
    assert_int_equal(config->runtime.gemm, CFG_GEMM_AUTO);
    assert_string_equal(config->runtime.device, "auto");
}

static void test_iemocap(void **state)
{
    (void)state;
    static const char *const classes[] = {"happy", "sad", "neutral", "angry", "excited", "frustrated"};
    static const char *const held_out[] = {"Ses01M_impro01",    "Ses01M_script03_1", "Ses02F_impro02",
                                           "Ses02F_impro07",    "Ses02M_script01_2", "Ses03F_impro01",
                                           "Ses03M_impro02",    "Ses03M_impro08a",   "Ses03M_script02_2",
                                           "Ses03M_script03_2", "Ses04F_impro07",    "Ses04F_script02_1"};
    static const double alpha[] = {.1807, .1707, .1585, .1667, .1725, .1506};
    cfg_config config;
    load_shipped(&config, "iemocap");
    expect_published(&config);
    assert_string_equal(config.experiment.name, "iemocap");
    tc_expect_names(&config.data.classes, classes, 6);
    tc_expect_names(&config.data.valid_dialogues, held_out, 12);
    assert_int_equal(config.model.gate, CFG_GATE_LEARNED);
    assert_int_equal(config.loss.class_weights.form, CFG_WEIGHTS_INVERSE_FREQUENCY);
    assert_int_equal(config.loss.alpha.form, CFG_ALPHA_LIST);
    assert_int_equal(config.loss.alpha.list.count, 6);
    for (size_t i = 0; i < 6; i++) tc_expect_real(config.loss.alpha.list.items[i], alpha[i]);
    assert_int_equal(config.loss.similarity.form, CFG_SIMILARITY_IEMOCAP);
    tc_expect_real(config.loss.lambda_kl, 1);
    tc_expect_real(config.train.lr, 1e-4);
    assert_int_equal(config.train.batch, 16);
    assert_int_equal(config.train.epochs, 80);
    cfg_destroy(&config);
    tc_expect_zero(&config);
}

static void test_meld(void **state)
{
    (void)state;
    static const char *const classes[] = {"neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger"};
    cfg_config config;
    load_shipped(&config, "meld");
    expect_published(&config);
    tc_expect_names(&config.data.classes, classes, 7);
    assert_int_equal(config.data.valid_dialogues.count, 114);
    for (size_t i = 0; i < 114; i++) {
        char id[16];
        snprintf(id, sizeof id, "%zu", 1039 + i);
        assert_string_equal(config.data.valid_dialogues.items[i], id);
    }
    assert_int_equal(config.model.gate, CFG_GATE_IDENTITY);
    assert_int_equal(config.loss.class_weights.form, CFG_WEIGHTS_NONE);
    assert_int_equal(config.loss.alpha.form, CFG_ALPHA_AUTO);
    assert_int_equal(config.loss.similarity.form, CFG_SIMILARITY_MELD);
    tc_expect_real(config.loss.lambda_kl, 0.1);
    tc_expect_real(config.train.lr, 5e-6);
    assert_int_equal(config.train.batch, 8);
    assert_int_equal(config.train.epochs, 90);
    cfg_destroy(&config);
}

/* The word and the table of docs/model.md 6, as it stands there, must give the same matrix. */
static void expect_table(const char *word, const char *table, size_t classes)
{
    char text[1024];
    cfg_config named;
    cfg_config listed;
    st_error error = {0};
    snprintf(text, sizeof text, "[loss]\nsimilarity = %s\n", word);
    if (cfg_load_text(&named, text, "x.ini", NULL, tc_no_overrides, &error) != ST_OK) fail_msg("%s", error.text);
    snprintf(text, sizeof text, "[loss]\nsimilarity = %s\n", table);
    if (cfg_load_text(&listed, text, "x.ini", NULL, tc_no_overrides, &error) != ST_OK) fail_msg("%s", error.text);
    assert_int_equal(listed.loss.similarity.form, CFG_SIMILARITY_ROWS);
    assert_int_equal(named.loss.similarity.classes, classes);
    assert_int_equal(listed.loss.similarity.classes, classes);
    for (size_t i = 0; i < classes * classes; i++)
        tc_expect_real(named.loss.similarity.rows[i], listed.loss.similarity.rows[i]);
    cfg_destroy(&named);
    cfg_destroy(&listed);
}

static void test_similarity(void **state)
{
    (void)state;
    expect_table("iemocap",
                 "1 .3 .4 .2 .6 .3 / .3 1 .4 .7 .4 .6 / .2 .5 1 .4 .5 .2 / .2 .7 .4 1 .3 .5 / .6 .4 .5 .3 1 .4 / "
                 ".3 .8 .3 .5 .4 1",
                 6);
    expect_table("meld",
                 "1 .8756 0 .2662 .9425 .0086 .3716 / .8756 1 .5731 .7446 .9792 .5770 .7632 / \\\n"
                 "0 .5731 1 .9438 .4474 1 .7768 / .2662 .7446 .9438 1 .6347 .9745 .9852 / \\\n"
                 ".9425 .9792 .4474 .6347 1 .4558 .6995 / .0086 .5770 1 .9745 .4558 1 .8395 / \\\n"
                 ".3716 .7632 .7768 .9852 .6995 .8395 1",
                 7);
}

/* Every shipped file loads; what is written of it reads back and is written the same. */
static void test_shipped(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHIPPED; i++) {
        cfg_config config;
        cfg_config back;
        char *text = NULL;
        char *again = NULL;
        st_error error = {0};
        load_shipped(&config, shipped[i]);
        if (cfg_write(&config, &text, &error) != ST_OK) fail_msg("%s", error.text);
        if (cfg_load_text(&back, text, shipped[i], NULL, tc_no_overrides, &error) != ST_OK) fail_msg("%s", error.text);
        if (cfg_write(&back, &again, &error) != ST_OK) fail_msg("%s", error.text);
        assert_string_equal(text, again);
        assert_true(config.train.epochs <= 100);
        free(text);
        free(again);
        cfg_destroy(&config);
        cfg_destroy(&back);
    }
}

static void test_demo(void **state)
{
    (void)state;
    char path[1024];
    shipped_path(path, "demo");
    char *file = read_text(path);
    assert_string_equal(cfg_demo_text(), file);
    free(file);
    cfg_config config;
    st_error error = {0};
    assert_int_equal(cfg_load_text(&config, cfg_demo_text(), "demo.ini", NULL, tc_no_overrides, &error), ST_OK);
    assert_int_equal(config.data.format, CFG_FORMAT_SYNTH);
    assert_null(config.data.path);
    assert_true(config.model.hidden <= 128);
    cfg_destroy(&config);
}

/* config/reference.ini is the table printed, and gives the defaults; it documents every key, as --help-keys does. */
static void test_reference(void **state)
{
    (void)state;
    char path[1024];
    char *printed = NULL;
    char *help = NULL;
    char *loaded = NULL;
    char *standard = NULL;
    st_error error = {0};
    shipped_path(path, "reference");
    char *file = read_text(path);
    assert_int_equal(cfg_reference(&printed, &error), ST_OK);
    if (strcmp(printed, file) != 0) {
        FILE *renewed = fopen("reference.ini", "wb");
        assert_non_null(renewed);
        fputs(printed, renewed);
        fclose(renewed);
        fail_msg("config/reference.ini is not what the table says; what it should be now lies here as reference.ini");
    }
    assert_int_equal(cfg_help_keys(&help, &error), ST_OK);
    for (size_t i = 0; i < cfg_key_count; i++) {
        char line[128];
        snprintf(line, sizeof line, "\n%s%s =", *cfg_keys[i].standard ? "" : ";", cfg_keys[i].key);
        if (!strstr(file, line)) fail_msg("%s is not in reference.ini", cfg_keys[i].key);
        snprintf(line, sizeof line, "\n  %s ", cfg_keys[i].key);
        if (!strstr(help, line)) fail_msg("%s is not in the help", cfg_keys[i].key);
        assert_true(strlen(cfg_keys[i].help) > 0);
    }
    cfg_config config;
    load_shipped(&config, "reference");
    assert_int_equal(cfg_write(&config, &loaded, &error), ST_OK);
    cfg_destroy(&config);
    assert_int_equal(cfg_defaults(&config, &error), ST_OK);
    assert_int_equal(cfg_write(&config, &standard, &error), ST_OK);
    cfg_destroy(&config);
    assert_string_equal(loaded, standard);
    free(file);
    free(printed);
    free(help);
    free(loaded);
    free(standard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iemocap), cmocka_unit_test(test_meld), cmocka_unit_test(test_similarity),
        cmocka_unit_test(test_shipped), cmocka_unit_test(test_demo), cmocka_unit_test(test_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
