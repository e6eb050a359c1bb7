#include "config/schema.h"

#include "base/name.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* The words stand in the order of the enumerations of config.h. Of class_weights, alpha and similarity the form
 * that lists its numbers comes last and has no word; gcn_eval's last one, mean:R, neither. */
static const char *const formats[] = {"auto", "pickle", "safetensors", "synth", NULL};
static const char *const corpora[] = {"iemocap", "meld", NULL};
static const char *const unknowns[] = {"refuse", "padding", "position", NULL};
static const char *const replacements[] = {"stop", "zero", "mean", NULL};
static const char *const gates[] = {"learned", "identity", "off", NULL};
static const char *const gcn_modes[] = {"expected", "sample", NULL};
static const char *const saf_forms[] = {"soft", "true_class", "published", NULL};
static const char *const weight_forms[] = {"none", "inverse_frequency", NULL};
static const char *const alpha_forms[] = {"auto", NULL};
static const char *const similarity_forms[] = {"identity", "iemocap", "meld", NULL};
static const char *const optimizers[] = {"adam", "adamw", NULL};
static const char *const schedules[] = {"constant", "cosine", NULL};
static const char *const selects[] = {"weighted_f1", "macro_f1", "accuracy", "loss", NULL};
static const char *const nonfinites[] = {"stop", "skip", NULL};
#define GEMM_WORD(name, NAME) #name,
static const char *const gemms[] = {"auto", GEMM_PROVIDERS(GEMM_WORD) NULL};

_Static_assert(sizeof(cfg_format) == sizeof(int) && sizeof(cfg_similarity_form) == sizeof(int),
               "enumerations are read and written as int");

/* Section, key and default of a row. */
#define KEY(s, k, d) .section = #s, .key = #k, .offset = offsetof(cfg_config, s.k), .standard = (d)
/* Types with what they need. Reals become floats of a device: what these cannot hold is out of range. */
#define FLOAT_LIMIT 3.4e38
#define INTEGER(a, b) .type = CFG_TYPE_INT, .low = (a), .high = (b)
#define AT_LEAST(a) .type = CFG_TYPE_REAL, .low = (a), .high = FLOAT_LIMIT
#define ABOVE(a) .type = CFG_TYPE_REAL, .low = (a), .high = FLOAT_LIMIT, .above_low = true
#define FROM_BELOW(a, b) .type = CFG_TYPE_REAL, .low = (a), .high = (b), .below_high = true
#define CHOICE(w) .type = CFG_TYPE_CHOICE, .words = (w)
#define FLAG .type = CFG_TYPE_FLAG

