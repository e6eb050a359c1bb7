/* What every key takes arrives, and what is written reads back; paths, files and long lists. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "config/schema.h"
#include "tests/support/configs.h"

static const char every_key[] =
    "[experiment]\nname = all\nseed = 18446744073709551615\nseeds = 7, 1..3, 18446744073709551615\n"
    "[data]\npath = \"a;b #c.pkl\"\nformat = pickle\nmodalities = visual, t\nclasses = \"a;b, it's, c d\"\n"
    "unknown_speakers = position\nstandardize = yes\nvalid_dialogues = x 1, 7..9, 11, 012, 013, 014\n"
    "synth_like = meld\nsynth_dialogues = 12\nsynth_seed = 5\nsynth_dims = 3, 0, 4\n"
    "[model]\nhidden = 12\ngraph_hidden = 7\nffn = 9\nheads = 3\nlayers = 64\ngcn_layers = 2\n"
    "gate = off\ndropout = 0\ngcn_mask = 0.25\ngcn_eval = mean:20\n"
    "[loss]\nlambda_ce = 0.5\nlambda_saf = .25\nlambda_kl = 2\nsaf_form = true_class\ngamma = 0\n"
    "temperature = 8\nteacher_gradient = off\nclass_weights = 1, 0 2.5\nalpha = 0.1 0.2 0.3\n"
    "similarity = 1 0 .5/0,1,.25 / 0.5, .25 1\n"
    "[train]\nepochs = 3\nbatch = 2\nlr = 3e-4\noptimizer = adamw\nbeta1 = 0.8\nbeta2 = 0.99\neps = 1e-6\n"
    "weight_decay = 0.01\nschedule = cosine\nwarmup = 10\nclip = 5\nmicro_batch = 1\npatience = 4\n"
    "select = macro_f1\nnonfinite = skip\nevaluate_train = yes\nlog_steps = 1\ncheckpoint_every = 2\n"
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
    tc_expect_names(&data->classes, classes, 3);
    assert_int_equal(data->unknown_speakers, CFG_UNKNOWN_POSITION);
    assert_true(data->standardize);
    tc_expect_real(data->valid_fraction, 0);
    tc_expect_names(&data->valid_dialogues, ids, 8);
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
    tc_expect_real(model->dropout, 0);
    tc_expect_real(model->gcn_mask, 0.25);
    assert_int_equal(model->gcn_eval.mode, CFG_GCN_MEAN);
    assert_int_equal(model->gcn_eval.repetitions, 20);
    const cfg_loss *loss = &config->loss;
    tc_expect_real(loss->lambda_ce, 0.5);
    tc_expect_real(loss->lambda_saf, 0.25);
    tc_expect_real(loss->lambda_kl, 2);
    assert_int_equal(loss->saf_form, CFG_SAF_TRUE_CLASS);
    tc_expect_real(loss->gamma, 0);
    tc_expect_real(loss->temperature, 8);
    assert_false(loss->teacher_gradient);
    assert_int_equal(loss->class_weights.form, CFG_WEIGHTS_LIST);
    assert_int_equal(loss->class_weights.list.count, 3);
    assert_int_equal(loss->alpha.form, CFG_ALPHA_LIST);
    assert_int_equal(loss->alpha.list.count, 3);
    assert_int_equal(loss->similarity.form, CFG_SIMILARITY_ROWS);
    assert_int_equal(loss->similarity.classes, 3);
    for (size_t i = 0; i < 3; i++) tc_expect_real(loss->class_weights.list.items[i], weights[i]);
    for (size_t i = 0; i < 3; i++) tc_expect_real(loss->alpha.list.items[i], alpha[i]);
    for (size_t i = 0; i < 9; i++) tc_expect_real(loss->similarity.rows[i], similarity[i]);
}

static void expect_every_train(const cfg_config *config)
{
    const cfg_train *train = &config->train;
    assert_int_equal(train->epochs, 3);
    assert_int_equal(train->batch, 2);
    tc_expect_real(train->lr, 3e-4);
    assert_int_equal(train->optimizer, CFG_OPTIMIZER_ADAMW);
    tc_expect_real(train->beta1, 0.8);
    tc_expect_real(train->beta2, 0.99);
    tc_expect_real(train->eps, 1e-6);
    tc_expect_real(train->weight_decay, 0.01);
    assert_int_equal(train->schedule, CFG_SCHEDULE_COSINE);
    assert_int_equal(train->warmup, 10);
    tc_expect_real(train->clip, 5);
    assert_int_equal(train->micro_batch, 1);
    assert_int_equal(train->patience, 4);
    assert_int_equal(train->select, CFG_SELECT_MACRO_F1);
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
    if (cfg_load_text(&config, every_key, "all.ini", "/some/folder", tc_no_overrides, &error) != ST_OK)
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
    if (cfg_load_text(&back, text, "all.ini", NULL, tc_no_overrides, &error) != ST_OK) fail_msg("%s", error.text);
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
    if (cfg_load_text(&back, written, "x.ini", NULL, tc_no_overrides, &error) != ST_OK) fail_msg("%s", error.text);
    tc_expect_names(&back.data.valid_dialogues, (const char *const *)config.data.valid_dialogues.items, COUNT);
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

/* Words may be written in large and small letters, as other programs write them. */
static void test_letter_case(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        bool value;
    } flags[] = {{"True", true},   {"TRUE", true},   {"true", true}, {"Yes", true}, {"YES", true},  {"On", true},
                 {"False", false}, {"FALSE", false}, {"No", false},  {"nO", false}, {"OFF", false}, {"0", false}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        char text[128];
        cfg_config config;
        st_error error = {0};
        snprintf(text, sizeof text, "[data]\nstandardize = %s\n[loss]\nteacher_gradient = %s\n", flags[i].word,
                 flags[i].word);
        if (cfg_load_text(&config, text, "x.ini", NULL, tc_no_overrides, &error) != ST_OK) fail_msg("%s", error.text);
        assert_int_equal(config.data.standardize, flags[i].value);
        assert_int_equal(config.loss.teacher_gradient, flags[i].value);
        cfg_destroy(&config);
    }
    cfg_config config;
    st_error error = {0};
    if (cfg_load_text(&config,
                      "[data]\nmodalities = T, Audio\nsynth_dims = Auto\n[model]\ngate = Off\ngcn_eval = Mean:3\n"
                      "[loss]\nclass_weights = None\nsimilarity = Identity\n[train]\noptimizer = AdamW\n",
                      "x.ini", NULL, tc_no_overrides, &error) != ST_OK)
        fail_msg("%s", error.text);
    assert_int_equal(config.data.modalities, CFG_TEXT | CFG_AUDIO);
    assert_int_equal(config.model.gate, CFG_GATE_OFF);
    assert_int_equal(config.model.gcn_eval.repetitions, 3);
    assert_int_equal(config.loss.class_weights.form, CFG_WEIGHTS_NONE);
    assert_int_equal(config.train.optimizer, CFG_OPTIMIZER_ADAMW);
    cfg_destroy(&config);
}

