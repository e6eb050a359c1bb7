#include "engine/scoring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/schema.h"
#include "config/value_read.h"
#include "data/speakers.h"
#include "engine/checkpoint_config.h"
#include "engine/data_source.h"
#include "engine/disagreements.h"
#include "engine/settings.h"
#include "model/network/host_batch.h"

/* ---- configuration ---- */

/* "config.ini" in the folder of `path`, where there is one. */
static bool find_beside(const char *path, char *beside, size_t size)
{
    const char *slash = strrchr(path, '/');
    const int folder = slash ? (int)(slash - path) + 1 : 0;
    const int length = snprintf(beside, size, "%.*sconfig.ini", folder, path);
    return length > 0 && (size_t)length < size && access(beside, R_OK) == 0;
}

static st_status load_configuration(en_scoring *s)
{
    st_error *error = s->error;
    const en_scoring_options *o = &s->options;
    const char *path = o->checkpoint, *file = o->file, *data = o->data;
    if (!file && !s->checkpoint->own)
        return st_fail(error, ST_USAGE, "%s carries no configuration: name the one it was trained with by --config",
                       path);
    if (!file && find_beside(path, s->beside, sizeof s->beside))
        file = s->beside;
    else
        s->beside[0] = '\0';
    if (!file && !data)
        return st_fail(error, ST_USAGE,
                       "there is no config.ini beside %s: name the data set by --data, or a configuration by --config",
                       path);
    ST_FORWARD(file ? cfg_load(&s->config, file, o->overrides, error)
                    : cfg_load_text(&s->config, s->checkpoint->about.configuration, path, NULL, o->overrides, error));
    if (s->checkpoint->own) ST_FORWARD(en_carried_check(&s->config, o->overrides, s->checkpoint, error));
    if (s->checkpoint->own && file)
        ST_FORWARD(
            en_carried_warn(o->events, file, &s->config, o->overrides, s->checkpoint, en_carried_by_model, error));
    if (!data) return ST_OK;
    s->config.data.format = CFG_FORMAT_AUTO;
    if (s->checkpoint->own) cfg_value_clear(&s->config, cfg_key_find("data", "classes")); /* another data set's names */
    return cfg_value_read(&s->config, cfg_key_find("data", "path"), data, "--data", NULL, error);
}

/* ---- data ---- */

static bool is_number(const char *name)
{
    return name[strspn(name, "0123456789")] == '\0';
}

/* The data set's own names must be those of the checkpoint, in the same order; numbers stand for any name. */
static st_status check_names(const en_scoring *s, st_error *error)
{
    const nn_checkpoint_about *about = &s->checkpoint->about;
    const size_t shared = s->data->classes < about->config.classes ? s->data->classes : about->config.classes;
    for (size_t c = 0; c < shared; ++c) {
        const char *ours = about->class_names[c], *theirs = s->data->class_names[c];
        if (is_number(ours) || is_number(theirs) || strcmp(ours, theirs) == 0) continue;
        return st_fail(
            error, ST_USAGE,
            "class %zu is \"%s\" in the checkpoint but \"%s\" in the data set; where only the name is wrong, "
            "import the data again with --classes",
            c, ours, theirs);
    }
    return ST_OK;
}

static st_status take_classes(en_scoring *s, st_error *error)
{
    const nn_checkpoint_about *about = &s->checkpoint->about;
    if (!s->checkpoint->own) {
        s->class_names = s->data->class_names;
        return ST_OK;
    }
    ST_FORWARD(check_names(s, error));
    en_say_classes(s);
    s->class_names = about->class_names;
    return ds_name_classes(s->data, about->class_names, about->config.classes, error);
}

/* Speakers take the rows of the model's tables that have their names; published weights have tables without names. */
static st_status take_speakers(en_scoring *s, st_error *error)
{
    const nn_checkpoint_about *about = &s->checkpoint->about;
    const sf_tensor *table = sf_find(s->checkpoint->file, "speaker_embeddings.weight");
    char notice[ST_TEXT_SIZE];
    s->speakers = s->checkpoint->own ? about->config.speakers : 0;
    if (!s->checkpoint->own && table && table->rank == 2 && table->shape[0] > 1)
        s->speakers = (size_t)table->shape[0] - 1;
    if (s->speakers == 0) return ST_OK;                       /* loading them says what is wrong */
    ds_known_speakers known = {.names = about->speaker_names, /* NULL of published weights */
                               .count = s->speakers,
                               .unknown = en_settings_unknown(&s->config),
                               .owner = sf_path(s->checkpoint->file)};
    for (ds_split split = DS_TRAIN; split < DS_SPLITS; ++split) known.concerned[split] = en_scoring_includes(s, split);
    ST_FORWARD(ds_match_speakers(s->data, &known, notice, error));
    if (notice[0]) en_say(s->options.events, EN_NOTICE, "%s", notice);
    return ST_OK;
}

