#include "data/safetensors.h"

#include "base/json_text.h"
#include "data/checksum.h"
#include "data/half.h"
#include "data/foreign.h"
#include "data/mapping.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors data are little-endian and are read in place; a big-endian host needs conversions here"
#endif

enum { LENGTH_BYTES = 8, LARGEST_HEADER = 100000000 };

struct sf_file {
    ds_mapping mapping;
    char *path;
    json_t *header; /* owns the names and texts */
    const json_t *metadata;
    sf_tensor *tensors; /* by place in the file */
    size_t count;
    const sf_tensor **by_name;
    size_t checksum_place; /* in the file; SIZE_MAX without checksum */
};

/* All types of the reference implementation, safetensors 0.8. */
static const struct {
    const char *name;
    size_t bits;
} dtypes[] = {
    [SF_BOOL] = {"BOOL", 8},
    [SF_U8] = {"U8", 8},
    [SF_I8] = {"I8", 8},
    [SF_U16] = {"U16", 16},
    [SF_I16] = {"I16", 16},
    [SF_U32] = {"U32", 32},
    [SF_I32] = {"I32", 32},
    [SF_U64] = {"U64", 64},
    [SF_I64] = {"I64", 64},
    [SF_F16] = {"F16", 16},
    [SF_BF16] = {"BF16", 16},
    [SF_F32] = {"F32", 32},
    [SF_F64] = {"F64", 64},
    [SF_F4] = {"F4", 4},
    [SF_F6_E2M3] = {"F6_E2M3", 6},
    [SF_F6_E3M2] = {"F6_E3M2", 6},
    [SF_F8_E5M2] = {"F8_E5M2", 8},
    [SF_F8_E4M3] = {"F8_E4M3", 8},
    [SF_F8_E8M0] = {"F8_E8M0", 8},
    [SF_F8_E4M3FNUZ] = {"F8_E4M3FNUZ", 8},
    [SF_F8_E5M2FNUZ] = {"F8_E5M2FNUZ", 8},
    [SF_C64] = {"C64", 64},
};

enum { DTYPES = sizeof dtypes / sizeof dtypes[0] };

bool sf_is_floating(sf_dtype dtype)
{
    return dtype == SF_F32 || dtype == SF_F64 || dtype == SF_F16 || dtype == SF_BF16;
}

const char *sf_dtype_name(sf_dtype dtype)
{
    return dtypes[dtype].name;
}

bool sf_is_convertible(sf_dtype dtype)
{
    return dtype <= SF_F64;
}

size_t sf_dtype_bits(sf_dtype dtype)
{
    return dtypes[dtype].bits;
}

/* ---- the header ---- */

static st_status read_dtype(sf_tensor *tensor, const json_t *entry, const char *path, st_error *error)
{
    const char *name = json_string_value(json_object_get(entry, "dtype"));
    for (size_t i = 0; name && i < DTYPES; i++) {
        if (strcmp(name, dtypes[i].name) != 0) continue;
        tensor->dtype = (sf_dtype)i;
        return ST_OK;
    }
    return st_fail(error, ST_FAILED, "%s: tensor '%s' has the unknown dtype %s", path, tensor->name,
                   name ? name : "(none)");
}

static st_status read_shape(sf_tensor *tensor, const json_t *entry, const char *path, st_error *error)
{
    const json_t *shape = json_object_get(entry, "shape");
    if (!json_is_array(shape) || json_array_size(shape) > SF_RANK)
        return st_fail(error, ST_FAILED, "%s: tensor '%s' has no shape of at most %d dimensions", path, tensor->name,
                       SF_RANK);
    tensor->rank = json_array_size(shape);
    tensor->elements = 1;
    bool fits = true;
    for (size_t i = 0; i < tensor->rank; i++) {
        const json_t *size = json_array_get(shape, i);
        if (!json_is_integer(size) || json_integer_value(size) < 0)
            return st_fail(error, ST_FAILED, "%s: tensor '%s' has a dimension that is no count", path, tensor->name);
        tensor->shape[i] = (uint64_t)json_integer_value(size);
        fits = fits && (tensor->shape[i] == 0 || tensor->elements <= SIZE_MAX / 8 / tensor->shape[i]);
        if (fits) tensor->elements *= (size_t)tensor->shape[i];
    }
    if (!fits) return st_fail(error, ST_FAILED, "%s: tensor '%s' is larger than any memory", path, tensor->name);
    const size_t bits = sf_dtype_bits(tensor->dtype), rest = tensor->elements % 8 * bits;
    if (rest % 8 != 0)
        return st_fail(error, ST_FAILED, "%s: tensor '%s' has %zu elements of type %s, which end inside a byte", path,
                       tensor->name, tensor->elements, sf_dtype_name(tensor->dtype));
    tensor->bytes = tensor->elements / 8 * bits + rest / 8;
    return ST_OK;
}

