#include "runtime/kernel_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/embedded.h"
#include "base/path.h"
#include "base/text.h"

typedef struct text_buffer {
    char *text;
    size_t length, capacity;
    bool failed;
} text_buffer;

static void append(text_buffer *buffer, const char *text, size_t length)
{
    if (buffer->failed) return;
    if (buffer->length + length + 1 > buffer->capacity) {
        const size_t capacity = (buffer->length + length + 1) * 2;
        char *grown = realloc(buffer->text, capacity);
        if (!grown) {
            buffer->failed = true;
            return;
        }
        buffer->text = grown;
        buffer->capacity = capacity;
    }
    memcpy(buffer->text + buffer->length, text, length);
    buffer->length += length;
    buffer->text[buffer->length] = '\0';
}

static char *read_file(const char *folder, const char *name)
{
    char path[4096];
    FILE *file = path_join(path, sizeof path, folder, name) ? fopen(path, "rb") : NULL;
    if (!file) return NULL;
    text_buffer buffer = {NULL, 0, 0, false};
    char chunk[4096];
    for (size_t n = 0; (n = fread(chunk, 1, sizeof chunk, file)) > 0;) append(&buffer, chunk, n);
    const bool failed = ferror(file) || buffer.failed;
    fclose(file);
    if (!failed) return buffer.text;
    free(buffer.text);
    return NULL;
}

/* A copy of a source file: from the folder SAFSD_CL_KERNELS if it is there, else the embedded text. The caller frees
 * it. */
static char *source_of(const char *name)
{
    const char *folder = getenv("SAFSD_CL_KERNELS");
    char *text = folder ? read_file(folder, name) : NULL;
    for (const embedded_text *e = embedded_kernels; !text && e->name; ++e) {
        if (strcmp(e->name, name) != 0) continue;
        text = malloc(strlen(e->text) + 1);
        if (text) strcpy(text, e->text);
    }
    return text;
}

/* Appends a file with its includes resolved, each include file once per program. #line keeps the positions in compiler
 * messages right. */
static st_status append_file(text_buffer *out, const char *name, char seen[][64], size_t *seen_count, st_error *error)
{
    for (size_t i = 0; i < *seen_count; ++i)
        if (strcmp(seen[i], name) == 0) return ST_OK;
    if (*seen_count == 64 || strlen(name) > 63)
        return st_fail(error, ST_FAILED, "too many kernel source files at %s", name);
    strcpy(seen[(*seen_count)++], name);
    char *text = source_of(name);
    if (!text) return st_fail(error, ST_FAILED, "kernel source %s is not part of the program", name);
    char mark[128];
    snprintf(mark, sizeof mark, "#line 1 \"%s\"\n", name);
    append(out, mark, strlen(mark));
    st_status status = ST_OK;
    int line_number = 1;
    for (const char *line = text; *line && status == ST_OK; ++line_number) {
        const char *end = strchr(line, '\n');
        const size_t length = end ? (size_t)(end - line) + 1 : strlen(line);
        char included[64];
        if (sscanf(line, "#include \"%63[^\"]\"", included) == 1) {
            status = append_file(out, included, seen, seen_count, error);
            snprintf(mark, sizeof mark, "#line %d \"%s\"\n", line_number + 1, name);
            append(out, mark, strlen(mark));
        } else {
            append(out, line, length);
        }
        line += length;
    }
    append(out, "\n", 1);
    free(text);
    return status;
}

/* Without this check a misspelt folder would look like one without changed files. */
static st_status check_folder(st_error *error)
{
    const char *folder = getenv("SAFSD_CL_KERNELS");
    struct stat about;
    if (!folder || (stat(folder, &about) == 0 && S_ISDIR(about.st_mode))) return ST_OK;
    return st_fail(error, ST_USAGE, "SAFSD_CL_KERNELS is %s, which is not a folder", folder);
}

st_status rt_kernel_source(char **source, bool (*wanted)(const char *name), st_error *error)
{
    text_buffer out = {NULL, 0, 0, false};
    char seen[64][64];
    size_t seen_count = 0;
    st_status status = check_folder(error);
    for (const embedded_text *e = embedded_kernels; e->name && status == ST_OK; ++e) {
        const size_t length = strlen(e->name);
        if (length < 3 || strcmp(e->name + length - 3, ".cl") != 0 || (wanted && !wanted(e->name))) continue;
        status = append_file(&out, e->name, seen, &seen_count, error);
    }
    if (status == ST_OK && (out.failed || !out.text))
        status = st_fail(error, ST_FAILED, "out of memory for kernel sources");
    if (status != ST_OK) {
        free(out.text);
        out.text = NULL;
    }
    *source = out.text;
    return status;
}

/* Replaces comments and preprocessor lines by blanks, in place. */
static void strip(char *text)
{
    bool line_start = true;
    for (char *at = text; *at; ++at) {
        char *end = NULL;
        if (at[0] == '/' && at[1] == '*') {
            end = strstr(at + 2, "*/");
            end = end ? end + 2 : at + strlen(at);
        } else if ((at[0] == '/' && at[1] == '/') || (line_start && at[0] == '#')) {
            end = at + strcspn(at, "\n");
            while (*end && end[-1] == '\\') end += 1 + strcspn(end + 1, "\n");
        }
        if (end) {
            memset(at, ' ', (size_t)(end - at));
            at = end - 1;
        } else {
            line_start = *at == '\n' || (line_start && text_is_space(*at));
        }
    }
}

