#include "data/published_layout.h"

#include <stdio.h>

static const char *const names[DS_FIELDS] = {"utterance ids",  "speakers",        "labels",    "text features",
                                             "audio features", "visual features", "sentences", "training ids",
                                             "validation ids", "test ids"};

#define NONE DS_FIELD_ABSENT
#define FOUR_TEXTS "four text layers (the first is used)"

/* Places of: ids, speakers, labels, text, audio, visual, sentences, training, validation, test. */
static const ds_layout layouts[] = {
    {12,
     {0, 1, 2, 3, 7, 8, 9, 10, NONE, 11},
     "utterance ids, speakers, labels, " FOUR_TEXTS ", audio, visual, sentences, training and test ids"},
    {13,
     {0, 1, 2, 3, 7, 8, 9, 10, NONE, 11},
     "utterance ids, speakers, labels, " FOUR_TEXTS
     ", audio, visual, sentences, training and test ids, a field that is not used"},
    {13,
     {0, 1, 2, 4, 8, 9, 10, 11, NONE, 12},
     "utterance ids, speakers, labels, sentiments, " FOUR_TEXTS ", audio, visual, sentences, training and test ids"},
    {14,
     {0, 1, 2, 4, 8, 9, 10, 11, NONE, 12},
     "utterance ids, speakers, labels, sentiments, " FOUR_TEXTS
     ", audio, visual, sentences, training and test ids, a field that is not used"},
    {9,
     {0, 1, 2, 3, 4, 5, 6, 7, NONE, 8},
     "utterance ids, speakers, labels, text, audio, visual, sentences, training and test ids"},
    {10,
     {0, 1, 2, 3, 4, 5, 6, 7, NONE, 8},
     "utterance ids, speakers, labels, text, audio, visual, sentences, training and test ids, a field that is not "
     "used"},
    {9,
     {0, 1, 2, 3, 4, NONE, 5, 6, NONE, 7},
     "utterance ids, speakers, labels, text, audio, sentences, training and test ids, sentiments"},
    {10,
     {NONE, 0, 1, 2, NONE, NONE, 6, 7, 9, 8},
     "speakers, labels, " FOUR_TEXTS ", sentences, training, test and validation ids"},
    {11,
     {NONE, 0, 1, 3, NONE, NONE, 7, 8, 10, 9},
     "speakers, labels, sentiments, " FOUR_TEXTS ", sentences, training, test and validation ids"},
};

enum { LAYOUTS = sizeof layouts / sizeof layouts[0], MOST_FIELDS = 14 };

const char *ds_field_name(ds_field field)
{
    return names[field];
}

bool ds_is_list(const ds_value *value)
{
    size_t length = 0;
    return ds_value_length(value, &length) && (value->kind != DS_ARRAY || value->as.array->rank == 1);
}

static bool is_tuple(const ds_value *root)
{
    return root->kind == DS_TUPLE || root->kind == DS_LIST;
}

/* By kinds alone. A field whose contents may be absent may be None. */
static bool fits(const ds_layout *layout, const ds_value *root)
{
    if (layout->size != root->as.list.count) return false;
    for (int f = 0; f < DS_FIELDS; f++) {
        if (layout->place[f] == DS_FIELD_ABSENT) continue;
        const ds_value *value = root->as.list.items[layout->place[f]];
        const bool may_be_none = f != DS_FIELD_SPEAKERS && value->kind == DS_NONE;
        if (f >= DS_FIELD_TABLES ? !ds_is_list(value) : value->kind != DS_DICT && !may_be_none) return false;
    }
    return true;
}

/* The first value of a dict that is not None; NULL where there is none. */
static const ds_value *first_value(const ds_value *dict)
{
    for (size_t i = 1; dict->kind == DS_DICT && i < dict->as.list.count; i += 2)
        if (dict->as.list.items[i]->kind != DS_NONE) return dict->as.list.items[i];
    return NULL;
}

/* Whether an entry is one number, a row of them, or does not tell. */
typedef enum form { FORM_UNKNOWN, FORM_NUMBER, FORM_ROW, FORM_OTHER } form;

static form form_of(const ds_value *dict)
{
    ds_value spare = {0};
    double number = 0.0;
    size_t length = 0;
    const ds_value *value = first_value(dict);
    if (!value || (ds_value_length(value, &length) && length == 0)) return FORM_UNKNOWN;
    if (value->kind == DS_ARRAY && value->as.array->rank > 1) return FORM_ROW;
    const ds_value *entry = ds_value_entry(value, 0, &spare);
    if (!entry || entry->kind == DS_NONE) return FORM_UNKNOWN;
    if (ds_value_length(entry, &length)) return FORM_ROW;
    return ds_value_real(entry, &number) ? FORM_NUMBER : FORM_OTHER;
}

/* By what labels and features hold. */
static bool holds(const ds_layout *layout, const ds_value *root)
{
    for (int f = DS_FIELD_LABELS; f <= DS_FIELD_VISUAL; f++) {
        if (layout->place[f] == DS_FIELD_ABSENT) continue;
        const form found = form_of(root->as.list.items[layout->place[f]]);
        if (found != FORM_UNKNOWN && found != (f == DS_FIELD_LABELS ? FORM_NUMBER : FORM_ROW)) return false;
    }
    return true;
}

static st_status no_layout(const ds_value *root, const char *file, st_error *error)
{
    char found[160];
    char list[512] = "";
    size_t used = 0;
    for (size_t i = 0; is_tuple(root) && i < root->as.list.count && i < MOST_FIELDS; i++) {
        char entry[64];
        ds_value_describe(root->as.list.items[i], entry, sizeof entry);
        const int size = snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : ": ", entry);
        used += size > 0 && (size_t)size < sizeof list - used ? (size_t)size : 0;
    }
    return st_fail(error, ST_FAILED,
                   "%s is no published data set of 9 to 14 fields (dicts by dialogue and lists of dialogue ids, as "
                   "docs/formats.md lists them); it holds %s%s: build a container of it, docs/formats.md has the lines",
                   file, ds_value_describe(root, found, sizeof found), list);
}

st_status ds_layout_find(const ds_value *root, const char *file, const ds_layout **layout, bool *ambiguous,
                         st_error *error)
{
    const ds_layout *by_kind = NULL;
    *layout = NULL;
    *ambiguous = false;
    for (size_t i = 0; is_tuple(root) && i < LAYOUTS; i++) {
        if (!fits(&layouts[i], root)) continue;
        if (!by_kind) by_kind = &layouts[i];
        if (!holds(&layouts[i], root)) continue;
        *ambiguous = *layout != NULL;
        if (!*layout) *layout = &layouts[i];
    }
    if (!*layout) *layout = by_kind; /* reading it says what is wrong with its contents */
    return *layout ? ST_OK : no_layout(root, file, error);
}
