#include "data/published.h"

#include "data/assemble.h"
#include "data/index.h"
#include "data/pool.h"
#include "data/published_rows.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum field { IDS, SPEAKERS, LABELS, TEXT, AUDIO, VISUAL, SENTENCES, TRAINING, TESTING, FIELDS } field;

static const char *const field_names[FIELDS] = {"utterance ids", "speakers",       "labels",
                                                "text features", "audio features", "visual features",
                                                "sentences",     "training ids",   "test ids"};

enum { ABSENT = -1 };

/* Places of the fields in the tuple; other places are not used. */
static const struct layout {
    size_t size;
    int place[FIELDS];
} layouts[] = {
    {12, {0, 1, 2, 3, 7, 8, 9, 10, 11}},   /* IEMOCAP */
    {13, {0, 1, 2, 3, 7, 8, 9, 10, 11}},   /* MELD */
    {13, {0, 1, 2, 4, 8, 9, 10, 11, 12}},  /* the first with sentiments behind the labels */
    {14, {0, 1, 2, 4, 8, 9, 10, 11, 12}},  /* the second with sentiments */
    {9, {0, 1, 2, 3, 4, 5, 6, 7, 8}},      /* one text layer, three modalities */
    {10, {0, 1, 2, 3, 4, 5, 6, 7, 8}},     /* the same and a field at the end */
    {9, {0, 1, 2, 3, 4, ABSENT, 5, 6, 7}}, /* text and audio only, sentiments at the end */
};

enum { LAYOUTS = sizeof layouts / sizeof layouts[0] };

/* A dict by dialogue: its values under the text of their keys. */
typedef struct table {
    const ds_value *dict; /* NULL: the field is absent */
    ds_index index;
} table;

typedef struct source {
    const char *file;
    st_error *error;
    ds_pool scratch;
    table tables[TRAINING];
    const ds_value *training, *testing;
    const char **ids; /* [dialogues], training first */
    size_t dialogues, training_count;
} source;

/* ---- the layout ---- */

static bool is_list(const ds_value *value)
{
    size_t length = 0;
    return ds_value_length(value, &length) && (value->kind != DS_ARRAY || value->as.array->rank == 1);
}

/* An absent field may be None; features and sentences may be absent. */
static bool fits(const struct layout *layout, const ds_value *root)
{
    for (int f = 0; f < FIELDS; f++) {
        if (layout->place[f] == ABSENT) continue;
        const ds_value *value = root->as.list.items[layout->place[f]];
        if (f >= TRAINING ? !is_list(value) : value->kind != DS_DICT && (f < TEXT || value->kind != DS_NONE))
            return false;
    }
    return true;
}

static st_status no_layout(const ds_value *root, const char *file, st_error *error)
{
    char found[160];
    char list[512] = "";
    size_t used = 0;
    const bool tuple = root->kind == DS_TUPLE || root->kind == DS_LIST;
    for (size_t i = 0; tuple && i < root->as.list.count && i < 14; i++) {
        char entry[64];
        ds_value_describe(root->as.list.items[i], entry, sizeof entry);
        const int size = snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : ": ", entry);
        used += size > 0 && (size_t)size < sizeof list - used ? (size_t)size : 0;
    }
    return st_fail(
        error, ST_FAILED,
        "%s is no published data set of 9, 10, 12, 13 or 14 fields (dicts by dialogue, then the lists of training and"
        " test dialogues); it holds %s%s",
        file, ds_value_describe(root, found, sizeof found), list);
}

static st_status find_layout(source *s, const ds_value *root, const struct layout **layout)
{
    const bool tuple = root->kind == DS_TUPLE || root->kind == DS_LIST;
    for (size_t i = 0; tuple && i < LAYOUTS; i++) {
        if (layouts[i].size != root->as.list.count || !fits(&layouts[i], root)) continue;
        *layout = &layouts[i];
        return ST_OK;
    }
    return no_layout(root, s->file, s->error);
}

/* ---- tables ---- */

