/* A folder of built programs, for drivers that keep none themselves.
 *
 * An entry is one file: a full key (program version, platform, device, driver, build options, hash of the source), the
 * driver's binary, and a checksum over both. It appears by rename; one that is damaged, or whose key is another's, is
 * removed and never used. What exceeds the size limit goes, the entry unused for longest first. The folder is
 * $XDG_CACHE_HOME/safsd-cl/programs, else $HOME/.cache/safsd-cl/programs; where there is none, or it cannot be written,
 * nothing is kept and nothing fails.
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

/* The binary under that key; the caller frees it. False: there is none. */
bool rt_cache_load(const rt_cache_key *key, unsigned char **binary, size_t *size);

/* Keeps a binary, replacing what was there, and removes old entries beyond `limit` bytes. True where it was kept. */
bool rt_cache_store(const rt_cache_key *key, const unsigned char *binary, size_t size, uint64_t limit);

/* Removes the entry: its binary was no good. */
void rt_cache_forget(const rt_cache_key *key);

/* The folder, whether it exists or not; false where the environment names none. */
bool rt_cache_folder(char *path, size_t size);

typedef struct rt_cache_entry {
    char file[64];
    char device[256], driver[128], options[512]; /* empty where the entry is damaged */
    uint64_t bytes;
    int64_t used; /* seconds since 1970 */
    bool whole;
} rt_cache_entry;

/* Every entry, last used first; free() the list. No folder is an empty list. */
st_status rt_cache_list(rt_cache_entry **entries, size_t *count, st_error *error);

/* Removes every entry. ST_FAILED, naming the file, where one cannot be removed. */
st_status rt_cache_clear(size_t *removed, st_error *error);

#endif