const char *rt_arg_type_name(rt_arg_type type)
{
    static const char *const names[] = {
        "of an unknown type", "a global pointer", "local memory", "a uint", "an int", "a ulong", "a float"};
    return names[type];
}

/* Whether the text of an argument contains the word. */
static bool has_word(const char *text, size_t length, const char *word)
{
    const size_t size = strlen(word);
    for (size_t at = 0; at + size <= length; ++at) {
        const bool begins = at == 0 || !(text_is_alphanumeric(text[at - 1]) || text[at - 1] == '_');
        const bool ends = at + size == length || !(text_is_alphanumeric(text[at + size]) || text[at + size] == '_');
        if (begins && ends && strncmp(text + at, word, size) == 0) return true;
    }
    return false;
}

/* The type of one declared argument: "const __global float *restrict x", "const uint rows". */
static rt_arg_type type_of(const char *text, size_t length)
{
    static const struct {
        const char *word;
        rt_arg_type type;
    } words[] = {{"__global", RT_TYPE_GLOBAL}, {"__constant", RT_TYPE_GLOBAL}, {"__local", RT_TYPE_LOCAL},
                 {"uint", RT_TYPE_UINT},       {"int", RT_TYPE_INT},           {"ulong", RT_TYPE_ULONG},
                 {"float", RT_TYPE_FLOAT}};
    for (size_t i = 0; i < sizeof words / sizeof *words; ++i)
        if (has_word(text, length, words[i].word)) return words[i].type;
    return RT_TYPE_UNKNOWN;
}

/* Reads the number and types of the arguments of "(type a, type b)"; `plain` is the text inside the parentheses. */
static bool read_arguments(const char *plain, size_t length, rt_signature *signature)
{
    signature->arguments = 0;
    if (length == 0 || (length == 1 && plain[0] == ' ')) return true;
    for (size_t at = 0; at <= length; ++at) {
        const char *comma = memchr(plain + at, ',', length - at);
        const size_t end = comma ? (size_t)(comma - plain) : length;
        if (signature->arguments == RT_MOST_ARGUMENTS) return false;
        signature->types[signature->arguments++] = (unsigned char)type_of(plain + at, end - at);
        at = end;
    }
    return true;
}

/* Reads the kernel declared at `text`, and hashes "name(type a, type b)" with white space normalised. */
static bool read_signature(const char *text, rt_signature *signature, uint32_t *hash)
{
    char plain[4096];
    size_t length = 0;
    int name_at = 0;
    if (sscanf(text, "__kernel void %n%63[A-Za-z0-9_]", &name_at, signature->name) != 1) return false;
    const char *at = text + name_at + strlen(signature->name);
    at += strspn(at, " \t\r\n");
    if (*at++ != '(') return false;
    for (; *at && *at != ')' && length + 2 < sizeof plain; ++at) {
        const bool blank = text_is_space(*at);
        if (blank && (length == 0 || plain[length - 1] == ' ')) continue;
        plain[length++] = blank ? ' ' : *at;
    }
    if (*at != ')') return false;
    *hash = XXH32(plain, length, XXH32(signature->name, strlen(signature->name), 0));
    return read_arguments(plain, length, signature);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const rt_signature *)a)->name, ((const rt_signature *)b)->name);
}

/* Changes `source` (see strip). */
static st_status parse(rt_interface *found, char *source, st_error *error)
{
    st_status status = ST_OK;
    *found = (rt_interface){NULL, 0, 0};
    strip(source);
    for (const char *at = source; status == ST_OK && (at = strstr(at, "__kernel")); ++at) {
        rt_signature *grown = realloc(found->kernels, (found->count + 1) * sizeof *grown);
        uint32_t hash = 0;
        if (grown) found->kernels = grown;
        if (!grown)
            status = st_fail(error, ST_FAILED, "out of memory for the names of the kernels");
        else if (!read_signature(at, &found->kernels[found->count], &hash))
            status = st_fail(error, ST_FAILED, "a kernel's declaration cannot be read: %.60s", at);
        else
            ++found->count;
        found->abi += hash;
    }
    if (status != ST_OK)
        rt_interface_destroy(found);
    else if (found->count > 0)
        qsort(found->kernels, found->count, sizeof *found->kernels, by_name);
    return status;
}

st_status rt_interface_parse(rt_interface *found, const char *source, st_error *error)
{
    char *copy = malloc(strlen(source) + 1);
    *found = (rt_interface){NULL, 0, 0};
    if (!copy) return st_fail(error, ST_FAILED, "out of memory for the names of the kernels");
    const st_status status = parse(found, strcpy(copy, source), error);
    free(copy);
    return status;
}

st_status rt_interface_create(rt_interface *wanted, st_error *error)
{
    char *source = NULL;
    *wanted = (rt_interface){NULL, 0, 0};
    ST_FORWARD(rt_kernel_source(&source, NULL, error));
    const st_status status = parse(wanted, source, error);
    free(source);
    return status;
}

void rt_interface_destroy(rt_interface *wanted)
{
    free(wanted->kernels);
    *wanted = (rt_interface){NULL, 0, 0};
}

const rt_signature *rt_interface_find(const rt_interface *interface, const char *name)
{
    for (size_t i = 0; i < interface->count; ++i)
        if (strcmp(interface->kernels[i].name, name) == 0) return &interface->kernels[i];
    return NULL;
}
