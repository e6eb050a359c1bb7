#include "engine/run_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/json_text.h"
#include "base/outfile.h"
#include "base/path.h"
#include "base/print.h"
#include "engine/json.h"

/* ---- the directory ---- */

static const char lock_name[] = "run.lock";

const char *const en_directory_files[] = {"config.ini",       "metrics.jsonl",   "steps.jsonl",
                                          "summary.json",     "predictions.csv", "best.safetensors",
                                          "last.safetensors", "trace.json",      NULL};

static st_status cannot_create(const char *path, int code, st_error *error)
{
    return st_fail(error, ST_FAILED, "the run directory %s cannot be created: %s; name another with --out", path,
                   strerror(code));
}

static st_status make_parents(const char *path, st_error *error)
{
    const int code = folder_make_parents(path, 0777);
    return code == 0 ? ST_OK : cannot_create(path, code, error);
}

static bool is_directory(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* Whether a name is one under which a file of a run is written before it gets its own. */
static bool is_half_written(const char *name)
{
    for (const char *const *file = en_directory_files; *file; ++file)
        if (outfile_is_temporary(name, *file)) return true;
    return false;
}

static bool is_empty_directory(const char *path)
{
    DIR *stream = opendir(path);
    if (!stream) return false;
    bool empty = true;
    for (const struct dirent *entry = NULL; empty && (entry = readdir(stream));) {
        const char *name = entry->d_name;
        empty =
            strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, lock_name) == 0 || is_half_written(name);
    }
    closedir(stream);
    return empty;
}

/* Removes what an earlier run left half-written; the lock is held. */
static void sweep(const en_directory *dir)
{
    DIR *stream = opendir(dir->path);
    if (!stream) return;
    for (const struct dirent *entry = NULL; (entry = readdir(stream));)
        if (is_half_written(entry->d_name)) unlinkat(dirfd(stream), entry->d_name, 0);
    closedir(stream);
}

/* The lock file is the first that is written: a directory that cannot be written to is found now, not hours later. */
static st_status take_lock(en_directory *dir, st_error *error)
{
    char path[EN_PATH_SIZE];
    ST_FORWARD(en_lock_take(&dir->lock, en_directory_file(dir, lock_name, path), dir->path, error));
    sweep(dir);
    return ST_OK;
}

static st_status take_name(en_directory *dir, const char *path, st_error *error)
{
    if (strlen(path) + 64 > sizeof dir->path)
        return st_fail(error, ST_USAGE, "the run directory has a name that is too long");
    snprintf(dir->path, sizeof dir->path, "%s", path);
    for (size_t n = strlen(dir->path); n > 1 && dir->path[n - 1] == '/'; --n) dir->path[n - 1] = '\0';
    return ST_OK;
}

/* "DIR/FILE", where DIR is not taken yet. */
static bool holds(const char *directory, const char *file)
{
    char path[EN_PATH_SIZE];
    return path_join(path, sizeof path, directory, file) && access(path, F_OK) == 0;
}

static bool is_locked(const char *directory)
{
    char path[EN_PATH_SIZE];
    return path_join(path, sizeof path, directory, lock_name) && en_lock_held(path);
}

/* Why `path` holds no run that could be resumed. */
static st_status no_run(const char *path, st_error *error)
{
    if (access(path, F_OK) != 0) return st_fail(error, ST_USAGE, "%s cannot be resumed: %s", path, strerror(errno));
    if (!is_directory(path)) return st_fail(error, ST_USAGE, "%s is a file, not the directory of a run", path);
    if (is_locked(path)) return st_fail(error, ST_USAGE, "another run is writing into %s: wait until it ends", path);
    if (!holds(path, "config.ini"))
        return st_fail(error, ST_USAGE, "%s holds no run: it has neither config.ini nor last.safetensors", path);
    return st_fail(
        error, ST_USAGE,
        "nothing to resume from was saved in %s yet (there is no last.safetensors): remove it and begin again", path);
}

