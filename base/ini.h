/* Strict reading of INI text into an ordered list of entries with their line numbers.
 *
 *     ; comment            # comment
 *     [section]
 *     key = value          ; a comment may follow
 *     key = "a value with ; or # in it"
 *     key = "one, two", three       each part of a list may be quoted
 *     key = a, b, \        a line that ends in a backslash continues on the next line
 *           c
 *
 * iniparser reads the sections, keys and values. An index of the lines (ini_lines.c) adds what iniparser does not
 * report or silently accepts. These are refused with file and line: a duplicate key (both lines are named), a line that
 * is neither section nor entry, an entry before the first section, a missing value, an open quote, text after a closing
 * quote, a line of more than INI_LINE_LIMIT bytes, a control character, and a continuation at the end of the file.
 *
 * A continued value may have any length. Its lines are joined by one space. Quotes around a whole line are removed if
 * the line needs them (it contains ; or #, begins with a quote or ends in a backslash). A section may occur several
 * times; its entries are merged. Bytes above 127 are kept as they are. Lines end in LF or CR LF. A UTF-8 byte order
 * mark is skipped.
 */
#ifndef SAFSD_BASE_INI_H
#define SAFSD_BASE_INI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

enum {
    INI_LINE_LIMIT = 1000,  /* bytes of one line; iniparser's buffer holds 1024 */
    INI_LINE_COUNT = 10000, /* lines of a file; iniparser looks names up one by one */
};

typedef struct ini_entry {
    char *section, *key;           /* in lower case; key is NULL for the line of the section itself, which reports an
                                      unknown section even if it is empty */
    char *section_name, *key_name; /* the same in the case of the file */
    char *value;                   /* NULL if key is NULL. Quotes around the whole value are removed; a list with quoted
                                      parts is kept as it is in the file */
    char *written;                 /* the rest of the line after the =, with quotes and comment */
    bool quoted;                   /* quoted although INI text needs no quotes: commas are part of the value */
    int line, last_line;           /* from 1; they differ if the entry is continued */
} ini_entry;

typedef struct ini_file {
    ini_entry *entries; /* in file order */
    size_t count;
} ini_file;

typedef enum ini_form {
    INI_SECTIONS, /* every entry is in a section */
    INI_FLAT,     /* entries may precede the first section; their section is "". A value may be empty */
} ini_form;

/* Reads `text`; `name` is its name in messages. ST_USAGE for malformed text. */
st_status ini_parse(ini_file *ini, const char *text, const char *name, ini_form form, st_error *error);

/* Reads a file into a string. ST_USAGE if it cannot be read or is not text. The caller frees the text. */
st_status ini_read_file(char **text, const char *path, st_error *error);

void ini_destroy(ini_file *ini);

/* The quote that a value, or one line of a continued value, needs to be read back unchanged: 0 for none, the quote
 * character, or -1 if it needs one but contains both kinds. */
int ini_quote_for(const char *text, size_t length);

#endif
