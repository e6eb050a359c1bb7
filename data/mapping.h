/* A file as read-only memory. */
#ifndef SAFSD_DATA_MAPPING_H
#define SAFSD_DATA_MAPPING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct ds_mapping {
    const unsigned char *bytes; /* NULL for an empty file */
    size_t size;
} ds_mapping;

/* ST_FAILED, naming the file and the reason, where it is missing, unreadable or no regular file. */
st_status ds_mapping_open(ds_mapping *mapping, const char *path, st_error *error);

/* True where the file begins as a safetensors file does, be it whole or not. */
bool ds_mapping_is_safetensors(const ds_mapping *mapping);

/* Unmaps and clears. */
void ds_mapping_close(ds_mapping *mapping);

#endif
