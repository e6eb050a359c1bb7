#include "data/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static st_status map_descriptor(ds_mapping *mapping, int descriptor, const char *path, st_error *error)
{
    struct stat about;
    if (fstat(descriptor, &about) != 0) return st_fail(error, ST_FAILED, "cannot read %s: %s", path, strerror(errno));
    if (S_ISDIR(about.st_mode)) return st_fail(error, ST_FAILED, "%s is a folder; give the name of a file", path);
    if (!S_ISREG(about.st_mode)) return st_fail(error, ST_FAILED, "%s is not a regular file", path);
    if ((uintmax_t)about.st_size > SIZE_MAX) return st_fail(error, ST_FAILED, "%s is too large to be mapped", path);
    if (about.st_size == 0) return ST_OK;
    void *bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (bytes == MAP_FAILED) return st_fail(error, ST_FAILED, "cannot map %s: %s", path, strerror(errno));
    mapping->bytes = bytes;
    mapping->size = (size_t)about.st_size;
    return ST_OK;
}

st_status ds_mapping_open(ds_mapping *mapping, const char *path, st_error *error)
{
    *mapping = (ds_mapping){0};
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return st_fail(error, ST_FAILED, "cannot open %s: %s", path, strerror(errno));
    const st_status status = map_descriptor(mapping, descriptor, path, error);
    close(descriptor);
    return status;
}

/* A header length below 2^32, then the brace of a JSON object. */
bool ds_mapping_is_safetensors(const ds_mapping *mapping)
{
    static const unsigned char zeros[4] = {0};
    return mapping->size > 8 && mapping->bytes[8] == '{' && memcmp(mapping->bytes + 4, zeros, sizeof zeros) == 0;
}

void ds_mapping_close(ds_mapping *mapping)
{
    if (mapping->bytes) munmap((void *)(uintptr_t)mapping->bytes, mapping->size);
    *mapping = (ds_mapping){0};
}
