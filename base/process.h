/* Starting this same program once more. */
#ifndef SAFSD_BASE_PROCESS_H
#define SAFSD_BASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

enum { PROCESS_PATH_SIZE = 1024 };

/* The file that this program is; false where the system does not say. */
bool process_program_path(char path[PROCESS_PATH_SIZE]);

/* A copy of the environment with some variables, "NAME=value", replaced; the strings are borrowed, free() the array.
 * NULL where memory is short. */
char **process_environment_with(char *const *own, size_t count);

#endif
