/* Strict reading of INI text into an ordered list of entries that remember their line.
 *
 *     ; comment            # comment
 *     [section]
 *     key = value          ; a comment may follow
 *     key = "a value with ; or # in it"
 *     key = a, b, \        a line that ends in a backslash continues in the next one
 *           c
 *
 * iniparser takes comments and quotes off the values. What it would swallow silently is refused here with file
 * and line: a key twice (both lines are named), a line that is neither section nor entry, an entry before the
 * first section, a missing value, an open quote, text behind a quote, a line of more than INI_LINE_LIMIT bytes,
 * a control character, a continuation that the end of the file cuts off. A continued value may be as long as it
 * likes: its lines, each with quotes of its own, are joined by one space. Names are lower-cased. A section
 * may come back; its entries add up. Bytes above 127 stand for themselves; LF or CR LF; a UTF-8 mark is skipped.
 */
#ifndef SAFSD_BASE_INI_H
#define SAFSD_BASE_INI_H

#include "base/status.h"

#include <stddef.h>

enum {
    INI_LINE_LIMIT = 1000,  /* bytes of one line; iniparser's own buffer holds 1024 */
    INI_LINE_COUNT = 10000, /* lines of a file; iniparser looks names up one by one */
};

typedef struct ini_entry {
    char *section;
    char *key;     /* NULL for the section line itself, so that an empty unknown section is seen too */
    char *value;   /* NULL together with key */
    int line;      /* from 1 */
    int last_line; /* of a continued entry; otherwise the same */
} ini_entry;

typedef struct ini_file {
    ini_entry *entries; /* in file order */
    size_t count;
} ini_file;

/* Reads `text`; messages call it `name`. ST_USAGE for anything malformed. */
st_status ini_parse(ini_file *ini, const char *text, const char *name, st_error *error);

/* The bytes of a file as a string. ST_USAGE where it cannot be read or is no text. free() the text. */
st_status ini_read_file(char **text, const char *path, st_error *error);

void ini_destroy(ini_file *ini);

#endif
