#include "engine/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct en_lock {
    int descriptor;
    char path[]; /* of the file */
};

static struct flock whole_file(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

/* The one who held the file before may have removed it between its opening and its locking here. */
static bool is_at(int descriptor, const char *path)
{
    struct stat opened, named;
    return fstat(descriptor, &opened) == 0 && stat(path, &named) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

static st_status lock(en_lock *claim, const char *directory, st_error *error)
{
    enum { TRIES = 100 };
    for (int i = 0; i < TRIES; ++i) {
        struct flock whole = whole_file();
        claim->descriptor = open(claim->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (claim->descriptor < 0)
            return st_fail(error, ST_FAILED, "the run directory %s cannot be written to: %s; name another with --out",
                           directory, strerror(errno));
        const bool held = fcntl(claim->descriptor, F_SETLK, &whole) != 0 && (errno == EACCES || errno == EAGAIN);
        if (!held && is_at(claim->descriptor, claim->path)) return ST_OK;
        close(claim->descriptor);
        if (held) break;
    }
    return st_fail(error, ST_USAGE,
                   "another run is writing into %s: wait until it ends, or name another directory with --out",
                   directory);
}

st_status en_lock_take(en_lock **claim, const char *path, const char *directory, st_error *error)
{
    const size_t size = strlen(path) + 1;
    en_lock *made = malloc(sizeof *made + size);
    *claim = NULL;
    if (!made) return st_fail(error, ST_FAILED, "out of memory while opening %s", directory);
    memcpy(made->path, path, size);
    const st_status status = lock(made, directory, error);
    if (status == ST_OK)
        *claim = made;
    else
        free(made);
    return status;
}

void en_lock_release(en_lock **claim)
{
    en_lock *old = *claim;
    if (!old) return;
    unlink(old->path); /* before the lock ends: the next to lock it finds that it is gone */
    close(old->descriptor);
    free(old);
    *claim = NULL;
}

bool en_lock_held(const char *path)
{
    struct flock whole = whole_file();
    const int descriptor = open(path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0) return false;
    const bool held = fcntl(descriptor, F_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
    close(descriptor);
    return held;
}