/* A name in quotes holds its commas, in a file, in --set, and when it is written again. */
static void test_commas_in_names(void **state)
{
    (void)state;
    static const char *const names[] = {"very, very happy", "sad", "\"odd\", 'a'", "it's", "a \"b\" c"};
    static const char *const sets[] = {"data.classes=\"very, very happy\" , sad,'\"odd\", 'a'', it's, a \"b\" c"};
    cfg_config config;
    cfg_config back;
    char *text = NULL;
    st_error error = {0};
    if (cfg_load_text(&config, "", "x.ini", NULL, (cfg_overrides){sets, 1}, &error) != ST_OK)
        fail_msg("%s", error.text);
    tc_expect_names(&config.data.classes, names, 5);
    cfg_destroy(&config);

    static const char *const plain[] = {"calm", "very, very happy", "sad"};
    static const char *const quoted[] = {"d 1", "d,2"}, *const one[] = {"very, very happy"};
    if (cfg_load_text(&config,
                      "[data]\nclasses = 'd 1', \"d,2\" # two\nvalid_dialogues = \"very, very happy\" ; one\n",
                      "x.ini", NULL, tc_no_overrides, &error) != ST_OK)
        fail_msg("%s", error.text);
    tc_expect_names(&config.data.classes, quoted, 2);
    tc_expect_names(&config.data.valid_dialogues, one, 1);
    cfg_destroy(&config);
    if (cfg_load_text(&config, "[data]\nclasses = calm, \"very, very happy\", \\\n    sad\n", "x.ini", NULL,
                      tc_no_overrides, &error) != ST_OK)
        fail_msg("%s", error.text);
    tc_expect_names(&config.data.classes, plain, 3);
    if (cfg_write(&config, &text, &error) != ST_OK) fail_msg("%s", error.text);
    if (cfg_load_text(&back, text, "x.ini", NULL, tc_no_overrides, &error) != ST_OK) fail_msg("%s", error.text);
    tc_expect_names(&back.data.classes, plain, 3);
    cfg_destroy(&back);
    cfg_destroy(&config);
    free(text);
}

/* A value may begin in the line after its key. */
static void test_value_in_next_line(void **state)
{
    (void)state;
    cfg_config config;
    st_error error = {0};
    if (cfg_load_text(&config,
                      "[train]\nclip = \\\n  5\nlog_steps = \\\n\ttrue\noptimizer = \\\nadamw\n[experiment]\n"
                      "seed = \\\n    7\nname = \\\n  late\n",
                      "x.ini", NULL, tc_no_overrides, &error) != ST_OK)
        fail_msg("%s", error.text);
    tc_expect_real(config.train.clip, 5);
    assert_true(config.train.log_steps);
    assert_int_equal(config.train.optimizer, CFG_OPTIMIZER_ADAMW);
    assert_int_equal(config.experiment.seed, 7);
    assert_string_equal(config.experiment.name, "late");
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
    assert_int_equal(cfg_load(&config, path, tc_no_overrides, &error), ST_OK);
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
    assert_int_equal(cfg_load(&config, path, tc_no_overrides, &error), ST_USAGE);
    snprintf(expected, sizeof expected, "the configuration %s cannot be opened: No such file or directory", path);
    assert_string_equal(error.text, expected);
    tc_expect_zero(&config);
    assert_int_equal(rmdir(folder), 0);
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
        if (cfg_load_text(&config, damaged, "x.ini", NULL, tc_no_overrides, &error) == ST_OK) {
            if (cfg_write(&config, &text, &error) == ST_OK) {
                if (cfg_load_text(&back, text, "x.ini", NULL, tc_no_overrides, &error) != ST_OK)
                    fail_msg("%s", error.text);
                cfg_destroy(&back);
            }
            free(text);
        } else {
            refused++;
            assert_int_equal(error.status, ST_USAGE);
            assert_memory_equal(error.text, "x.ini:", 6);
            tc_expect_zero(&config);
        }
        cfg_destroy(&config);
    }
    assert_true(refused > 500);
    cfg_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_letter_case),
        cmocka_unit_test(test_commas_in_names),
        cmocka_unit_test(test_value_in_next_line),
        cmocka_unit_test(test_every_key),
        cmocka_unit_test(test_long_lists),
        cmocka_unit_test(test_unwritable),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
