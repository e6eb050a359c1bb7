#include "runtime/program_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/folder.h"
#include "base/outfile.h"
#include "base/path.h"

/* A file is this header, the text of the key, and the binary. */
typedef struct entry_header {
    char magic[8];
    uint64_t key_bytes, binary_bytes;
    uint64_t checksum; /* of key and binary */
} entry_header;

static const char magic[8] = {'S', 'A', 'F', 'S', 'D', 'P', '0', '1'};
static const char ending[] = ".program";
enum { PATH_SIZE = 4096, KEY_SIZE = 2048, NAME_SIZE = 32 + sizeof ending };

bool rt_cache_folder(char *path, size_t size)
{
    return path_in_cache(path, size, "safsd-cl/programs") && strlen(path) + NAME_SIZE + 16 < size;
}

/* The key of an entry as text, and the file name derived from it. */
static void describe(const rt_cache_key *key, char text[KEY_SIZE], char name[NAME_SIZE])
{
    const size_t length = strlen(key->source);
    const XXH128_hash_t source = XXH3_128bits(key->source, length);
    const rt_device_info *d = key->device;
    snprintf(text, KEY_SIZE,
             "program %s\ndevice %s\ndriver %s\noptions %s\nplatform %s\nvendor %s\nversion %s\n"
             "source %016" PRIx64 "%016" PRIx64 " %zu\n",
             SAFSD_VERSION, d->name, d->driver, key->options, d->platform_name, d->vendor, d->version,
             (uint64_t)source.high64, (uint64_t)source.low64, length);
    const XXH128_hash_t hash = XXH3_128bits(text, strlen(text));
    snprintf(name, NAME_SIZE, "%016" PRIx64 "%016" PRIx64 "%s", (uint64_t)hash.high64, (uint64_t)hash.low64, ending);
}

static bool path_of(const rt_cache_key *key, char text[KEY_SIZE], char path[PATH_SIZE])
{
    char name[NAME_SIZE];
    describe(key, text, name);
    if (!rt_cache_folder(path, PATH_SIZE)) return false;
    const size_t used = strlen(path);
    snprintf(path + used, PATH_SIZE - used, "/%s", name);
    return true;
}

static uint64_t checksum_of(const void *key, size_t key_bytes, const void *binary, size_t binary_bytes)
{
    return XXH3_64bits_withSeed(binary, binary_bytes, XXH3_64bits(key, key_bytes));
}

/* Reads an entry and checks it. The key (a string) and the binary are one allocation that the caller frees. */
static bool read_entry(const char *path, char **key, unsigned char **binary, entry_header *header)
{
    *key = NULL;
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    struct stat about;
    bool whole = fstat(fileno(file), &about) == 0 && fread(header, sizeof *header, 1, file) == 1 &&
                 memcmp(header->magic, magic, sizeof magic) == 0 && header->key_bytes < KEY_SIZE &&
                 header->binary_bytes > 0 && header->binary_bytes <= (uint64_t)about.st_size &&
                 (uint64_t)about.st_size == sizeof *header + header->key_bytes + header->binary_bytes;
    const size_t key_bytes = whole ? (size_t)header->key_bytes : 0;
    const size_t binary_bytes = whole ? (size_t)header->binary_bytes : 0;
    if (whole) *key = calloc(1, key_bytes + 1 + binary_bytes);
    whole = *key && fread(*key, 1, key_bytes, file) == key_bytes;
    *binary = *key ? (unsigned char *)*key + key_bytes + 1 : NULL;
    whole = whole && fread(*binary, 1, binary_bytes, file) == binary_bytes &&
            checksum_of(*key, key_bytes, *binary, binary_bytes) == header->checksum;
    fclose(file);
    if (whole) return true;
    free(*key);
    *key = NULL;
    return false;
}

bool rt_cache_load(const rt_cache_key *key, unsigned char **binary, size_t *size)
{
    char text[KEY_SIZE], path[PATH_SIZE];
    *binary = NULL;
    *size = 0;
    if (!path_of(key, text, path) || access(path, F_OK) != 0) return false;
    char *found = NULL;
    unsigned char *stored = NULL;
    entry_header header;
    if (read_entry(path, &found, &stored, &header) && strcmp(found, text) == 0) {
        memmove(found, stored, (size_t)header.binary_bytes);
        *binary = (unsigned char *)found;
        *size = (size_t)header.binary_bytes;
        utimensat(AT_FDCWD, path, NULL, 0); /* marks it as used now */
        return true;
    }
    free(found);
    unlink(path);
    return false;
}

void rt_cache_forget(const rt_cache_key *key)
{
    char text[KEY_SIZE], path[PATH_SIZE];
    if (path_of(key, text, path)) unlink(path);
}

static bool write_entry(const char *path, const char *text, const unsigned char *binary, size_t size)
{
    outfile file;
    st_error ignored = {.status = ST_OK};
    if (outfile_open(&file, path, &ignored) != ST_OK) return false;
    const size_t key_bytes = strlen(text);
    entry_header header = {{0}, key_bytes, size, checksum_of(text, key_bytes, binary, size)};
    memcpy(header.magic, magic, sizeof magic);
    fwrite(&header, sizeof header, 1, file.stream);
    fwrite(text, 1, key_bytes, file.stream);
    fwrite(binary, 1, size, file.stream);
    const bool written = outfile_finish(&file, &ignored) == ST_OK;
    outfile_close(&file);
    return written;
}

