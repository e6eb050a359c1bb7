#include "data/container.h"

#include "base/json_text.h"
#include "data/assemble.h"
#include "data/file_kind.h"
#include "data/safetensors.h"

#include <stdbool.h>
#include <stdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static const char *const feature_names[DS_MODALITIES] = {"x_t", "x_a", "x_v"};

/* ---- reading ---- */

static st_status check_type(const sf_file *file, const sf_tensor *tensor, st_error *error)
{
    if (sf_is_convertible(tensor->dtype)) return ST_OK;
    return st_fail(error, ST_FAILED, "%s: tensor '%s' has the type %s, which is not read: convert it to F32 or I32",
                   sf_path(file), tensor->name, sf_dtype_name(tensor->dtype));
}

/* A tensor [count] of whole numbers. */
static st_status read_numbers(const sf_file *file, const char *name, size_t count, int32_t *numbers, st_error *error)
{
    const sf_tensor *tensor = sf_find(file, name);
    if (!tensor) return st_fail(error, ST_FAILED, "%s is no data set: it has no tensor '%s'", sf_path(file), name);
    if (!sf_has_shape(tensor, 1, &(uint64_t){count}))
        return st_fail(error, ST_FAILED, "%s: tensor '%s' must have %zu entries in one dimension", sf_path(file), name,
                       count);
    ST_FORWARD(check_type(file, tensor, error));
    const st_status status = sf_read_int32(tensor, 0, count, numbers, error);
    if (status != ST_OK) st_prefix(error, "%s", sf_path(file));
    return status;
}

/* A double that no float holds is named as it is in the file. */
static void note_range(ds_dataset *data, size_t modality, const sf_tensor *tensor)
{
    for (size_t i = 0; tensor->dtype == SF_F64 && i < tensor->elements; i++) {
        double number = 0;
        memcpy(&number, (const char *)tensor->data + i * sizeof number, sizeof number);
        if (isinf(data->x[modality][i])) ds_note_beyond(data, modality, i, number);
    }
}

static st_status read_features(ds_dataset *data, size_t modality, const sf_file *file, st_error *error)
{
    const sf_tensor *tensor = sf_find(file, feature_names[modality]);
    if (!tensor || (tensor->rank == 2 && tensor->shape[1] == 0)) return ST_OK;
    if (tensor->rank != 2)
        return st_fail(error, ST_FAILED, "%s: tensor '%s' has %zu dimension%s; [utterances, width] is needed",
                       sf_path(file), tensor->name, tensor->rank, tensor->rank == 1 ? "" : "s");
    if (tensor->shape[0] != data->utterances)
        return st_fail(error, ST_FAILED, "%s: tensor '%s' has %zu rows; it needs %zu, one for each utterance",
                       sf_path(file), tensor->name, (size_t)tensor->shape[0], data->utterances);
    ST_FORWARD(check_type(file, tensor, error));
    const size_t width = (size_t)tensor->shape[1];
    if (tensor->dtype == SF_F32 && (uintptr_t)tensor->data % sizeof(float) == 0) {
        data->x[modality] = tensor->data;
        data->dims[modality] = width;
        return ST_OK;
    }
    ST_FORWARD(ds_create_features(data, modality, width, error));
    sf_read_floats(tensor, 0, tensor->elements, data->storage->x[modality]);
    note_range(data, modality, tensor);
    return ST_OK;
}

/* `count` texts, each with its NUL, from the map; false where the tensor is missing. */
static st_status read_texts(const sf_file *file, const char *name, size_t count, const char **texts, bool *found,
                            st_error *error)
{
    const sf_tensor *tensor = sf_find(file, name);
    *found = tensor != NULL;
    if (!tensor) return ST_OK;
    const char *at = tensor->data;
    const char *const end = at + tensor->bytes;
    size_t read = 0;
    for (; tensor->dtype == SF_U8 && read < count && at < end; read++) {
        const char *nul = memchr(at, '\0', (size_t)(end - at));
        if (!nul) break;
        texts[read] = at;
        at = nul + 1;
    }
    if (read < count || at != end)
        return st_fail(error, ST_FAILED, "%s: tensor '%s' must be U8 and hold %zu texts, each ending with a zero",
                       sf_path(file), name, count);
    return ST_OK;
}

