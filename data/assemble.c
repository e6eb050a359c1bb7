#include "data/assemble.h"

#include "data/index.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *ds_modality_name(size_t modality)
{
    static const char *const names[] = {"text", "audio", "visual"};
    return names[modality];
}

static st_status no_memory(const ds_dataset *data, st_error *error)
{
    return st_fail(error, ST_FAILED, "out of memory for a data set of %zu utterances", data ? data->utterances : 0);
}

void ds_publish(ds_dataset *data)
{
    const struct ds_storage *s = data->storage;
    data->speakers = s->speakers;
    data->labels = s->labels;
    data->lengths = s->lengths;
    data->split = s->split;
    data->starts = s->starts;
    data->class_names = s->class_names;
    data->speaker_names = s->speaker_names;
    data->speaker_rows = s->speaker_rows;
    data->dialogue_ids = s->dialogue_ids;
    data->utterance_ids = s->utterance_ids;
    data->sentences = s->sentences;
}

/* A list of `count` names that are empty so far. */
static const char **empty_names(ds_pool *pool, size_t count)
{
    const char **names = ds_pool_array(pool, count + 1, sizeof *names);
    for (size_t i = 0; names && i < count; i++) names[i] = "";
    return names;
}

st_status ds_create(ds_dataset **data, size_t dialogues, size_t utterances, bool sentences, st_error *error)
{
    *data = NULL;
    ds_dataset *made = calloc(1, sizeof *made);
    struct ds_storage *s = calloc(1, sizeof *s);
    if (!made || !s) {
        free(made);
        free(s);
        return no_memory(NULL, error);
    }
    made->storage = s;
    made->dialogues = dialogues;
    made->utterances = utterances;
    s->speakers = ds_pool_array(&s->pool, utterances, sizeof *s->speakers);
    s->labels = ds_pool_array(&s->pool, utterances, sizeof *s->labels);
    s->lengths = ds_pool_array(&s->pool, dialogues, sizeof *s->lengths);
    s->split = ds_pool_array(&s->pool, dialogues, sizeof *s->split);
    s->starts = ds_pool_array(&s->pool, dialogues + 1, sizeof *s->starts);
    s->dialogue_ids = empty_names(&s->pool, dialogues);
    s->utterance_ids = empty_names(&s->pool, utterances);
    s->sentences = sentences ? empty_names(&s->pool, utterances) : NULL;
    if (!s->speakers || !s->labels || !s->lengths || !s->split || !s->starts || !s->dialogue_ids || !s->utterance_ids ||
        (sentences && !s->sentences)) {
        const st_status status = no_memory(made, error);
        ds_destroy(&made);
        return status;
    }
    ds_publish(made);
    *data = made;
    return ST_OK;
}

void ds_destroy(ds_dataset **data)
{
    if (!*data) return;
    struct ds_storage *s = (*data)->storage;
    for (size_t m = 0; m < DS_MODALITIES; m++) free(s->x[m]);
    sf_close(&s->file);
    ds_pool_free(&s->pool);
    free(s);
    free(*data);
    *data = NULL;
}

st_status ds_create_features(ds_dataset *data, size_t modality, size_t width, st_error *error)
{
    if (width > SIZE_MAX / sizeof(float) / (data->utterances + 1)) return no_memory(data, error);
    float *x = malloc(data->utterances * width * sizeof *x + 1);
    if (!x) return no_memory(data, error);
    data->storage->x[modality] = x;
    data->x[modality] = x;
    data->dims[modality] = width;
    return ST_OK;
}

void ds_note_beyond(ds_dataset *data, size_t modality, size_t place, double value)
{
    if (data->storage->beyond[modality].found || !isfinite(value)) return;
    data->storage->beyond[modality].found = true;
    data->storage->beyond[modality].place = place;
    data->storage->beyond[modality].value = value;
}

const char *ds_keep_text(ds_dataset *data, const char *text, size_t size)
{
    return ds_pool_text(&data->storage->pool, text, size);
}

st_status ds_place_dialogues(ds_dataset *data, const char *file, st_error *error)
{
    size_t row = 0;
    for (size_t d = 0; d < data->dialogues; d++) {
        if (data->lengths[d] < 1)
            return st_fail(error, ST_FAILED, "%s: dialogue '%s' has no utterances", file, data->dialogue_ids[d]);
        if (data->lengths[d] > DS_LONGEST_DIALOGUE)
            return st_fail(error, ST_FAILED,
                           "%s: dialogue '%s' has %d utterances; at most %d are taken: cut it into several dialogues",
                           file, data->dialogue_ids[d], (int)data->lengths[d], DS_LONGEST_DIALOGUE);
        data->storage->starts[d] = row;
        row += (size_t)data->lengths[d];
    }
    data->storage->starts[data->dialogues] = row;
    if (row != data->utterances)
        return st_fail(error, ST_FAILED, "%s: the lengths of the dialogues sum to %zu, but there are %zu utterances",
                       file, row, data->utterances);
    return ST_OK;
}

/* ---- names ---- */