const cfg_key cfg_keys[] = {
    {KEY(experiment, name, "run"), .type = CFG_TYPE_NAME,
     .help = "results go to runs/NAME; where no name is given, that of the file without its ending"},
    {KEY(experiment, seed, "1"), .type = CFG_TYPE_SEED,
     .help = "seed of initialisation, shuffling, dropout and the choice of the validation part"},
    {KEY(experiment, seeds, ""), .type = CFG_TYPE_SEEDS,
     .help = "seeds of several runs of this configuration; `train` makes one run, and takes seed"},

    {KEY(data, path, ""), .type = CFG_TYPE_PATH,
     .help = "the data set: a published pickle or a container; relative to the folder of this file"},
    {KEY(data, format, "auto"), CHOICE(formats),
     .help = "how the data set is stored; auto looks into the file, synth makes one in memory and reads no path"},
    {KEY(data, modalities, "auto"), .type = CFG_TYPE_MODALITIES,
     .help = "text, audio, visual: those to use; auto takes every one that the data have"},
    {KEY(data, classes, ""), .type = CFG_TYPE_NAMES,
     .help = "emotions in the order of their labels; fixes their number, which the data give otherwise; a name with a "
             "comma goes in quotes of its own"},
    {KEY(data, nonfinite, "stop"), CHOICE(replacements),
     .help = "features in use that are not finite, or beyond float32: stop, or replace them by zero, or by the mean of "
             "that feature over the training part"},
    {KEY(data, unknown_speakers, "refuse"), CHOICE(unknowns),
     .help = "speakers that a checkpoint does not know by name: refuse them, give them the padding row, which is zero, "
             "or the rows of the speakers by their order"},
    {KEY(data, standardize, "false"), FLAG,
     .help = "bring every feature to mean 0 and deviation 1 over the training utterances"},
    {KEY(data, valid_fraction, "0"), FROM_BELOW(0, 1),
     .help = "share of the training dialogues to hold out, drawn by the seed; 0 keeps the split of the file"},
    {KEY(data, valid_dialogues, ""), .type = CFG_TYPE_IDS,
     .help = "ids of the training dialogues to hold out, instead of valid_fraction"},
    {KEY(data, synth_like, "iemocap"), CHOICE(corpora),
     .help = "format = synth: the corpus whose shape the data take: classes, speakers, lengths, widths"},
    {KEY(data, synth_dialogues, "0"), INTEGER(0, 100000),
     .help = "format = synth: dialogues in all, test part included; 0 makes as many as the corpus has"},
    {KEY(data, synth_seed, "1"), .type = CFG_TYPE_SEED, .help = "format = synth: seed of the data"},
    {KEY(data, synth_dims, "auto"), .type = CFG_TYPE_WIDTHS, .low = 0, .high = 65536,
     .help = "format = synth: feature widths; auto takes those of the corpus, 0 leaves a modality out"},

    {KEY(model, hidden, "1024"), INTEGER(1, 65536), .help = "width of the encoders; a multiple of heads"},
    {KEY(model, graph_hidden, "0"), INTEGER(0, 65536), .help = "width of the graph network; 0 takes hidden"},
    {KEY(model, ffn, "0"), INTEGER(0, 65536), .help = "width inside the feed-forward layers; 0 takes hidden"},
    {KEY(model, heads, "8"), INTEGER(1, 1024), .help = "attention heads; divides hidden"},
    {KEY(model, layers, "1"), INTEGER(1, 64), .help = "layers of every encoder"},
    {KEY(model, gcn_layers, "4"), INTEGER(0, 64), .help = "layers of the graph network; 0: none"},
    {KEY(model, gate, "learned"), CHOICE(gates),
     .help = "how the output of an encoder gates itself: sigmoid of a linear map, sigmoid, or not"},
    {KEY(model, dropout, "0.5"), FROM_BELOW(0, 1), .help = "share of the activations that training drops"},
    {KEY(model, gcn_mask, "0.5"), FROM_BELOW(0, 1), .help = "share of the graph features that training masks"},
    {KEY(model, gcn_eval, "expected"), .type = CFG_TYPE_GCN_EVAL, .low = 1, .high = 10000, .words = gcn_modes,
     .help = "the graph mask of an evaluation: its expectation, one draw, or the mean over R draws"},

    {KEY(loss, lambda_ce, "1"), AT_LEAST(0), .help = "weight of the cross-entropy of the teacher"},
    {KEY(loss, lambda_saf, "1"), AT_LEAST(0), .help = "weight of the similarity-aware focal losses of the students"},
    {KEY(loss, lambda_kl, "1"), AT_LEAST(0), .help = "weight of the distillation from the teacher to the students"},
    {KEY(loss, saf_form, "soft"), CHOICE(saf_forms),
     .help = "similarity-aware focal loss: per row, of the true class, or with the published batch mean"},
    {KEY(loss, gamma, "2"), AT_LEAST(0), .help = "focus of the focal loss"},
    {KEY(loss, temperature, "1"), AT_LEAST(1e-6), .help = "temperature of the distillation"},
    {KEY(loss, teacher_gradient, "true"), FLAG, .help = "let the distillation train the teacher too"},
    {KEY(loss, class_weights, "none"), .type = CFG_TYPE_WEIGHTS, .high = FLOAT_LIMIT, .words = weight_forms,
     .help = "weights of the classes in the cross-entropy"},
    {KEY(loss, alpha, "auto"), .type = CFG_TYPE_WEIGHTS, .high = FLOAT_LIMIT, .words = alpha_forms,
     .help = "weights of the classes in the focal losses; auto: (1 - share of the class) / (classes - 1)"},
    {KEY(loss, similarity, "identity"), .type = CFG_TYPE_SIMILARITY, .low = 0, .high = 1, .words = similarity_forms,
     .help = "similarity of the emotions, one row per true class"},

    {KEY(train, epochs, "80"), INTEGER(1, 1000000), .help = "passes over the training dialogues"},
    {KEY(train, batch, "16"), INTEGER(1, 1000000), .help = "dialogues per step of the optimiser"},
    {KEY(train, lr, "1e-4"), ABOVE(0), .help = "learning rate"},
    {KEY(train, optimizer, "adam"), CHOICE(optimizers),
     .help = "adam adds weight decay to the gradient, adamw applies it to the weights"},
    {KEY(train, beta1, "0.9"), FROM_BELOW(0, 1), .help = "decay of the first moment"},
    {KEY(train, beta2, "0.999"), FROM_BELOW(0, 1), .help = "decay of the second moment"},
    {KEY(train, eps, "1e-8"), AT_LEAST(1e-30), .help = "added to the root of the second moment"},
    {KEY(train, weight_decay, "1e-5"), AT_LEAST(0), .help = "weight decay"},
    {KEY(train, schedule, "constant"), CHOICE(schedules),
     .help = "the learning rate after warm-up: as it is, or on a cosine down to 0 at the last step"},
    {KEY(train, warmup, "0"), INTEGER(0, INT_MAX), .help = "steps over which the learning rate rises from 0"},
    {KEY(train, clip, "0"), AT_LEAST(0), .help = "largest norm of the whole gradient; 0 leaves it alone"},
    {KEY(train, micro_batch, "0"), INTEGER(0, 1000000),
     .help = "dialogues computed at a time, with the same result in less memory; 0 takes the whole batch"},
    {KEY(train, patience, "0"), INTEGER(0, 1000000),
     .help = "stop after so many epochs without a better selection score; 0 trains to the end"},
    {KEY(train, select, "weighted_f1"), CHOICE(selects),
     .help = "what makes an epoch the best one: the highest weighted F1, macro F1 or accuracy, or the lowest loss, of "
             "the validation part and, for test-best, of the test part; the earliest of equals"},
    {KEY(train, nonfinite, "stop"), CHOICE(nonfinites),
     .help = "when a loss or gradient is not finite: stop with the state saved, or skip the step and count it"},
    {KEY(train, evaluate_train, "false"), FLAG,
     .help = "measure accuracy and F1 of the training part too, after every epoch"},
    {KEY(train, log_steps, "false"), FLAG, .help = "write the losses of every step to steps.jsonl"},
    {KEY(train, checkpoint_every, "1"), INTEGER(1, 1000000), .help = "epochs between two writes of last.safetensors"},

    {KEY(runtime, device, "auto"), .type = CFG_TYPE_TEXT,
     .help = "device: an index, P:D, gpu, cpu, accelerator, part of a name, or auto; --device goes before it"},
    {KEY(runtime, gemm, "auto"), CHOICE(gemms),
     .help = "matrix products: CLBlast, the own panel kernel, or what fits the device"},
};

