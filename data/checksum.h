/* Where a safetensors header carries its checksum, and how it is computed; see data/safetensors.h. */
#ifndef SAFSD_DATA_CHECKSUM_H
#define SAFSD_DATA_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#define SF_CHECKSUM_KEY "checksum"
#define SF_CHECKSUM_PREFIX "xxh3-64:"
#define SF_CHECKSUM_ZEROS "0000000000000000"
enum { SF_CHECKSUM_DIGITS = 16 };

/* Offset in the JSON text of the hexadecimal digits; SIZE_MAX where the writer of this project put none. */
size_t sf_checksum_place(const char *json, size_t size);

/* The 16 digits, and a NUL. */
void sf_checksum_text(uint64_t hash, char digits[SF_CHECKSUM_DIGITS + 1]);

/* XXH3-64 of a whole file whose digits stand at `place`, taken as zeros. */
uint64_t sf_checksum_of(const unsigned char *bytes, size_t size, size_t place);

#endif
