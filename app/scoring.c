#include "app/scoring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/carried.h"
#include "engine/settings.h"
#include "app/source.h"
#include "config/schema.h"
#include "config/value_read.h"
#include "data/speakers.h"

/* ---- configuration ---- */

/* "config.ini" in the folder of `path`, where there is one. */
static bool find_beside(const char *path, char *beside, size_t size)
{
    const char *slash = strrchr(path, '/');
    const int folder = slash ? (int)(slash - path) + 1 : 0;
    const int length = snprintf(beside, size, "%.*sconfig.ini", folder, path);
    return length > 0 && (size_t)length < size && access(beside, R_OK) == 0;
}

static st_status load_configuration(app_scoring *s, const opt_line *line)
{
    st_error *error = &s->app->error;
    const char *path = line->operands[0], *file = opt_value(line, "config"), *data = opt_value(line, "data");
    char beside[4096];
    cfg_overrides overrides = {NULL, 0};
    if (!file && !s->checkpoint->own)
        return st_fail(error, ST_USAGE, "%s carries no configuration: name the one it was trained with by --config",
                       path);
    if (!file && find_beside(path, beside, sizeof beside)) file = beside;
    if (!file && !data)
        return st_fail(error, ST_USAGE,
                       "there is no config.ini beside %s: name the data set by --data, or a configuration by --config",
                       path);
    ST_FORWARD(source_overrides(&overrides, line, error));
    st_status status =
        file ? cfg_load(&s->config, file, overrides, error)
             : cfg_load_text(&s->config, s->checkpoint->about.configuration, path, NULL, overrides, error);
    if (status == ST_OK && s->checkpoint->own) status = carried_check(&s->config, overrides, s->checkpoint, error);
    if (status == ST_OK && s->checkpoint->own && file)
        status = carried_warn(s->app, file, &s->config, overrides, s->checkpoint, carried_by_model);
    free((void *)overrides.items);
    ST_FORWARD(status);
    if (!data) return ST_OK;
    s->config.data.format = CFG_FORMAT_AUTO;
    if (s->checkpoint->own) cfg_value_clear(&s->config, cfg_key_find("data", "classes")); /* another data set's names */
    return source_option(&s->config, line, "data", "data", "path", error);
}

/* ---- data ---- */

static bool is_number(const char *name)
{
    return name[strspn(name, "0123456789")] == '\0';
}

/* The data set's own names must be those of the checkpoint, in the same order; numbers stand for any name. */
static st_status check_names(const app_scoring *s, st_error *error)
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

static st_status take_classes(app_scoring *s, st_error *error)
{
    const nn_checkpoint_about *about = &s->checkpoint->about;
    if (!s->checkpoint->own) {
        s->class_names = s->data->class_names;
        return ST_OK;
    }
    ST_FORWARD(check_names(s, error));
    s->class_names = about->class_names;
    return ds_name_classes(s->data, about->class_names, about->config.classes, error);
}

/* Speakers take the rows of the model's tables that have their names; published weights have tables without names. */
static st_status take_speakers(app_scoring *s, st_error *error)
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
                               .unknown = settings_unknown(&s->config),
                               .owner = sf_path(s->checkpoint->file)};
    for (ds_split split = DS_TRAIN; split < DS_SPLITS; ++split) known.concerned[split] = scoring_includes(s, split);
    ST_FORWARD(ds_match_speakers(s->data, &known, notice, error));
    if (notice[0]) app_progress_say(&s->app->progress, "%s", notice);
    return ST_OK;
}

static st_status take_statistics(app_scoring *s, st_error *error)
{
    const ds_statistics *carried = s->checkpoint->about.statistics;
    if (carried && ds_standardize(s->data, carried, error) != ST_OK) {
        st_prefix(error, "%s", sf_path(s->checkpoint->file));
        return error->status;
    }
    if (s->checkpoint->own) return ST_OK;
    if (!s->config.data.standardize) return ST_OK;
    ST_FORWARD(ds_statistics_measure(s->data, &s->statistics, error));
    return ds_standardize(s->data, &s->statistics, error);
}