/* Ids that the file does not give: the numbers of the dialogues. */
static st_status number_dialogues(ds_dataset *data, st_error *error)
{
    char text[32];
    for (size_t d = 0; d < data->dialogues; d++) {
        const int size = snprintf(text, sizeof text, "%zu", d);
        data->storage->dialogue_ids[d] = ds_keep_text(data, text, (size_t)size);
        if (!data->dialogue_ids[d])
            return st_fail(error, ST_FAILED, "out of memory for the ids of %zu dialogues", data->dialogues);
    }
    return ST_OK;
}

/* The JSON array of a metadata key, NULL where the key is missing. */
static st_status read_names(const sf_file *file, const char *key, const char ***names, size_t *count, json_t **owner,
                            st_error *error)
{
    const char *text = sf_metadata(file, key);
    *names = NULL;
    *count = 0;
    *owner = NULL;
    if (!text) return ST_OK;
    *owner = json_text_read(text, 0, NULL);
    const size_t size = json_array_size(*owner);
    *names = calloc(size + 1, sizeof **names);
    bool good = json_is_array(*owner) && size <= DS_MOST_CLASSES && *names;
    for (size_t i = 0; good && i < size; i++) {
        (*names)[i] = json_string_value(json_array_get(*owner, i));
        good = (*names)[i] != NULL;
    }
    if (!good) return st_fail(error, ST_FAILED, "%s: metadata '%s' is no list of names", sf_path(file), key);
    *count = size;
    return ST_OK;
}

static st_status read_speaker_names(ds_dataset *data, const sf_file *file, st_error *error)
{
    const char **names = NULL;
    json_t *owner = NULL;
    size_t count = 0;
    st_status status = read_names(file, "speaker_names", &names, &count, &owner, error);
    for (size_t i = 0; count == 0 && i < data->utterances; i++) {
        if (data->speakers[i] >=
            DS_MOST_SPEAKERS) /* the largest may be any number; a list of names is not made for it */
            status = st_fail(error, ST_FAILED, "%s: speaker %d, where at most %d are taken", sf_path(file),
                             (int)data->speakers[i], DS_MOST_SPEAKERS);
    }
    size_t largest = 0;
    for (size_t i = 0; i < data->utterances; i++) {
        if (data->speakers[i] >= (int64_t)largest) largest = (size_t)data->speakers[i] + 1;
    }
    if (status == ST_OK) status = ds_name_speakers(data, names, count > 0 ? count : largest, error);
    free(names);
    json_decref(owner);
    return status;
}

/* The names of the tensors that are no part of a data set, which may be any number of any length. */
static st_status tell_passed_over(ds_dataset *data, const sf_file *file, st_error *error)
{
    static const char *const known[] = {"x_t",     "x_a",   "x_v",          "speakers",      "labels",
                                        "lengths", "split", "dialogue_ids", "utterance_ids", "sentences"};
    char names[400] = "";
    size_t used = 0, listed = 0, extra = 0;
    for (size_t i = 0; i < sf_count(file); i++) {
        const char *name = sf_at(file, i)->name;
        bool part = false;
        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) part = part || strcmp(name, known[k]) == 0;
        if (part) continue;
        extra++;
        if (listed + 1 < extra || used + strlen(name) + 24 > sizeof names) continue;
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", listed ? ", " : "", name);
        listed++;
    }
    if (extra == 0) return ST_OK;
    if (extra > listed)
        used += (size_t)snprintf(names + used, sizeof names - used, listed ? " and %zu more" : "%zu of long names",
                                 extra - listed);
    data->passed_over = ds_keep_text(data, names, used);
    return data->passed_over ? ST_OK : st_fail(error, ST_FAILED, "out of memory while reading %s", sf_path(file));
}

