#include "base/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool path_join(char *path, size_t size, const char *folder, const char *name)
{
    const int length = snprintf(path, size, "%s/%s", folder, name);
    if (length >= 0 && (size_t)length < size) return true;
    if (size > 0) path[0] = '\0';
    return false;
}

char *path_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    const size_t length = !slash ? 1 : slash == path ? 1 : (size_t)(slash - path);
    char *folder = malloc(length + 1);
    if (!folder) return NULL;
    memcpy(folder, slash ? path : ".", length);
    folder[length] = '\0';
    return folder;
}

/* The absolute folder that an environment variable names, or NULL. */
static const char *folder_of(const char *variable)
{
    const char *folder = getenv(variable);
    return folder && folder[0] == '/' ? folder : NULL;
}

bool path_in_home(char *path, size_t size, const char *below)
{
    const char *home = folder_of("HOME");
    if (home) return path_join(path, size, home, below);
    path[0] = '\0';
    return false;
}

bool path_in_cache(char *path, size_t size, const char *below)
{
    const char *caches = folder_of("XDG_CACHE_HOME"), *home = folder_of("HOME");
    if (caches) return path_join(path, size, caches, below);
    const int length = home ? snprintf(path, size, "%s/.cache/%s", home, below) : -1;
    if (length >= 0 && (size_t)length < size) return true;
    path[0] = '\0';
    return false;
}