static st_status choose_part(app_scoring *s, const opt_line *line)
{
    static const char *const words[] = {"train", "valid", "test", "all", NULL};
    size_t chosen = PART_TEST;
    ST_FORWARD(opt_choice(line, "split", words, &chosen, &s->app->error));
    s->part = (app_part)chosen;
    return ST_OK;
}

/* The validation part is held out only for those who ask for it or for what it is held out from: a data set other than
 * the training's need not have its dialogues. */
static st_status load_data(app_scoring *s, const opt_line *line)
{
    st_error *error = &s->app->error;
    ST_FORWARD(choose_part(s, line));
    const bool held_out =
        s->part == PART_TRAIN || s->part == PART_VALID || (!s->checkpoint->own && s->config.data.standardize);
    ST_FORWARD(source_load(&s->data, &s->config, held_out, error));
    if (!opt_has(line, "split") && ds_select(s->data, DS_TEST, NULL, NULL) == 0) s->part = PART_ALL;
    size_t dialogues = 0;
    for (ds_split split = DS_TRAIN; split < DS_SPLITS; ++split)
        if (scoring_includes(s, split)) dialogues += ds_select(s->data, split, NULL, NULL);
    if (dialogues == 0) return st_fail(error, ST_USAGE, "%s of the data set has no dialogue", scoring_part_name(s));
    ST_FORWARD(take_classes(s, error));
    ST_FORWARD(take_speakers(s, error));
    return take_statistics(s, error);
}

/* ---- model ---- */

static st_status choose_model(app_scoring *s)
{
    st_error *error = &s->app->error;
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
    return ST_OK;
}

static void notice(void *user, const char *sentence)
{
    app_state *app = user;
    app_progress_say(&app->progress, "%s", sentence);
}

static void while_evaluating(void *user, size_t rows, size_t of_rows)
{
    app_scoring *s = user;
    if (app_progress_due(&s->app->progress))
        app_progress_show(&s->app->progress, "%zu of %zu utterances", rows, of_rows);
}

static st_status create_model(app_scoring *s)
{
    nn_safsd_options options = {.config = s->model_config, .tables = s->evaluator.tables};
    options.extent = nn_extent_of(s->data, s->evaluator.part);
    while (nn_safsd_create(&s->model, s->rt, &options) != ST_OK) {
        if (!s->app->error.too_large || s->evaluator.part == 1) return s->app->error.status;
        st_clear(&s->app->error); /* less at a time may fit the device */
        s->evaluator.part = (s->evaluator.part + 1) / 2;
        options.extent = nn_extent_of(s->data, s->evaluator.part);
    }
    s->evaluator.progress = while_evaluating;
    s->evaluator.user = s;
    return nn_checkpoint_load(s->checkpoint, nn_safsd_params(s->model), notice, s->app);
}

st_status scoring_open(app_scoring *scoring, app_state *app, const opt_line *line)
{
    *scoring = (app_scoring){.app = app};
    ST_FORWARD(nn_checkpoint_open(&scoring->checkpoint, line->operands[0], &app->error));
    ST_FORWARD(load_configuration(scoring, line));
    ST_FORWARD(load_data(scoring, line));
    ST_FORWARD(choose_model(scoring));
    const app_device_options device = {.configured = scoring->config.runtime.device,
                                       .gemm = cfg_word("runtime.gemm", (int)scoring->config.runtime.gemm)};
    ST_FORWARD(app_open_device(app, device, &scoring->rt));
    return create_model(scoring);
}

void scoring_close(app_scoring *scoring)
{
    nn_safsd_destroy(&scoring->model);
    rt_context_destroy(&scoring->rt);
    nn_class_tables_destroy(&scoring->tables);
    ds_statistics_destroy(&scoring->statistics);
    ds_destroy(&scoring->data);
    nn_checkpoint_close(&scoring->checkpoint);
    cfg_destroy(&scoring->config);
}

bool scoring_includes(const app_scoring *scoring, ds_split split)
{
    return scoring->part == PART_ALL || (int)scoring->part == (int)split;
}

const char *scoring_part_name(const app_scoring *scoring)
{
    static const char *const names[] = {"the training part", "the validation part", "the test part", "the whole"};
    return names[scoring->part];
}
