#include "runtime/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/embedded.h"
#include "runtime/internal.h"
#include "runtime/kernel.h"

struct rt_program {
    rt_context *context;
    cl_program program;
    rt_kernel *kernels; /* sorted by name */
    size_t count;
};

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
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    text_buffer buffer = {NULL, 0, 0, false};
    char chunk[4096];
    for (size_t n = 0; (n = fread(chunk, 1, sizeof chunk, file)) > 0;) append(&buffer, chunk, n);
    fclose(file);
    return buffer.text;
}

/* One source file: a copy from SAFSD_CL_KERNELS if set, the embedded text otherwise. The caller frees it. */
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

/* The text of a file with its includes in place, each include file once per program. #line keeps compiler messages true. */
static st_status append_file(text_buffer *out, const char *name, char seen[][64], size_t *seen_count, st_error *error)
{
    for (size_t i = 0; i < *seen_count; ++i)
        if (strcmp(seen[i], name) == 0) return ST_OK;
    if (*seen_count == 64 || strlen(name) > 63) return st_fail(error, ST_FAILED, "too many kernel source files at %s", name);
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

st_status rt_program_source(char **source, bool (*wanted)(const char *name), st_error *error)
{
    text_buffer out = {NULL, 0, 0, false};
    char seen[64][64];
    size_t seen_count = 0;
    st_status status = ST_OK;
    for (const embedded_text *e = embedded_kernels; e->name && status == ST_OK; ++e) {
        const size_t length = strlen(e->name);
        if (length < 3 || strcmp(e->name + length - 3, ".cl") != 0 || (wanted && !wanted(e->name))) continue;
        status = append_file(&out, e->name, seen, &seen_count, error);
    }
    if (status == ST_OK && (out.failed || !out.text)) status = st_fail(error, ST_FAILED, "out of host memory for kernel sources");
    if (status != ST_OK) {
        free(out.text);
        out.text = NULL;
    }
    *source = out.text;
    return status;
}

static st_status build_failed(rt_program *p, cl_int code, const char *options)
{
    size_t size = 0;
    clGetProgramBuildInfo(p->program, p->context->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size);
    char *log = calloc(size + 1, 1);
    if (log) clGetProgramBuildInfo(p->program, p->context->id, CL_PROGRAM_BUILD_LOG, size, log, NULL);
    rt_cl_fail(p->context, code, "clBuildProgram", "compiling the kernels (%s)\n%.1200s\n", options, log ? log : "");
    free(log);
    return ST_DEVICE;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const rt_kernel *)a)->name, ((const rt_kernel *)b)->name);
}

static st_status create_kernels(rt_program *p)
{
    cl_uint count = 0;
    cl_int code = clCreateKernelsInProgram(p->program, 0, NULL, &count);
    cl_kernel *handles = calloc(count ? count : 1, sizeof *handles);
    p->kernels = calloc(count ? count : 1, sizeof *p->kernels);
    if (!handles || !p->kernels) {
        free(handles);
        return st_fail(p->context->error, ST_FAILED, "out of host memory for kernels");
    }
    if (code == CL_SUCCESS) code = clCreateKernelsInProgram(p->program, count, handles, NULL);
    if (code != CL_SUCCESS) {
        free(handles);
        return rt_cl_fail(p->context, code, "clCreateKernelsInProgram", "creating kernels");
    }
    for (cl_uint i = 0; i < count; ++i) {
        rt_kernel *kernel = &p->kernels[p->count++];
        kernel->handle = handles[i];
        rt_count(p->context, 1);
        clGetKernelInfo(kernel->handle, CL_KERNEL_FUNCTION_NAME, sizeof kernel->name, kernel->name, NULL);
        clGetKernelInfo(kernel->handle, CL_KERNEL_NUM_ARGS, sizeof kernel->arguments, &kernel->arguments, NULL);
        code = clGetKernelWorkGroupInfo(kernel->handle, p->context->id, CL_KERNEL_WORK_GROUP_SIZE,
                                        sizeof kernel->group_limit, &kernel->group_limit, NULL);
        if (code != CL_SUCCESS || kernel->group_limit == 0) kernel->group_limit = p->context->group_limit;
    }
    free(handles);
    qsort(p->kernels, p->count, sizeof *p->kernels, by_name);
    return ST_OK;
}

st_status rt_program_create(rt_program **program, rt_context *context, bool (*wanted)(const char *name),
                            const char *defines)
{
    *program = NULL;
    char *source = NULL;
    rt_program *p = calloc(1, sizeof *p);
    if (!p) return st_fail(context->error, ST_FAILED, "out of host memory for a program");
    p->context = context;
    st_status status = ST_OK;
    ST_TRY(rt_program_source(&source, wanted, context->error));
    cl_int code = CL_SUCCESS;
    const char *text = source;
    p->program = clCreateProgramWithSource(context->context, 1, &text, NULL, &code);
    if (code != CL_SUCCESS) {
        p->program = NULL;
        status = rt_cl_fail(context, code, "clCreateProgramWithSource", "reading the kernels");
        goto done;
    }
    rt_count(context, 1);
    char options[512], sentence[400];
    snprintf(options, sizeof options, "-cl-std=CL1.2 -DVW=%zu %s", context->vector_width, defines);
    snprintf(sentence, sizeof sentence, "compiling the kernels for %s", context->device.name);
    rt_watch *watch = rt_watch_start(context, sentence);
    code = clBuildProgram(p->program, 1, &context->id, options, NULL, NULL);
    rt_watch_stop(&watch);
    if (code != CL_SUCCESS) {
        status = build_failed(p, code, options);
        goto done;
    }
    ST_TRY(create_kernels(p));
    *program = p;
done:
    free(source);
    if (status != ST_OK) rt_program_destroy(&p);
    return status;
}

void rt_program_destroy(rt_program **program)
{
    rt_program *p = *program;
    if (!p) return;
    for (size_t i = 0; i < p->count; ++i) {
        clReleaseKernel(p->kernels[i].handle);
        rt_count(p->context, -1);
    }
    if (p->program) {
        clReleaseProgram(p->program);
        rt_count(p->context, -1);
    }
    free(p->kernels);
    free(p);
    *program = NULL;
}

rt_kernel *rt_program_kernel(rt_program *p, const char *name)
{
    size_t low = 0, high = p->count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        const int order = strcmp(name, p->kernels[middle].name);
        if (order == 0) return &p->kernels[middle];
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    return NULL;
}

size_t rt_program_kernels(const rt_program *p)
{
    return p->count;
}

const char *rt_kernel_name(const rt_program *p, size_t index)
{
    return p->kernels[index].name;
}