static st_status complete(ds_dataset *data, const sf_file *file, const ds_load_options *options, st_error *error)
{
    if (options->classes > 0) return ds_complete(data, sf_path(file), options->class_names, options->classes, error);
    const char **names = NULL;
    json_t *owner = NULL;
    size_t count = 0;
    st_status status = read_names(file, "class_names", &names, &count, &owner, error);
    if (status == ST_OK) status = ds_complete(data, sf_path(file), names, count, error);
    free(names);
    json_decref(owner);
    return status;
}

static st_status check_kind(const sf_file *file, st_error *error)
{
    const ds_file_kind kind = ds_file_kind_of(file);
    if (kind == DS_FILE_CHECKPOINT || kind == DS_FILE_WEIGHTS)
        return st_fail(error, ST_FAILED, "%s is a checkpoint and no data set: eval and predict take it as CHECKPOINT",
                       sf_path(file));
    if (kind == DS_FILE_GOLDEN)
        return st_fail(error, ST_FAILED, "%s is a golden case and no data set: use it with `verify`", sf_path(file));
    return ST_OK; /* of another file, the first tensor that is missing is named */
}

/* Everything but features and names; the number of utterances is that of the speakers. */
static st_status read_dialogues(ds_dataset **data, const sf_file *file, st_error *error)
{
    const sf_tensor *lengths = sf_find(file, "lengths");
    const sf_tensor *speakers = sf_find(file, "speakers");
    ST_FORWARD(check_kind(file, error));
    if (!lengths || !speakers)
        return st_fail(error, ST_FAILED, "%s is no data set: it has no tensor '%s'", sf_path(file),
                       lengths ? "speakers" : "lengths");
    ST_FORWARD(ds_create(data, lengths->elements, speakers->elements, sf_find(file, "sentences") != NULL, error));
    struct ds_storage *s = (*data)->storage;
    ST_FORWARD(read_numbers(file, "lengths", lengths->elements, s->lengths, error));
    ST_FORWARD(read_numbers(file, "speakers", speakers->elements, s->speakers, error));
    ST_FORWARD(read_numbers(file, "split", lengths->elements, s->split, error));
    if (sf_find(file, "labels"))
        ST_FORWARD(read_numbers(file, "labels", speakers->elements, s->labels, error));
    else
        for (size_t i = 0; i < speakers->elements; i++) s->labels[i] = DS_UNLABELLED;
    bool dialogue_ids = false;
    bool utterance_ids = false;
    bool sentences = false;
    ST_FORWARD(read_texts(file, "dialogue_ids", (*data)->dialogues, s->dialogue_ids, &dialogue_ids, error));
    ST_FORWARD(read_texts(file, "utterance_ids", (*data)->utterances, s->utterance_ids, &utterance_ids, error));
    ST_FORWARD(read_texts(file, "sentences", (*data)->utterances, s->sentences, &sentences, error));
    if (!dialogue_ids) ST_FORWARD(number_dialogues(*data, error));
    ST_FORWARD(ds_place_dialogues(*data, sf_path(file), error));
    return utterance_ids ? ST_OK : ds_number_utterances(*data, error);
}

st_status ds_container_read(ds_dataset **data, const char *path, const ds_load_options *options, st_error *error)
{
    st_status status = ST_OK;
    sf_file *file = NULL;
    *data = NULL;
    ds_dataset *made = NULL;
    ST_TRY(sf_open(&file, path, SF_VERIFY, error));
    ST_TRY(read_dialogues(&made, file, error));
    for (size_t m = 0; m < DS_MODALITIES; m++) ST_TRY(read_features(made, m, file, error));
    ST_TRY(read_speaker_names(made, file, error));
    ST_TRY(tell_passed_over(made, file, error));
    ST_TRY(complete(made, file, options, error));
    made->storage->file = file;
    file = NULL;
    *data = made;
    made = NULL;
done:
    ds_destroy(&made);
    sf_close(&file);
    return status;
}

/* ---- writing ---- */