static st_status no_memory(source *s)
{
    return st_fail(s->error, ST_FAILED, "out of memory while reading %s", s->file);
}

/* The text of an id in the scratch memory. */
static st_status keep_id(source *s, const ds_value *value, const char **text)
{
    const size_t size = value ? ds_value_text(value, NULL, 0) : SIZE_MAX;
    if (size == SIZE_MAX)
        return st_fail(s->error, ST_FAILED, "%s: a dialogue id is neither a text nor an int", s->file);
    char *kept = ds_pool_take(&s->scratch, size + 1);
    if (!kept) return no_memory(s);
    ds_value_text(value, kept, size + 1);
    *text = kept;
    return ST_OK;
}

static st_status open_table(source *s, table *t, const ds_value *dict)
{
    if (!dict || dict->kind != DS_DICT || dict->as.list.count == 0) return ST_OK;
    const size_t count = dict->as.list.count / 2;
    const char **keys = ds_pool_array(&s->scratch, count, sizeof *keys);
    if (!keys) return no_memory(s);
    for (size_t i = 0; i < count; i++) ST_FORWARD(keep_id(s, dict->as.list.items[2 * i], &keys[i]));
    if (!ds_index_create(&t->index, keys, count)) return no_memory(s);
    t->dict = dict;
    return ST_OK;
}

/* What a field holds of dialogue d; NULL where nothing. */
static const ds_value *look_up(const source *s, field f, size_t d)
{
    const table *t = &s->tables[f];
    if (!t->dict) return NULL;
    const size_t at = ds_index_find(&t->index, s->ids[d]);
    return at == SIZE_MAX ? NULL : t->dict->as.list.items[2 * at + 1];
}

static st_status open_source(source *s, const ds_value *root)
{
    const struct layout *layout = NULL;
    ST_FORWARD(find_layout(s, root, &layout));
    for (int f = 0; f < TRAINING; f++) {
        if (layout->place[f] == ABSENT) continue;
        ST_FORWARD(open_table(s, &s->tables[f], root->as.list.items[layout->place[f]]));
    }
    s->training = root->as.list.items[layout->place[TRAINING]];
    s->testing = root->as.list.items[layout->place[TESTING]];
    size_t testing = 0;
    ds_value_length(s->training, &s->training_count);
    ds_value_length(s->testing, &testing);
    s->dialogues = s->training_count + testing;
    s->ids = ds_pool_array(&s->scratch, s->dialogues, sizeof *s->ids);
    if (!s->ids) return no_memory(s);
    for (size_t d = 0; d < s->dialogues; d++) {
        ds_value spare = {0};
        const bool training = d < s->training_count;
        ST_FORWARD(keep_id(
            s, ds_value_entry(training ? s->training : s->testing, training ? d : d - s->training_count, &spare),
            &s->ids[d]));
    }
    return ST_OK;
}

static void close_source(source *s)
{
    for (int f = 0; f < TRAINING; f++) ds_index_destroy(&s->tables[f].index);
    ds_pool_free(&s->scratch);
}

/* ---- lengths ---- */

/* The number of utterances of a dialogue, on which all its fields must agree. */
static st_status measure_dialogue(source *s, size_t d, size_t *length)
{
    for (int f = 0; f < SENTENCES; f++) {
        if (!s->tables[f].dict && f >= TEXT) continue;
        const ds_value *value = look_up(s, (field)f, d);
        size_t rows = 0;
        char found[128];
        if (!value)
            return st_fail(s->error, ST_FAILED, "%s: dialogue '%s' of the %s has no %s", s->file, s->ids[d],
                           field_names[d < s->training_count ? TRAINING : TESTING], field_names[f]);
        if (!ds_value_length(value, &rows))
            return st_fail(s->error, ST_FAILED, "%s: the %s of dialogue '%s' are %s, not one entry per utterance",
                           s->file, field_names[f], s->ids[d], ds_value_describe(value, found, sizeof found));
        if (f == IDS) *length = rows;
        if (rows != *length)
            return st_fail(s->error, ST_FAILED, "%s: dialogue '%s' has %zu %s, but %zu %s", s->file, s->ids[d], *length,
                           field_names[IDS], rows, field_names[f]);
    }
    return ST_OK;
}

