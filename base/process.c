#include "base/process.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ; /* no POSIX header declares it */

bool process_program_path(char path[PROCESS_PATH_SIZE])
{
    const ssize_t length = readlink("/proc/self/exe", path, PROCESS_PATH_SIZE - 1);
    if (length <= 0 || length >= PROCESS_PATH_SIZE - 1) return false;
    path[length] = '\0';
    return true;
}

char **process_environment_with(char *const *own, size_t count)
{
    size_t inherited = 0, used = 0;
    while (environ[inherited]) ++inherited;
    char **all = malloc((inherited + count + 1) * sizeof *all);
    if (!all) return NULL;
    for (size_t i = 0; i < inherited; ++i) {
        bool replaced = false;
        for (size_t k = 0; k < count; ++k)
            replaced = replaced || strncmp(environ[i], own[k], strcspn(own[k], "=") + 1) == 0;
        if (!replaced) all[used++] = environ[i];
    }
    for (size_t k = 0; k < count; ++k) all[used++] = own[k];
    all[used] = NULL;
    return all;
}
