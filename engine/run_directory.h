/* The directory of a run: what a training leaves behind, none of it ever half-written.
 *
 * While a run writes, it holds run.lock in it (claim.h), so that no other run does. */
#ifndef SAFSD_ENGINE_RUN_DIRECTORY_H
#define SAFSD_ENGINE_RUN_DIRECTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/lock_file.h"
#include "base/status.h"

enum { EN_PATH_SIZE = 4096 };

typedef struct en_directory {
    char path[EN_PATH_SIZE];
    bool made; /* by en_directory_create: it was not there before */
    en_lock *claim;
} en_directory;

/* The names of all files that a run writes; NULL ends them. */
extern const char *const en_directory_files[];

/* ST_USAGE where no run can begin in `out`, which exists: it is not empty, for a run is never overwritten, or another
 * run is writing into it. What a run that was killed left half-written, and its claim, count for nothing. */
st_status en_directory_check(const char *out, st_error *error);

/* Makes and claims `out`, which must not exist or be empty (its parents are made too); without `out` the first of
 * runs/NAME, runs/NAME-2, ... that does not exist. */
st_status en_directory_create(en_directory *dir, const char *out, const char *name, st_error *error);

/* Claims the directory of an earlier run, and removes what it left half-written. ST_USAGE where it is none, holds no
 * last.safetensors, or another run is writing into it. */
st_status en_directory_open(en_directory *dir, const char *path, st_error *error);

/* Gives up the claim, and removes a directory that was made and holds nothing. */
void en_directory_close(en_directory *dir);

/* "DIR/FILE" into `path`, which is returned. */
const char *en_directory_file(const en_directory *dir, const char *file, char path[EN_PATH_SIZE]);

/* Writes a whole file, under a temporary name first. */
st_status en_directory_write(const en_directory *dir, const char *file, const char *text, st_error *error);

/* Appends `value` as one line of JSON and releases it. */
st_status en_directory_append(const en_directory *dir, const char *file, json_t *value, st_error *error);

/* Of a file of JSON lines, keeps those whose integer `key` is below `end`: what a resumed run writes again goes.
 * Lines that are no JSON go too. Nothing happens where there is no such file. */
st_status en_directory_cut(const en_directory *dir, const char *file, const char *key, uint64_t end, st_error *error);

#endif
