#include "data/dataset.h"

#include "data/assemble.h"
#include "data/container.h"
#include "data/file_kind.h"
#include "data/finite.h"
#include "data/index.h"
#include "data/philox.h"
#include "data/pickle.h"
#include "data/published.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

static st_status load_pickle(ds_dataset **data, const char *path, const ds_load_options *options, st_error *error)
{
    ds_pickle *pickle = NULL;
    ST_FORWARD(ds_pickle_open(&pickle, path, error));
    const st_status status = ds_published_read(data, ds_pickle_root(pickle), path, options, error);
    ds_pickle_close(&pickle);
    return status;
}

st_status ds_load(ds_dataset **data, const char *path, const ds_load_options *options, st_error *error)
{
    *data = NULL;
    bool container = options->format == DS_FORMAT_CONTAINER;
    if (options->format == DS_FORMAT_AUTO) ST_FORWARD(ds_file_is_safetensors(path, &container, error));
    ST_FORWARD(container ? ds_container_read(data, path, options, error) : load_pickle(data, path, options, error));
    const st_status status = ds_make_finite(*data, path, options->unused, options->nonfinite, error);
    if (status != ST_OK) ds_destroy(data);
    return status;
}

/* ---- splits ---- */

size_t ds_select(const ds_dataset *data, ds_split split, size_t *dialogues, size_t *utterances)
{
    size_t count = 0;
    size_t rows = 0;
    for (size_t d = 0; d < data->dialogues; d++) {
        if (data->split[d] != (int32_t)split) continue;
        if (dialogues) dialogues[count] = d;
        count++;
        rows += (size_t)data->lengths[d];
    }
    if (utterances) *utterances = rows;
    return count;
}

/* All ids are looked up before the first dialogue is moved. */
st_status ds_hold_out(ds_dataset *data, const char *const *ids, size_t count, st_error *error)
{
    st_status status = ST_OK;
    ds_index index = {0};
    int32_t *split = malloc(data->dialogues * sizeof *split);
    size_t left = ds_select(data, DS_TRAIN, NULL, NULL);
    if (!split || !ds_index_create(&index, data->dialogue_ids, data->dialogues))
        ST_TRY(st_fail(error, ST_FAILED, "out of memory while splitting %zu dialogues", data->dialogues));
    memcpy(split, data->split, data->dialogues * sizeof *split);
    for (size_t i = 0; i < count; i++) {
        const size_t d = ds_index_find(&index, ids[i]);
        if (d == SIZE_MAX)
            ST_TRY(st_fail(error, ST_USAGE,
                           "dialogue '%s' is to be held out for validation, but the data set has none of"
                           " that name",
                           ids[i]));
        if (split[d] == DS_TEST)
            ST_TRY(st_fail(error, ST_USAGE, "dialogue '%s' is to be held out for validation, but it is a test dialogue",
                           ids[i]));
        if (split[d] == DS_TRAIN) left--;
        split[d] = DS_VALID;
    }
    if (left == 0) ST_TRY(st_fail(error, ST_USAGE, "no training dialogue would be left beside those held out"));
    memcpy(data->storage->split, split, data->dialogues * sizeof *split);
done:
    free(split);
    ds_index_destroy(&index);
    return status;
}

st_status ds_hold_out_fraction(ds_dataset *data, double fraction, uint64_t seed, st_error *error)
{
    st_status status = ST_OK;
    const size_t count = ds_select(data, DS_TRAIN, NULL, NULL);
    size_t *training = malloc((count + 1) * sizeof *training);
    size_t *order = malloc((count + 1) * sizeof *order);
    if (!training || !order)
        ST_TRY(st_fail(error, ST_FAILED, "out of memory while splitting %zu dialogues", data->dialogues));
    if (!(fraction > 0.0 && fraction < 1.0))
        ST_TRY(st_fail(error, ST_USAGE, "a validation fraction of %g is not between 0 and 1", fraction));
    const size_t rounded = (size_t)floor(fraction * (double)count + 0.5);
    const size_t taken = rounded > 0 ? rounded : 1;
    if (taken >= count)
        ST_TRY(st_fail(error, ST_USAGE, "a validation fraction of %g leaves none of the %zu training dialogues",
                       fraction, count));
    ds_select(data, DS_TRAIN, training, NULL);
    ds_shuffle((ds_stream){seed, DS_SITE_VALIDATION, 0}, order, count);
    for (size_t i = 0; i < taken; i++) data->storage->split[training[order[i]]] = DS_VALID;
done:
    free(training);
    free(order);
    return status;
}

size_t ds_class_frequencies(const ds_dataset *data, double *frequencies)
{
    size_t labelled = 0;
    for (size_t c = 0; c < data->classes; c++) frequencies[c] = 0.0;
    for (size_t d = 0; d < data->dialogues; d++) {
        if (data->split[d] != DS_TRAIN) continue;
        for (size_t i = data->starts[d]; i < data->starts[d + 1]; i++) {
            if (data->labels[i] == DS_UNLABELLED) continue;
            frequencies[data->labels[i]] += 1.0;
            labelled++;
        }
    }
    for (size_t c = 0; labelled > 0 && c < data->classes; c++) frequencies[c] /= (double)labelled;
    return labelled;
}

/* ---- batches ---- */

ds_batch ds_batch_of(const ds_dataset *data, const size_t *dialogues, size_t count)
{
    ds_batch batch = {.dialogues = count, .data = data, .chosen = dialogues};
    for (size_t b = 0; b < count; b++) batch.rows += ds_batch_length(&batch, b);
    return batch;
}

ds_dialogue ds_batch_dialogue(const ds_batch *batch, size_t index, size_t row, const size_t dims[DS_MODALITIES])
{
    const ds_dataset *data = batch->data;
    const size_t first = data ? data->starts[batch->chosen[index]] : row;
    ds_dialogue dialogue = {.rows = ds_batch_length(batch, index),
                            .labels = (data ? data->labels : batch->labels) + first,
                            .speakers = (data ? data->speakers : batch->speakers) + first,
                            .speaker_rows = data ? data->speaker_rows : NULL};
    for (size_t m = 0; m < DS_MODALITIES; m++) {
        const float *x = data ? data->x[m] : batch->x[m];
        if (x) dialogue.x[m] = x + first * dims[m];
    }
    return dialogue;
}

/* The longest dialogues of a split make its largest batch, by rows and by pairs. */
ds_extent ds_largest_batch(const ds_dataset *data, size_t count)
{
    ds_extent largest = {0};
    for (int32_t split = 0; split < DS_SPLITS; split++) {
        size_t of_length[DS_LONGEST_DIALOGUE + 1] = {0};
        for (size_t d = 0; d < data->dialogues; d++) of_length[data->lengths[d]] += data->split[d] == split;
        size_t room = count;
        ds_extent extent = {0};
        for (size_t length = DS_LONGEST_DIALOGUE; length > 0 && room > 0; length--) {
            const size_t taken = of_length[length] < room ? of_length[length] : room;
            if (taken > 0 && extent.longest == 0) extent.longest = length;
            extent.rows += taken * length;
            extent.pairs += taken * length * length;
            room -= taken;
        }
        if (extent.rows > largest.rows) largest.rows = extent.rows;
        if (extent.pairs > largest.pairs) largest.pairs = extent.pairs;
        if (extent.longest > largest.longest) largest.longest = extent.longest;
    }
    return largest;
}
