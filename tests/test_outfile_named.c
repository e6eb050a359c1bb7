/* The same as test_outfile.c where no file can be without a name. */
#define _GNU_SOURCE
#include <fcntl.h>

#undef O_TMPFILE
#define OUTFILE_LEFT_BY_KILL 1
#include "base/outfile.c"

#include "tests/test_outfile.c"
