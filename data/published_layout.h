/* Which field of a published pickle is what. The field hands out tuples of dicts by dialogue and lists of dialogue ids
 * in several orders; docs/formats.md lists them. A layout is told by the number of fields, by their kinds, and by what
 * the first utterance holds: a label is one number, features are a row of them. */
#ifndef SAFSD_DATA_PUBLISHED_LAYOUT_H
#define SAFSD_DATA_PUBLISHED_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "data/value.h"

/* Dicts by dialogue, then lists of dialogues. */
typedef enum ds_field {
    DS_FIELD_IDS,
    DS_FIELD_SPEAKERS,
    DS_FIELD_LABELS,
    DS_FIELD_TEXT,
    DS_FIELD_AUDIO,
    DS_FIELD_VISUAL,
    DS_FIELD_SENTENCES,
    DS_FIELD_TRAINING,
    DS_FIELD_VALIDATION,
    DS_FIELD_TESTING,
    DS_FIELDS
} ds_field;

enum { DS_FIELD_ABSENT = -1, DS_FIELD_TABLES = DS_FIELD_TRAINING };

typedef struct ds_layout {
    size_t size;          /* fields of the tuple */
    int place[DS_FIELDS]; /* or DS_FIELD_ABSENT; other places are not used */
    const char *what;     /* the fields in their order, as a phrase */
} ds_layout;

/* "text features" */
const char *ds_field_name(ds_field field);

/* The layout of the tuple. `ambiguous` is true where the contents fit another one as well. ST_FAILED, saying what the
 * file holds, where it has none. */
st_status ds_layout_find(const ds_value *root, const char *file, const ds_layout **layout, bool *ambiguous,
                         st_error *error);

/* A list, tuple, set or array with one entry for each utterance or dialogue. */
bool ds_is_list(const ds_value *value);

#endif