static st_status take_statistics(en_scoring *s, st_error *error)
{
    const ds_statistics *carried = s->checkpoint->about.statistics;
    if (carried && ds_standardize(s->data, carried, error) != ST_OK) {
        st_prefix(error, "%s", sf_path(s->checkpoint->file));
        return error->status;
    }
    if (s->checkpoint->own) return ST_OK;
    if (!s->config.data.standardize) return ST_OK;
    en_say(s->options.events, EN_NOTICE,
           "%.400s carries no statistics: features are standardised by those of the training part of %.400s",
           sf_path(s->checkpoint->file), s->config.data.path ? s->config.data.path : "the data set");
    ST_FORWARD(ds_statistics_measure(s->data, &s->statistics, error));
    return ds_standardize(s->data, &s->statistics, error);
}

/* The validation part is held out only for those who ask for it or for what it is held out from: a data set other than
 * the training's need not have its dialogues. */
static st_status load_data(en_scoring *s)
{
    st_error *error = s->error;
    s->part = s->options.part == EN_PART_USUAL ? EN_PART_TEST : s->options.part;
    const bool held_out =
        s->part == EN_PART_TRAIN || s->part == EN_PART_VALID || (!s->checkpoint->own && s->config.data.standardize);
    ST_FORWARD(en_data_load(&s->data, &s->config, held_out, error));
    if (s->options.part == EN_PART_USUAL && ds_select(s->data, DS_TEST, NULL, NULL) == 0) s->part = EN_PART_ALL;
    size_t dialogues = 0;
    for (ds_split split = DS_TRAIN; split < DS_SPLITS; ++split)
        if (en_scoring_includes(s, split)) dialogues += ds_select(s->data, split, NULL, NULL);
    if (dialogues == 0) return st_fail(error, ST_USAGE, "%s of the data set has no dialogue", en_part_name(s->part));
    ST_FORWARD(take_classes(s, error));
    ST_FORWARD(take_speakers(s, error));
    return take_statistics(s, error);
}

/* ---- model ---- */

static st_status choose_model(en_scoring *s)
{
    st_error *error = s->error;
    nn_loss_tables tables = s->checkpoint->about.tables;
    if (s->checkpoint->own) {
        s->model_config = s->checkpoint->about.config;
    } else {
        ST_FORWARD(en_settings_model(&s->model_config, &s->config, s->data, error));
        ST_FORWARD(en_settings_tables(&s->tables, &s->config, s->data, error));
        if (s->speakers > 0) s->model_config.speakers = s->speakers;
        tables = s->tables.tables;
    }
    s->evaluator = en_settings_evaluator(&s->config, tables);
    ST_FORWARD(nn_check_data(s->data, &s->model_config, error));
    en_say_data(s);
    return ST_OK;
}

static void notice(void *user, const char *sentence)
{
    en_say(user, EN_NOTICE, "%s", sentence);
}

static void while_evaluating(void *user, size_t rows, size_t of_rows)
{
    const en_scoring *s = user;
    const en_events *events = s->options.events;
    if (events && events->evaluating) events->evaluating(events->user, DS_TEST, rows, of_rows);
}

st_status en_scoring_begin(en_scoring *s, rt_context *rt)
{
    nn_safsd_options options = {.config = s->model_config, .tables = s->evaluator.tables};
    options.extent = nn_extent_of(s->data, s->evaluator.part);
    while (nn_safsd_create(&s->model, rt, &options) != ST_OK) {
        if (!s->error->too_large || s->evaluator.part == 1) return s->error->status;
        st_clear(s->error); /* less at a time may fit the device */
        s->evaluator.part = (s->evaluator.part + 1) / 2;
        options.extent = nn_extent_of(s->data, s->evaluator.part);
    }
    s->evaluator.progress = while_evaluating;
    s->evaluator.user = s;
    return nn_checkpoint_load(s->checkpoint, nn_safsd_params(s->model), notice, (void *)s->options.events);
}

/* ---- all of it ---- */

st_status en_scoring_open(en_scoring *scoring, const en_scoring_options *options, st_error *error)
{
    *scoring = (en_scoring){.options = *options, .error = error};
    ST_FORWARD(nn_checkpoint_open(&scoring->checkpoint, options->checkpoint, error));
    ST_FORWARD(load_configuration(scoring));
    ST_FORWARD(load_data(scoring));
    return choose_model(scoring);
}

en_device_options en_scoring_device(const en_scoring *scoring)
{
    const cfg_runtime *runtime = &scoring->config.runtime;
    return (en_device_options){.selector = runtime->device, .gemm = cfg_word("runtime.gemm", (int)runtime->gemm)};
}

void en_scoring_close(en_scoring *scoring)
{
    nn_safsd_destroy(&scoring->model);
    nn_class_tables_destroy(&scoring->tables);
    ds_statistics_destroy(&scoring->statistics);
    ds_destroy(&scoring->data);
    nn_checkpoint_close(&scoring->checkpoint);
    cfg_destroy(&scoring->config);
}

bool en_scoring_includes(const en_scoring *scoring, ds_split split)
{
    return scoring->part == EN_PART_ALL || (int)scoring->part == (int)split;
}

const char *en_part_name(en_part part)
{
    static const char *const names[] = {"the training part", "the validation part", "the test part", "the whole"};
    return names[part];
}
