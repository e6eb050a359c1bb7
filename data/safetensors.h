/* Safetensors files: read through a memory map, written as a stream.
 *
 * A file is an 8-byte little-endian header length, a JSON header (name -> dtype, shape, data_offsets; strings under
 * "__metadata__"), and the data. Everything is validated at opening: nothing a file says is believed unchecked.
 *
 *     ST_TRY(sf_open(&file, path, SF_VERIFY, error));
 *     const sf_tensor *weight = sf_find(file, "smax_fc.weight");
 *     ...
 *     sf_close(&file);
 *
 *     ST_TRY(sf_writer_create(&writer, path, error));
 *     ST_TRY(sf_writer_metadata(writer, "format", "pt", error));
 *     ST_TRY(sf_writer_tensor(writer, "x", SF_F32, 2, shape, error));   every tensor, in order
 *     ST_TRY(sf_writer_data(writer, chunk, bytes, error));              their bytes in the same order, in any pieces
 *     ST_TRY(sf_writer_finish(writer, error));
 * done:
 *     sf_writer_destroy(&writer);
 *
 * Checksum: the writer puts metadata `checksum` = "xxh3-64:" and 16 hexadecimal digits, XXH3-64 over the whole file
 * with those digits taken as zeros.
 */
#ifndef SAFSD_DATA_SAFETENSORS_H
#define SAFSD_DATA_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef enum sf_dtype {
    SF_BOOL,
    SF_U8,
    SF_I8,
    SF_U16,
    SF_I16,
    SF_U32,
    SF_I32,
    SF_U64,
    SF_I64,
    SF_F16,
    SF_BF16,
    SF_F32,
    SF_F64,
    /* types of other programs: their tensors are described and passed over, never converted */
    SF_F4,
    SF_F6_E2M3,
    SF_F6_E3M2,
    SF_F8_E5M2,
    SF_F8_E4M3,
    SF_F8_E8M0,
    SF_F8_E4M3FNUZ,
    SF_F8_E5M2FNUZ,
    SF_C64,
} sf_dtype;

enum { SF_RANK = 64 }; /* most dimensions of a tensor; PyTorch and NumPy make no more */

typedef struct sf_tensor {
    const char *name;
    sf_dtype dtype;
    size_t rank; /* 0 for a scalar */
    uint64_t shape[SF_RANK];
    size_t elements, bytes;
    const void *data; /* in the map, little-endian; in foreign files perhaps not aligned for its type */
} sf_tensor;

typedef struct sf_file sf_file;
typedef struct sf_writer sf_writer;

/* "F32"; F16, BF16, F32 and F64 alone; the types that sf_read_floats and sf_read_int32 convert. */
const char *sf_dtype_name(sf_dtype dtype);
bool sf_is_floating(sf_dtype dtype);
bool sf_is_convertible(sf_dtype dtype);

/* Bits of one element; F4 and F6 fill no byte. */
size_t sf_dtype_bits(sf_dtype dtype);

/* ---- reading ---- */

/* SF_VERIFY compares the checksum where the file has one; that reads the whole file. */
typedef enum sf_trust { SF_TRUST, SF_VERIFY } sf_trust;

/* Opens and validates. ST_FAILED, naming the file and what is wrong with it: it cannot be read, is no safetensors
 * file, is truncated, or tensors overlap, leave holes, have an unknown dtype or a size that does not fit their shape;
 * ST_CHECK where the checksum does not hold. */
st_status sf_open(sf_file **file, const char *path, sf_trust trust, st_error *error);

/* Unmaps; every tensor, name and text of the file ends here. */
void sf_close(sf_file **file);

const char *sf_path(const sf_file *file);
bool sf_has_checksum(const sf_file *file);

/* Tensors in the order of their data; sf_find gives NULL where there is none of that name. */
size_t sf_count(const sf_file *file);
const sf_tensor *sf_at(const sf_file *file, size_t index);
const sf_tensor *sf_find(const sf_file *file, const char *name);

/* A tensor's name without what PyTorch's wrappers put before it: "module." of DataParallel, "_orig_mod." of compile, in
 * any order and number. sf_drop_prefixes renames all tensors so and gives the longest of what it dropped, "" for
 * nothing; ST_FAILED where two tensors would have one name. */
const char *sf_without_prefixes(const char *name);
st_status sf_drop_prefixes(sf_file *file, char *dropped, size_t size, st_error *error);

/* Metadata: the text of a key, NULL where absent; and all of them, in file order. */
const char *sf_metadata(const sf_file *file, const char *key);
size_t sf_metadata_count(const sf_file *file);
const char *sf_metadata_at(const sf_file *file, size_t index, const char **key);

/* True where the tensor has exactly this rank and shape. */
bool sf_has_shape(const sf_tensor *tensor, size_t rank, const uint64_t *shape);

/* Elements first .. first + count - 1 (which must exist), in row-major order, converted from any dtype of
 * sf_is_convertible. Integers from
 * a floating or wider tensor must be exact: ST_FAILED names the tensor and the element otherwise. */
void sf_read_floats(const sf_tensor *tensor, size_t first, size_t count, float *values);
st_status sf_read_int32(const sf_tensor *tensor, size_t first, size_t count, int32_t *values, st_error *error);

/* ---- writing ---- */

/* Starts a file under a temporary name beside `path`. ST_FAILED where the folder cannot be written. */
st_status sf_writer_create(sf_writer **writer, const char *path, st_error *error);

/* Declarations, before the first data; names, keys and values are UTF-8 and each name occurs once (ST_FAILED). The
 * same calls with the same data give the same bytes. */
st_status sf_writer_metadata(sf_writer *writer, const char *key, const char *value, st_error *error);
st_status sf_writer_tensor(sf_writer *writer, const char *name, sf_dtype dtype, size_t rank, const uint64_t *shape,
                           st_error *error);

/* The next bytes of the declared tensors, one tensor after another; a piece may span tensors. */
st_status sf_writer_data(sf_writer *writer, const void *data, size_t bytes, st_error *error);

/* Puts the checksum in, syncs and renames to `path`. ST_FAILED, leaving `path` as it was, where bytes are missing or
 * the disk is full. */
st_status sf_writer_finish(sf_writer *writer, st_error *error);

/* Frees the writer; without sf_writer_finish the temporary file is removed. */
void sf_writer_destroy(sf_writer **writer);

#endif
