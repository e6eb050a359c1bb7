#include "runtime/program_given.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <xxhash.h>

#include "base/json_text.h"
#include "base/text.h"
#include "runtime/kernel_source.h"

static st_status check_width(size_t width, st_error *error)
{
    if (width == 1 || width == 2 || width == 4 || width == 8 || width == 16) return ST_OK;
    return st_fail(error, ST_USAGE, "kernels have vectors of 1, 2, 4, 8 or 16 floats, not of %zu", width);
}

/* ---- export ---- */

st_status rt_export_source(char **text, size_t vector_width, st_error *error)
{
    char *source = NULL, head[512];
    *text = NULL;
    ST_FORWARD(check_width(vector_width, error));
    ST_FORWARD(rt_kernel_source(&source, NULL, error));
    snprintf(head, sizeof head,
             "/* Every kernel of safsd-cl %s, for compilers that run before the program does. OpenCL C 1.2. */\n"
             "#ifndef VW\n#define VW %zu /* floats of a vector; as in " RT_EXPORT_MANIFEST " */\n#endif\n",
             SAFSD_VERSION, vector_width);
    const size_t head_length = strlen(head), length = strlen(source);
    *text = malloc(head_length + length + 1);
    if (*text) {
        memcpy(*text, head, head_length);
        memcpy(*text + head_length, source, length + 1);
    }
    free(source);
    return *text ? ST_OK : st_fail(error, ST_FAILED, "out of memory for kernel sources");
}

enum { CHECKSUM_SIZE = 32 };

static const char *checksum_of(char text[CHECKSUM_SIZE], const unsigned char *bytes, size_t size)
{
    snprintf(text, CHECKSUM_SIZE, "xxh3:%016" PRIx64, (uint64_t)XXH3_64bits(bytes, size));
    return text;
}

st_status rt_export_manifest(char **text, size_t vector_width, const rt_exported *binary, st_error *error)
{
    rt_interface kernels;
    *text = NULL;
    ST_FORWARD(check_width(vector_width, error));
    ST_FORWARD(rt_interface_create(&kernels, error));
    char options[64];
    snprintf(options, sizeof options, "-cl-std=CL1.2 -DVW=%zu", vector_width);
    json_t *list = json_array();
    for (size_t i = 0; i < kernels.count; ++i)
        json_array_append_new(list, json_pack("{s:s, s:i}", "name", kernels.kernels[i].name, "arguments",
                                              (int)kernels.kernels[i].arguments));
    json_t *manifest = json_pack("{s:s, s:s, s:I, s:I, s:s, s:s, s:o}", "program", "safsd-cl", "version", SAFSD_VERSION,
                                 "abi", (json_int_t)kernels.abi, "vector_width", (json_int_t)vector_width, "options",
                                 options, "source", RT_EXPORT_SOURCE, "kernels", list);
    if (manifest && binary) {
        char checksum[CHECKSUM_SIZE];
        json_object_set_new(manifest, "binary",
                            json_pack("{s:s, s:I, s:s}", "file", binary->file, "size", (json_int_t)binary->size,
                                      "checksum", checksum_of(checksum, binary->bytes, binary->size)));
    }
    if (manifest) *text = json_text_print(manifest, JSON_INDENT(2));
    json_decref(manifest);
    rt_interface_destroy(&kernels);
    return *text ? ST_OK : st_fail(error, ST_FAILED, "out of memory for the manifest");
}

st_status rt_export_binary(rt_context *context, unsigned char **binary, size_t *size)
{
    rt_program *all = NULL;
    ST_FORWARD(rt_program_create(&all, context, NULL, ""));
    const st_status status = rt_program_binary(all, binary, size);
    rt_program_destroy(&all);
    return status;
}

void rt_binary_name(char name[RT_BINARY_NAME_SIZE], const rt_device_info *device)
{
    snprintf(name, RT_BINARY_NAME_SIZE, "%s", device->name);
    for (char *at = name; *at; ++at)
        if (!text_is_alphanumeric(*at) && *at != '.' && *at != '_') *at = '-';
}

/* ---- given programs ---- */

