#include "model/network/data_check.h"

st_status nn_check_data(const ds_dataset *data, const nn_config *config, st_error *error)
{
    for (size_t m = 0; m < NN_MODALITIES; ++m) {
        if (!config->uses[m] || data->dims[m] == config->dims[m]) continue;
        return st_fail(error, ST_USAGE,
                       "modality %c of the data has width %zu, but the model needs %zu: use the features it was"
                       " trained with",
                       nn_modality_letter(m), data->dims[m], config->dims[m]);
    }
    if (data->classes > config->classes)
        return st_fail(error, ST_USAGE, "the data have %zu classes, but the model has %zu", data->classes,
                       config->classes);
    if (!data->speaker_rows && data->speaker_count > config->speakers)
        return st_fail(error, ST_USAGE, "the data have %zu speakers, but the model has %zu", data->speaker_count,
                       config->speakers);
    return ST_OK;
}
