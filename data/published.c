#include "data/published.h"

#include "data/assemble.h"
#include "data/index.h"
#include "data/pool.h"
#include "data/published_layout.h"
#include "data/published_rows.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A dict by dialogue: its values under the text of their keys. */
typedef struct table {
    const ds_value *dict; /* NULL: the field is absent */
    ds_index index;
} table;

typedef struct source {
    const char *file;
    st_error *error;
    ds_pool scratch;
    table tables[DS_FIELD_TABLES];
    ds_field counted; /* the field that says how many utterances a dialogue has */
    const ds_value *lists[DS_SPLITS];
    const char **ids; /* [dialogues], those of a list after another */
    int32_t *split;   /* [dialogues] */
    size_t dialogues;
} source;

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
static const ds_value *look_up(const source *s, ds_field f, size_t d)
{
    const table *t = &s->tables[f];
    if (!t->dict) return NULL;
    const size_t at = ds_index_find(&t->index, s->ids[d]);
    return at == SIZE_MAX ? NULL : t->dict->as.list.items[2 * at + 1];
}

/* The lists of dialogues, in the order of the splits. */
static st_status open_lists(source *s)
{
    for (ds_split split = DS_TRAIN; split < DS_SPLITS; ++split) {
        size_t length = 0;
        if (s->lists[split]) ds_value_length(s->lists[split], &length);
        s->dialogues += length;
    }
    s->ids = ds_pool_array(&s->scratch, s->dialogues, sizeof *s->ids);
    s->split = ds_pool_array(&s->scratch, s->dialogues, sizeof *s->split);
    if (!s->ids || !s->split) return no_memory(s);
    size_t d = 0;
    for (ds_split split = DS_TRAIN; split < DS_SPLITS; ++split) {
        size_t length = 0;
        if (s->lists[split]) ds_value_length(s->lists[split], &length);
        for (size_t i = 0; i < length; i++, d++) {
            ds_value spare = {0};
            ST_FORWARD(keep_id(s, ds_value_entry(s->lists[split], i, &spare), &s->ids[d]));
            s->split[d] = (int32_t)split;
        }
    }
    return ST_OK;
}

static const ds_field list_fields[DS_SPLITS] = {DS_FIELD_TRAINING, DS_FIELD_VALIDATION, DS_FIELD_TESTING};

static st_status open_source(source *s, const ds_value *root, const ds_layout **layout, bool *ambiguous)
{
    ST_FORWARD(ds_layout_find(root, s->file, layout, ambiguous, s->error));
    for (int f = 0; f < DS_FIELD_TABLES; f++) {
        if ((*layout)->place[f] == DS_FIELD_ABSENT) continue;
        ST_FORWARD(open_table(s, &s->tables[f], root->as.list.items[(*layout)->place[f]]));
    }
    s->counted = s->tables[DS_FIELD_IDS].dict ? DS_FIELD_IDS : DS_FIELD_SPEAKERS;
    for (ds_split split = DS_TRAIN; split < DS_SPLITS; ++split) {
        const int place = (*layout)->place[list_fields[split]];
        if (place != DS_FIELD_ABSENT) s->lists[split] = root->as.list.items[place];
    }
    return open_lists(s);
}

static void close_source(source *s)
{
    for (int f = 0; f < DS_FIELD_TABLES; f++) ds_index_destroy(&s->tables[f].index);
    ds_pool_free(&s->scratch);
}

/* ---- lengths ---- */

/* What a field holds of a dialogue that has no labels, or of one of a file without them. */
static bool is_unlabelled(const ds_value *value)
{
    return !value || value->kind == DS_NONE;
}

static bool has_one_entry_each(ds_field f, const ds_value *value)
{
    size_t rows = 0;
    return f == DS_FIELD_IDS || f == DS_FIELD_LABELS ? ds_is_list(value) : ds_value_length(value, &rows);
}

