/* Finds names among many: a sorted list of names and their numbers. */
#ifndef SAFSD_DATA_INDEX_H
#define SAFSD_DATA_INDEX_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ds_index_entry {
    const char *name; /* borrowed */
    size_t number;
} ds_index_entry;

typedef struct ds_index {
    ds_index_entry *entries;
    size_t count;
} ds_index;

/* names[i] has the number i; false for exhausted memory. */
bool ds_index_create(ds_index *index, const char *const *names, size_t count);

/* The number of a name, the largest where it stands twice; SIZE_MAX where it does not stand there. */
size_t ds_index_find(const ds_index *index, const char *name);

/* A name that stands twice, NULL where there is none; and how many different names there are. */
const char *ds_index_duplicate(const ds_index *index);
size_t ds_index_distinct(const ds_index *index);

void ds_index_destroy(ds_index *index);

/* Whether a name is this number, without zeros before it; and whether names are "0", "1", ... in order: those of things
 * that nobody named. */
bool ds_name_is_number(const char *name, size_t number);
bool ds_names_numbered(const char *const *names, size_t count);

#endif
