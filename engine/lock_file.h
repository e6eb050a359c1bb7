/* The claim of one process on a directory: a lock on a file in it. It ends with the process, however that ends; a file
 * that is left behind claims nothing. On file systems that know no locks every claim succeeds. */
#ifndef SAFSD_ENGINE_LOCK_FILE_H
#define SAFSD_ENGINE_LOCK_FILE_H

#include <stdbool.h>

#include "base/status.h"

typedef struct en_lock en_lock;

/* Makes and locks the file `path`. ST_USAGE where another process holds it, ST_FAILED where it cannot be made; both say
 * so of `directory`. */
st_status en_lock_take(en_lock **claim, const char *path, const char *directory, st_error *error);

/* Removes the file and gives the claim up. */
void en_lock_release(en_lock **claim);

/* Whether another process holds `path`. Not for a process that holds it itself: to ask would end its claim. */
bool en_lock_held(const char *path);

#endif