/* The number of utterances of a dialogue, on which all its fields must agree. */
static st_status measure_field(source *s, size_t d, ds_field f, size_t *length)
{
    const ds_value *value = look_up(s, f, d);
    size_t rows = 0;
    char found[128];
    if (f == DS_FIELD_LABELS && is_unlabelled(value)) return ST_OK;
    if (!value)
        return st_fail(s->error, ST_FAILED, "%s: dialogue '%s' of the %s has no %s", s->file, s->ids[d],
                       ds_field_name(list_fields[s->split[d]]), ds_field_name(f));
    if (!has_one_entry_each(f, value))
        return st_fail(s->error, ST_FAILED,
                       "%s: the %s of dialogue '%s' are %s, where a list or an array of one dimension is needed, with "
                       "one entry per utterance",
                       s->file, ds_field_name(f), s->ids[d], ds_value_describe(value, found, sizeof found));
    ds_value_length(value, &rows);
    if (f == s->counted) *length = rows;
    if (rows != *length)
        return st_fail(s->error, ST_FAILED, "%s: dialogue '%s' has %zu %s, but %zu %s", s->file, s->ids[d], *length,
                       ds_field_name(s->counted), rows, ds_field_name(f));
    return ST_OK;
}

static st_status measure_dialogue(source *s, size_t d, size_t *length)
{
    ST_FORWARD(measure_field(s, d, s->counted, length));
    for (int f = 0; f < DS_FIELD_SENTENCES; f++) {
        if (f == (int)s->counted || (!s->tables[f].dict && f != DS_FIELD_SPEAKERS)) continue;
        ST_FORWARD(measure_field(s, d, (ds_field)f, length));
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

/* Entry i of a field of dialogue d, one of the texts of the data set. */
static st_status read_text(source *s, ds_dataset *data, ds_field f, size_t d, const char **texts)
{
    const size_t length = (size_t)data->lengths[d];
    const ds_value *value = look_up(s, f, d);
    size_t count = 0;
    if (!value || !ds_value_length(value, &count) || count != length) return ST_OK;
    for (size_t i = 0; i < length; i++) {
        ds_value spare = {0};
        ST_FORWARD(keep_text(s, data, ds_value_entry(value, i, &spare), &texts[data->starts[d] + i]));
    }
    return ST_OK;
}

static st_status read_ids_and_sentences(source *s, ds_dataset *data)
{
    for (size_t d = 0; d < data->dialogues; d++) {
        ST_FORWARD(read_text(s, data, DS_FIELD_IDS, d, data->storage->utterance_ids));
        if (data->sentences) ST_FORWARD(read_text(s, data, DS_FIELD_SENTENCES, d, data->storage->sentences));
    }
    return s->tables[DS_FIELD_IDS].dict ? ST_OK : ds_number_utterances(data, s->error);
}

/* None, and the NaN that tables have for it, is no label. */
static st_status read_label(source *s, size_t d, size_t i, const ds_value *entry, int32_t *label)
{
    int64_t number = 0;
    double real = 0.0;
    char found[128] = "no number";
    *label = DS_UNLABELLED;
    if (entry && (entry->kind == DS_NONE || (ds_value_real(entry, &real) && isnan(real)))) return ST_OK;
    if (entry) ds_value_describe(entry, found, sizeof found);
    if (!entry || !ds_value_integer(entry, &number) || number < INT32_MIN || number > INT32_MAX)
        return st_fail(s->error, ST_FAILED, "%s: dialogue '%s', utterance %zu: the label is %s, not an int or None",
                       s->file, s->ids[d], i + 1, found);
    *label = (int32_t)number;
    return ST_OK;
}

static st_status read_labels(source *s, ds_dataset *data)
{
    for (size_t d = 0; d < data->dialogues; d++) {
        const ds_value *labels = look_up(s, DS_FIELD_LABELS, d);
        for (size_t i = 0; i < (size_t)data->lengths[d]; i++) {
            ds_value spare = {0};
            int32_t *label = &data->storage->labels[data->starts[d] + i];
            *label = DS_UNLABELLED;
            if (!is_unlabelled(labels)) ST_FORWARD(read_label(s, d, i, ds_value_entry(labels, i, &spare), label));
        }
    }
    return ST_OK;
}

/* Infinite features of a dialogue whose numbers in the file are finite. */
static void note_beyond(ds_dataset *data, size_t modality, size_t d, const ds_value *value)
{
    const size_t width = data->dims[modality];
    const size_t first = data->starts[d] * width;
    for (size_t i = 0; i < (size_t)data->lengths[d] * width; i++)
        if (isinf(data->x[modality][first + i]))
            ds_note_beyond(data, modality, first + i, ds_rows_number(value, i / width, i % width));
}

static st_status read_features(source *s, ds_dataset *data, size_t modality)
{
    const ds_field f = (ds_field)(DS_FIELD_TEXT + modality);
    if (!s->tables[f].dict) return ST_OK;
    size_t width = 0;
    for (size_t d = 0; d < data->dialogues; d++) {
        const ds_value *value = look_up(s, f, d);
        const ds_rows_where where = {s->file, s->ids[d], ds_field_name(f), s->error};
        if (d == 0) {
            ST_FORWARD(ds_rows_width(value, &where, &width));
            if (width > 0) ST_FORWARD(ds_create_features(data, modality, width, s->error));
        }
        float *rows = width > 0 ? data->storage->x[modality] + data->starts[d] * width : NULL;
        ST_FORWARD(ds_rows_read(value, (size_t)data->lengths[d], width, rows, &where));
        note_beyond(data, modality, d, value);
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
        const ds_value *names = look_up(s, DS_FIELD_SPEAKERS, d);
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
        const ds_value *numbers = look_up(s, DS_FIELD_SPEAKERS, d);
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

static st_status not_one_hot(source *s, size_t d, size_t i, const ds_value *value)
{
    char found[128];
    return st_fail(s->error, ST_FAILED,
                   "%s: dialogue '%s', utterance %zu: the speaker row is not one-hot; the speakers of the dialogue are "
                   "%s, where texts, numbers or one-hot rows are needed",
                   s->file, s->ids[d], i + 1, ds_value_describe(value, found, sizeof found));
}

static st_status read_hot_speakers(source *s, ds_dataset *data)
{
    st_status status = ST_OK;
    size_t width = 0;
    float *rows = NULL;
    for (size_t d = 0; d < data->dialogues; d++) {
        const ds_value *value = look_up(s, DS_FIELD_SPEAKERS, d);
        const ds_rows_where where = {s->file, s->ids[d], ds_field_name(DS_FIELD_SPEAKERS), s->error};
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
                ST_TRY(not_one_hot(s, d, i, value));
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
        const ds_value *value = look_up(s, DS_FIELD_SPEAKERS, d);
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
    const ds_layout *layout = NULL;
    bool ambiguous = false;
    ST_TRY(open_source(s, root, &layout, &ambiguous));
    lengths = calloc(s->dialogues + 1, sizeof *lengths);
    if (!lengths) ST_TRY(no_memory(s));
    ST_TRY(measure(s, lengths, &utterances));
    ST_TRY(ds_create(data, s->dialogues, utterances, s->tables[DS_FIELD_SENTENCES].dict != NULL, s->error));
    for (size_t d = 0; d < s->dialogues; d++) {
        struct ds_storage *storage = (*data)->storage;
        storage->lengths[d] = lengths[d];
        storage->split[d] = s->split[d];
        storage->dialogue_ids[d] = ds_keep_text(*data, s->ids[d], strlen(s->ids[d]));
        if (!storage->dialogue_ids[d]) ST_TRY(no_memory(s));
    }
    ST_TRY(ds_place_dialogues(*data, s->file, s->error));
    ST_TRY(read_ids_and_sentences(s, *data));
    ST_TRY(read_labels(s, *data));
    for (size_t m = 0; m < DS_MODALITIES; m++) ST_TRY(read_features(s, *data, m));
    ST_TRY(read_speakers(s, *data));
    ST_TRY(ds_complete(*data, s->file, options->class_names, options->classes, s->error));
    (*data)->layout = layout->what;
    (*data)->ambiguous_layout = ambiguous;
    (*data)->unlisted = ds_index_distinct(&s->tables[s->counted].index) - (*data)->dialogues;
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