/* Whether a file of the folder is an entry or the remains of an interrupted write. */
static bool is_entry(const char *name)
{
    return strstr(name, ending) != NULL && strspn(name, "0123456789abcdef") == 32;
}

static void full_path(char path[PATH_SIZE], const char *folder, const char *file)
{
    snprintf(path, PATH_SIZE, "%.*s/%.63s", PATH_SIZE - 65, folder, file);
}

static int last_used_first(const void *a, const void *b)
{
    const rt_cache_entry *x = a, *y = b;
    if (x->used != y->used) return x->used < y->used ? 1 : -1;
    return strcmp(x->file, y->file);
}

/* Lists name, size and time of every file, without reading the files. */
static bool scan(const char *folder, rt_cache_entry **entries, size_t *count)
{
    *entries = NULL;
    *count = 0;
    DIR *stream = opendir(folder);
    if (!stream) return true;
    bool enough = true;
    for (const struct dirent *file = NULL; enough && (file = readdir(stream));) {
        char path[PATH_SIZE];
        struct stat about;
        if (!is_entry(file->d_name) || strlen(file->d_name) >= sizeof(*entries)->file) continue;
        full_path(path, folder, file->d_name);
        if (stat(path, &about) != 0) continue;
        rt_cache_entry *grown = realloc(*entries, (*count + 1) * sizeof *grown);
        enough = grown != NULL;
        if (!enough) break;
        *entries = grown;
        grown[*count] = (rt_cache_entry){.bytes = (uint64_t)about.st_size, .used = (int64_t)about.st_mtime};
        strcpy(grown[(*count)++].file, file->d_name);
    }
    closedir(stream);
    if (*count) qsort(*entries, *count, sizeof **entries, last_used_first);
    return enough;
}

static void trim(const char *folder, const char *keep, uint64_t limit)
{
    rt_cache_entry *entries = NULL;
    size_t count = 0;
    uint64_t bytes = 0;
    if (scan(folder, &entries, &count)) {
        for (size_t i = 0; i < count; ++i)
            if (strcmp(entries[i].file, keep) == 0) bytes = entries[i].bytes;
        for (size_t i = 0; i < count; ++i) {
            char path[PATH_SIZE];
            if (strcmp(entries[i].file, keep) == 0) continue;
            bytes += entries[i].bytes;
            full_path(path, folder, entries[i].file);
            if (bytes > limit) unlink(path);
        }
    }
    free(entries);
}

bool rt_cache_store(const rt_cache_key *key, const unsigned char *binary, size_t size, uint64_t limit)
{
    char text[KEY_SIZE], path[PATH_SIZE], folder[PATH_SIZE];
    if (size == 0 || size > limit || !path_of(key, text, path) || !rt_cache_folder(folder, sizeof folder)) return false;
    if (folder_make(folder, 0700) != 0 || !write_entry(path, text, binary, size)) return false;
    trim(folder, path + strlen(folder) + 1, limit);
    return true;
}

/* The value of one line of a key. */
static void read_line(const char *text, const char *name, char *value, size_t size)
{
    for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
        const size_t length = strlen(name);
        if (strncmp(line, name, length) != 0 || line[length] != ' ') continue;
        snprintf(value, size, "%.*s", (int)strcspn(line + length + 1, "\n"), line + length + 1);
        return;
    }
}

st_status rt_cache_list(rt_cache_entry **entries, size_t *count, st_error *error)
{
    char folder[PATH_SIZE], path[PATH_SIZE];
    *entries = NULL;
    *count = 0;
    if (!rt_cache_folder(folder, sizeof folder)) return ST_OK;
    if (!scan(folder, entries, count)) {
        free(*entries);
        *entries = NULL;
        return st_fail(error, ST_FAILED, "out of memory while listing the program cache");
    }
    for (size_t i = 0; i < *count; ++i) {
        rt_cache_entry *entry = &(*entries)[i];
        char *key = NULL;
        unsigned char *binary = NULL;
        entry_header header;
        full_path(path, folder, entry->file);
        entry->whole = read_entry(path, &key, &binary, &header);
        if (!entry->whole) continue;
        read_line(key, "device", entry->device, sizeof entry->device);
        read_line(key, "driver", entry->driver, sizeof entry->driver);
        read_line(key, "options", entry->options, sizeof entry->options);
        free(key);
    }
    return ST_OK;
}

st_status rt_cache_clear(size_t *removed, st_error *error)
{
    char folder[PATH_SIZE], path[PATH_SIZE];
    rt_cache_entry *entries = NULL;
    size_t count = 0;
    *removed = 0;
    if (!rt_cache_folder(folder, sizeof folder)) return ST_OK;
    st_status status = ST_OK;
    if (!scan(folder, &entries, &count))
        status = st_fail(error, ST_FAILED, "out of memory while listing the program cache");
    for (size_t i = 0; i < count && status == ST_OK; ++i) {
        full_path(path, folder, entries[i].file);
        if (unlink(path) == 0 || errno == ENOENT)
            ++*removed;
        else
            status = st_fail(error, ST_FAILED, "%s cannot be removed: %s", path, strerror(errno));
    }
    free(entries);
    return status;
}