st_status ds_number_utterances(ds_dataset *data, st_error *error)
{
    char text[512];
    for (size_t d = 0; d < data->dialogues; d++) {
        for (size_t i = data->starts[d]; i < data->starts[d + 1]; i++) {
            snprintf(text, sizeof text, "%s_%zu", data->dialogue_ids[d], i - data->starts[d]);
            data->storage->utterance_ids[i] = ds_keep_text(data, text, strlen(text));
            if (!data->utterance_ids[i]) return no_memory(data, error);
        }
    }
    return ST_OK;
}

/* Copies `count` names, or makes their numbers. */
static const char **keep_names(ds_dataset *data, const char *const *names, size_t count)
{
    const char **kept = empty_names(&data->storage->pool, count);
    for (size_t i = 0; kept && i < count; i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        const char *name = names ? names[i] : number;
        kept[i] = ds_keep_text(data, name, strlen(name));
        if (!kept[i]) return NULL;
    }
    return kept;
}

st_status ds_name_speakers(ds_dataset *data, const char *const *names, size_t count, st_error *error)
{
    data->storage->speaker_names = keep_names(data, names, count);
    if (!data->storage->speaker_names) return no_memory(data, error);
    data->speaker_count = count;
    data->storage->speaker_rows = NULL; /* those of other names */
    ds_publish(data);
    return ST_OK;
}

void ds_locate(const ds_dataset *data, const char *file, size_t row, char *text, size_t size)
{
    size_t d = 0;
    while (d + 1 < data->dialogues && data->starts[d + 1] <= row) d++;
    snprintf(text, size, "%s%sdialogue '%s', utterance %zu (%s)", file ? file : "", file ? ": " : "",
             data->dialogue_ids[d], row - data->starts[d] + 1, data->utterance_ids[row]);
}

static st_status name_classes(ds_dataset *data, const char *file, const char *const *names, size_t classes,
                              st_error *error)
{
    char where[512];
    for (size_t i = 0; i < data->utterances; i++) {
        if (data->labels[i] >= DS_UNLABELLED && data->labels[i] < (int64_t)classes) continue;
        ds_locate(data, file, i, where, sizeof where);
        return st_fail(error, ST_FAILED, "%s: label %d is not one of -1 (unlabelled) to %zu: there are %zu classes",
                       where, (int)data->labels[i], classes - 1, classes);
    }
    data->storage->class_names = keep_names(data, names, classes);
    if (!data->storage->class_names) return no_memory(data, error);
    data->classes = classes;
    ds_publish(data);
    return ST_OK;
}

st_status ds_name_classes(ds_dataset *data, const char *const *class_names, size_t classes, st_error *error)
{
    return name_classes(data, NULL, class_names, classes, error);
}

/* ---- checks ---- */

static st_status check_numbers(const ds_dataset *data, const char *file, st_error *error)
{
    char where[512];
    for (size_t i = 0; i < data->utterances; i++) {
        const bool speaker = data->speakers[i] < 0 || (size_t)data->speakers[i] >= data->speaker_count;
        if (!speaker && data->labels[i] >= DS_UNLABELLED && data->labels[i] < DS_MOST_CLASSES) continue;
        ds_locate(data, file, i, where, sizeof where);
        if (speaker)
            return st_fail(error, ST_FAILED, "%s: speaker %d, where there are %zu", where, (int)data->speakers[i],
                           data->speaker_count);
        return st_fail(error, ST_FAILED, "%s: label %d is no class; -1 is unlabelled, at most %d classes are taken",
                       where, (int)data->labels[i], DS_MOST_CLASSES);
    }
    for (size_t d = 0; d < data->dialogues; d++) {
        if (data->split[d] < DS_TRAIN || data->split[d] > DS_TEST)
            return st_fail(error, ST_FAILED, "%s: dialogue '%s' is in split %d; 0 is train, 1 valid, 2 test", file,
                           data->dialogue_ids[d], (int)data->split[d]);
    }
    return ST_OK;
}

static st_status check_ids(const ds_dataset *data, const char *file, st_error *error)
{
    ds_index index = {0};
    if (!ds_index_create(&index, data->dialogue_ids, data->dialogues)) return no_memory(data, error);
    const char *twice = ds_index_duplicate(&index);
    ds_index_destroy(&index);
    if (twice) return st_fail(error, ST_FAILED, "%s: dialogue '%s' is listed twice", file, twice);
    return ST_OK;
}

st_status ds_complete(ds_dataset *data, const char *file, const char *const *class_names, size_t classes,
                      st_error *error)
{
    if (data->dialogues == 0) return st_fail(error, ST_FAILED, "%s holds no dialogues", file);
    if (!data->x[0] && !data->x[1] && !data->x[2])
        return st_fail(error, ST_FAILED, "%s holds no features of any modality", file);
    ST_FORWARD(check_ids(data, file, error));
    ST_FORWARD(check_numbers(data, file, error));
    if (classes > 0) return name_classes(data, file, class_names, classes, error);
    for (size_t i = 0; i < data->utterances; i++) {
        if (data->labels[i] >= (int64_t)classes) classes = (size_t)data->labels[i] + 1;
    }
    return name_classes(data, file, NULL, classes, error);
}
