/* Files that are neither a pickle nor a safetensors file: what they are, and what to do with them. */
#ifndef SAFSD_DATA_FOREIGN_H
#define SAFSD_DATA_FOREIGN_H

#include <stddef.h>

/* By the first bytes, as "gzip-compressed: unpack it first, with gunzip"; NULL where nothing speaks against a pickle or
 * a safetensors file. */
const char *ds_foreign(const unsigned char *bytes, size_t size);

/* The same for text of a known form; pickles of protocol 0 are text as well, and come first. */
const char *ds_foreign_text(const unsigned char *bytes, size_t size);

#endif
