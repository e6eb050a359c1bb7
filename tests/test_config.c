/* Configurations: the shipped files hold the published values, what is written reads back, and every mistake has its
 * sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const cfg_overrides no_overrides = {NULL, 0};

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
    if (cfg_load(config, path, no_overrides, &error) != ST_OK) fail_msg("%s", error.text);
}

static void expect_zero(const cfg_config *config)
{
    static const cfg_config zero;
    assert_memory_equal(config, &zero, sizeof zero);
}

static void expect_names(const cfg_names *names, const char *const *expected, size_t count)
{
    assert_int_equal(names->count, count);
    for (size_t i = 0; i < count; i++) assert_string_equal(names->items[i], expected[i]);
}

static void expect_real(double value, double expected)
{
    if (value < expected || value > expected) fail_msg("%.17g instead of %.17g", value, expected);
}

/* What both published configurations share (SPEC 6 and 8). */
static void expect_published(const cfg_config *config)
{
    assert_int_equal(config->data.modalities, CFG_TEXT | CFG_AUDIO | CFG_VISUAL);
    assert_int_equal(config->data.format, CFG_FORMAT_AUTO);
    assert_false(config->data.standardize);
    expect_real(config->data.valid_fraction, 0);
    const cfg_model *model = &config->model;
    assert_int_equal(model->hidden, 1024);
    assert_int_equal(model->graph_hidden, 1024);
    assert_int_equal(model->ffn, 1024);
    assert_int_equal(model->heads, 8);
    assert_int_equal(model->layers, 1);
    assert_int_equal(model->gcn_layers, 4);
    assert_int_equal(model->gcn_eval.mode, CFG_GCN_EXPECTED);
    expect_real(model->dropout, 0.5);
    expect_real(model->gcn_mask, 0.5);
    const cfg_loss *loss = &config->loss;
    expect_real(loss->lambda_ce, 1);
    expect_real(loss->lambda_saf, 1);
    expect_real(loss->gamma, 2);
    expect_real(loss->temperature, 1);
    assert_int_equal(loss->saf_form, CFG_SAF_SOFT);
    assert_true(loss->teacher_gradient);
    const cfg_train *train = &config->train;
    assert_int_equal(train->optimizer, CFG_OPTIMIZER_ADAM);
    expect_real(train->beta1, 0.9);
    expect_real(train->beta2, 0.999);
    expect_real(train->eps, 1e-8);
    expect_real(train->weight_decay, 1e-5);
    assert_int_equal(train->schedule, CFG_SCHEDULE_CONSTANT);
    assert_int_equal(train->warmup, 0);
    expect_real(train->clip, 0);
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
    expect_names(&config.data.classes, classes, 6);
    expect_names(&config.data.valid_dialogues, held_out, 12);
    assert_int_equal(config.model.gate, CFG_GATE_LEARNED);
    assert_int_equal(config.loss.class_weights.form, CFG_WEIGHTS_INVERSE_FREQUENCY);
    assert_int_equal(config.loss.alpha.form, CFG_ALPHA_LIST);
    assert_int_equal(config.loss.alpha.list.count, 6);
    for (size_t i = 0; i < 6; i++) expect_real(config.loss.alpha.list.items[i], alpha[i]);
    assert_int_equal(config.loss.similarity.form, CFG_SIMILARITY_IEMOCAP);
    expect_real(config.loss.lambda_kl, 1);
    expect_real(config.train.lr, 1e-4);
    assert_int_equal(config.train.batch, 16);
    assert_int_equal(config.train.epochs, 80);
    cfg_destroy(&config);
    expect_zero(&config);
}

static void test_meld(void **state)
{
    (void)state;
    static const char *const classes[] = {"neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger"};
    cfg_config config;
    load_shipped(&config, "meld");
    expect_published(&config);
    expect_names(&config.data.classes, classes, 7);
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
    expect_real(config.loss.lambda_kl, 0.1);
    expect_real(config.train.lr, 5e-6);
    assert_int_equal(config.train.batch, 8);
    assert_int_equal(config.train.epochs, 90);
    cfg_destroy(&config);
}

