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
 * a NUL byte. A value continued over many lines may be as long as it likes. Names are lower-cased. A section may
 * come back; its entries add up. UTF-8, with or without a byte order mark; LF or CR LF.
 */
#ifndef SAFSD_CONFIG_INI_H
#define SAFSD_CONFIG_INI_H

#include "runtime/status.h"

#include <stddef.h>

enum {
    INI_LINE_LIMIT = 1000,    /* bytes of one line; iniparser's own buffer holds 1024 */
    INI_FILE_LIMIT = 4 << 20,    /* bytes of a file */
};

typedef struct cfg_ini_entry {
    char *section;
    char *key;   /* NULL for the section line itself, so that an empty unknown section is seen too */
    char *value; /* NULL together with key */
    int line;    /* from 1; of the first line of a continued entry */
} cfg_ini_entry;

typedef struct cfg_ini {
    cfg_ini_entry *entries; /* in file order */
    size_t count;
} cfg_ini;

/* Reads `text`; messages call it `name`. ST_USAGE for anything malformed. */
st_status cfg_ini_parse(cfg_ini *ini, const char *text, const char *name, st_error *error);

/* The bytes of a file as a string, refused when there is a NUL byte in them (ST_USAGE) or when it cannot be read
 * (ST_FAILED). free() the text. */
st_status cfg_ini_read_file(char **text, const char *path, st_error *error);

void cfg_ini_destroy(cfg_ini *ini);

#endif
