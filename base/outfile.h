/* Files that appear by rename, whole or not at all: a failure, a full disk or a killed process leaves what was there.
 *
 *     outfile file;
 *     ST_FORWARD(outfile_open(&file, path, error));
 *     fputs(text, file.stream);
 *     status = outfile_finish(&file, error);
 *     outfile_close(&file);
 *
 * Until it is finished the file has no name, and the system removes it with the process. Where a file system cannot do
 * that, it is called PATH.PROCESS-TRY.part.
 */
#ifndef SAFSD_BASE_OUTFILE_H
#define SAFSD_BASE_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/status.h"

typedef struct outfile {
    FILE *stream;
    char *path;
    char *temporary; /* empty while the file has no name; NULL where `path` is a pipe or the like */
} outfile;

/* ST_FAILED, naming file and reason, where it cannot be written. A pipe or a terminal is written directly. */
st_status outfile_open(outfile *file, const char *path, st_error *error);

/* Syncs, renames and syncs the folder; ST_FAILED, leaving `path` as it was, where something could not be written. */
st_status outfile_finish(outfile *file, st_error *error);

/* Flushes a stream; 0, or why something that was written to it, now or before, is lost. */
int outfile_flush(FILE *stream);

/* Removes what was not finished; to be called in any case. */
void outfile_close(outfile *file);

/* Whether `name` is one that `path` may have before it is finished. */
bool outfile_is_temporary(const char *name, const char *path);

#endif
