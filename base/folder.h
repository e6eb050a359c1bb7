/* Making folders. */
#ifndef SAFSD_BASE_FOLDER_H
#define SAFSD_BASE_FOLDER_H

#include <sys/types.h>

/* Makes a folder and those above it that are missing, as mkdir -p; 0, or why it cannot be made. One that is there
 * already is left as it is. */
int folder_make(const char *path, mode_t mode);

/* The same for the folders above the last part of `path`. */
int folder_make_parents(const char *path, mode_t mode);

#endif
