/* A cache of compiled programs on disk, for drivers without a cache of their own.
 *
 * An entry is one file: a full key (program version, platform, device, driver, build options, hash of the source), the
 * driver's binary, and a checksum over both. Files are written atomically. A damaged entry, or one with another key, is
 * removed and never used. Above the size limit the least recently used entries are removed. The folder is
 * $XDG_CACHE_HOME/safsd-cl/programs, or $HOME/.cache/safsd-cl/programs. If neither variable is set, or the folder
 * cannot be written, nothing is cached and nothing fails.
 */
#ifndef SAFSD_RUNTIME_PROGRAM_CACHE_H
#define SAFSD_RUNTIME_PROGRAM_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/device.h"

#define RT_CACHE_BYTES ((uint64_t)256 << 20) /* the size limit */

typedef struct rt_cache_key {
    const rt_device_info *device;
    const char *options; /* of the build */
    const char *source;
} rt_cache_key;

/* Loads the binary of a key; the caller frees it. False if there is none. */
bool rt_cache_load(const rt_cache_key *key, unsigned char **binary, size_t *size);

/* Stores a binary, replacing an older one, and removes old entries above `limit` bytes. True if it was stored. */
bool rt_cache_store(const rt_cache_key *key, const unsigned char *binary, size_t size, uint64_t limit);

/* Removes the entry, after its binary turned out to be unusable. */
void rt_cache_forget(const rt_cache_key *key);

/* The path of the folder, which need not exist; false if the environment names none. */
bool rt_cache_folder(char *path, size_t size);

typedef struct rt_cache_entry {
    char file[64];
    char device[256], driver[128], options[512]; /* empty if the entry is damaged */
    uint64_t bytes;
    int64_t used; /* seconds since 1970 */
    bool whole;
} rt_cache_entry;

/* Every entry, most recently used first; the caller frees the list. It is empty if there is no folder. */
st_status rt_cache_list(rt_cache_entry **entries, size_t *count, st_error *error);

/* Removes every entry. ST_FAILED, naming the file, if one cannot be removed. */
st_status rt_cache_clear(size_t *removed, st_error *error);

#endif