static st_status read_binary(rt_given *given, st_error *error)
{
    FILE *file = fopen(given->path, "rb");
    if (!file) return st_fail(error, ST_FAILED, "the program %s cannot be read: %s", given->path, strerror(errno));
    struct stat about;
    if (fstat(fileno(file), &about) == 0 && about.st_size > 0) {
        given->size = (size_t)about.st_size;
        given->binary = malloc(given->size);
    }
    const bool whole = given->binary && fread(given->binary, 1, given->size, file) == given->size;
    fclose(file);
    return whole ? ST_OK : st_fail(error, ST_FAILED, "the program %s is empty or cannot be read", given->path);
}

/* Whether `file` is `name` with or without an ending; a manifest is not. */
static bool is_named(const char *file, const char *name)
{
    const size_t length = strlen(name);
    if (strncmp(file, name, length) != 0) return false;
    const char *ending = file + length;
    return ending[0] == '\0' ||
           (ending[0] == '.' && !strchr(ending + 1, '.') && strcmp(ending, RT_MANIFEST_ENDING) != 0);
}

static st_status find_in_folder(rt_given *given, const char *folder, const rt_device_info *device, st_error *error)
{
    char name[RT_BINARY_NAME_SIZE];
    rt_binary_name(name, device);
    DIR *stream = opendir(folder);
    if (!stream) return st_fail(error, ST_FAILED, "the folder %s cannot be read: %s", folder, strerror(errno));
    size_t found = 0;
    for (const struct dirent *file = NULL; (file = readdir(stream));)
        if (is_named(file->d_name, name) && found++ == 0)
            snprintf(given->path, sizeof given->path, "%s/%s", folder, file->d_name);
    closedir(stream);
    if (found == 0)
        return st_fail(error, ST_FAILED,
                       "%s contains no program for %s: it would be called %s.bin, or have another ending", folder,
                       device->name, name);
    if (found > 1)
        return st_fail(error, ST_FAILED, "%s contains %zu programs called %s, name one of them", folder, found, name);
    return ST_OK;
}

/* Checks that the manifest has every kernel that the host calls, with the same arguments. */
static st_status check_kernels(const json_t *manifest, const char *path, const rt_interface *wanted, st_error *error)
{
    const json_t *list = json_object_get(manifest, "kernels");
    for (size_t i = 0; i < wanted->count; ++i) {
        const rt_signature *kernel = &wanted->kernels[i];
        const json_t *entry = NULL;
        for (size_t k = 0; k < json_array_size(list) && !entry; ++k) {
            const char *name = json_string_value(json_object_get(json_array_get(list, k), "name"));
            if (name && strcmp(name, kernel->name) == 0) entry = json_array_get(list, k);
        }
        if (!entry)
            return st_fail(error, ST_CHECK, "%s lists no kernel %s: export and build the kernels again", path,
                           kernel->name);
        const json_int_t arguments = json_integer_value(json_object_get(entry, "arguments"));
        if (arguments != (json_int_t)kernel->arguments)
            return st_fail(error, ST_CHECK,
                           "%s lists the kernel %s with %lld arguments, but this program passes %u: export "
                           "and build the kernels again",
                           path, kernel->name, (long long)arguments, kernel->arguments);
    }
    return ST_OK;
}

static st_status check_manifest(rt_given *given, const json_t *manifest, const char *path, st_error *error)
{
    const json_t *abi = json_object_get(manifest, "abi"), *width = json_object_get(manifest, "vector_width");
    if (!json_is_integer(abi) || !json_is_integer(width))
        return st_fail(error, ST_CHECK, "%s is not a manifest of kernels: abi or vector_width is missing", path);
    rt_interface wanted;
    ST_FORWARD(rt_interface_create(&wanted, error));
    st_status status = check_kernels(manifest, path, &wanted, error);
    if (status == ST_OK && json_integer_value(abi) != (json_int_t)wanted.abi)
        status = st_fail(error, ST_CHECK,
                         "%s has ABI number %lld, but this program's kernels have %llu: export and build "
                         "them again",
                         path, (long long)json_integer_value(abi), (unsigned long long)wanted.abi);
    rt_interface_destroy(&wanted);
    ST_FORWARD(status);
    const json_int_t floats = json_integer_value(width);
    given->vector_width = floats > 0 && floats <= 16 ? (size_t)floats : 0;
    if (check_width(given->vector_width, error) == ST_OK) return ST_OK;
    st_clear(error);
    return st_fail(error, ST_CHECK, "%s has vector_width %lld, which is not 1, 2, 4, 8 or 16", path, (long long)floats);
}