static st_status declare_texts(sf_writer *writer, const char *name, const char *const *texts, size_t count,
                               st_error *error)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++) bytes += strlen(texts[i]) + 1;
    return sf_writer_tensor(writer, name, SF_U8, 1, &bytes, error);
}

static st_status write_texts(sf_writer *writer, const char *const *texts, size_t count, st_error *error)
{
    for (size_t i = 0; i < count; i++) ST_FORWARD(sf_writer_data(writer, texts[i], strlen(texts[i]) + 1, error));
    return ST_OK;
}

static st_status write_names(sf_writer *writer, const char *key, const char *const *names, size_t count,
                             st_error *error)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(array, json_string(names[i]));
    char *text = json_array_size(array) == count ? json_text_print(array, JSON_COMPACT) : NULL;
    json_decref(array);
    if (!text) return st_fail(error, ST_FAILED, "a name in '%s' is no valid UTF-8", key);
    const st_status status = sf_writer_metadata(writer, key, text, error);
    free(text);
    return status;
}

static st_status declare(const ds_dataset *data, sf_writer *writer, st_error *error)
{
    const uint64_t dialogues = data->dialogues;
    const uint64_t utterances = data->utterances;
    ST_FORWARD(sf_writer_metadata(writer, "format", DS_DATA_FORMAT, error));
    ST_FORWARD(write_names(writer, "class_names", data->class_names, data->classes, error));
    ST_FORWARD(write_names(writer, "speaker_names", data->speaker_names, data->speaker_count, error));
    for (size_t m = 0; m < DS_MODALITIES; m++) {
        const uint64_t shape[2] = {utterances, data->dims[m]};
        if (data->x[m]) ST_FORWARD(sf_writer_tensor(writer, feature_names[m], SF_F32, 2, shape, error));
    }
    ST_FORWARD(sf_writer_tensor(writer, "speakers", SF_I32, 1, &utterances, error));
    ST_FORWARD(sf_writer_tensor(writer, "labels", SF_I32, 1, &utterances, error));
    ST_FORWARD(sf_writer_tensor(writer, "lengths", SF_I32, 1, &dialogues, error));
    ST_FORWARD(sf_writer_tensor(writer, "split", SF_I32, 1, &dialogues, error));
    ST_FORWARD(declare_texts(writer, "dialogue_ids", data->dialogue_ids, data->dialogues, error));
    ST_FORWARD(declare_texts(writer, "utterance_ids", data->utterance_ids, data->utterances, error));
    if (data->sentences) ST_FORWARD(declare_texts(writer, "sentences", data->sentences, data->utterances, error));
    return ST_OK;
}

static st_status write_data(const ds_dataset *data, sf_writer *writer, st_error *error)
{
    for (size_t m = 0; m < DS_MODALITIES; m++) {
        if (data->x[m])
            ST_FORWARD(sf_writer_data(writer, data->x[m], data->utterances * data->dims[m] * sizeof(float), error));
    }
    ST_FORWARD(sf_writer_data(writer, data->speakers, data->utterances * sizeof *data->speakers, error));
    ST_FORWARD(sf_writer_data(writer, data->labels, data->utterances * sizeof *data->labels, error));
    ST_FORWARD(sf_writer_data(writer, data->lengths, data->dialogues * sizeof *data->lengths, error));
    ST_FORWARD(sf_writer_data(writer, data->split, data->dialogues * sizeof *data->split, error));
    ST_FORWARD(write_texts(writer, data->dialogue_ids, data->dialogues, error));
    ST_FORWARD(write_texts(writer, data->utterance_ids, data->utterances, error));
    if (data->sentences) ST_FORWARD(write_texts(writer, data->sentences, data->utterances, error));
    return ST_OK;
}

st_status ds_save(const ds_dataset *data, const char *path, st_error *error)
{
    st_status status = ST_OK;
    sf_writer *writer = NULL;
    ST_TRY(sf_writer_create(&writer, path, error));
    ST_TRY(declare(data, writer, error));
    ST_TRY(write_data(data, writer, error));
    ST_TRY(sf_writer_finish(writer, error));
done:
    sf_writer_destroy(&writer);
    return status;
}
