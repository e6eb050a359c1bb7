/* Reads Python pickles, protocols 0 to 5, of Python 2 and Python 3, and only ever builds data.
 *
 * None, bool, int, float, bytes, str, list, tuple, dict, set and numpy arrays become values (data/value.h). A pickle
 * can name any function of any module; the few that stand for data are known here (numpy arrays, dtypes and scalars,
 * OrderedDict, defaultdict, Counter, set, frozenset, bytes, bytearray, _codecs.encode), every other one is an error,
 * and nothing is ever run or loaded. Work and memory are linear in the size of the file.
 */
#ifndef SAFSD_DATA_PICKLE_H
#define SAFSD_DATA_PICKLE_H

#include <stddef.h>

#include "data/value.h"
#include "base/status.h"

typedef struct ds_pickle ds_pickle;

/* Reads the first pickle of a file. ST_FAILED names the file and, for bad contents, the byte: missing, truncated, no
 * pickle at all (saying what it looks like), a forbidden class (naming module.class), sizes that do not fit. */
st_status ds_pickle_open(ds_pickle **pickle, const char *path, st_error *error);

/* The same from memory, which must outlive the pickle; messages call it `name`. */
st_status ds_pickle_parse(ds_pickle **pickle, const void *bytes, size_t size, const char *name, st_error *error);

const ds_value *ds_pickle_root(const ds_pickle *pickle);

/* Ends every value of the pickle. */
void ds_pickle_close(ds_pickle **pickle);

#endif
