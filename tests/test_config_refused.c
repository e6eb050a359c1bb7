/* Every mistake in a configuration has its sentence. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "tests/support/configs.h"

static void expect_refused(const char *text, const char *sentence)
{
    cfg_config config;
    st_error error = {0};
    memset(&config, 0xff, sizeof config);
    if (cfg_load_text(&config, text, "x.ini", NULL, tc_no_overrides, &error) != ST_USAGE)
        fail_msg("accepted: %s", text);
    assert_string_equal(error.text, sentence);
    tc_expect_zero(&config);
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
    assert_int_equal(cfg_load_text(&config, text, "x.ini", NULL, tc_no_overrides, &error), ST_USAGE);
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
    tc_expect_zero(&config);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_names), cmocka_unit_test(test_beyond_float),
        cmocka_unit_test(test_not_utf8),      cmocka_unit_test(test_bad_values),
        cmocka_unit_test(test_bad_lists),     cmocka_unit_test(test_contradictions),
        cmocka_unit_test(test_overrides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