/* The word and the table of SPEC 6, as it stands there, must give the same matrix. */
static void expect_table(const char *word, const char *table, size_t classes)
{
    char text[1024];
    cfg_config named;
    cfg_config listed;
    st_error error = {0};
    snprintf(text, sizeof text, "[loss]\nsimilarity = %s\n", word);
    if (cfg_load_text(&named, text, "x.ini", NULL, no_overrides, &error) != ST_OK) fail_msg("%s", error.text);
    snprintf(text, sizeof text, "[loss]\nsimilarity = %s\n", table);
    if (cfg_load_text(&listed, text, "x.ini", NULL, no_overrides, &error) != ST_OK) fail_msg("%s", error.text);
    assert_int_equal(listed.loss.similarity.form, CFG_SIMILARITY_ROWS);
    assert_int_equal(named.loss.similarity.classes, classes);
    assert_int_equal(listed.loss.similarity.classes, classes);
    for (size_t i = 0; i < classes * classes; i++)
        expect_real(named.loss.similarity.rows[i], listed.loss.similarity.rows[i]);
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
        if (cfg_load_text(&back, text, shipped[i], NULL, no_overrides, &error) != ST_OK) fail_msg("%s", error.text);
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
    assert_int_equal(cfg_load_text(&config, cfg_demo_text(), "demo.ini", NULL, no_overrides, &error), ST_OK);
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

static const char every_key[] =
    "[experiment]\nname = all\nseed = 18446744073709551615\nseeds = 7, 1..3, 18446744073709551615\n"
    "[data]\npath = \"a;b #c.pkl\"\nformat = pickle\nmodalities = visual, t\nclasses = \"a;b, it's, c d\"\n"
    "standardize = yes\nvalid_dialogues = x 1, 7..9, 11, 012, 013, 014\n"
    "synth_like = meld\nsynth_dialogues = 12\nsynth_seed = 5\nsynth_dims = 3, 0, 4\n"
    "[model]\nhidden = 12\ngraph_hidden = 7\nffn = 9\nheads = 3\nlayers = 64\ngcn_layers = 2\n"
    "gate = off\ndropout = 0\ngcn_mask = 0.25\ngcn_eval = mean:20\n"
    "[loss]\nlambda_ce = 0.5\nlambda_saf = .25\nlambda_kl = 2\nsaf_form = true_class\ngamma = 0\n"
    "temperature = 8\nteacher_gradient = off\nclass_weights = 1, 0 2.5\nalpha = 0.1 0.2 0.3\n"
    "similarity = 1 0 .5/0,1,.25 / 0.5, .25 1\n"
    "[train]\nepochs = 3\nbatch = 2\nlr = 3e-4\noptimizer = adamw\nbeta1 = 0.8\nbeta2 = 0.99\neps = 1e-6\n"
    "weight_decay = 0.01\nschedule = cosine\nwarmup = 10\nclip = 5\nmicro_batch = 1\npatience = 4\n"
    "nonfinite = skip\nevaluate_train = yes\nlog_steps = 1\ncheckpoint_every = 2\n"
    "[runtime]\ndevice = 'my \"GPU\"; 7'\ngemm = panel\n";

static void expect_every_data(const cfg_config *config, const char *path)
{
    static const char *const classes[] = {"a;b", "it's", "c d"};
    static const char *const ids[] = {"x 1", "7", "8", "9", "11", "012", "013", "014"};
    static const uint64_t seeds[] = {7, 1, 2, 3, UINT64_MAX};
    assert_string_equal(config->experiment.name, "all");
    assert_true(config->experiment.seed == UINT64_MAX);
    assert_int_equal(config->experiment.seeds.count, 5);
    for (size_t i = 0; i < 5; i++) assert_true(config->experiment.seeds.items[i] == seeds[i]);
    const cfg_data *data = &config->data;
    assert_string_equal(data->path, path);
    assert_int_equal(data->format, CFG_FORMAT_PICKLE);
    assert_int_equal(data->modalities, CFG_TEXT | CFG_VISUAL);
    expect_names(&data->classes, classes, 3);
    assert_true(data->standardize);
    expect_real(data->valid_fraction, 0);
    expect_names(&data->valid_dialogues, ids, 8);
    assert_int_equal(data->synth_like, CFG_CORPUS_MELD);
    assert_int_equal(data->synth_dialogues, 12);
    assert_true(data->synth_seed == 5);
    assert_int_equal(data->synth_dims[0], 3);
    assert_int_equal(data->synth_dims[1], 0);
    assert_int_equal(data->synth_dims[2], 4);
}

static void expect_every_model(const cfg_config *config)
{
    static const double weights[] = {1, 0, 2.5};
    static const double alpha[] = {0.1, 0.2, 0.3};
    static const double similarity[] = {1, 0, .5, 0, 1, .25, .5, .25, 1};
    const cfg_model *model = &config->model;
    assert_int_equal(model->hidden, 12);
    assert_int_equal(model->graph_hidden, 7);
    assert_int_equal(model->ffn, 9);
    assert_int_equal(model->heads, 3);
    assert_int_equal(model->layers, 64);
    assert_int_equal(model->gcn_layers, 2);
    assert_int_equal(model->gate, CFG_GATE_OFF);
    expect_real(model->dropout, 0);
    expect_real(model->gcn_mask, 0.25);
    assert_int_equal(model->gcn_eval.mode, CFG_GCN_MEAN);
    assert_int_equal(model->gcn_eval.repetitions, 20);
    const cfg_loss *loss = &config->loss;
    expect_real(loss->lambda_ce, 0.5);
    expect_real(loss->lambda_saf, 0.25);
    expect_real(loss->lambda_kl, 2);
    assert_int_equal(loss->saf_form, CFG_SAF_TRUE_CLASS);
    expect_real(loss->gamma, 0);
    expect_real(loss->temperature, 8);
    assert_false(loss->teacher_gradient);
    assert_int_equal(loss->class_weights.form, CFG_WEIGHTS_LIST);
    assert_int_equal(loss->class_weights.list.count, 3);
    assert_int_equal(loss->alpha.form, CFG_ALPHA_LIST);
    assert_int_equal(loss->alpha.list.count, 3);
    assert_int_equal(loss->similarity.form, CFG_SIMILARITY_ROWS);
    assert_int_equal(loss->similarity.classes, 3);
    for (size_t i = 0; i < 3; i++) expect_real(loss->class_weights.list.items[i], weights[i]);
    for (size_t i = 0; i < 3; i++) expect_real(loss->alpha.list.items[i], alpha[i]);
    for (size_t i = 0; i < 9; i++) expect_real(loss->similarity.rows[i], similarity[i]);
}

static void expect_every_train(const cfg_config *config)
{
    const cfg_train *train = &config->train;
    assert_int_equal(train->epochs, 3);
    assert_int_equal(train->batch, 2);
    expect_real(train->lr, 3e-4);
    assert_int_equal(train->optimizer, CFG_OPTIMIZER_ADAMW);
    expect_real(train->beta1, 0.8);
    expect_real(train->beta2, 0.99);
    expect_real(train->eps, 1e-6);
    expect_real(train->weight_decay, 0.01);
    assert_int_equal(train->schedule, CFG_SCHEDULE_COSINE);
    assert_int_equal(train->warmup, 10);
    expect_real(train->clip, 5);
    assert_int_equal(train->micro_batch, 1);
    assert_int_equal(train->patience, 4);
    assert_int_equal(train->nonfinite, CFG_NONFINITE_SKIP);
    assert_true(train->evaluate_train);
    assert_true(train->log_steps);
    assert_int_equal(train->checkpoint_every, 2);
    assert_string_equal(config->runtime.device, "my \"GPU\"; 7");
    assert_int_equal(config->runtime.gemm, CFG_GEMM_PANEL);
}

/* A text in which no key has its default: every value arrives, and arrives again through what is written. */
static void test_every_key(void **state)
{
    (void)state;
    cfg_config config;
    cfg_config back;
    char *text = NULL;
    st_error error = {0};
    if (cfg_load_text(&config, every_key, "all.ini", "/some/folder", no_overrides, &error) != ST_OK)
        fail_msg("%s", error.text);
    expect_every_data(&config, "/some/folder/a;b #c.pkl");
    expect_every_model(&config);
    expect_every_train(&config);
    if (cfg_write(&config, &text, &error) != ST_OK) fail_msg("%s", error.text);
    assert_non_null(strstr(text, "\nvalid_dialogues = x 1, 7..9, 11, 012, 013, 014\n"));
    for (size_t i = 0; i < cfg_key_count; i++) {
        char line[128];
        snprintf(line, sizeof line, "\n%s = ", cfg_keys[i].key);
        if (!strstr(every_key, line) && strcmp(cfg_keys[i].key, "valid_fraction") != 0)
            fail_msg("every_key lacks %s", cfg_keys[i].key);
        if (!strstr(text, line)) fail_msg("%s is not written", cfg_keys[i].key);
    }
    if (cfg_load_text(&back, text, "all.ini", NULL, no_overrides, &error) != ST_OK) fail_msg("%s", error.text);
    expect_every_data(&back, "/some/folder/a;b #c.pkl");
    expect_every_model(&back);
    expect_every_train(&back);
    free(text);
    cfg_destroy(&config);
    cfg_destroy(&back);
}

/* Lists longer than a line of iniparser can be are written and read whole. */
static void test_long_lists(void **state)
{
    (void)state;
    enum { COUNT = 2000 };
    char *text = calloc(1, 1 << 16);
    assert_non_null(text);
    size_t used = (size_t)sprintf(text, "data.valid_dialogues=");
    for (int i = 0; i < COUNT; i++)
        used += (size_t)sprintf(text + used, "%s%c some; dialogue_%d", i ? "," : "", i % 2 ? '"' : '#', i);
    const char *const items[] = {text};
    cfg_config config;
    cfg_config back;
    char *written = NULL;
    st_error error = {0};
    if (cfg_load_text(&config, "", "x.ini", NULL, (cfg_overrides){items, 1}, &error) != ST_OK)
        fail_msg("%s", error.text);
    assert_int_equal(config.data.valid_dialogues.count, COUNT);
    if (cfg_write(&config, &written, &error) != ST_OK) fail_msg("%s", error.text);
    if (cfg_load_text(&back, written, "x.ini", NULL, no_overrides, &error) != ST_OK) fail_msg("%s", error.text);
    expect_names(&back.data.valid_dialogues, (const char *const *)config.data.valid_dialogues.items, COUNT);
    free(text);
    free(written);
    cfg_destroy(&config);
    cfg_destroy(&back);
}

static void expect_unwritable(const char *override, const char *sentence)
{
    const char *const items[] = {override};
    cfg_config config;
    char *text = NULL;
    st_error error = {0};
    if (cfg_load_text(&config, "", "x.ini", NULL, (cfg_overrides){items, 1}, &error) != ST_OK)
        fail_msg("%s", error.text);
    assert_int_equal(cfg_write(&config, &text, &error), ST_USAGE);
    assert_null(text);
    assert_string_equal(error.text, sentence);
    cfg_destroy(&config);
}

static void test_unwritable(void **state)
{
    (void)state;
    expect_unwritable("runtime.device=a'b\"c;d", "[runtime] device cannot be written to an INI file, for it has both "
                                                 "kinds of quotes beside a ; or #: a'b\"c;d");
    char wide[1200] = "runtime.device=";
    char sentence[512];
    memset(wide + 15, 'x', 1100);
    snprintf(sentence, sizeof sentence,
             "[runtime] device cannot be written to an INI file, for it has too long a word: %.200s", wide + 15);
    expect_unwritable(wide, sentence);
}

static void test_paths(void **state)
{
    (void)state;
    char here[1024];
    char expected[2048];
    char *text = NULL;
    cfg_config config;
    st_error error = {0};
    assert_non_null(getcwd(here, sizeof here));
    const struct {
        const char *text, *folder, *override, *path, *written; /* written: behind the working directory, or absolute */
    } cases[] = {
        {"[data]\npath = x.pkl", "conf/here", NULL, "conf/here/x.pkl", "conf/here/x.pkl"},
        {"[data]\npath = ../x.pkl", "conf", NULL, "conf/../x.pkl", "conf/../x.pkl"},
        {"[data]\npath = ./x.pkl", NULL, NULL, "./x.pkl", "x.pkl"},
        {"[data]\npath = /x.pkl", "conf", NULL, "/x.pkl", "/x.pkl"},
        {"[data]\npath = x.pkl", "", NULL, "/x.pkl", "/x.pkl"},
        {"[data]\npath = x.pkl", "conf", "data.path=y.pkl", "y.pkl", "y.pkl"},
        {"[data]\npath = x.pkl", "conf", "data.path= /y; z.pkl ", "/y; z.pkl", "\"/y; z.pkl\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const cfg_overrides overrides = {&cases[i].override, cases[i].override ? 1 : 0};
        if (cfg_load_text(&config, cases[i].text, "x.ini", cases[i].folder, overrides, &error) != ST_OK)
            fail_msg("%s", error.text);
        assert_string_equal(config.data.path, cases[i].path);
        assert_int_equal(cfg_write(&config, &text, &error), ST_OK);
        const bool absolute = strchr("/\"", cases[i].written[0]) != NULL;
        snprintf(expected, sizeof expected, "\npath = %s%s%s\n", absolute ? "" : here, absolute ? "" : "/",
                 cases[i].written);
        if (!strstr(text, expected)) fail_msg("%s is not in %s", expected, text);
        free(text);
        cfg_destroy(&config);
    }
}

/* Files in a folder: their relative paths stand on it, and the run takes the name of the file. */
static void test_file(void **state)
{
    (void)state;
    char folder[] = "safsd-config-XXXXXX";
    char path[128];
    char expected[256];
    cfg_config config;
    st_error error = {0};
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/my.run.ini", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("[data]\npath = x.pkl\n", file);
    fclose(file);
    assert_int_equal(cfg_load(&config, path, no_overrides, &error), ST_OK);
    snprintf(expected, sizeof expected, "%s/x.pkl", folder);
    assert_string_equal(config.data.path, expected);
    assert_string_equal(config.experiment.name, "my.run");
    cfg_destroy(&config);
    const char *const items[] = {"experiment.name=other", "Train.Epochs = 5", "train.epochs=6", "data.path="};
    assert_int_equal(cfg_load(&config, path, (cfg_overrides){items, 4}, &error), ST_OK);
    assert_string_equal(config.experiment.name, "other");
    assert_int_equal(config.train.epochs, 6);
    assert_null(config.data.path);
    cfg_destroy(&config);
    unlink(path);
    assert_int_equal(cfg_load(&config, path, no_overrides, &error), ST_USAGE);
    snprintf(expected, sizeof expected, "the configuration %s cannot be opened: No such file or directory", path);
    assert_string_equal(error.text, expected);
    expect_zero(&config);
    assert_int_equal(rmdir(folder), 0);
}

static void expect_refused(const char *text, const char *sentence)
{
    cfg_config config;
    st_error error = {0};
    memset(&config, 0xff, sizeof config);
    if (cfg_load_text(&config, text, "x.ini", NULL, no_overrides, &error) != ST_USAGE) fail_msg("accepted: %s", text);
    assert_string_equal(error.text, sentence);
    expect_zero(&config);
}

static void test_unknown_names(void **state)
{
    (void)state;
    expect_refused("[train]\nepoch = 3\n", "x.ini:2: [train] has no key epoch; did you mean epochs?");
    expect_refused("[train]\nepohcs = 3\n", "x.ini:2: [train] has no key epohcs; did you mean epochs?");
    expect_refused("[train]\n\nbatch_size = 3\n", "x.ini:3: [train] has no key batch_size; did you mean batch?");
    expect_refused("[train]\nlearning_rate = 3\n", "x.ini:2: [train] has no key learning_rate; did you mean lr?");
    expect_refused("[model]\ndrop-out = 0\n", "x.ini:2: [model] has no key drop-out; did you mean dropout?");
    expect_refused("[model]\nepochs = 3\n", "x.ini:2: [model] has no key epochs; did you mean epochs in [train]?");
    expect_refused("[runtime]\nxyzzyxyzzy = 3\n",
                   "x.ini:2: [runtime] has no key xyzzyxyzzy; its keys are device, gemm");
    expect_refused("[trian]\nepochs = 3\n", "x.ini:1: there is no section [trian]; did you mean [train]?");
    expect_refused("[train]\nlr = 1\n[training]\n", "x.ini:3: there is no section [training]; did you mean [train]?");
    expect_refused("[]\n", "x.ini:1: there is no section []; there are [experiment], [data], [model], [loss], [train], "
                           "[runtime]");
    char text[600] = "[train]\n";
    memset(text + 8, 'k', 500);
    strcpy(text + 508, " = 1\n");
    char sentence[1024];
    snprintf(sentence, sizeof sentence, "x.ini:2: [train] has no key %.64s; its keys are epochs, batch, lr, ",
             text + 8);
    cfg_config config;
    st_error error = {0};
    assert_int_equal(cfg_load_text(&config, text, "x.ini", NULL, no_overrides, &error), ST_USAGE);
    assert_memory_equal(error.text, sentence, strlen(sentence));
}

/* What a float cannot hold would be infinite on every device. */
static void test_beyond_float(void **state)
{
    (void)state;
    static const char *const keys[] = {"[train]\nlr",           "[train]\nweight_decay", "[train]\nclip",
                                       "[train]\neps",          "[loss]\nlambda_ce",     "[loss]\nlambda_saf",
                                       "[loss]\nlambda_kl",     "[loss]\ngamma",         "[loss]\ntemperature",
                                       "[loss]\nclass_weights", "[loss]\nalpha"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        st_error error = {0};
        cfg_config config;
        char text[128];
        snprintf(text, sizeof text, "%s = 1e39\n", keys[i]);
        assert_int_equal(cfg_load_text(&config, text, "x.ini", NULL, (cfg_overrides){NULL, 0}, &error), ST_USAGE);
        if (!strstr(error.text, "\"1e39\" is out of range; it takes") || !strstr(error.text, "3.4e+38"))
            fail_msg("%s: %s", keys[i], error.text);
    }
}

/* The configuration and the names in it go into the metadata of checkpoints, which are UTF-8. */
static void test_not_utf8(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\xe4rger",         "\xc3", "\xc3(",   "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\x80", "\xe2\x82"};
    static const char *const keys[] = {"[data]\nclasses = calm,", "[data]\nvalid_dialogues =", "[data]\npath =",
                                       "[experiment]\nname =", "[runtime]\ndevice ="};
    char text[128];
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            st_error error = {0};
            cfg_config config;
            snprintf(text, sizeof text, "%s %s\n", keys[k], bad[i]);
            assert_int_equal(cfg_load_text(&config, text, "x.ini", NULL, (cfg_overrides){NULL, 0}, &error), ST_USAGE);
            if (!strstr(error.text, "is no valid UTF-8; it takes")) fail_msg("%s: %s", text, error.text);
        }
    }
    st_error error = {0};
    cfg_config config;
    snprintf(text, sizeof text,
             "[data]\nclasses = \xc3\x84rger, \xe2\x82\xac, \xf0\x9f\x98\x80, \xed\x9f\xbf, \xf4\x8f\xbf\xbf\n");
    assert_int_equal(cfg_load_text(&config, text, "x.ini", NULL, (cfg_overrides){NULL, 0}, &error), ST_OK);
    assert_int_equal(config.data.classes.count, 5);
    cfg_destroy(&config);
}

static void test_bad_values(void **state)
{
    (void)state;
    expect_refused("[train]\nepochs = 12abc\n",
                   "x.ini:2: [train] epochs: \"12abc\" is not an integer; it takes an integer from 1 to 1000000");
    expect_refused("[train]\nepochs = 0\n",
                   "x.ini:2: [train] epochs: \"0\" is out of range; it takes an integer from 1 to 1000000");
    expect_refused("[train]\nepochs = 99999999999999999999\n",
                   "x.ini:2: [train] epochs: \"99999999999999999999\" is out of range; it takes an integer from 1 to "
                   "1000000");
    expect_refused("[train]\nwarmup = -1\n",
                   "x.ini:2: [train] warmup: \"-1\" is out of range; it takes an integer of at least 0");
    expect_refused("[model]\nlayers = 65\n",
                   "x.ini:2: [model] layers: \"65\" is out of range; it takes an integer from 1 to 64");
    expect_refused("[model]\ndropout = 1\n",
                   "x.ini:2: [model] dropout: \"1\" is out of range; it takes a number of at least 0 and below 1");
    expect_refused("[model]\ndropout = 0,5\n",
                   "x.ini:2: [model] dropout: \"0,5\" is not a number; it takes a number of at least 0 and below 1");
    expect_refused("[train]\nlr = 0\n",
                   "x.ini:2: [train] lr: \"0\" is out of range; it takes a number above 0 and at most 3.4e+38");
    expect_refused("[train]\nlr = nan\n",
                   "x.ini:2: [train] lr: \"nan\" is not a number; it takes a number above 0 and at most 3.4e+38");
    expect_refused("[train]\nlr = 1e999\n",
                   "x.ini:2: [train] lr: \"1e999\" is out of range; it takes a number above 0 and at most 3.4e+38");
    expect_refused("[train]\neps = 1e-40\n",
                   "x.ini:2: [train] eps: \"1e-40\" is out of range; it takes a number from 1e-30 to 3.4e+38");
    expect_refused("[loss]\ntemperature = 1e-40\n",
                   "x.ini:2: [loss] temperature: \"1e-40\" is out of range; it takes a number from 1e-06 to 3.4e+38");
    expect_refused("[loss]\nlambda_kl = -0.1\n",
                   "x.ini:2: [loss] lambda_kl: \"-0.1\" is out of range; it takes a number from 0 to 3.4e+38");
    expect_refused("[train]\nclip = 1e-39\n",
                   "x.ini:2: [train] clip: 1e-39 is out of range; it takes 0, or a number from 1.17549e-38");
    expect_refused("[train]\nlr =\n", "x.ini:2: [train] lr has no value; write one, or delete the line to keep the "
                                      "default");
    expect_refused("[train]\nlr = 1\n\nlr = 2\n",
                   "x.ini:4: [train] lr is given twice, first in line 2; keep one of them");
    expect_refused("[train]\nlog_steps = maybe\n",
                   "x.ini:2: [train] log_steps: \"maybe\" is neither true nor false; it takes true or false");
    expect_refused("[model]\ngate = open\n",
                   "x.ini:2: [model] gate: \"open\" is none of its words; it takes learned, identity or off");
    expect_refused("[model]\ngcn_eval = mean:0\n",
                   "x.ini:2: [model] gcn_eval: \"0\" is out of range; it takes expected, "
                   "sample, or mean:R with an integer R from 1 to 10000");
    expect_refused("[model]\ngcn_eval = mean\n", "x.ini:2: [model] gcn_eval: \"mean\" is none of its words; it takes "
                                                 "expected, sample, or mean:R with an integer R from 1 to 10000");
    expect_refused("[experiment]\nseed = -1\n", "x.ini:2: [experiment] seed: \"-1\" is not an integer without sign; it "
                                                "takes an integer from 0 to 18446744073709551615");
    expect_refused("[experiment]\nname = a/b\n",
                   "x.ini:2: [experiment] name: \"a/b\" cannot name a folder; it takes the name of a folder, without / "
                   "and not beginning with a point");
}

static void test_bad_lists(void **state)
{
    (void)state;
#define TAKES_IDS "it takes different dialogue ids, separated by commas, with ranges such as 1039..1152"
#define TAKES_SEEDS "it takes different integers, separated by commas, with ranges such as 1..5"
#define TAKES_WEIGHTS "it takes none, inverse_frequency, or one number from 0 to 3.4e+38 per class"
#define TAKES_ROWS "it takes identity, iemocap, meld, or a row of numbers from 0 to 1 per class, rows separated by /"
    expect_refused("[data]\nclasses = a,,b\n", "x.ini:2: [data] classes: \"a,,b\" has an empty place in its list; it "
                                               "takes different names, separated by commas");
    expect_refused("[data]\nclasses = a, b, a\n", "x.ini:2: [data] classes: \"a\" is in the list twice; it takes "
                                                  "different names, separated by commas");
    expect_refused("[data]\nclasses = a\n",
                   "x.ini:2: [data] classes: one class alone cannot be told from another; name two or more");
    expect_refused("[data]\nvalid_dialogues = 5..3\n",
                   "x.ini:2: [data] valid_dialogues: \"5..3\" is a range that runs backwards; " TAKES_IDS);
    expect_refused("[data]\nvalid_dialogues = a..3\n",
                   "x.ini:2: [data] valid_dialogues: \"a..3\" is not a range between two integers; " TAKES_IDS);
    expect_refused("[data]\nvalid_dialogues = 01..3\n",
                   "x.ini:2: [data] valid_dialogues: \"01..3\" is not a range between two integers; " TAKES_IDS);
    expect_refused(
        "[data]\nvalid_dialogues = 1..100001\n",
        "x.ini:2: [data] valid_dialogues: \"1..100001\" is a range of more than 100000 integers; " TAKES_IDS);
    expect_refused("[data]\nvalid_dialogues = 1..5, \\\n 3\n",
                   "x.ini:2: [data] valid_dialogues: \"3\" is in the list twice; " TAKES_IDS);
    expect_refused("[data]\nmodalities = t, x\n",
                   "x.ini:2: [data] modalities: \"x\" is no modality; it takes auto, or some of t, a, v");
    expect_refused("[data]\nmodalities = t, text\n",
                   "x.ini:2: [data] modalities: \"text\" is in the list twice; it takes auto, or some of t, a, v");
    expect_refused(
        "[data]\nsynth_dims = 1, 2\n",
        "x.ini:2: [data] synth_dims: \"1, 2\" has less than three integers; it takes auto, or three integers "
        "from 0 to 65536: text, audio, visual");
    expect_refused("[data]\nsynth_dims = 1, 2, 3, 4\n",
                   "x.ini:2: [data] synth_dims: \"1, 2, 3, 4\" has more than three integers; it takes auto, or three "
                   "integers from 0 to 65536: text, audio, visual");
    expect_refused(
        "[data]\nsynth_dims = 0, 0, 0\n",
        "x.ini:2: [data] synth_dims: \"0, 0, 0\" leaves no modality; it takes auto, or three integers from 0 "
        "to 65536: text, audio, visual");
    expect_refused("[experiment]\nseeds = 1..5, 3\n",
                   "x.ini:2: [experiment] seeds: \"3\" brings a seed that is in the list already; " TAKES_SEEDS);
    expect_refused("[experiment]\nseeds = 1..1001\n",
                   "x.ini:2: [experiment] seeds: \"1..1001\" makes more than 1000 seeds; " TAKES_SEEDS);
    expect_refused("[experiment]\nseeds = 1, \n",
                   "x.ini:2: [experiment] seeds: \"\" is not an integer without sign; " TAKES_SEEDS);
    expect_refused("[loss]\nclass_weights = 1, x\n",
                   "x.ini:2: [loss] class_weights: \"x\" is not a number; " TAKES_WEIGHTS);
    expect_refused("[loss]\nclass_weights = 1, , 2\n",
                   "x.ini:2: [loss] class_weights: \"1, , 2\" has an empty place in its list; " TAKES_WEIGHTS);
    expect_refused("[loss]\nclass_weights = 1 -1\n",
                   "x.ini:2: [loss] class_weights: \"-1\" is out of range; " TAKES_WEIGHTS);
    expect_refused("[loss]\nsimilarity = 1 2 / 2 1\n",
                   "x.ini:2: [loss] similarity: \"2\" is out of range; " TAKES_ROWS);
    expect_refused("[loss]\nsimilarity = 1 0 / 0 1 0\n", "x.ini:2: [loss] similarity: \"0 1 0\" has another number of "
                                                         "columns than the first row; " TAKES_ROWS);
    expect_refused("[loss]\nsimilarity = 1 0 / 0 1 / 0 0\n",
                   "x.ini:2: [loss] similarity: \"1 0 / 0 1 / 0 0\" has not as "
                   "many rows as columns; " TAKES_ROWS);
    expect_refused("[loss]\nsimilarity = 1 0 / \n",
                   "x.ini:2: [loss] similarity: \"\" has an empty place in its list; " TAKES_ROWS);
}

static void test_contradictions(void **state)
{
    (void)state;
    expect_refused("[model]\nhidden = 10\n\nheads = 4\n",
                   "x.ini:4: [model] heads: hidden = 10 is not a multiple of heads = 4");
    expect_refused("[model]\nhidden = 10\n", "x.ini:2: [model] hidden: hidden = 10 is not a multiple of heads = 8");
    expect_refused(
        "[data]\nvalid_fraction = 0.1\nvalid_dialogues = a\n",
        "x.ini:2: [data] valid_fraction: valid_fraction and valid_dialogues both choose the validation part; "
        "keep one of them (--set data.valid_fraction=0 or --set data.valid_dialogues= takes the other away)");
    expect_refused(
        "[data]\nformat = synth\npath = a\n",
        "x.ini:3: [data] path: data are read from a path, but format = synth makes them in memory; set format "
        "to auto, or give no path");
    expect_refused("[data]\nclasses = a, b\n[loss]\nalpha = 1, 2, 3\n",
                   "x.ini:4: [loss] alpha: this is for 3 classes, but [data] classes for 2");
    expect_refused("[loss]\nclass_weights = 1, 2, 3\nsimilarity = meld\n",
                   "x.ini:3: [loss] similarity: this is for 7 classes, but [loss] class_weights for 3");
    expect_refused("[loss]\nclass_weights = 0, 0\n",
                   "x.ini:2: [loss] class_weights: one of the weights must be above 0");
    expect_refused("[loss]\nlambda_ce = 0\nlambda_saf = 0\nlambda_kl = 0\n",
                   "x.ini:2: [loss] lambda_ce: lambda_ce, lambda_saf and lambda_kl are all 0, which leaves nothing to "
                   "train for");
}

static void expect_override_refused(const char *override, const char *sentence)
{
    const char *const items[] = {"train.lr=1e-3", override};
    cfg_config config;
    st_error error = {0};
    const st_status status = cfg_load_text(&config, "", "x.ini", NULL, (cfg_overrides){items, 2}, &error);
    assert_string_equal(error.text, sentence);
    assert_int_equal(status, ST_USAGE);
    expect_zero(&config);
}

static void test_overrides(void **state)
{
    (void)state;
    expect_override_refused("train.epochs=x",
                            "--set train.epochs: \"x\" is not an integer; it takes an integer from 1 to 1000000");
    expect_override_refused("train.epochs=",
                            "--set train.epochs: \"\" is no value; it takes an integer from 1 to 1000000");
    expect_override_refused("train.epoch=3", "--set train.epoch: [train] has no key epoch; did you mean epochs?");
    expect_override_refused("trian.epochs=3", "--set trian.epochs: there is no section [trian]; did you mean [train]?");
    expect_override_refused("epochs=3", "--set epochs=3: this is not section.key=value, as in train.epochs=5");
    expect_override_refused("train.epochs", "--set train.epochs: this is not section.key=value, as in train.epochs=5");
    expect_override_refused("", "--set : this is not section.key=value, as in train.epochs=5");
    expect_override_refused("runtime.device=a\nb", "--set runtime.device: a control character (0x0a)");
    expect_override_refused("model.heads=5", "--set model.heads: hidden = 1024 is not a multiple of heads = 5");
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(cfg_word("model.gate", CFG_GATE_LEARNED), "learned");
    assert_string_equal(cfg_word("model.gate", CFG_GATE_IDENTITY), "identity");
    assert_string_equal(cfg_word("model.gate", CFG_GATE_OFF), "off");
    assert_string_equal(cfg_word("data.format", CFG_FORMAT_SYNTH), "synth");
    assert_string_equal(cfg_word("data.synth_like", CFG_CORPUS_MELD), "meld");
    assert_string_equal(cfg_word("loss.saf_form", CFG_SAF_PUBLISHED), "published");
    assert_string_equal(cfg_word("loss.class_weights", CFG_WEIGHTS_INVERSE_FREQUENCY), "inverse_frequency");
    assert_string_equal(cfg_word("loss.similarity", CFG_SIMILARITY_MELD), "meld");
    assert_string_equal(cfg_word("train.optimizer", CFG_OPTIMIZER_ADAMW), "adamw");
    assert_string_equal(cfg_word("train.schedule", CFG_SCHEDULE_COSINE), "cosine");
    assert_string_equal(cfg_word("train.nonfinite", CFG_NONFINITE_SKIP), "skip");
    assert_string_equal(cfg_word("runtime.gemm", CFG_GEMM_PANEL), "panel");
    assert_null(cfg_word("model.gate", 3));
    assert_null(cfg_word("model.gate", -1));
    assert_null(cfg_word("train.lr", 0));
    assert_null(cfg_word("nothing", 0));
}

/* Every beginning of a text and the text with bytes changed: it loads, writes and loads again, or says what is wrong.
 */
static void test_damaged(void **state)
{
    (void)state;
    static const char bytes[] = "\\\"';#[]=,./ \n-+e:019xa";
    char damaged[sizeof every_key];
    uint32_t random = 7;
    size_t refused = 0;
    for (size_t i = 0; i < sizeof every_key + 2000; i++) {
        memcpy(damaged, every_key, sizeof every_key);
        if (i < sizeof every_key) damaged[i] = '\0';
        for (int change = 0; i >= sizeof every_key && change < 2; change++) {
            random = random * 1664525u + 1013904223u;
            damaged[(random >> 8) % (sizeof every_key - 1)] = bytes[(random >> 20) % (sizeof bytes - 1)];
        }
        cfg_config config;
        cfg_config back;
        char *text = NULL;
        st_error error = {0};
        if (cfg_load_text(&config, damaged, "x.ini", NULL, no_overrides, &error) == ST_OK) {
            if (cfg_write(&config, &text, &error) == ST_OK) {
                if (cfg_load_text(&back, text, "x.ini", NULL, no_overrides, &error) != ST_OK)
                    fail_msg("%s", error.text);
                cfg_destroy(&back);
            }
            free(text);
        } else {
            refused++;
            assert_int_equal(error.status, ST_USAGE);
            assert_memory_equal(error.text, "x.ini:", 6);
            expect_zero(&config);
        }
        cfg_destroy(&config);
    }
    assert_true(refused > 500);
    cfg_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iemocap),    cmocka_unit_test(test_meld),           cmocka_unit_test(test_similarity),
        cmocka_unit_test(test_shipped),    cmocka_unit_test(test_demo),           cmocka_unit_test(test_reference),
        cmocka_unit_test(test_every_key),  cmocka_unit_test(test_long_lists),     cmocka_unit_test(test_unwritable),
        cmocka_unit_test(test_paths),      cmocka_unit_test(test_file),           cmocka_unit_test(test_unknown_names),
        cmocka_unit_test(test_bad_values), cmocka_unit_test(test_beyond_float),   cmocka_unit_test(test_not_utf8),
        cmocka_unit_test(test_bad_lists),  cmocka_unit_test(test_contradictions), cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_words),      cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
