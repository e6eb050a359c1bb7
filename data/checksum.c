#include "data/checksum.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <xxhash.h>

static const char opening[] = "\"" SF_CHECKSUM_KEY "\":\"" SF_CHECKSUM_PREFIX;

/* Inside a JSON string a quote is escaped, so the opening occurs only as key and value. */
size_t sf_checksum_place(const char *json, size_t size)
{
    const size_t length = sizeof opening - 1;
    const char *const end = json + size;
    for (const char *at = json; (size_t)(end - at) >= length + SF_CHECKSUM_DIGITS; at++) {
        at = memchr(at, '"', (size_t)(end - at) - length - SF_CHECKSUM_DIGITS + 1);
        if (!at) break;
        if (memcmp(at, opening, length) == 0) return (size_t)(at - json) + length;
    }
    return SIZE_MAX;
}

void sf_checksum_text(uint64_t hash, char digits[SF_CHECKSUM_DIGITS + 1])
{
    snprintf(digits, SF_CHECKSUM_DIGITS + 1, "%016" PRIx64, hash);
}

uint64_t sf_checksum_of(const unsigned char *bytes, size_t size, size_t place)
{
    XXH3_state_t *state = XXH3_createState();
    if (!state) return 0;
    XXH3_64bits_reset(state);
    XXH3_64bits_update(state, bytes, place);
    XXH3_64bits_update(state, SF_CHECKSUM_ZEROS, SF_CHECKSUM_DIGITS);
    XXH3_64bits_update(state, bytes + place + SF_CHECKSUM_DIGITS, size - place - SF_CHECKSUM_DIGITS);
    const uint64_t hash = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return hash;
}
