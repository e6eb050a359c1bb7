#include "data/finite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "data/assemble.h"

static st_status stop(const ds_dataset *data, const char *file, size_t modality, size_t at, st_error *error)
{
    const size_t width = data->dims[modality];
    char where[512];
    char value[48];
    const struct ds_storage *s = data->storage;
    text_format(value, sizeof value, "%s", isnan(data->x[modality][at]) ? "not a number" : "infinite");
    if (s->beyond[modality].found && s->beyond[modality].place == at)
        text_format(value, sizeof value, "%g, beyond float32", s->beyond[modality].value);
    ds_locate(data, file, at / width, where, sizeof where);
    return st_fail(
        error, ST_FAILED,
        "%s: %s feature %zu is %s; mend the file, replace such values ([data] nonfinite = zero or mean; import "
        "--fix nonfinite=mean), or leave the modality out ([data] modalities)",
        where, ds_modality_name(modality), at % width + 1, value);
}

/* Adds the finite values of the rows of a dialogue, by column. */
static void add_dialogue(const ds_dataset *data, size_t d, size_t modality, double *sums, double *counts)
{
    const size_t width = data->dims[modality];
    for (size_t u = data->starts[d]; u < data->starts[d + 1]; ++u)
        for (size_t k = 0; k < width; ++k) {
            const float x = data->x[modality][u * width + k];
            if (!isfinite(x)) continue;
            sums[k] += (double)x;
            counts[k] += 1;
        }
}

/* Means by column, 0 where no value is finite. `sums` holds two rows. */
static void measure_means(const ds_dataset *data, size_t modality, double *sums)
{
    const size_t width = data->dims[modality];
    double *counts = sums + width;
    for (size_t d = 0; d < data->dialogues; ++d)
        if (data->split[d] == DS_TRAIN) add_dialogue(data, d, modality, sums, counts);
    double trained = 0;
    for (size_t k = 0; k < width; ++k) trained += counts[k];
    for (size_t d = 0; trained == 0 && d < data->dialogues; ++d) add_dialogue(data, d, modality, sums, counts);
    for (size_t k = 0; k < width; ++k) sums[k] = counts[k] > 0 ? sums[k] / counts[k] : 0;
}

/* Features in a file map, or of somebody else, are copied into memory of the data set's own. */
static st_status own_features(ds_dataset *data, size_t modality, st_error *error)
{
    const float *from = data->x[modality];
    if (data->storage->x[modality]) return ST_OK;
    ST_FORWARD(ds_create_features(data, modality, data->dims[modality], error));
    memcpy(data->storage->x[modality], from, data->utterances * data->dims[modality] * sizeof *from);
    return ST_OK;
}

static st_status replace(ds_dataset *data, size_t modality, size_t first, ds_nonfinite how, st_error *error)
{
    const size_t width = data->dims[modality], count = data->utterances * width;
    double *means = calloc(2 * width, sizeof *means);
    if (!means) return st_fail(error, ST_FAILED, "out of memory for the means of %zu features", width);
    if (how == DS_NONFINITE_MEAN) measure_means(data, modality, means);
    const st_status status = own_features(data, modality, error);
    for (size_t i = first; status == ST_OK && i < count; ++i) {
        if (isfinite(data->x[modality][i])) continue;
        data->storage->x[modality][i] = (float)means[i % width];
        ++data->replaced[modality];
    }
    free(means);
    return status;
}

st_status ds_make_finite(ds_dataset *data, const char *file, const bool unused[DS_MODALITIES], ds_nonfinite how,
                         st_error *error)
{
    for (size_t m = 0; m < DS_MODALITIES; ++m) {
        const size_t count = data->x[m] && !unused[m] ? data->utterances * data->dims[m] : 0;
        size_t first = 0;
        while (first < count && isfinite(data->x[m][first])) ++first;
        if (first == count) continue;
        if (how == DS_NONFINITE_STOP) return stop(data, file, m, first, error);
        ST_FORWARD(replace(data, m, first, how, error));
    }
    return ST_OK;
}
