#include "engine/scoring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/schema.h"
#include "config/value_read.h"
#include "engine/checkpoint_config.h"
#include "engine/data_source.h"
#include "engine/disagreements.h"
#include "engine/settings.h"

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
    if (!file && !s->model.checkpoint->own)
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
    ST_FORWARD(
        file ? cfg_load(&s->config, file, o->overrides, error)
             : cfg_load_text(&s->config, s->model.checkpoint->about.configuration, path, NULL, o->overrides, error));
    if (s->model.checkpoint->own) ST_FORWARD(en_carried_check(&s->config, o->overrides, s->model.checkpoint, error));
    if (s->model.checkpoint->own && file)
        ST_FORWARD(en_carried_warn(o->events, file, &s->config, o->overrides, s->model.checkpoint, en_carried_by_model,
                                   error));
    if (!data) return ST_OK;
    s->config.data.format = CFG_FORMAT_AUTO;
    if (s->model.checkpoint->own)
        cfg_value_clear(&s->config, cfg_key_find("data", "classes")); /* another data set's names */
    return cfg_value_read(&s->config, cfg_key_find("data", "path"), data, "--data", NULL, error);
}

/* ---- data ---- */

/* The validation part is held out only for those who ask for it or for what it is held out from: a data set other than
 * the training's need not have its dialogues. */
static st_status load_data(en_scoring *s)
{
    st_error *error = s->error;
    s->part = s->options.part == EN_PART_USUAL ? EN_PART_TEST : s->options.part;
    const bool held_out = s->part == EN_PART_TRAIN || s->part == EN_PART_VALID ||
                          (!s->model.checkpoint->own && s->config.data.standardize);
    if (s->model.checkpoint->own && s->config.data.modalities == CFG_MODALITIES_AUTO)
        s->config.data.modalities = en_settings_modalities(&s->model.network_config); /* others need not be finite */
    ST_FORWARD(en_data_load(&s->data, &s->config, held_out, error));
    en_say_replaced(s->data, en_data_nonfinite(&s->config.data), s->options.events);
    if (s->options.part == EN_PART_USUAL && ds_select(s->data, DS_TEST, NULL, NULL) == 0) s->part = EN_PART_ALL;
    size_t dialogues = 0;
    for (ds_split split = DS_TRAIN; split < DS_SPLITS; ++split)
        if (en_scoring_includes(s, split)) dialogues += ds_select(s->data, split, NULL, NULL);
    if (dialogues == 0) return st_fail(error, ST_USAGE, "%s of the data set has no dialogue", en_part_name(s->part));
    const bool concerned[DS_SPLITS] = {en_scoring_includes(s, DS_TRAIN), en_scoring_includes(s, DS_VALID),
                                       en_scoring_includes(s, DS_TEST)};
    ST_FORWARD(en_model_match(&s->model, s->data, concerned, s->options.events, error));
    en_say_data(&s->model.network_config, s->data, concerned,
                s->part == EN_PART_ALL ? "the data set" : en_part_name(s->part), s->options.events);
    return ST_OK;
}

/* ---- all of it ---- */

st_status en_scoring_open(en_scoring *scoring, const en_scoring_options *options, st_error *error)
{
    nn_checkpoint *checkpoint = NULL;
    *scoring = (en_scoring){.options = *options, .error = error};
    ST_FORWARD(nn_checkpoint_open(&checkpoint, options->checkpoint, error));
    scoring->model.checkpoint = checkpoint;
    ST_FORWARD(load_configuration(scoring));
    ST_FORWARD(en_model_open(&scoring->model, checkpoint, &scoring->config, error));
    return load_data(scoring);
}

en_device_options en_scoring_device(const en_scoring *scoring)
{
    const cfg_runtime *runtime = &scoring->config.runtime;
    return (en_device_options){.selector = runtime->device, .gemm = cfg_word("runtime.gemm", (int)runtime->gemm)};
}

static void while_evaluating(void *user, size_t rows, size_t of_rows)
{
    const en_scoring *s = user;
    const en_events *events = s->options.events;
    if (events && events->evaluating) events->evaluating(events->user, DS_TEST, rows, of_rows);
}

st_status en_scoring_begin(en_scoring *scoring, rt_context *rt)
{
    scoring->model.evaluator.progress = while_evaluating;
    scoring->model.evaluator.user = scoring;
    return en_model_load(&scoring->model, rt, scoring->data, scoring->options.events);
}

void en_scoring_close(en_scoring *scoring)
{
    en_model_close(&scoring->model);
    ds_destroy(&scoring->data);
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
