/* Given programs: binaries built elsewhere for devices without a compiler, each with a manifest.
 *
 * rt_export_source and rt_export_manifest return the source to build and its manifest. The manifest (manifest.json) is
 * JSON: {"program", "version", "abi", "vector_width", "options", "source", "kernels": [{"name", "arguments"}]}. A
 * binary FILE that this program wrote has its own manifest, FILE.json in the same folder, with "binary": {"file",
 * "size", "checksum"}. Size and checksum are checked before the binary is passed to the driver, also if both files were
 * renamed. The compilers of vendors write no manifest.
 */
#ifndef SAFSD_RUNTIME_PROGRAM_GIVEN_H
#define SAFSD_RUNTIME_PROGRAM_GIVEN_H

#include <stddef.h>

#include "runtime/program.h"

#define RT_EXPORT_SOURCE "safsd-cl.cl"
#define RT_EXPORT_MANIFEST "manifest.json"
#define RT_MANIFEST_ENDING ".json" /* of the manifest of one binary, after its name */

/* A binary to be described by a manifest. */
typedef struct rt_exported {
    const char *file; /* without a folder */
    const unsigned char *bytes;
    size_t size;
} rt_exported;

/* All kernels in one source with the definitions they depend on, and its manifest; with `binary` (may be NULL), the
 * manifest of that binary. The caller frees the texts. `vector_width` is 1, 2, 4, 8 or 16. */
st_status rt_export_source(char **text, size_t vector_width, st_error *error);
st_status rt_export_manifest(char **text, size_t vector_width, const rt_exported *binary, st_error *error);

/* Compiles all kernels with the context's vector width and returns the binary; the caller frees it. */
st_status rt_export_binary(rt_context *context, unsigned char **binary, size_t *size);

/* The file name, without an ending, of a device's binary in a folder: the name of the device, in which every character
 * but letters, digits, '.' and '_' is replaced by '-'. */
enum { RT_BINARY_NAME_SIZE = 256 };
void rt_binary_name(char name[RT_BINARY_NAME_SIZE], const rt_device_info *device);

/* A binary, and the vector width from its manifest. */
typedef struct rt_given {
    char path[4096];
    unsigned char *binary;
    size_t size;
    size_t vector_width;
} rt_given;

/* Reads `path`, a binary or a folder with one binary per device (rt_binary_name, any ending), and the manifest of the
 * binary, or else of its folder. ST_FAILED if a file cannot be read; ST_CHECK if the manifest is of another interface
 * or another binary. */
st_status rt_given_open(rt_given *given, const char *path, const rt_device_info *device, st_error *error);
void rt_given_close(rt_given *given);

/* Checks that the loaded program has every kernel, with the arguments that the host passes. ST_CHECK, naming the first
 * kernel that does not fit. */
st_status rt_given_check(const rt_given *given, const rt_program *program, st_error *error);

#endif
