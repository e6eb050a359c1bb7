/* Strict reading of INI text into an ordered list of entries that remember their line.
 *
 *     ; comment            # comment
 *     [section]
 *     key = value          ; a comment may follow
 *     key = "a value with ; or # in it"
 *     key = "one, two", three       parts of a list may have quotes of their own
 *     key = a, b, \        a line that ends in a backslash continues in the next one
 *           c
 *
 * iniparser reads the sections, keys and values. An index of the lines (ini_lines.c) adds what it does not tell or
 * would swallow. Refused with file and line are a key twice (both lines are named), a line that is neither section nor
 * entry, an entry before the first section, a missing value, an open quote, text behind a quote, a line of more than
 * INI_LINE_LIMIT bytes, a control character, and a continuation that the end of the file cuts off.
 *
 * A continued value may be as long as it likes: its lines are joined by one space, and quotes around a whole line are
 * taken off where the line needs them (it holds ; or #, begins with a quote or ends in a backslash). A section may come
 * back; its entries add up. Bytes above 127 stand for themselves; LF or CR LF; a UTF-8 mark is skipped.
 */
#ifndef SAFSD_BASE_INI_H
#define SAFSD_BASE_INI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

enum {
    INI_LINE_LIMIT = 1000,  /* bytes of one line; iniparser's own buffer holds 1024 */
    INI_LINE_COUNT = 10000, /* lines of a file; iniparser looks names up one by one */
};

typedef struct ini_entry {
    char *section, *key;           /* in small letters; key is NULL for the line of the section itself, so that an empty
                                      unknown section is seen too */
    char *section_name, *key_name; /* the same with the letters of the file */
    char *value;                   /* NULL together with key. Without quotes around the whole; of a list whose parts are
                                      quoted, as it stands in the file */
    char *written;                 /* all that follows the = in its line, with quotes and comment */
    bool quoted;         /* the whole value stands in quotes that INI text does not need: commas belong to it */
    int line, last_line; /* from 1; the last one differs where the entry is continued */
} ini_entry;

typedef struct ini_file {
    ini_entry *entries; /* in file order */
    size_t count;
} ini_file;

typedef enum ini_form {
    INI_SECTIONS, /* every entry stands in a section */
    INI_FLAT,     /* entries may stand before the first section; theirs is "". A value may be
                     empty */
} ini_form;

/* Reads `text`; messages call it `name`. ST_USAGE for anything malformed. */
st_status ini_parse(ini_file *ini, const char *text, const char *name, ini_form form, st_error *error);

/* The bytes of a file as a string. ST_USAGE where it cannot be read or is no text. free() the text. */
st_status ini_read_file(char **text, const char *path, st_error *error);

void ini_destroy(ini_file *ini);

/* The quote that a value, or a line of a continued one, needs to come back as it is: none (0), one of the two, or -1
 * where it needs one and holds both. */
int ini_quote_for(const char *text, size_t length);

#endif
