/* Text files that appear by rename, whole or not at all. */
#ifndef SAFSD_BASE_OUTFILE_H
#define SAFSD_BASE_OUTFILE_H

#include <stdio.h>

#include "base/status.h"

typedef struct outfile {
    FILE *stream;
    char *path, *temporary; /* the same name where `path` is no regular file, such as a pipe or a terminal */
} outfile;

/* ST_FAILED, naming file and reason, where it cannot be written. */
st_status outfile_open(outfile *file, const char *path, st_error *error);

/* Syncs and renames; ST_FAILED, leaving `path` as it was, where something could not be written. */
st_status outfile_finish(outfile *file, st_error *error);

/* Flushes a stream; 0, or why something that was written to it, now or before, is lost. */
int outfile_flush(FILE *stream);

/* Removes what was not finished; to be called in any case. */
void outfile_close(outfile *file);

#endif
