/* The index of the lines of an INI text, with what iniparser does not report. Private to base/ini.c. */
#ifndef SAFSD_BASE_INI_LINES_H
#define SAFSD_BASE_INI_LINES_H

#include <stdio.h>

#include "base/ini_file.h"
#include "base/status.h"

/* Fills `ini` with every section and entry: names, line numbers, the text as written, and the value if it is continued
 * or has quoted parts. Other values are NULL; iniparser reads them. `plain` receives the text for iniparser: the same
 * lines without comments and continued entries. ST_USAGE with the line number for malformed text. */
st_status ini_lines_index(ini_file *ini, const char *text, const char *name, ini_form form, FILE *plain,
                          st_error *error);

#endif
