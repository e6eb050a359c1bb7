/* Command lines: tables of options, and what a user gave of them.
 *
 * `--name value`, `--name=value`, `-n value`, `-nvalue`; a lone `-` is an operand, everything behind `--` is. An option
 * may stand before or after operands. A misspelt one stops with the nearest known name (ST_USAGE).
 */
#ifndef SAFSD_USAGE_OPTIONS_H
#define SAFSD_USAGE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

typedef struct opt_option {
    const char *name;     /* without the dashes; NULL ends a table */
    char letter;          /* its short form, or 0 */
    const char *argument; /* what the help calls its value, a file by what is done with it; NULL for a flag */
    const char *help;
} opt_option;

typedef struct opt_given {
    const opt_option *option;
    const char *value; /* NULL for a flag */
} opt_given;

/* Texts are borrowed from argv. */
typedef struct opt_line {
    opt_given *given;
    size_t given_count;
    const char **operands;
    size_t operand_count;
} opt_line;

/* Room for the arguments of a whole command line. */
st_status opt_line_create(opt_line *line, int argc, st_error *error);
void opt_line_destroy(opt_line *line);

typedef struct opt_tables {
    const opt_option *own, *global; /* either may be NULL */
} opt_tables;

/* Reads argv[*at] and what follows; with `stop_at_operand` only up to the first operand, which *at then names.
 * `what` is who reads ("safsd-cl train") and tells the user whose --help to ask. */
st_status opt_read(opt_line *line, opt_tables tables, int argc, char *const *argv, int *at, bool stop_at_operand,
                   const char *what, st_error *error);

bool opt_has(const opt_line *line, const char *name);

/* The value given last, or NULL. */
const char *opt_value(const opt_line *line, const char *name);

/* The values of a repeatable option in their order: start with *cursor = 0; NULL after the last. */
const char *opt_next(const opt_line *line, const char *name, size_t *cursor);

/* One of `words` (ends with NULL); *chosen stays as it is where the option was not given. */
st_status opt_choice(const opt_line *line, const char *name, const char *const *words, size_t *chosen, st_error *error);

/* What a command does with the file that an option names, by what the help calls it: FILE and OLD are read, OUT is
 * written, files are written into DIR; an ending may follow, as in OLD.json. */
typedef enum opt_use { OPT_NO_FILE, OPT_READS, OPT_WRITES, OPT_WRITES_INTO } opt_use;
opt_use opt_file_use(const opt_option *option);

/* The table as lines of help. */
void opt_print(FILE *out, const opt_option *options);

#endif
