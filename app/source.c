#include "app/source.h"

#include <stdlib.h>

#include "engine/predictions.h"
#include "config/schema.h"
#include "config/value_read.h"
#include "data/synth.h"

st_status source_option(cfg_config *config, const opt_line *line, const char *option, const char *section,
                        const char *key, st_error *error)
{
    const char *text = opt_value(line, option);
    if (!text) return ST_OK;
    char place[64];
    snprintf(place, sizeof place, "--%s", option);
    return cfg_value_read(config, cfg_key_find(section, key), text, place, NULL, error);
}

st_status source_overrides(cfg_overrides *overrides, const opt_line *line, st_error *error)
{
    const char **items = calloc(line->given_count + 1, sizeof *items);
    if (!items) return st_fail(error, ST_FAILED, "out of memory while reading the command line");
    size_t cursor = 0, count = 0;
    for (const char *value = NULL; (value = opt_next(line, "set", &cursor));) items[count++] = value;
    *overrides = (cfg_overrides){items, count};
    return ST_OK;
}

st_status source_synth(ds_dataset **data, const cfg_data *config, st_error *error)
{
    ds_synth_options options = {.like = config->synth_like == CFG_CORPUS_MELD ? DS_MELD : DS_IEMOCAP,
                                .dialogues = (size_t)config->synth_dialogues,
                                .seed = config->synth_seed};
    for (int m = 0; m < DS_MODALITIES; ++m) options.dims[m] = (size_t)config->synth_dims[m];
    return ds_synth(data, &options, error);
}

static st_status read_file(ds_dataset **data, const cfg_data *config, st_error *error)
{
    if (!config->path)
        return st_fail(error, ST_USAGE, "[data] path is empty: name the data set there, or with --set data.path=FILE");
    const ds_load_options options = {
        .format = config->format == CFG_FORMAT_PICKLE        ? DS_FORMAT_PICKLE
                  : config->format == CFG_FORMAT_SAFETENSORS ? DS_FORMAT_CONTAINER
                                                             : DS_FORMAT_AUTO,
        .class_names = (const char *const *)config->classes.items,
        .classes = config->classes.count,
    };
    return ds_load(data, config->path, &options, error);
}

st_status source_load(ds_dataset **data, const cfg_config *config, bool hold_out, st_error *error)
{
    const cfg_data *source = &config->data;
    const cfg_names *classes = &source->classes;
    st_status status = ST_OK;
    if (source->format == CFG_FORMAT_SYNTH) {
        ST_TRY(source_synth(data, source, error));
        if (classes->count > 0)
            ST_TRY(ds_name_classes(*data, (const char *const *)classes->items, classes->count, error));
    } else {
        ST_TRY(read_file(data, source, error));
    }
    ST_TRY(en_predictions_check_names((*data)->class_names, (*data)->classes, error));
    if (hold_out && source->valid_dialogues.count > 0)
        ST_TRY(ds_hold_out(*data, (const char *const *)source->valid_dialogues.items, source->valid_dialogues.count,
                           error));
    if (hold_out && source->valid_fraction > 0)
        ST_TRY(ds_hold_out_fraction(*data, source->valid_fraction, config->experiment.seed, error));
done:
    if (status != ST_OK) ds_destroy(data);
    return status;
}