/* Lengths that no dialogue may have are told by ds_place_dialogues; here they only must not overflow. */
static st_status measure(source *s, int32_t *lengths, size_t *utterances)
{
    *utterances = 0;
    for (size_t d = 0; d < s->dialogues; d++) {
        size_t length = 0;
        ST_FORWARD(measure_dialogue(s, d, &length));
        if (length > INT32_MAX || *utterances > SIZE_MAX / 64 - length)
            return st_fail(s->error, ST_FAILED,
                           "%s: dialogue '%s' has %zu utterances; at most %d are taken: cut it into several dialogues",
                           s->file, s->ids[d], length, DS_LONGEST_DIALOGUE);
        lengths[d] = (int32_t)length;
        *utterances += length;
    }
    return ST_OK;
}

/* ---- fields ---- */

static st_status keep_text(source *s, ds_dataset *data, const ds_value *value, const char **text)
{
    const size_t size = value ? ds_value_text(value, NULL, 0) : SIZE_MAX;
    if (size == SIZE_MAX) return ST_OK;
    char *kept = ds_pool_take(&data->storage->pool, size + 1);
    if (!kept) return no_memory(s);
    ds_value_text(value, kept, size + 1);
    *text = kept;
    return ST_OK;
}

static st_status read_ids_and_sentences(source *s, ds_dataset *data)
{
    for (size_t d = 0; d < data->dialogues; d++) {
        const ds_value *ids = look_up(s, IDS, d);
        const ds_value *sentences = look_up(s, SENTENCES, d);
        const size_t length = (size_t)data->lengths[d];
        size_t count = 0;
        const bool fitting = sentences && ds_value_length(sentences, &count) && count == length;
        for (size_t i = 0; i < length; i++) {
            const size_t row = data->starts[d] + i;
            ds_value spare = {0};
            ST_FORWARD(keep_text(s, data, ds_value_entry(ids, i, &spare), &data->storage->utterance_ids[row]));
            if (fitting)
                ST_FORWARD(keep_text(s, data, ds_value_entry(sentences, i, &spare), &data->storage->sentences[row]));
        }
    }
    return ST_OK;
}

static st_status read_labels(source *s, ds_dataset *data)
{
    for (size_t d = 0; d < data->dialogues; d++) {
        const ds_value *labels = look_up(s, LABELS, d);
        for (size_t i = 0; i < (size_t)data->lengths[d]; i++) {
            ds_value spare = {0};
            int64_t label = 0;
            char found[128] = "no number";
            const ds_value *entry = ds_value_entry(labels, i, &spare);
            if (entry) ds_value_describe(entry, found, sizeof found);
            if (!entry || !ds_value_integer(entry, &label) || label < INT32_MIN || label > INT32_MAX)
                return st_fail(s->error, ST_FAILED, "%s: dialogue '%s', utterance %zu: the label is %s, not an int",
                               s->file, s->ids[d], i + 1, found);
            data->storage->labels[data->starts[d] + i] = (int32_t)label;
        }
    }
    return ST_OK;
}

static st_status read_features(source *s, ds_dataset *data, size_t modality)
{
    const field f = (field)(TEXT + modality);
    if (!s->tables[f].dict) return ST_OK;
    size_t width = 0;
    for (size_t d = 0; d < data->dialogues; d++) {
        const ds_value *value = look_up(s, f, d);
        const ds_rows_where where = {s->file, s->ids[d], field_names[f], s->error};
        if (d == 0) {
            ST_FORWARD(ds_rows_width(value, &where, &width));
            if (width > 0) ST_FORWARD(ds_create_features(data, modality, width, s->error));
        }
        float *rows = width > 0 ? data->storage->x[modality] + data->starts[d] * width : NULL;
        ST_FORWARD(ds_rows_read(value, (size_t)data->lengths[d], width, rows, &where));
    }
    return ST_OK;
}

