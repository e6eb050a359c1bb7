#include "data/safetensors.h"

#include "base/json_text.h"
#include "base/outfile.h"
#include "data/checksum.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>
#include <xxhash.h>

enum { STAGE_BYTES = 1 << 20 };

struct sf_writer {
    outfile file;
    const char *path; /* of the file, which is written by its descriptor */
    int descriptor;
    bool failed;
    json_t *header, *metadata;
    uint64_t declared, written; /* bytes of data */
    bool header_written;
    size_t checksum_place; /* in the file */
    XXH3_state_t *hash;
    unsigned char *stage; /* small pieces gather here */
    size_t staged;
};

/* ---- the file until it is finished ---- */

/* A device or a pipe would take the bytes as they come, and has no checksum to be put in its place. */
static st_status open_file(sf_writer *writer, const char *path, st_error *error)
{
    struct stat about;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode))
        return st_fail(error, ST_FAILED, "cannot write %s: it is a folder", path);
    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode))
        return st_fail(error, ST_FAILED, "cannot write %s: it is no regular file", path);
    ST_FORWARD(outfile_open(&writer->file, path, error));
    writer->path = writer->file.path;
    writer->descriptor = fileno(writer->file.stream);
    return ST_OK;
}

static st_status write_all(sf_writer *writer, const unsigned char *bytes, size_t size, st_error *error)
{
    while (size > 0) {
        const ssize_t written = write(writer->descriptor, bytes, size < 1u << 30 ? size : 1u << 30);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            writer->failed = true;
            return st_fail(error, ST_FAILED, "writing %s failed: %s", writer->path, strerror(errno));
        }
        bytes += written;
        size -= (size_t)written;
    }
    return ST_OK;
}

static st_status flush(sf_writer *writer, st_error *error)
{
    const size_t staged = writer->staged;
    writer->staged = 0;
    return write_all(writer, writer->stage, staged, error);
}

/* Large pieces pass the stage by. */
static st_status put(sf_writer *writer, const void *bytes, size_t size, st_error *error)
{
    if (size == 0) return ST_OK;
    XXH3_64bits_update(writer->hash, bytes, size);
    if (size > STAGE_BYTES - writer->staged) ST_FORWARD(flush(writer, error));
    if (size >= STAGE_BYTES) return write_all(writer, bytes, size, error);
    memcpy(writer->stage + writer->staged, bytes, size);
    writer->staged += size;
    return ST_OK;
}

st_status sf_writer_create(sf_writer **writer, const char *path, st_error *error)
{
    *writer = NULL;
    sf_writer *made = calloc(1, sizeof *made);
    if (!made) return st_fail(error, ST_FAILED, "out of memory while writing %s", path);
    made->stage = malloc(STAGE_BYTES);
    made->hash = XXH3_createState();
    made->header = json_object();
    made->metadata = json_object();
    if (!made->stage || !made->hash || !made->metadata ||
        json_object_set(made->header, "__metadata__", made->metadata) != 0) {
        sf_writer_destroy(&made);
        return st_fail(error, ST_FAILED, "out of memory while writing %s", path);
    }
    XXH3_64bits_reset(made->hash);
    const st_status status = open_file(made, path, error);
    if (status != ST_OK) {
        sf_writer_destroy(&made);
        return status;
    }
    *writer = made;
    return ST_OK;
}

/* ---- declarations ---- */

static st_status declare(sf_writer *writer, json_t *object, const char *name, json_t *value, const char *what,
                         st_error *error)
{
    const bool late = writer->header_written;
    const bool twice = json_object_get(object, name) ||
                       strcmp(name, object == writer->metadata ? SF_CHECKSUM_KEY : "__metadata__") == 0;
    if (late || twice || !value || json_object_set_new(object, name, value) != 0) {
        if (late || twice) json_decref(value);
        return st_fail(error, ST_FAILED, "cannot write %s: %s '%s' %s", writer->path, what, name,
                       late    ? "is declared after data"
                       : twice ? "is declared twice or reserved"
                               : "is no valid UTF-8");
    }
    return ST_OK;
}

st_status sf_writer_metadata(sf_writer *writer, const char *key, const char *value, st_error *error)
{
    return declare(writer, writer->metadata, key, json_string(value), "metadata", error);
}

