#define _GNU_SOURCE /* O_TMPFILE */
#include "base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"

enum { TRIES = 1000, ROOM = 40, LINK_SIZE = 40 };

static bool is_special(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

static st_status fail(const outfile *file, int code, st_error *error)
{
    return st_fail(error, ST_FAILED, "%s cannot be written: %s", file->path, strerror(code));
}

/* The path through which linkat gives the file of a descriptor a name. */
static void link_name(char name[LINK_SIZE], int descriptor)
{
    snprintf(name, LINK_SIZE, "/proc/self/fd/%d", descriptor);
}

/* Opens a file without a name in the folder of `path`; -1 if the file system has no such files. */
static int open_nameless(const char *path)
{
    int descriptor = -1;
#ifdef O_TMPFILE
    char name[LINK_SIZE], *folder = path_folder(path);
    if (folder) descriptor = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    free(folder);
    if (descriptor < 0) return -1;
    link_name(name, descriptor);
    if (access(name, F_OK) == 0) return descriptor;
    close(descriptor);
    descriptor = -1;
#else
    (void)path;
#endif
    return descriptor;
}

/* Takes the first free temporary name. With descriptor -1 it creates a file and returns its descriptor; otherwise it
 * links the descriptor's file to that name. Returns -1 and sets errno on failure. */
static int take_name(outfile *file, int descriptor)
{
    char name[LINK_SIZE];
    int result = -1;
    link_name(name, descriptor);
    for (int try = 0; try < TRIES; try++) {
        snprintf(file->temporary, strlen(file->path) + ROOM, "%s.%ld-%d.part", file->path, (long)getpid(), try);
        result = descriptor < 0 ? open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)
                                : linkat(AT_FDCWD, name, AT_FDCWD, file->temporary, AT_SYMLINK_FOLLOW);
        if (result >= 0 || errno != EEXIST) break;
    }
    if (result < 0) file->temporary[0] = '\0';
    return result;
}

st_status outfile_open(outfile *file, const char *path, st_error *error)
{
    const size_t length = strlen(path);
    const bool special = is_special(path);
    int descriptor = -1;
    *file = (outfile){NULL, malloc(length + 1), special ? NULL : calloc(1, length + ROOM)};
    if (!file->path || (!file->temporary && !special)) {
        outfile_close(file);
        return st_fail(error, ST_FAILED, "out of memory while opening %s", path);
    }
    memcpy(file->path, path, length + 1);
    if (special)
        descriptor = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    else if ((descriptor = open_nameless(path)) < 0)
        descriptor = take_name(file, -1);
    if (descriptor >= 0) file->stream = fdopen(descriptor, "w");
    if (file->stream) return ST_OK;
    const st_status status = fail(file, errno, error);
    if (descriptor >= 0) close(descriptor);
    outfile_close(file);
    return status;
}

/* A stream does not keep the reason of an earlier failure. Writing one more byte to the file, which is lost anyway,
 * reports the reason again. */
int outfile_flush(FILE *stream)
{
    errno = 0;
    if (fflush(stream) != 0 && errno != 0) return errno;
    if (!ferror(stream)) return 0;
    errno = 0;
    return write(fileno(stream), "\n", 1) < 0 && errno != 0 ? errno : EIO;
}

/* Makes the new name durable. A failure is ignored: some file systems cannot sync folders, and the file is whole
 * anyway. */
static void sync_folder(const char *path)
{
    char *folder = path_folder(path);
    const int descriptor = folder ? open(folder, O_RDONLY | O_CLOEXEC) : -1;
    if (descriptor >= 0) {
        (void)fsync(descriptor);
        close(descriptor);
    }
    free(folder);
}

st_status outfile_finish(outfile *file, st_error *error)
{
    int code = outfile_flush(file->stream);
    if (code == 0 && file->temporary && fsync(fileno(file->stream)) != 0) code = errno;
    if (code == 0 && file->temporary && !file->temporary[0] && take_name(file, fileno(file->stream)) < 0) code = errno;
    if (fclose(file->stream) != 0 && code == 0) code = errno;
    file->stream = NULL;
    if (code == 0 && file->temporary) {
        if (rename(file->temporary, file->path) != 0)
            code = errno;
        else
            file->temporary[0] = '\0';
        sync_folder(file->path);
    }
    return code == 0 ? ST_OK : fail(file, code, error);
}

void outfile_close(outfile *file)
{
    if (file->stream) fclose(file->stream);
    if (file->temporary && file->temporary[0]) unlink(file->temporary);
    free(file->path);
    free(file->temporary);
    *file = (outfile){NULL, NULL, NULL};
}

bool outfile_is_temporary(const char *name, const char *path)
{
    const size_t length = strlen(path);
    if (strncmp(name, path, length) != 0 || name[length] != '.') return false;
    const char *number = name + length + 1;
    const size_t digits = strspn(number, "0123456789-");
    return digits > 0 && strcmp(number + digits, ".part") == 0;
}
