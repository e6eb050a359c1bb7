/* The few names a pickle may use, and the data they stand for; see data/pickle.h. Nothing of Python is run: numpy's
 * functions are rebuilt here from what numpy documents they receive. */
#ifndef SAFSD_DATA_PICKLE_BUILD_H
#define SAFSD_DATA_PICKLE_BUILD_H

#include <stddef.h>

#include "data/pool.h"
#include "data/value.h"
#include "base/status.h"

typedef struct ds_builder {
    ds_pool *pool;
    size_t copies; /* bytes and entries that may still be copied: a file is never worth more than its size */
    const char *name;
    st_error *error;
} ds_builder;

/* A new value of a kind; NULL for exhausted memory, which is recorded. */
ds_value *ds_build(ds_builder *builder, ds_kind kind);

/* Appends to a list, set, tuple or dict. */
st_status ds_build_append(ds_builder *builder, ds_value *list, ds_value *const *items, size_t count);

/* The value that stands for module.name; ST_FAILED for any name that is not known as data. */
st_status ds_build_global(ds_builder *builder, const char *module, size_t module_size, const char *name,
                          size_t name_size, ds_value **value);

/* What calling `callable` with a tuple of arguments would make. */
st_status ds_build_call(ds_builder *builder, const ds_value *callable, const ds_value *arguments, ds_value **value);

/* Fills an array or a dtype from its pickled state. */
st_status ds_build_state(ds_builder *builder, ds_value *value, const ds_value *state);

#endif
