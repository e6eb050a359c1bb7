#include "base/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int make_one(const char *path, mode_t mode)
{
    if (mkdir(path, mode) == 0) return 0;
    const int code = errno;
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode) ? 0 : code;
}

int folder_make_parents(const char *path, mode_t mode)
{
    const size_t length = strlen(path);
    char *part = malloc(length + 1);
    int code = part ? 0 : ENOMEM;
    for (size_t i = 1; i < length && code == 0; i++) {
        if (path[i] != '/' || path[i - 1] == '/' || path[i + strspn(path + i, "/")] == '\0') continue;
        memcpy(part, path, i);
        part[i] = '\0';
        code = make_one(part, mode);
        if (code == EEXIST) code = ENOTDIR;
    }
    free(part);
    return code;
}

int folder_make(const char *path, mode_t mode)
{
    const int code = folder_make_parents(path, mode);
    return code == 0 ? make_one(path, mode) : code;
}
