/* Standardisation: means and deviations of the training utterances, and their use (data/dataset.h). */
#include "data/assemble.h"
#include "data/dataset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

st_status ds_statistics_create(ds_statistics *statistics, const size_t dims[DS_MODALITIES], st_error *error)
{
    *statistics = (ds_statistics){0};
    for (size_t m = 0; m < DS_MODALITIES; m++) {
        if (dims[m] == 0) continue;
        statistics->dims[m] = dims[m];
        statistics->mean[m] = calloc(dims[m], sizeof(float));
        statistics->deviation[m] = calloc(dims[m], sizeof(float));
        if (!statistics->mean[m] || !statistics->deviation[m]) {
            ds_statistics_destroy(statistics);
            return st_fail(error, ST_FAILED, "out of memory for the statistics of %zu features", dims[m]);
        }
        for (size_t i = 0; i < dims[m]; i++) statistics->deviation[m][i] = 1.0f;
    }
    return ST_OK;
}

void ds_statistics_destroy(ds_statistics *statistics)
{
    for (size_t m = 0; m < DS_MODALITIES; m++) {
        free(statistics->mean[m]);
        free(statistics->deviation[m]);
    }
    *statistics = (ds_statistics){0};
}

/* sums[k] = sum over training rows of x[k] - shift[k], or of its square; shift NULL: nothing. */
static void sum_training(const ds_dataset *data, size_t modality, const double *shift, double *sums)
{
    const size_t width = data->dims[modality];
    memset(sums, 0, width * sizeof *sums);
    for (size_t d = 0; d < data->dialogues; d++) {
        if (data->split[d] != DS_TRAIN) continue;
        for (size_t i = data->starts[d]; i < data->starts[d + 1]; i++) {
            const float *x = data->x[modality] + i * width;
            for (size_t k = 0; k < width; k++) {
                if (!isfinite(x[k])) continue; /* of a modality that is not used */
                const double value = (double)x[k] - (shift ? shift[k] : 0.0);
                sums[k] += shift ? value * value : value;
            }
        }
    }
}

/* A deviation below the resolution of float around the mean is rounding: the feature is constant. */
static float usable_deviation(double variance, double mean)
{
    const double deviation = sqrt(variance);
    const double resolution = 1e-7 * fabs(mean);
    return deviation > resolution && deviation > 1e-30 ? (float)deviation : 1.0f;
}

st_status ds_statistics_measure(const ds_dataset *data, ds_statistics *statistics, st_error *error)
{
    st_status status = ST_OK;
    size_t rows = 0;
    double *mean = NULL;
    double *squares = NULL;
    ST_FORWARD(ds_statistics_create(statistics, data->dims, error));
    ds_select(data, DS_TRAIN, NULL, &rows);
    if (rows == 0) ST_TRY(st_fail(error, ST_USAGE, "there is no training utterance to standardise by"));
    for (size_t m = 0; m < DS_MODALITIES; m++) {
        const size_t width = data->dims[m];
        if (width == 0) continue;
        free(mean);
        free(squares);
        mean = malloc(width * sizeof *mean);
        squares = malloc(width * sizeof *squares);
        if (!mean || !squares)
            ST_TRY(st_fail(error, ST_FAILED, "out of memory for the statistics of %zu features", width));
        sum_training(data, m, NULL, mean);
        for (size_t k = 0; k < width; k++) mean[k] /= (double)rows;
        sum_training(data, m, mean, squares);
        for (size_t k = 0; k < width; k++) {
            statistics->mean[m][k] = (float)mean[k];
            statistics->deviation[m][k] = usable_deviation(squares[k] / (double)rows, mean[k]);
        }
    }
done:
    free(mean);
    free(squares);
    if (status != ST_OK) ds_statistics_destroy(statistics);
    return status;
}

/* Features in a file map move into memory of their own. */
static st_status standardize_modality(ds_dataset *data, size_t modality, const float *mean, const float *deviation,
                                      st_error *error)
{
    const float *from = data->x[modality];
    const size_t width = data->dims[modality];
    if (!data->storage->x[modality]) ST_FORWARD(ds_create_features(data, modality, width, error));
    float *to = data->storage->x[modality];
    for (size_t i = 0; i < data->utterances; i++) {
        for (size_t k = 0; k < width; k++) {
            const size_t at = i * width + k;
            const bool usable = isfinite(from[at]); /* others are of a modality that is not used */
            to[at] = (float)(((double)from[at] - (double)mean[k]) / (double)deviation[k]);
            if (usable && !isfinite(to[at]))
                return st_fail(error, ST_FAILED, "%s feature %zu of utterance '%s' is not finite once standardised",
                               ds_modality_name(modality), k + 1, data->utterance_ids[i]);
        }
    }
    return ST_OK;
}

st_status ds_standardize(ds_dataset *data, const ds_statistics *statistics, st_error *error)
{
    for (size_t m = 0; m < DS_MODALITIES; m++) {
        if (data->dims[m] != statistics->dims[m])
            return st_fail(error, ST_USAGE, "the statistics are for %zu %s features, the data have %zu",
                           statistics->dims[m], ds_modality_name(m), data->dims[m]);
    }
    for (size_t m = 0; m < DS_MODALITIES; m++) {
        if (data->dims[m] > 0)
            ST_FORWARD(standardize_modality(data, m, statistics->mean[m], statistics->deviation[m], error));
    }
    return ST_OK;
}
