#include "data/index.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *left, const void *right)
{
    const ds_index_entry *a = left;
    const ds_index_entry *b = right;
    const int order = strcmp(a->name, b->name);
    if (order != 0) return order;
    return a->number < b->number ? -1 : a->number > b->number;
}

bool ds_index_create(ds_index *index, const char *const *names, size_t count)
{
    *index = (ds_index){calloc(count + 1, sizeof *index->entries), count};
    if (!index->entries) return false;
    for (size_t i = 0; i < count; i++) index->entries[i] = (ds_index_entry){names[i], i};
    qsort(index->entries, count, sizeof *index->entries, compare);
    return true;
}

size_t ds_index_find(const ds_index *index, const char *name)
{
    size_t low = 0; /* entries below are not behind the name, entries from `high` on are */
    size_t high = index->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(index->entries[middle].name, name) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || strcmp(index->entries[low - 1].name, name) != 0) return SIZE_MAX;
    return index->entries[low - 1].number;
}

const char *ds_index_duplicate(const ds_index *index)
{
    for (size_t i = 1; i < index->count; i++) {
        if (strcmp(index->entries[i - 1].name, index->entries[i].name) == 0) return index->entries[i].name;
    }
    return NULL;
}

size_t ds_index_distinct(const ds_index *index)
{
    size_t distinct = index->count > 0 ? 1 : 0;
    for (size_t i = 1; i < index->count; i++)
        distinct += strcmp(index->entries[i - 1].name, index->entries[i].name) != 0;
    return distinct;
}

void ds_index_destroy(ds_index *index)
{
    free(index->entries);
    *index = (ds_index){0};
}

bool ds_name_is_number(const char *name, size_t number)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%zu", number);
    return strcmp(name, digits) == 0;
}

bool ds_names_numbered(const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!ds_name_is_number(names[i], i)) return false;
    return true;
}