st_status en_directory_check(const char *out, st_error *error)
{
    char quoted[ST_TEXT_SIZE];
    if (access(out, F_OK) != 0) return ST_OK;
    if (is_locked(out))
        return st_fail(error, ST_USAGE, "another run is writing into %s: name another directory with --out", out);
    if (is_empty_directory(out)) return ST_OK;
    if (!is_directory(out))
        return st_fail(error, ST_USAGE, "%s exists already and is no directory: name another with --out", out);
    if (holds(out, "last.safetensors"))
        return st_fail(error, ST_USAGE,
                       "%s exists already and a run is never overwritten: name another directory with --out, or "
                       "resume that run with --resume %s",
                       out, print_quoted(quoted, sizeof quoted, out));
    if (holds(out, "config.ini"))
        return st_fail(
            error, ST_USAGE,
            "%s holds a run that ended before it saved anything to resume from: remove it and begin again, or "
            "name another directory with --out",
            out);
    return st_fail(error, ST_USAGE,
                   "%s exists already, is not empty and holds no run: name another directory with --out", out);
}

static st_status create_named(en_directory *dir, const char *out, st_error *error)
{
    ST_FORWARD(take_name(dir, out, error));
    ST_FORWARD(en_directory_check(dir->path, error));
    ST_FORWARD(make_parents(dir->path, error));
    dir->made = mkdir(dir->path, 0777) == 0;
    if (!dir->made && errno != EEXIST) return cannot_create(dir->path, errno, error);
    ST_FORWARD(take_lock(dir, error));
    if (is_empty_directory(dir->path)) return ST_OK;
    return st_fail(error, ST_USAGE, "another run has just written into %s: name another directory with --out", out);
}

st_status en_directory_create(en_directory *dir, const char *out, const char *name, st_error *error)
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
        if (dir->made) return take_lock(dir, error);
        if (errno != EEXIST) return cannot_create(dir->path, errno, error);
    }
    return st_fail(error, ST_FAILED, "runs/ holds %d runs called %s; name a directory with --out", MOST_RUNS, name);
}

st_status en_directory_open(en_directory *dir, const char *path, st_error *error)
{
    ST_FORWARD(take_name(dir, path, error));
    if (!holds(dir->path, "last.safetensors")) return no_run(dir->path, error);
    return take_lock(dir, error);
}

void en_directory_close(en_directory *dir)
{
    en_lock_release(&dir->lock);
    if (dir->made) rmdir(dir->path); /* which leaves one that is not empty */
}

const char *en_directory_file(const en_directory *dir, const char *file, char path[EN_PATH_SIZE])
{
    snprintf(path, EN_PATH_SIZE, "%.*s/%s", EN_PATH_SIZE - 64, dir->path, file);
    return path;
}

/* ---- files in it ---- */

st_status en_directory_write(const en_directory *dir, const char *file, const char *text, st_error *error)
{
    outfile out;
    char path[EN_PATH_SIZE];
    ST_FORWARD(outfile_open(&out, en_directory_file(dir, file, path), error));
    fputs(text, out.stream);
    const st_status status = outfile_finish(&out, error);
    outfile_close(&out);
    return status;
}

st_status en_directory_append(const en_directory *dir, const char *file, json_t *value, st_error *error)
{
    char path[EN_PATH_SIZE];
    char *line = NULL;
    ST_FORWARD(en_json_line(value, &line, error));
    const size_t length = strlen(line);
    en_directory_file(dir, file, path);
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
    json_t *value = json_text_read(line, 0, NULL);
    const json_t *number = json_object_get(value, key);
    const bool keep =
        json_is_integer(number) && json_integer_value(number) >= 0 && (uint64_t)json_integer_value(number) < end;
    json_decref(value);
    return keep;
}

st_status en_directory_cut(const en_directory *dir, const char *file, const char *key, uint64_t end, st_error *error)
{
    char path[EN_PATH_SIZE];
    FILE *in = fopen(en_directory_file(dir, file, path), "r");
    if (!in) return ST_OK;
    outfile out = {NULL, NULL, NULL};
    char *line = NULL;
    size_t room = 0;
    st_status status = ST_OK;
    ST_TRY(outfile_open(&out, path, error));
    while (getline(&line, &room, in) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (stays(line, key, end)) fprintf(out.stream, "%s\n", line);
    }
    status = outfile_finish(&out, error);
done:
    outfile_close(&out);
    free(line);
    fclose(in);
    return status;
}
