/* A lock on a file, by which one run owns a directory.
 *
 * The lock belongs to the run and not to the process: two runs of one process exclude each other too. It ends with the
 * process, however that ends; a file that is left behind locks nothing. On file systems without locks every lock
 * succeeds. */
#ifndef SAFSD_ENGINE_LOCK_FILE_H
#define SAFSD_ENGINE_LOCK_FILE_H

#include <stdbool.h>

#include "base/status.h"

typedef struct en_lock en_lock;

/* Creates and locks the file `path`. ST_USAGE if another run holds the lock, ST_FAILED if the file cannot be created;
 * both sentences name `directory`. */
st_status en_lock_take(en_lock **lock, const char *path, const char *directory, st_error *error);

/* Removes the file and releases the lock. */
void en_lock_release(en_lock **lock);

/* Whether a run holds the lock on `path`. */
bool en_lock_held(const char *path);

#endif
