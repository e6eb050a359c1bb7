/* Names of files and folders. */
#ifndef SAFSD_BASE_PATH_H
#define SAFSD_BASE_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* "FOLDER/NAME" in `path`; false, and `path` empty, where it has no room. */
bool path_join(char *path, size_t size, const char *folder, const char *name);

/* The folder that a file lies in by its name: "." or "/" where the name has no other. NULL where memory is short.
 * free() it. */
char *path_folder(const char *path);

/* The folder called `below` in $XDG_CACHE_HOME, else in $HOME/.cache; `home` says $HOME itself instead. False, and
 * `path` empty, where the environment names no absolute folder, or `path` has no room. */
bool path_in_cache(char *path, size_t size, const char *below);
bool path_in_home(char *path, size_t size, const char *below);

#endif
