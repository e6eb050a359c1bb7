#define _DEFAULT_SOURCE /* flock */

#include "engine/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct en_lock {
    int descriptor;
    char path[]; /* of the file */
};

/* The previous holder may have removed the file between its opening and its locking here. */
static bool is_at(int descriptor, const char *path)
{
    struct stat opened, named;
    return fstat(descriptor, &opened) == 0 && stat(path, &named) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

/* Another open file has the lock. File systems without locks never say so. */
static bool is_busy(int descriptor, int operation)
{
    return flock(descriptor, operation | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

static st_status lock(en_lock *taken, const char *directory, st_error *error)
{
    enum { TRIES = 100, BUSY_TRIES = 3 };
    const struct timespec pause = {0, 20000000}; /* en_lock_held holds the lock for a moment */
    int busy = 0;
    for (int i = 0; i < TRIES && busy < BUSY_TRIES; ++i) {
        taken->descriptor = open(taken->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (taken->descriptor < 0)
            return st_fail(error, ST_FAILED, "the run directory %s cannot be written to: %s; name another with --out",
                           directory, strerror(errno));
        const bool held = is_busy(taken->descriptor, LOCK_EX);
        if (!held && is_at(taken->descriptor, taken->path)) return ST_OK;
        close(taken->descriptor);
        if (held && ++busy < BUSY_TRIES) nanosleep(&pause, NULL);
    }
    return st_fail(error, ST_USAGE,
                   "another run is writing into %s: wait until it ends, or name another directory with --out",
                   directory);
}

st_status en_lock_take(en_lock **lock_file, const char *path, const char *directory, st_error *error)
{
    const size_t size = strlen(path) + 1;
    en_lock *made = malloc(sizeof *made + size);
    *lock_file = NULL;
    if (!made) return st_fail(error, ST_FAILED, "out of memory while opening %s", directory);
    memcpy(made->path, path, size);
    const st_status status = lock(made, directory, error);
    if (status == ST_OK)
        *lock_file = made;
    else
        free(made);
    return status;
}

void en_lock_release(en_lock **lock_file)
{
    en_lock *old = *lock_file;
    if (!old) return;
    unlink(old->path); /* while the lock holds: the next to lock the file finds that it is gone */
    close(old->descriptor);
    free(old);
    *lock_file = NULL;
}

bool en_lock_held(const char *path)
{
    const int descriptor = open(path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0) return false;
    const bool held = is_busy(descriptor, LOCK_SH);
    close(descriptor);
    return held;
}
