/* The index of the lines of an INI text: what iniparser cannot tell of it. Private to base/ini.c. */
#ifndef SAFSD_BASE_INI_LINES_H
#define SAFSD_BASE_INI_LINES_H

#include "base/ini.h"

/* Fills `ini` with every section and entry: names, lines, what was written, and the value where it is continued or has
 * parts in quotes; elsewhere the value is NULL, for iniparser to give. `plain` receives the text that iniparser takes,
 * line for line as it is but without comments and continued entries. ST_USAGE with the line for text that is
 * malformed. */
st_status ini_lines_index(ini_file *ini, const char *text, const char *name, ini_form form, FILE *plain,
                          st_error *error);

#endif
