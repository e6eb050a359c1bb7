/* The directory of a run: the files that a training writes. Each appears whole or not at all.
 *
 * A run holds the lock file run.lock in it (lock_file.h) until it ends. */
#ifndef SAFSD_ENGINE_RUN_DIRECTORY_H
#define SAFSD_ENGINE_RUN_DIRECTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "engine/lock_file.h"

enum { EN_PATH_SIZE = 4096 };

typedef struct en_directory {
    char path[EN_PATH_SIZE];
    bool made; /* by en_directory_create: it was not there before */
    en_lock *lock;
} en_directory;

/* The names of all files that a run writes; NULL ends them. */
extern const char *const en_directory_files[];

/* ST_USAGE if no run can begin in `out`: it is not empty (a run is never overwritten), or another run is writing into
 * it. The lock file and half-written files of a run that was killed do not count. */
st_status en_directory_check(const char *out, st_error *error);

/* Creates and locks `out`, which must not exist or be empty, with its parents; without `out` the first of runs/NAME,
 * runs/NAME-2, ... that does not exist. */
st_status en_directory_create(en_directory *dir, const char *out, const char *name, st_error *error);

/* Locks the directory of an earlier run and removes its half-written files. ST_USAGE if it is no directory of a run,
 * has no last.safetensors, or another run is writing into it. */
st_status en_directory_open(en_directory *dir, const char *path, st_error *error);

/* Releases the lock, and removes the directory if it was created here and is empty. */
void en_directory_close(en_directory *dir);

/* "DIR/FILE" into `path`, which is returned. */
const char *en_directory_file(const en_directory *dir, const char *file, char path[EN_PATH_SIZE]);

/* Writes a whole file, under a temporary name first. */
st_status en_directory_write(const en_directory *dir, const char *file, const char *text, st_error *error);

/* Appends `value` as one line of JSON and releases it. */
st_status en_directory_append(const en_directory *dir, const char *file, json_t *value, st_error *error);

/* Keeps the lines of a JSON lines file whose integer `key` is below `end`: a resumed run writes the others again. Lines
 * that are not JSON are removed too. Does nothing if the file does not exist. */
st_status en_directory_cut(const en_directory *dir, const char *file, const char *key, uint64_t end, st_error *error);

#endif
