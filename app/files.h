/* The files that a command reads and writes, of which no output may be an input: results never replace what they were
 * computed from.
 *
 * main.c enters what stands on the command line before the command runs; a command enters files that it learns of
 * later, such as [data] path. Two names are the same file where they lead to the same one, through links of either kind
 * too.
 */
#ifndef SAFSD_APP_FILES_H
#define SAFSD_APP_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "usage/options.h"
#include "base/status.h"

enum { APP_FILE_FOLDERS = 2 }; /* that a file lies in: by its name, and where links lead */

typedef struct app_file {
    char by[32]; /* what named it: "--out", "[data] path"; empty for an operand */
    char *path;
    opt_use use;
    bool is_folder;
    struct {
        dev_t device;
        ino_t number;
    } self, folders[APP_FILE_FOLDERS];
} app_file;

typedef struct app_files {
    app_file *items;
    size_t count;
} app_files;

/* Each enters one file, of which `by` is what named it ("--out", "[data] path"; NULL for an operand). ST_USAGE where a
 * file is an input and an output, where an output is a file of a folder that is read, where an input lies in a folder
 * that is written into, where standard output goes into an input, where "-" is to be read, and for a ~ that no shell
 * replaced. A file that does not exist is no conflict; nor are devices and pipes. */
st_status app_files_read(app_files *files, const char *by, const char *path, st_error *error);
st_status app_files_write(app_files *files, const char *by, const char *path, st_error *error);
st_status app_files_write_into(app_files *files, const char *by, const char *folder, st_error *error);

/* Everything that a command line names (options.h says what an option does with its file); operands are read. */
st_status app_files_enter(app_files *files, const opt_line *line, st_error *error);

void app_files_destroy(app_files *files);

#endif
