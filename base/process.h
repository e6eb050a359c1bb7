/* What is needed to start this program again as a child process. */
#ifndef SAFSD_BASE_PROCESS_H
#define SAFSD_BASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

enum { PROCESS_PATH_SIZE = 1024 };

/* The path of this program's executable; false if the system does not report it. */
bool process_program_path(char path[PROCESS_PATH_SIZE]);

/* A copy of the environment in which the given variables, "NAME=value", are set. The strings are borrowed; the caller
 * frees the array. NULL if out of memory. */
char **process_environment_with(char *const *own, size_t count);

#endif
