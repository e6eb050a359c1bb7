#include "model/network/host_batch.h"

#include <stdlib.h>
#include <string.h>

st_status nn_host_batch_create(ds_batch *batch, const ds_dataset *data, size_t dialogues, st_error *error)
{
    const size_t most = dialogues < data->dialogues ? dialogues : data->dialogues;
    const size_t rows = ds_largest_batch(data, most).rows;
    memset(batch, 0, sizeof *batch);
    batch->speakers = malloc((rows + 1) * sizeof *batch->speakers);
    batch->labels = malloc((rows + 1) * sizeof *batch->labels);
    batch->lengths = malloc((most + 1) * sizeof *batch->lengths);
    if (batch->speakers && batch->labels && batch->lengths) return ST_OK;
    nn_host_batch_destroy(batch);
    return st_fail(error, ST_FAILED, "out of memory for a batch of %zu utterances: use a smaller batch", rows);
}

void nn_host_batch_destroy(ds_batch *batch)
{
    free(batch->speakers);
    free(batch->labels);
    free(batch->lengths);
    memset(batch, 0, sizeof *batch);
}

st_status nn_check_data(const ds_dataset *data, const nn_config *config, st_error *error)
{
    for (size_t m = 0; m < NN_MODALITIES; ++m) {
        if (!config->uses[m] || data->dims[m] == config->dims[m]) continue;
        return st_fail(error, ST_USAGE,
                       "modality %c of the data has width %zu, but the model was made for %zu: take the features it was"
                       " trained with",
                       nn_modality_letter(m), data->dims[m], config->dims[m]);
    }
    if (data->classes > config->classes)
        return st_fail(error, ST_USAGE, "the data have %zu classes, but the model knows %zu", data->classes,
                       config->classes);
    if (!data->speaker_rows && data->speaker_count > config->speakers)
        return st_fail(error, ST_USAGE, "the data have %zu speakers, but the model knows %zu", data->speaker_count,
                       config->speakers);
    return ST_OK;
}
