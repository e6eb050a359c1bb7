/* Making folders. */
#ifndef SAFSD_BASE_FOLDER_H
#define SAFSD_BASE_FOLDER_H

#include <sys/types.h>

/* Makes a folder and its missing parents, as mkdir -p does. Returns 0 or an errno value. An existing folder is left as
 * it is. */
int folder_make(const char *path, mode_t mode);

/* The same for the parents of `path` only, without its last part. */
int folder_make_parents(const char *path, mode_t mode);

#endif
