#include "engine/data_source.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/predictions.h"
#include "config/schema.h"
#include "config/value_read.h"
#include "data/assemble.h"
#include "data/synth.h"

st_status en_data_synth(ds_dataset **data, const cfg_data *config, st_error *error)
{
    ds_synth_options options = {.like = config->synth_like == CFG_CORPUS_MELD ? DS_MELD : DS_IEMOCAP,
                                .dialogues = (size_t)config->synth_dialogues,
                                .seed = config->synth_seed};
    for (int m = 0; m < DS_MODALITIES; ++m) options.dims[m] = (size_t)config->synth_dims[m];
    return ds_synth(data, &options, error);
}

ds_nonfinite en_data_nonfinite(const cfg_data *config)
{
    return config->nonfinite == CFG_REPLACE_ZERO   ? DS_NONFINITE_ZERO
           : config->nonfinite == CFG_REPLACE_MEAN ? DS_NONFINITE_MEAN
                                                   : DS_NONFINITE_STOP;
}

void en_data_checks(ds_load_options *options, const cfg_data *config)
{
    static const unsigned bits[DS_MODALITIES] = {CFG_TEXT, CFG_AUDIO, CFG_VISUAL};
    for (size_t m = 0; m < DS_MODALITIES; ++m)
        options->unused[m] = config->modalities != CFG_MODALITIES_AUTO && !(config->modalities & bits[m]);
    options->nonfinite = en_data_nonfinite(config);
}

void en_say_replaced(const ds_dataset *data, ds_nonfinite how, const en_events *events)
{
    for (size_t m = 0; m < DS_MODALITIES; ++m)
        if (data->replaced[m] > 0)
            en_say(events, EN_NOTICE, "%zu %s feature%s of the data set %s not finite: replaced by %s",
                   data->replaced[m], ds_modality_name(m), data->replaced[m] == 1 ? "" : "s",
                   data->replaced[m] == 1 ? "is" : "are",
                   how == DS_NONFINITE_MEAN ? "the mean over the training part" : "0");
}

static st_status read_file(ds_dataset **data, const cfg_data *config, st_error *error)
{
    if (!config->path)
        return st_fail(error, ST_USAGE, "[data] path is empty: name the data set there, or with --set data.path=FILE");
    ds_load_options options = {
        .format = config->format == CFG_FORMAT_PICKLE        ? DS_FORMAT_PICKLE
                  : config->format == CFG_FORMAT_SAFETENSORS ? DS_FORMAT_CONTAINER
                                                             : DS_FORMAT_AUTO,
        .class_names = (const char *const *)config->classes.items,
        .classes = config->classes.count,
    };
    if (access(config->path, F_OK) != 0 && errno == ENOENT)
        return st_fail(
            error, ST_FAILED,
            "there is no data set %s: No such file or directory; feature files of IEMOCAP and MELD come from "
            "the authors of published models, as pickles; name yours with --set data.path=FILE",
            config->path);
    en_data_checks(&options, config);
    return ds_load(data, config->path, &options, error);
}

st_status en_data_prepare(ds_dataset *data, const cfg_config *config, bool hold_out, st_error *error)
{
    const cfg_data *source = &config->data;
    const cfg_names *named = &source->valid_dialogues;
    ST_FORWARD(en_predictions_check_names(data->class_names, data->classes, error));
    if (!hold_out) return ST_OK;
    if (named->count > 0) ST_FORWARD(ds_hold_out(data, (const char *const *)named->items, named->count, error));
    if (source->valid_fraction <= 0) return ST_OK;
    return ds_hold_out_fraction(data, source->valid_fraction, config->experiment.seed, error);
}

st_status en_data_load(ds_dataset **data, const cfg_config *config, bool hold_out, st_error *error)
{
    const cfg_data *source = &config->data;
    const cfg_names *classes = &source->classes;
    st_status status = ST_OK;
    if (source->format == CFG_FORMAT_SYNTH) {
        ST_TRY(en_data_synth(data, source, error));
        if (classes->count > 0)
            ST_TRY(ds_name_classes(*data, (const char *const *)classes->items, classes->count, error));
    } else {
        ST_TRY(read_file(data, source, error));
    }
    ST_TRY(en_data_prepare(*data, config, hold_out, error));
done:
    if (status != ST_OK) ds_destroy(data);
    return status;
}
