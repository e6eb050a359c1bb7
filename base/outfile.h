/* Atomic files: a file is replaced by rename, whole or not at all. After a failure, a full disk or a killed process the
 * old file is still there.
 *
 *     outfile file;
 *     ST_FORWARD(outfile_open(&file, path, error));
 *     fputs(text, file.stream);
 *     status = outfile_finish(&file, error);
 *     outfile_close(&file);
 *
 * Until outfile_finish the file has no name, and the system removes it if the process ends. On a file system without
 * unnamed files it is called PATH.PROCESS-TRY.part.
 */
#ifndef SAFSD_BASE_OUTFILE_H
#define SAFSD_BASE_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/status.h"

typedef struct outfile {
    FILE *stream;
    char *path;
    char *temporary; /* empty while the file has no name; NULL if `path` is not a regular file */
} outfile;

/* Opens a file for writing. ST_FAILED, with the file and the reason, if it cannot be written. A pipe or a terminal is
 * written directly. */
st_status outfile_open(outfile *file, const char *path, st_error *error);

/* Syncs the file, renames it and syncs the folder. ST_FAILED if anything could not be written; `path` is then
 * unchanged. */
st_status outfile_finish(outfile *file, st_error *error);

/* Flushes a stream. Returns 0, or an errno value if data written to it now or earlier are lost. */
int outfile_flush(FILE *stream);

/* Closes the file and removes it if it is not finished. Call it in every case. */
void outfile_close(outfile *file);

/* Whether `name` is a temporary name of `path`. */
bool outfile_is_temporary(const char *name, const char *path);

#endif