/* ---- speakers ---- */

typedef struct speakers {
    const char *names[DS_MOST_SPEAKERS];
    size_t count;
} speakers;

static st_status number_of_name(source *s, speakers *known, const ds_value *entry, int32_t *number)
{
    const char *name = NULL;
    ST_FORWARD(keep_id(s, entry, &name));
    for (size_t i = 0; i < known->count; i++) {
        *number = (int32_t)i;
        if (strcmp(known->names[i], name) == 0) return ST_OK;
    }
    if (known->count == DS_MOST_SPEAKERS)
        return st_fail(s->error, ST_FAILED, "%s names more than %d speakers", s->file, DS_MOST_SPEAKERS);
    *number = (int32_t)known->count;
    known->names[known->count++] = name;
    return ST_OK;
}

static bool is_text(const ds_value *value)
{
    return value->kind == DS_TEXT || value->kind == DS_BYTES || value->kind == DS_WIDE_TEXT;
}

/* 'M' and 'F' are speakers 0 and 1 of the published files, whichever comes first and even where one never occurs. */
static st_status read_named_speakers(source *s, ds_dataset *data, bool only_m_and_f)
{
    speakers known = {{"M", "F"}, only_m_and_f ? 2 : 0};
    for (size_t d = 0; d < data->dialogues; d++) {
        const ds_value *names = look_up(s, SPEAKERS, d);
        for (size_t i = 0; i < (size_t)data->lengths[d]; i++) {
            ds_value spare = {0};
            ST_FORWARD(number_of_name(s, &known, ds_value_entry(names, i, &spare),
                                      &data->storage->speakers[data->starts[d] + i]));
        }
    }
    return ds_name_speakers(data, known.names, known.count, s->error);
}

static st_status read_numbered_speakers(source *s, ds_dataset *data)
{
    int64_t largest = 0;
    for (size_t d = 0; d < data->dialogues; d++) {
        const ds_value *numbers = look_up(s, SPEAKERS, d);
        for (size_t i = 0; i < (size_t)data->lengths[d]; i++) {
            ds_value spare = {0};
            int64_t number = -1;
            const ds_value *entry = ds_value_entry(numbers, i, &spare);
            if (!entry || !ds_value_integer(entry, &number) || number < 0 || number >= DS_MOST_SPEAKERS)
                return st_fail(s->error, ST_FAILED,
                               "%s: dialogue '%s', utterance %zu: the speaker is no number from 0 to %d", s->file,
                               s->ids[d], i + 1, DS_MOST_SPEAKERS - 1);
            data->storage->speakers[data->starts[d] + i] = (int32_t)number;
            largest = number > largest ? number : largest;
        }
    }
    return ds_name_speakers(data, NULL, (size_t)largest + 1, s->error);
}

/* The place of the largest entry of a row, which must be alone. */
static bool hot_place(const float *row, size_t width, int32_t *place)
{
    size_t best = 0;
    size_t ties = 0;
    for (size_t k = 1; k < width; k++) {
        if (row[k] == row[best]) ties++;
        if (row[k] > row[best]) {
            best = k;
            ties = 0;
        }
    }
    *place = (int32_t)best;
    return width > 0 && ties == 0 && row[best] > 0.0f;
}

static st_status read_hot_speakers(source *s, ds_dataset *data)
{
    st_status status = ST_OK;
    size_t width = 0;
    float *rows = NULL;
    for (size_t d = 0; d < data->dialogues; d++) {
        const ds_value *value = look_up(s, SPEAKERS, d);
        const ds_rows_where where = {s->file, s->ids[d], field_names[SPEAKERS], s->error};
        const size_t length = (size_t)data->lengths[d];
        if (d == 0) {
            ST_TRY(ds_rows_width(value, &where, &width));
            if (width == 0 || width > DS_MOST_SPEAKERS)
                ST_TRY(st_fail(s->error, ST_FAILED, "%s: one-hot speakers of width %zu; 1 to %d are taken", s->file,
                               width, DS_MOST_SPEAKERS));
            rows = malloc(width * DS_LONGEST_DIALOGUE * sizeof *rows);
            if (!rows) ST_TRY(no_memory(s));
        }
        ST_TRY(ds_rows_read(value, length, width, rows, &where));
        for (size_t i = 0; i < length; i++) {
            if (!hot_place(rows + i * width, width, &data->storage->speakers[data->starts[d] + i]))
                ST_TRY(st_fail(s->error, ST_FAILED, "%s: dialogue '%s', utterance %zu: the speaker row is not one-hot",
                               s->file, s->ids[d], i + 1));
        }
    }
    ST_TRY(ds_name_speakers(data, NULL, width, s->error));
done:
    free(rows);
    return status;
}