/* Places are kept as pointers into the map once they are known to lie inside it. */
static st_status read_place(sf_tensor *tensor, const json_t *entry, const unsigned char *data, size_t size,
                            const char *path, st_error *error)
{
    const json_t *offsets = json_object_get(entry, "data_offsets");
    const json_t *first = json_array_get(offsets, 0);
    const json_t *last = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(first) || !json_is_integer(last))
        return st_fail(error, ST_FAILED, "%s: tensor '%s' has no data_offsets", path, tensor->name);
    const json_int_t begin = json_integer_value(first);
    const json_int_t end = json_integer_value(last);
    if (begin < 0 || end < begin)
        return st_fail(error, ST_FAILED, "%s: tensor '%s' has data_offsets that run backwards", path, tensor->name);
    if ((uint64_t)end > size)
        return st_fail(error, ST_FAILED,
                       "%s is truncated: tensor '%s' ends at byte %" PRIu64 " of the data, which have %zu", path,
                       tensor->name, (uint64_t)end, size);
    if ((uint64_t)(end - begin) != tensor->bytes)
        return st_fail(error, ST_FAILED, "%s: tensor '%s' has %" PRIu64 " bytes where its shape needs %zu", path,
                       tensor->name, (uint64_t)(end - begin), tensor->bytes);
    tensor->data = data + begin;
    return ST_OK;
}

