#include "base/outfile.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_special(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

static st_status fail(const outfile *file, int code, st_error *error)
{
    return st_fail(error, ST_FAILED, "%s cannot be written: %s", file->path, strerror(code));
}

st_status outfile_open(outfile *file, const char *path, st_error *error)
{
    const size_t size = strlen(path) + 32;
    *file = (outfile){NULL, malloc(size), malloc(size)};
    if (!file->path || !file->temporary) {
        outfile_close(file);
        return st_fail(error, ST_FAILED, "out of memory while opening %s", path);
    }
    snprintf(file->path, size, "%s", path);
    if (is_special(path))
        snprintf(file->temporary, size, "%s", path);
    else
        snprintf(file->temporary, size, "%s.%ld.part", path, (long)getpid());
    errno = 0;
    file->stream = fopen(file->temporary, "w");
    if (file->stream) return ST_OK;
    const st_status status = fail(file, errno, error);
    outfile_close(file);
    return status;
}

/* A stream that failed earlier has forgotten why: one byte more, to a file that is lost anyway, meets the cause
 * again. */
int outfile_flush(FILE *stream)
{
    errno = 0;
    if (fflush(stream) != 0 && errno != 0) return errno;
    if (!ferror(stream)) return 0;
    errno = 0;
    return write(fileno(stream), "\n", 1) < 0 && errno != 0 ? errno : EIO;
}

st_status outfile_finish(outfile *file, st_error *error)
{
    const bool special = strcmp(file->path, file->temporary) == 0;
    int code = outfile_flush(file->stream);
    bool good = code == 0;
    if (good && !special && fsync(fileno(file->stream)) != 0) {
        good = false;
        code = errno;
    }
    if (fclose(file->stream) != 0 && good) {
        good = false;
        code = errno;
    }
    file->stream = NULL;
    if (good && !special && rename(file->temporary, file->path) != 0) {
        good = false;
        code = errno;
    }
    const st_status status = good ? ST_OK : fail(file, code, error);
    if (!good && !special) remove(file->temporary);
    return status;
}

void outfile_close(outfile *file)
{
    if (file->stream) {
        fclose(file->stream);
        if (strcmp(file->path, file->temporary) != 0) remove(file->temporary);
    }
    free(file->path);
    free(file->temporary);
    *file = (outfile){NULL, NULL, NULL};
}