/* The kind of the first entry decides; 'M' and 'F' alone only where nothing else occurs. */
static st_status read_speakers(source *s, ds_dataset *data)
{
    bool only_m_and_f = true;
    for (size_t d = 0; d < data->dialogues; d++) {
        const ds_value *value = look_up(s, SPEAKERS, d);
        for (size_t i = 0; i < (size_t)data->lengths[d]; i++) {
            ds_value spare = {0};
            char text[4] = "";
            const ds_value *entry = ds_value_entry(value, i, &spare);
            const bool named = entry && is_text(entry);
            if (d == 0 && i == 0 && !named) {
                int64_t number = 0;
                if (entry && entry->kind != DS_ARRAY && ds_value_integer(entry, &number))
                    return read_numbered_speakers(s, data);
                return read_hot_speakers(s, data);
            }
            if (!named)
                return st_fail(s->error, ST_FAILED,
                               "%s: dialogue '%s', utterance %zu: the speaker is no text, others are", s->file,
                               s->ids[d], i + 1);
            only_m_and_f =
                only_m_and_f && ds_value_text(entry, text, sizeof text) == 1 && (*text == 'M' || *text == 'F');
        }
    }
    return read_named_speakers(s, data, only_m_and_f);
}

/* ---- all of it ---- */

static st_status read_all(source *s, ds_dataset **data, const ds_value *root, const ds_load_options *options)
{
    st_status status = ST_OK;
    size_t utterances = 0;
    int32_t *lengths = NULL;
    ST_TRY(open_source(s, root));
    lengths = calloc(s->dialogues + 1, sizeof *lengths);
    if (!lengths) ST_TRY(no_memory(s));
    ST_TRY(measure(s, lengths, &utterances));
    ST_TRY(ds_create(data, s->dialogues, utterances, s->tables[SENTENCES].dict != NULL, s->error));
    for (size_t d = 0; d < s->dialogues; d++) {
        struct ds_storage *storage = (*data)->storage;
        storage->lengths[d] = lengths[d];
        storage->split[d] = d < s->training_count ? DS_TRAIN : DS_TEST;
        storage->dialogue_ids[d] = ds_keep_text(*data, s->ids[d], strlen(s->ids[d]));
        if (!storage->dialogue_ids[d]) ST_TRY(no_memory(s));
    }
    ST_TRY(ds_place_dialogues(*data, s->file, s->error));
    ST_TRY(read_ids_and_sentences(s, *data));
    ST_TRY(read_labels(s, *data));
    for (size_t m = 0; m < DS_MODALITIES; m++) ST_TRY(read_features(s, *data, m));
    ST_TRY(read_speakers(s, *data));
    ST_TRY(ds_complete(*data, s->file, options->class_names, options->classes, s->error));
    (*data)->unlisted = ds_index_distinct(&s->tables[IDS].index) - (*data)->dialogues;
done:
    free(lengths);
    return status;
}

st_status ds_published_read(ds_dataset **data, const ds_value *root, const char *file, const ds_load_options *options,
                            st_error *error)
{
    source s = {.file = file, .error = error};
    ds_dataset *made = NULL;
    *data = NULL;
    const st_status status = read_all(&s, &made, root, options);
    close_source(&s);
    if (status == ST_OK)
        *data = made;
    else
        ds_destroy(&made);
    return status;
}
