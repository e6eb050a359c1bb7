/* Programs that are given: built elsewhere for devices without a compiler, with a manifest beside them.
 *
 * The text to build, and the manifest that describes it, come from rt_export_source and rt_export_manifest. The
 * manifest (manifest.json) is JSON: {"program", "version", "abi", "vector_width", "options", "source", "kernels":
 * [{"name", "arguments"}]}. A binary that this program wrote has a manifest of its own, FILE.json beside FILE, with
 * "binary": {"file", "size", "checksum"}: size and checksum are checked before the driver sees it, and so they are when
 * both files were renamed. Vendors' compilers write none.
 */
#ifndef SAFSD_RUNTIME_PROGRAM_GIVEN_H
#define SAFSD_RUNTIME_PROGRAM_GIVEN_H

#include <stddef.h>

#include "runtime/program.h"

#define RT_EXPORT_SOURCE "safsd-cl.cl"
#define RT_EXPORT_MANIFEST "manifest.json"
#define RT_MANIFEST_ENDING ".json" /* of the manifest of one binary, behind its name */

/* A binary that stands beside its manifest. */
typedef struct rt_exported {
    const char *file; /* without a folder */
    const unsigned char *bytes;
    size_t size;
} rt_exported;

/* Every kernel in one text, with the definitions it depends on, and its manifest; with `binary`, that binary's own. The
 * caller frees them. `vector_width` is 1, 2, 4, 8 or 16. */
st_status rt_export_source(char **text, size_t vector_width, st_error *error);
st_status rt_export_manifest(char **text, size_t vector_width, const rt_exported *binary, st_error *error);

/* Builds all kernels with the context's vector width and gives the device's form of them; the caller frees it. */
st_status rt_export_binary(rt_context *context, unsigned char **binary, size_t *size);

/* The name, without an ending, under which a folder holds the binary of a device: its name, with '-' for what is
 * neither letter, digit, '.' nor '_'. */
enum { RT_BINARY_NAME_SIZE = 256 };
void rt_binary_name(char name[RT_BINARY_NAME_SIZE], const rt_device_info *device);

/* A binary that was found, and what its manifest says. */
typedef struct rt_given {
    char path[4096];
    unsigned char *binary;
    size_t size;
    size_t vector_width;
} rt_given;

/* Reads `path`, a binary, or a folder with one binary per device (rt_binary_name, any ending), and its manifest: its
 * own, else that of the folder. ST_FAILED where a file cannot be read; ST_CHECK where the manifest is of another
 * interface, or of another binary. */
st_status rt_given_open(rt_given *given, const char *path, const rt_device_info *device, st_error *error);
void rt_given_close(rt_given *given);

/* Whether the loaded program has every kernel, with the arguments that the host passes; ST_CHECK, naming the first that
 * does not fit. */
st_status rt_given_check(const rt_given *given, const rt_program *program, st_error *error);

#endif
