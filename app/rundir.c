#include "app/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/json.h"
#include "app/outfile.h"

/* ---- the directory ---- */

static st_status cannot_create(const char *path, int code, st_error *error)
{
    return st_fail(error, ST_FAILED, "the run directory %s cannot be created: %s; name another with --out", path,
                   strerror(code));
}

/* Makes the directories above the last part of `path`. */
static st_status make_parents(const char *path, st_error *error)
{
    char parent[RUNDIR_PATH_SIZE];
    snprintf(parent, sizeof parent, "%s", path);
    for (char *slash = strchr(parent + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(parent, 0777) != 0 && errno != EEXIST) return cannot_create(path, errno, error);
        *slash = '/';
    }
    return ST_OK;
}

static bool is_empty_directory(const char *path)
{
    DIR *stream = opendir(path);
    if (!stream) return false;
    size_t entries = 0;
    while (readdir(stream)) ++entries;
    closedir(stream);
    return entries <= 2; /* . and .. */
}

/* Appears and goes again, so that a run does not end hours later because nothing can be written. */
static st_status check_writable(const app_rundir *dir, st_error *error)
{
    app_outfile probe;
    char path[RUNDIR_PATH_SIZE];
    st_error reason = {.status = ST_OK};
    if (app_outfile_open(&probe, rundir_file(dir, "probe", path), &reason) != ST_OK)
        return st_fail(error, ST_FAILED, "the run directory %s cannot be written to; name another with --out",
                       dir->path);
    app_outfile_close(&probe);
    return ST_OK;
}

static st_status take_name(app_rundir *dir, const char *path, st_error *error)
{
    if (strlen(path) + 64 > sizeof dir->path)
        return st_fail(error, ST_USAGE, "the run directory has a name that is too long");
    snprintf(dir->path, sizeof dir->path, "%s", path);
    for (size_t n = strlen(dir->path); n > 1 && dir->path[n - 1] == '/'; --n) dir->path[n - 1] = '\0';
    return ST_OK;
}

st_status rundir_check(const char *out, st_error *error)
{
    if (access(out, F_OK) != 0 || is_empty_directory(out)) return ST_OK;
    return st_fail(error, ST_USAGE,
                   "%s exists already and a run is never overwritten: name another directory with --out, or go on with "
                   "that run by --resume %s",
                   out, out);
}

static st_status create_named(app_rundir *dir, const char *out, st_error *error)
{
    ST_FORWARD(take_name(dir, out, error));
    ST_FORWARD(rundir_check(dir->path, error));
    ST_FORWARD(make_parents(dir->path, error));
    dir->made = mkdir(dir->path, 0777) == 0;
    if (!dir->made && errno != EEXIST) return cannot_create(dir->path, errno, error);
    return check_writable(dir, error);
}

st_status rundir_create(app_rundir *dir, const char *out, const char *name, st_error *error)
{
    enum { MOST_RUNS = 100000 };
    if (out) return create_named(dir, out, error);
    for (int number = 1; number <= MOST_RUNS; ++number) {
        if (number == 1)
            snprintf(dir->path, sizeof dir->path, "runs/%.200s", name);
        else
            snprintf(dir->path, sizeof dir->path, "runs/%.200s-%d", name, number);
        ST_FORWARD(make_parents(dir->path, error));
        dir->made = mkdir(dir->path, 0777) == 0;
        if (dir->made) return check_writable(dir, error);
        if (errno != EEXIST) return cannot_create(dir->path, errno, error);
    }
    return st_fail(error, ST_FAILED, "runs/ holds %d runs called %s; name a directory with --out", MOST_RUNS, name);
}

st_status rundir_open(app_rundir *dir, const char *path, st_error *error)
{
    char file[RUNDIR_PATH_SIZE];
    ST_FORWARD(take_name(dir, path, error));
    if (access(rundir_file(dir, "last.safetensors", file), R_OK) != 0)
        return st_fail(error, ST_USAGE, "%s cannot be resumed: %s: %s", path, file, strerror(errno));
    return check_writable(dir, error);
}

void rundir_discard(const app_rundir *dir)
{
    if (dir->made) rmdir(dir->path);
}

const char *rundir_file(const app_rundir *dir, const char *file, char path[RUNDIR_PATH_SIZE])
{
    snprintf(path, RUNDIR_PATH_SIZE, "%.*s/%s", RUNDIR_PATH_SIZE - 64, dir->path, file);
    return path;
}

/* ---- files in it ---- */

st_status rundir_write(const app_rundir *dir, const char *file, const char *text, st_error *error)
{
    app_outfile out;
    char path[RUNDIR_PATH_SIZE];
    ST_FORWARD(app_outfile_open(&out, rundir_file(dir, file, path), error));
    fputs(text, out.stream);
    const st_status status = app_outfile_finish(&out, error);
    app_outfile_close(&out);
    return status;
}

st_status rundir_append(const app_rundir *dir, const char *file, json_t *value, st_error *error)
{
    char path[RUNDIR_PATH_SIZE];
    char *line = NULL;
    ST_FORWARD(app_json_line(value, &line, error));
    const size_t length = strlen(line);
    rundir_file(dir, file, path);
    const int descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    const ssize_t written = descriptor < 0 ? -1 : write(descriptor, line, length);
    const int code = errno;
    if (descriptor >= 0) close(descriptor);
    free(line);
    if (written == (ssize_t)length) return ST_OK;
    return st_fail(error, ST_FAILED, "%s cannot be written: %s", path,
                   written < 0 ? strerror(code) : "the disk is full");
}

static bool stays(const char *line, const char *key, uint64_t end)
{
    json_t *value = json_loads(line, 0, NULL);
    const json_t *number = json_object_get(value, key);
    const bool keep =
        json_is_integer(number) && json_integer_value(number) >= 0 && (uint64_t)json_integer_value(number) < end;
    json_decref(value);
    return keep;
}

st_status rundir_cut(const app_rundir *dir, const char *file, const char *key, uint64_t end, st_error *error)
{
    char path[RUNDIR_PATH_SIZE];
    FILE *in = fopen(rundir_file(dir, file, path), "r");
    if (!in) return ST_OK;
    app_outfile out = {NULL, NULL, NULL};
    char *line = NULL;
    size_t room = 0;
    st_status status = ST_OK;
    ST_TRY(app_outfile_open(&out, path, error));
    while (getline(&line, &room, in) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (stays(line, key, end)) fprintf(out.stream, "%s\n", line);
    }
    status = app_outfile_finish(&out, error);
done:
    app_outfile_close(&out);
    free(line);
    fclose(in);
    return status;
}
