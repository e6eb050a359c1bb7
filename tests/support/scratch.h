/* Files for tests: a folder of its own per test program, and whole files read and written. Failures end the test. */
#ifndef SAFSD_TESTS_SUPPORT_SCRATCH_H
#define SAFSD_TESTS_SUPPORT_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Group fixtures: make an empty folder, its name in *state; remove it with every file in it. */
int ts_scratch_open(void **state);
int ts_scratch_close(void **state);

/* "FOLDER/NAME" in a buffer that holds until the next call but three. */
const char *ts_path(void **state, const char *name);

/* Number of files in the folder. */
size_t ts_files(void **state);

void ts_write(const char *path, const void *bytes, size_t size);

/* free() the bytes; a NUL follows them. */
unsigned char *ts_read(const char *path, size_t *size);

#endif