static int compare_places(const void *left, const void *right)
{
    const sf_tensor *a = left;
    const sf_tensor *b = right;
    const uintptr_t at_a = (uintptr_t)a->data;
    const uintptr_t at_b = (uintptr_t)b->data;
    if (at_a != at_b) return at_a < at_b ? -1 : 1;
    if (a->bytes != b->bytes) return a->bytes < b->bytes ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int compare_names(const void *left, const void *right)
{
    return strcmp((*(const sf_tensor *const *)left)->name, (*(const sf_tensor *const *)right)->name);
}

/* The data must be covered exactly once, as the format demands. */
static st_status check_cover(const sf_file *file, const unsigned char *data, size_t size, st_error *error)
{
    size_t covered = 0;
    for (size_t i = 0; i < file->count; i++) {
        const sf_tensor *tensor = &file->tensors[i];
        const size_t begin = (size_t)((const unsigned char *)tensor->data - data);
        if (begin < covered)
            return st_fail(error, ST_FAILED, "%s: tensor '%s' overlaps '%s'", file->path, tensor->name,
                           file->tensors[i - 1].name);
        if (begin > covered)
            return st_fail(error, ST_FAILED, "%s: %zu bytes before tensor '%s' belong to no tensor", file->path,
                           begin - covered, tensor->name);
        covered += tensor->bytes;
    }
    if (covered < size)
        return st_fail(error, ST_FAILED, "%s: %zu bytes at the end belong to no tensor", file->path, size - covered);
    return ST_OK;
}

static st_status check_metadata(const sf_file *file, st_error *error)
{
    if (!file->metadata) return ST_OK;
    if (!json_is_object(file->metadata))
        return st_fail(error, ST_FAILED, "%s: __metadata__ is no object of strings", file->path);
    for (void *at = json_object_iter((json_t *)(uintptr_t)file->metadata); at;
         at = json_object_iter_next((json_t *)(uintptr_t)file->metadata, at)) {
        if (!json_is_string(json_object_iter_value(at)))
            return st_fail(error, ST_FAILED, "%s: metadata '%s' is no string", file->path, json_object_iter_key(at));
    }
    return ST_OK;
}

static st_status read_tensors(sf_file *file, const unsigned char *data, size_t size, st_error *error)
{
    const size_t entries = json_object_size(file->header);
    file->tensors = calloc(entries + 1, sizeof *file->tensors);
    file->by_name = calloc(entries + 1, sizeof *file->by_name);
    if (!file->tensors || !file->by_name)
        return st_fail(error, ST_FAILED, "out of memory for the header of %s", file->path);
    const char *name = NULL;
    json_t *entry = NULL;
    json_object_foreach(file->header, name, entry)
    {
        if (strcmp(name, "__metadata__") == 0) {
            file->metadata = json_is_null(entry) ? NULL : entry; /* null is no metadata, as the reference reads it */
            continue;
        }
        sf_tensor *tensor = &file->tensors[file->count++];
        tensor->name = name;
        ST_FORWARD(read_dtype(tensor, entry, file->path, error));
        ST_FORWARD(read_shape(tensor, entry, file->path, error));
        ST_FORWARD(read_place(tensor, entry, data, size, file->path, error));
    }
    qsort(file->tensors, file->count, sizeof *file->tensors, compare_places);
    for (size_t i = 0; i < file->count; i++) file->by_name[i] = &file->tensors[i];
    qsort(file->by_name, file->count, sizeof *file->by_name, compare_names);
    ST_FORWARD(check_cover(file, data, size, error));
    return check_metadata(file, error);
}

static st_status read_header(sf_file *file, st_error *error)
{
    const unsigned char *bytes = file->mapping.bytes;
    const size_t size = file->mapping.size;
    if (!ds_mapping_is_safetensors(&file->mapping)) {
        const char *foreign = ds_foreign(bytes, size);
        if (!foreign) foreign = ds_foreign_text(bytes, size);
        return st_fail(error, ST_FAILED, "%s is no safetensors file%s%s", file->path, foreign ? " but " : "",
                       foreign ? foreign : "");
    }
    uint64_t length = 0;
    memcpy(&length, bytes, sizeof length);
    if (length > LARGEST_HEADER)
        return st_fail(error, ST_FAILED, "%s is no safetensors file: its header would have %" PRIu64 " bytes",
                       file->path, length);
    if (length > size - LENGTH_BYTES)
        return st_fail(error, ST_FAILED, "%s is truncated: its header has %" PRIu64 " bytes, the whole file %zu",
                       file->path, length, size);
    json_error_t why;
    const char *json = (const char *)bytes + LENGTH_BYTES;
    file->header = json_text_read_bytes(json, (size_t)length, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(file->header))
        return st_fail(error, ST_FAILED, "%s: the safetensors header is damaged: %s", file->path,
                       file->header ? "it is no JSON object" : why.text);
    const size_t data = LENGTH_BYTES + (size_t)length;
    return read_tensors(file, bytes + data, size - data, error);
}

static st_status check_checksum(sf_file *file, sf_trust trust, st_error *error)
{
    file->checksum_place = SIZE_MAX;
    const char *text = sf_metadata(file, SF_CHECKSUM_KEY);
    if (!text || strncmp(text, SF_CHECKSUM_PREFIX, strlen(SF_CHECKSUM_PREFIX)) != 0) return ST_OK;
    uint64_t length = 0;
    memcpy(&length, file->mapping.bytes, sizeof length);
    const size_t place = sf_checksum_place((const char *)file->mapping.bytes + LENGTH_BYTES, (size_t)length);
    if (place != SIZE_MAX) file->checksum_place = LENGTH_BYTES + place;
    if (trust == SF_TRUST) return ST_OK;
    char digits[SF_CHECKSUM_DIGITS + 1] = "";
    if (place != SIZE_MAX)
        sf_checksum_text(sf_checksum_of(file->mapping.bytes, file->mapping.size, file->checksum_place), digits);
    if (strcmp(digits, text + strlen(SF_CHECKSUM_PREFIX)) != 0)
        return st_fail(
            error, ST_CHECK,
            "%s does not match its checksum: it is damaged, or another program rewrote it and kept the metadata"
            " key '%s'",
            file->path, SF_CHECKSUM_KEY);
    return ST_OK;
}

st_status sf_open(sf_file **file, const char *path, sf_trust trust, st_error *error)
{
    st_status status = ST_OK;
    *file = NULL;
    sf_file *made = calloc(1, sizeof *made);
    char *name = malloc(strlen(path) + 1);
    if (!made || !name) {
        free(made);
        free(name);
        return st_fail(error, ST_FAILED, "out of memory while opening %s", path);
    }
    made->path = strcpy(name, path);
    ST_TRY(ds_mapping_open(&made->mapping, path, error));
    ST_TRY(read_header(made, error));
    ST_TRY(check_checksum(made, trust, error));
    *file = made;
    made = NULL;
done:
    sf_close(&made);
    return status;
}

void sf_close(sf_file **file)
{
    if (!*file) return;
    json_decref((*file)->header);
    free((*file)->tensors);
    free((*file)->by_name);
    free((*file)->path);
    ds_mapping_close(&(*file)->mapping);
    free(*file);
    *file = NULL;
}

/* ---- what is in it ---- */

const char *sf_path(const sf_file *file)
{
    return file->path;
}

bool sf_has_checksum(const sf_file *file)
{
    return file->checksum_place != SIZE_MAX;
}

size_t sf_count(const sf_file *file)
{
    return file->count;
}

const sf_tensor *sf_at(const sf_file *file, size_t index)
{
    return &file->tensors[index];
}

const sf_tensor *sf_find(const sf_file *file, const char *name)
{
    const sf_tensor wanted = {.name = name};
    const sf_tensor *key = &wanted;
    const sf_tensor **found = bsearch(&key, file->by_name, file->count, sizeof *file->by_name, compare_names);
    return found ? *found : NULL;
}

const char *sf_without_prefixes(const char *name)
{
    static const char *const prefixes[] = {"module.", "_orig_mod."};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        const size_t length = strlen(prefixes[i]);
        if (strncmp(name, prefixes[i], length) == 0) return sf_without_prefixes(name + length);
    }
    return name;
}

