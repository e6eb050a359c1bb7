/* Paths of files and folders. */
#ifndef SAFSD_BASE_PATH_H
#define SAFSD_BASE_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* Writes "FOLDER/NAME" to `path`. Returns false and an empty `path` if it does not fit. */
bool path_join(char *path, size_t size, const char *folder, const char *name);

/* The folder part of a path; "." or "/" if it has none. NULL if out of memory. The caller frees it. */
char *path_folder(const char *path);

/* Writes the path of the folder `below` in $XDG_CACHE_HOME, or in $HOME/.cache if that is not set; path_in_home uses
 * $HOME itself. Returns false and an empty `path` if the environment names no absolute folder or the path does not
 * fit. */
bool path_in_cache(char *path, size_t size, const char *below);
bool path_in_home(char *path, size_t size, const char *below);

#endif