const size_t cfg_key_count = sizeof cfg_keys / sizeof *cfg_keys;

const cfg_key *cfg_key_find(const char *section, const char *key)
{
    for (size_t i = 0; i < cfg_key_count; i++)
        if (strcmp(cfg_keys[i].section, section) == 0 && strcmp(cfg_keys[i].key, key) == 0) return &cfg_keys[i];
    return NULL;
}

bool cfg_section_exists(const char *section)
{
    for (size_t i = 0; i < cfg_key_count; i++)
        if (strcmp(cfg_keys[i].section, section) == 0) return true;
    return false;
}

enum { NAME_LIMIT = 64 }; /* bytes of a wrong name that a sentence repeats */

/* The nearest key to the name, those of its own section first; NULL where none is near. */
static const cfg_key *nearest_key(const char *section, const char *key)
{
    const cfg_key *nearest = NULL;
    int best = 2 * (3 + (int)(strlen(key) / 4));
    for (size_t i = 0; i < cfg_key_count; i++) {
        const bool here = strcmp(cfg_keys[i].section, section) == 0;
        const int score = 2 * name_distance(key, cfg_keys[i].key) + !here;
        if (score >= best) continue;
        nearest = &cfg_keys[i];
        best = score;
    }
    return nearest;
}

static bool begins_section(size_t i)
{
    return i == 0 || strcmp(cfg_keys[i].section, cfg_keys[i - 1].section) != 0;
}

static st_status unknown_section(const char *place, const char *section, st_error *error)
{
    char names[256] = "";
    const char *nearest = NULL;
    int best = 4;
    for (size_t i = 0; i < cfg_key_count; i++) {
        if (!begins_section(i)) continue;
        const size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s[%s]", used ? ", " : "", cfg_keys[i].section);
        const int score = name_distance(section, cfg_keys[i].section);
        if (score >= best) continue;
        best = score;
        nearest = cfg_keys[i].section;
    }
    if (nearest)
        return st_fail(error, ST_USAGE, "%s: there is no section [%.*s]; did you mean [%s]?", place, NAME_LIMIT,
                       section, nearest);
    return st_fail(error, ST_USAGE, "%s: there is no section [%.*s]; there are %s", place, NAME_LIMIT, section, names);
}

st_status cfg_unknown_name(const char *place, const char *section, const char *key, st_error *error)
{
    if (!key || !cfg_section_exists(section)) return unknown_section(place, section, error);
    const cfg_key *nearest = nearest_key(section, key);
    if (nearest && strcmp(nearest->section, section) == 0)
        return st_fail(error, ST_USAGE, "%s: [%s] has no key %.*s; did you mean %s?", place, section, NAME_LIMIT, key,
                       nearest->key);
    if (nearest)
        return st_fail(error, ST_USAGE, "%s: [%s] has no key %.*s; did you mean %s in [%s]?", place, section,
                       NAME_LIMIT, key, nearest->key, nearest->section);
    char names[512] = "";
    for (size_t i = 0; i < cfg_key_count; i++) {
        if (strcmp(cfg_keys[i].section, section) != 0) continue;
        const size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", cfg_keys[i].key);
    }
    return st_fail(error, ST_USAGE, "%s: [%s] has no key %.*s; its keys are %s", place, section, NAME_LIMIT, key,
                   names);
}