/* A truncated or changed binary may crash a driver, so a binary that this program wrote is compared with its manifest.
 * Its `own` manifest may have been renamed together with it; the manifest of a folder may describe another file. */
static st_status check_binary(const rt_given *given, const json_t *manifest, const char *path, bool own,
                              st_error *error)
{
    const json_t *entry = json_object_get(manifest, "binary");
    const char *file = json_string_value(json_object_get(entry, "file"));
    const char *checksum = json_string_value(json_object_get(entry, "checksum"));
    const char *slash = strrchr(given->path, '/');
    if (!entry || (!own && (!file || strcmp(file, slash ? slash + 1 : given->path) != 0))) return ST_OK;
    const json_int_t size = json_integer_value(json_object_get(entry, "size"));
    char found[CHECKSUM_SIZE];
    if (size != (json_int_t)given->size)
        return st_fail(error, ST_CHECK,
                       "%s has %zu bytes, but %s says %lld: copy it again, or export the kernels again", given->path,
                       given->size, path, (long long)size);
    if (!checksum || strcmp(checksum, checksum_of(found, given->binary, given->size)) != 0)
        return st_fail(error, ST_CHECK,
                       "%s is damaged: its checksum is %s, but %s says %s; copy it again, or export the kernels again",
                       given->path, found, path, checksum ? checksum : "none");
    return ST_OK;
}

static st_status read_manifest(rt_given *given, st_error *error)
{
    char path[sizeof given->path + sizeof RT_EXPORT_MANIFEST];
    snprintf(path, sizeof path, "%s" RT_MANIFEST_ENDING, given->path);
    FILE *file = fopen(path, "r");
    bool own = true;
    if (!file && errno == ENOENT) {
        own = false;
        char *slash = strrchr(path, '/');
        snprintf(slash ? slash + 1 : path, sizeof RT_EXPORT_MANIFEST, "%s", RT_EXPORT_MANIFEST);
        file = fopen(path, "r");
    }
    if (!file)
        return st_fail(error, ST_FAILED, "the manifest of %s is missing: %s: %s", given->path, path, strerror(errno));
    json_error_t problem;
    json_t *manifest = json_text_read_stream(file, 0, &problem);
    fclose(file);
    if (!manifest)
        return st_fail(error, ST_FAILED, "the manifest of %s cannot be read: %s:%d: %s", given->path, path,
                       problem.line, problem.text);
    st_status status = check_manifest(given, manifest, path, error);
    if (status == ST_OK) status = check_binary(given, manifest, path, own, error);
    json_decref(manifest);
    return status;
}

st_status rt_given_open(rt_given *given, const char *path, const rt_device_info *device, st_error *error)
{
    *given = (rt_given){.size = 0};
    struct stat about;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode))
        ST_FORWARD(find_in_folder(given, path, device, error));
    else
        snprintf(given->path, sizeof given->path, "%s", path);
    st_status status = read_binary(given, error);
    if (status == ST_OK) status = read_manifest(given, error);
    if (status != ST_OK) rt_given_close(given);
    return status;
}

void rt_given_close(rt_given *given)
{
    if (!given) return;
    free(given->binary);
    given->binary = NULL;
    given->size = 0;
}

st_status rt_given_check(const rt_given *given, const rt_program *program, st_error *error)
{
    rt_interface wanted;
    ST_FORWARD(rt_interface_create(&wanted, error));
    st_status status = ST_OK;
    for (size_t i = 0; i < wanted.count && status == ST_OK; ++i) {
        const rt_signature *kernel = &wanted.kernels[i];
        size_t at = 0;
        while (at < rt_program_kernels(program) && strcmp(rt_kernel_name(program, at), kernel->name) != 0) ++at;
        if (at == rt_program_kernels(program))
            status = st_fail(error, ST_CHECK, "%s has no kernel %s: build every kernel of " RT_EXPORT_SOURCE " into it",
                             given->path, kernel->name);
        else if (rt_kernel_arguments(program, at) != kernel->arguments)
            status = st_fail(error, ST_CHECK, "the kernel %s of %s takes %u arguments, but this program passes %u",
                             kernel->name, given->path, rt_kernel_arguments(program, at), kernel->arguments);
    }
    rt_interface_destroy(&wanted);
    return status;
}