st_status sf_drop_prefixes(sf_file *file, char *dropped, size_t size, st_error *error)
{
    size_t longest = 0;
    dropped[0] = '\0';
    for (size_t i = 0; i < file->count; i++) {
        sf_tensor *tensor = &file->tensors[i];
        const char *name = sf_without_prefixes(tensor->name);
        const size_t length = (size_t)(name - tensor->name);
        if (length > longest) snprintf(dropped, size, "%.*s", (int)(length < size ? length : size - 1), tensor->name);
        if (length > longest) longest = length;
        tensor->name = name;
    }
    qsort(file->by_name, file->count, sizeof *file->by_name, compare_names);
    for (size_t i = 1; i < file->count; i++)
        if (strcmp(file->by_name[i - 1]->name, file->by_name[i]->name) == 0)
            return st_fail(error, ST_FAILED, "%s has the tensor '%s' twice, with and without a prefix as %s: keep one",
                           file->path, file->by_name[i]->name, dropped);
    return ST_OK;
}

const char *sf_metadata(const sf_file *file, const char *key)
{
    return json_string_value(json_object_get(file->metadata, key));
}

size_t sf_metadata_count(const sf_file *file)
{
    return json_object_size(file->metadata);
}

const char *sf_metadata_at(const sf_file *file, size_t index, const char **key)
{
    json_t *metadata = (json_t *)(uintptr_t)file->metadata;
    void *at = json_object_iter(metadata);
    for (size_t i = 0; at && i < index; i++) at = json_object_iter_next(metadata, at);
    if (!at) return NULL;
    *key = json_object_iter_key(at);
    return json_string_value(json_object_iter_value(at));
}

bool sf_has_shape(const sf_tensor *tensor, size_t rank, const uint64_t *shape)
{
    if (tensor->rank != rank) return false;
    for (size_t i = 0; i < rank; i++) {
        if (tensor->shape[i] != shape[i]) return false;
    }
    return true;
}

/* ---- conversions ---- */

#define ELEMENT_AS(type)                                                                                               \
    do {                                                                                                               \
        type value = 0;                                                                                                \
        memcpy(&value, at, sizeof value);                                                                              \
        return (double)value;                                                                                          \
    } while (0)

static double element(const sf_tensor *tensor, size_t index)
{
    const unsigned char *at = (const unsigned char *)tensor->data + index * (sf_dtype_bits(tensor->dtype) / 8);
    uint16_t bits = 0;
    switch (tensor->dtype) {
    case SF_BOOL:
        return *at != 0;
    case SF_U8:
        return *at;
    case SF_I8:
        ELEMENT_AS(int8_t);
    case SF_U16:
        ELEMENT_AS(uint16_t);
    case SF_I16:
        ELEMENT_AS(int16_t);
    case SF_U32:
        ELEMENT_AS(uint32_t);
    case SF_I32:
        ELEMENT_AS(int32_t);
    case SF_U64:
        ELEMENT_AS(uint64_t);
    case SF_I64:
        ELEMENT_AS(int64_t);
    case SF_F32:
        ELEMENT_AS(float);
    case SF_F64:
        ELEMENT_AS(double);
    case SF_F16:
        memcpy(&bits, at, sizeof bits);
        return (double)ds_float_of_half(bits);
    case SF_BF16:
        memcpy(&bits, at, sizeof bits);
        return (double)ds_float_of_bits((uint32_t)bits << 16);
    default:
        return NAN; /* no convertible type */
    }
}

void sf_read_floats(const sf_tensor *tensor, size_t first, size_t count, float *values)
{
    if (count == 0) return;
    if (tensor->dtype == SF_F32) {
        memcpy(values, (const unsigned char *)tensor->data + first * sizeof *values, count * sizeof *values);
        return;
    }
    for (size_t i = 0; i < count; i++) values[i] = (float)element(tensor, first + i);
}

st_status sf_read_int32(const sf_tensor *tensor, size_t first, size_t count, int32_t *values, st_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const double value = element(tensor, first + i);
        if (!(value >= INT32_MIN && value <= INT32_MAX) || value != floor(value))
            return st_fail(error, ST_FAILED, "element %zu of tensor '%s' is %g, no 32-bit integer", first + i,
                           tensor->name, value);
        values[i] = (int32_t)value;
    }
    return ST_OK;
}
