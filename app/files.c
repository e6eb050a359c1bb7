#define _XOPEN_SOURCE 700 /* realpath */
#include "app/files.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_same(const app_file *a, dev_t device, ino_t number)
{
    return a->self.number != 0 && a->self.device == device && a->self.number == number;
}

/* The folder that a name without links, or with them, lies in. */
static void find_folder(app_file *file, size_t which, const char *name)
{
    struct stat about;
    char *folder = malloc(strlen(name) + 2);
    if (!folder) return;
    strcpy(folder, name);
    char *slash = strrchr(folder, '/');
    strcpy(slash ? slash + 1 : folder, ".");
    if (stat(folder, &about) == 0) {
        file->folders[which].device = about.st_dev;
        file->folders[which].number = about.st_ino;
    }
    free(folder);
}

static void identify(app_file *file)
{
    struct stat about;
    if (stat(file->path, &about) != 0 || (!S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode))) return;
    file->self.device = about.st_dev;
    file->self.number = about.st_ino;
    file->is_folder = S_ISDIR(about.st_mode);
    char *real = realpath(file->path, NULL);
    find_folder(file, 0, file->path);
    if (real) find_folder(file, 1, real);
    free(real);
}

static bool lies_in(const app_file *file, const app_file *folder)
{
    if (is_same(folder, file->self.device, file->self.number)) return true;
    for (size_t i = 0; i < APP_FILE_FOLDERS; ++i)
        if (is_same(folder, file->folders[i].device, file->folders[i].number)) return true;
    return false;
}

static const char *called(const app_file *file)
{
    return file->by[0] ? file->by : "the command";
}

static st_status compare(const app_file *input, const app_file *output, st_error *error)
{
    if (input->self.number == 0) return ST_OK;
    if (input->is_folder && output->use == OPT_WRITES && output->self.number != 0 && lies_in(output, input))
        return st_fail(error, ST_USAGE, "%.600s lies in %.600s, which %s reads; name another with %s", output->path,
                       input->path, called(input), called(output));
    if (output->use == OPT_WRITES_INTO) {
        const bool same = is_same(output, input->self.device, input->self.number);
        if (input->is_folder ? !same : !lies_in(input, output)) return ST_OK;
        return st_fail(error, ST_USAGE, "%s reads %.600s, which lies in %.600s, where %s writes; name another folder",
                       called(input), input->path, output->path, called(output));
    }
    if (!is_same(output, input->self.device, input->self.number)) return ST_OK;
    if (strcmp(input->path, output->path) == 0)
        return st_fail(error, ST_USAGE, "%.1200s is the file to read as well as the one to write; name another with %s",
                       output->path, called(output));
    return st_fail(error, ST_USAGE, "%.600s is the same file as %.600s, which %s reads; name another with %s",
                   output->path, input->path, called(input), called(output));
}

static st_status check_standard_output(const app_file *input, st_error *error)
{
    struct stat about;
    if (fstat(STDOUT_FILENO, &about) != 0 || !is_same(input, about.st_dev, about.st_ino)) return ST_OK;
    return st_fail(error, ST_USAGE, "standard output goes into %.1200s, which %s reads; send it elsewhere", input->path,
                   called(input));
}

/* What a shell would have replaced, and standard input, which is no file to look into. */
static st_status check_name(const char *by, const char *path, opt_use use, st_error *error)
{
    if (use == OPT_READS && strcmp(path, "-") == 0)
        return st_fail(error, ST_USAGE,
                       "%s%s-: nothing is read from standard input; write it into a file, and name that", by ? by : "",
                       by ? " " : "");
    if (path[0] == '~' && (path[1] == '/' || !path[1]) && access(path, F_OK) != 0)
        return st_fail(
            error, ST_USAGE,
            "%s%s%.1024s begins with ~, which only a shell replaces, at the start of a word; write $HOME or the "
            "whole path",
            by ? by : "", by ? " " : "", path);
    return ST_OK;
}

static st_status enter(app_files *files, const char *by, const char *path, opt_use use, st_error *error)
{
    ST_FORWARD(check_name(by, path, use, error));
    app_file *grown = realloc(files->items, (files->count + 1) * sizeof *grown);
    if (grown) files->items = grown;
    char *copy = malloc(strlen(path) + 1);
    if (!grown || !copy) {
        free(copy);
        return st_fail(error, ST_FAILED, "out of memory while looking at %.1200s", path);
    }
    app_file *const file = &files->items[files->count++];
    *file = (app_file){.path = strcpy(copy, path), .use = use};
    snprintf(file->by, sizeof file->by, "%s", by ? by : "");
    identify(file);
    if (use == OPT_READS) ST_FORWARD(check_standard_output(file, error));
    for (size_t i = 0; i + 1 < files->count; ++i) {
        const app_file *other = &files->items[i];
        if ((other->use == OPT_READS) == (use == OPT_READS)) continue;
        ST_FORWARD(compare(use == OPT_READS ? file : other, use == OPT_READS ? other : file, error));
    }
    return ST_OK;
}

st_status app_files_read(app_files *files, const char *by, const char *path, st_error *error)
{
    return enter(files, by, path, OPT_READS, error);
}

st_status app_files_write(app_files *files, const char *by, const char *path, st_error *error)
{
    return enter(files, by, path, OPT_WRITES, error);
}

st_status app_files_write_into(app_files *files, const char *by, const char *folder, st_error *error)
{
    return enter(files, by, folder, OPT_WRITES_INTO, error);
}

/* "-" is standard output. */
static st_status enter_option(app_files *files, const opt_given *given, st_error *error)
{
    char by[32];
    if (opt_file_use(given->option) == OPT_WRITES && strcmp(given->value, "-") == 0) return ST_OK;
    snprintf(by, sizeof by, "--%s", given->option->name);
    switch (opt_file_use(given->option)) {
    case OPT_READS:
        return app_files_read(files, by, given->value, error);
    case OPT_WRITES:
        return app_files_write(files, by, given->value, error);
    case OPT_WRITES_INTO:
        return app_files_write_into(files, by, given->value, error);
    default:
        return ST_OK;
    }
}

st_status app_files_enter(app_files *files, const opt_line *line, st_error *error)
{
    const char *kernels = getenv("SAFSD_CL_KERNELS");
    if (kernels && *kernels) ST_FORWARD(app_files_read(files, "SAFSD_CL_KERNELS", kernels, error));
    for (size_t i = 0; i < line->operand_count; ++i) ST_FORWARD(app_files_read(files, NULL, line->operands[i], error));
    for (size_t i = 0; i < line->given_count; ++i) ST_FORWARD(enter_option(files, &line->given[i], error));
    return ST_OK;
}

void app_files_destroy(app_files *files)
{
    for (size_t i = 0; i < files->count; ++i) free(files->items[i].path);
    free(files->items);
    *files = (app_files){NULL, 0};
}
