/* What an INI text holds; ini.h says how it is read. */
#ifndef SAFSD_BASE_INI_FILE_H
#define SAFSD_BASE_INI_FILE_H

#include <stdbool.h>
#include <stddef.h>

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

#endif
