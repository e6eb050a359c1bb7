#include "data/wrap.h"

#include <stdio.h>
#include <string.h>

#include "data/assemble.h"

static const char origin[] = "the arrays";

/* What has to hold before anything is read by it. */
static st_status check_shapes(const ds_arrays *arrays, size_t *utterances, st_error *error)
{
    size_t sum = 0;
    if (arrays->dialogues == 0 || !arrays->lengths)
        return st_fail(error, ST_USAGE, "%s hold no dialogues: lengths is empty", origin);
    for (size_t d = 0; d < arrays->dialogues; ++d) {
        if (arrays->lengths[d] < 1 || arrays->lengths[d] > DS_LONGEST_DIALOGUE)
            return st_fail(error, ST_USAGE, "%s: dialogue %zu has %d utterances; 1 to %d are taken", origin, d,
                           (int)arrays->lengths[d], DS_LONGEST_DIALOGUE);
        sum += (size_t)arrays->lengths[d];
    }
    for (size_t m = 0; m < DS_MODALITIES; ++m)
        if ((arrays->x[m] != NULL) != (arrays->dims[m] > 0))
            return st_fail(error, ST_USAGE, "%s: %s features are %s but their width is %zu", origin,
                           ds_modality_name(m), arrays->x[m] ? "given" : "NULL", arrays->dims[m]);
    if (!arrays->speakers) return st_fail(error, ST_USAGE, "%s: speakers is NULL", origin);
    if (arrays->class_names && arrays->classes == 0)
        return st_fail(error, ST_USAGE, "%s: classes are named, but there are 0 of them", origin);
    if (arrays->speaker_names && arrays->speaker_count == 0)
        return st_fail(error, ST_USAGE, "%s: speakers are named, but there are 0 of them", origin);
    *utterances = sum;
    return ST_OK;
}

static bool name_rows(ds_dataset *data)
{
    char text[48];
    for (size_t d = 0; d < data->dialogues; ++d) {
        snprintf(text, sizeof text, "%zu", d);
        data->storage->dialogue_ids[d] = ds_keep_text(data, text, strlen(text));
        if (!data->dialogue_ids[d]) return false;
        for (size_t u = data->starts[d]; u < data->starts[d + 1]; ++u) {
            snprintf(text, sizeof text, "%zu_%zu", d, u - data->starts[d]);
            data->storage->utterance_ids[u] = ds_keep_text(data, text, strlen(text));
            if (!data->utterance_ids[u]) return false;
        }
    }
    return true;
}

static st_status copy_numbers(ds_dataset *data, const ds_arrays *arrays, st_error *error)
{
    struct ds_storage *s = data->storage;
    size_t speakers = arrays->speaker_count;
    memcpy(s->lengths, arrays->lengths, data->dialogues * sizeof *s->lengths);
    memcpy(s->speakers, arrays->speakers, data->utterances * sizeof *s->speakers);
    if (arrays->split) memcpy(s->split, arrays->split, data->dialogues * sizeof *s->split);
    for (size_t u = 0; u < data->utterances; ++u) {
        s->labels[u] = arrays->labels ? arrays->labels[u] : DS_UNLABELLED;
        if (arrays->speaker_count == 0 && arrays->speakers[u] >= 0 && (size_t)arrays->speakers[u] >= speakers)
            speakers = (size_t)arrays->speakers[u] + 1;
    }
    if (speakers == 0 || speakers > DS_MOST_SPEAKERS)
        return st_fail(error, ST_USAGE, "%s: %zu speakers; 1 to %d are taken", origin, speakers, DS_MOST_SPEAKERS);
    return ds_name_speakers(data, arrays->speaker_names, speakers, error);
}

st_status ds_wrap(ds_dataset **data, const ds_arrays *arrays, st_error *error)
{
    size_t utterances = 0;
    st_status status = ST_OK;
    *data = NULL;
    ST_FORWARD(check_shapes(arrays, &utterances, error));
    ST_FORWARD(ds_create(data, arrays->dialogues, utterances, false, error));
    for (size_t m = 0; m < DS_MODALITIES; ++m) {
        (*data)->x[m] = arrays->x[m];
        (*data)->dims[m] = arrays->dims[m];
    }
    ST_TRY(copy_numbers(*data, arrays, error));
    ST_TRY(ds_place_dialogues(*data, origin, error));
    if (!name_rows(*data))
        ST_TRY(st_fail(error, ST_FAILED, "out of memory for a data set of %zu utterances", utterances));
    status = ds_complete(*data, origin, arrays->class_names, arrays->classes, error);
done:
    if (status == ST_OK) return status;
    ds_destroy(data);
    if (status == ST_FAILED && strncmp(error->text, origin, strlen(origin)) == 0) error->status = ST_USAGE;
    return error->status;
}
