/* Starting this same program once more. */
#ifndef SAFSD_APP_PROCESS_H
#define SAFSD_APP_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

enum { APP_PROGRAM_SIZE = 1024 };

/* The file that this program is; false where the system does not say. */
bool app_program_path(char path[APP_PROGRAM_SIZE]);

/* A copy of the environment with some variables, "NAME=value", replaced; the strings are borrowed, free() the array.
 * NULL where memory is short. */
char **app_environment_with(char *const *own, size_t count);

#endif
