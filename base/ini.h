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

#include "base/ini_file.h"
#include "base/status.h"

/* Reads `text`; `name` is its name in messages. ST_USAGE for malformed text. */
st_status ini_parse(ini_file *ini, const char *text, const char *name, ini_form form, st_error *error);

/* Reads a file into a string. ST_USAGE if it cannot be read or is not text. The caller frees the text. */
st_status ini_read_file(char **text, const char *path, st_error *error);

void ini_destroy(ini_file *ini);

/* The quote that a value, or one line of a continued value, needs to be read back unchanged: 0 for none, the quote
 * character, or -1 if it needs one but contains both kinds. */
int ini_quote_for(const char *text, size_t length);

#endif