st_status sf_writer_tensor(sf_writer *writer, const char *name, sf_dtype dtype, size_t rank, const uint64_t *shape,
                           st_error *error)
{
    uint64_t bytes = sf_dtype_bits(dtype) / 8;
    bool fits = rank <= SF_RANK;
    if (!sf_is_convertible(dtype))
        return st_fail(error, ST_FAILED, "cannot write %s: tensor '%s' has the type %s, which is only passed over",
                       writer->path, name, sf_dtype_name(dtype));
    for (size_t i = 0; fits && i < rank; i++) {
        fits = shape[i] == 0 || bytes <= (uint64_t)INT64_MAX / shape[i];
        bytes *= shape[i];
    }
    if (!fits || bytes > (uint64_t)INT64_MAX - writer->declared)
        return st_fail(error, ST_FAILED, "cannot write %s: tensor '%s' is too large", writer->path, name);
    json_t *sizes = json_array();
    for (size_t i = 0; i < rank; i++) json_array_append_new(sizes, json_integer((json_int_t)shape[i]));
    json_t *entry = json_pack("{s:s, s:o, s:[I, I]}", "dtype", sf_dtype_name(dtype), "shape", sizes, "data_offsets",
                              (json_int_t)writer->declared, (json_int_t)(writer->declared + bytes));
    ST_FORWARD(declare(writer, writer->header, name, entry, "tensor", error));
    writer->declared += bytes;
    return ST_OK;
}

/* The JSON text is padded with spaces so that the data start at a multiple of 8. */
static st_status write_header(sf_writer *writer, st_error *error)
{
    static const char padding[] = "       ";
    st_status status = ST_OK;
    char *json = NULL;
    json_t *checksum = json_string(SF_CHECKSUM_PREFIX SF_CHECKSUM_ZEROS);
    if (json_object_set_new(writer->metadata, SF_CHECKSUM_KEY, checksum) == 0)
        json = json_text_print(writer->header, JSON_COMPACT);
    if (!json) return st_fail(error, ST_FAILED, "out of memory for the header of %s", writer->path);
    writer->header_written = true;
    const size_t size = strlen(json);
    const size_t padded = (size + 7) / 8 * 8;
    const uint64_t length = padded;
    writer->checksum_place = sizeof length + sf_checksum_place(json, size);
    ST_TRY(put(writer, &length, sizeof length, error));
    ST_TRY(put(writer, json, size, error));
    ST_TRY(put(writer, padding, padded - size, error));
done:
    free(json);
    return status;
}

/* ---- data ---- */

st_status sf_writer_data(sf_writer *writer, const void *data, size_t bytes, st_error *error)
{
    if (!writer->header_written) ST_FORWARD(write_header(writer, error));
    if (bytes > writer->declared - writer->written)
        return st_fail(error, ST_FAILED, "cannot write %s: more data than the declared %" PRIu64 " bytes", writer->path,
                       writer->declared);
    writer->written += bytes;
    return put(writer, data, bytes, error);
}

st_status sf_writer_finish(sf_writer *writer, st_error *error)
{
    if (!writer->header_written) ST_FORWARD(write_header(writer, error));
    if (writer->written != writer->declared)
        return st_fail(error, ST_FAILED, "cannot write %s: %" PRIu64 " of %" PRIu64 " bytes were given", writer->path,
                       writer->written, writer->declared);
    if (writer->failed) return st_fail(error, ST_FAILED, "%s is incomplete and is not kept", writer->path);
    ST_FORWARD(flush(writer, error));
    char digits[SF_CHECKSUM_DIGITS + 1] = "";
    sf_checksum_text(XXH3_64bits_digest(writer->hash), digits);
    const bool placed = lseek(writer->descriptor, (off_t)writer->checksum_place, SEEK_SET) >= 0;
    if (placed) ST_FORWARD(write_all(writer, (const unsigned char *)digits, SF_CHECKSUM_DIGITS, error));
    if (!placed) return st_fail(error, ST_FAILED, "writing %s failed: %s", writer->path, strerror(errno));
    return outfile_finish(&writer->file, error);
}

void sf_writer_destroy(sf_writer **writer)
{
    sf_writer *old = *writer;
    if (!old) return;
    outfile_close(&old->file);
    if (old->hash) XXH3_freeState(old->hash);
    json_decref(old->header);
    json_decref(old->metadata);
    free(old->stage);
    free(old);
    *writer = NULL;
}
