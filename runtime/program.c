#include "runtime/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/codes.h"
#include "runtime/context_state.h"
#include "runtime/kernel.h"
#include "runtime/kernel_source.h"
#include "runtime/program_cache.h"
#include "runtime/program_pool_lock.h"
#include "runtime/watch.h"

struct rt_program {
    rt_context *context;
    cl_program program;
    rt_kernel *kernels; /* sorted by name */
    size_t count;
};

static st_status build_failed(rt_program *p, cl_int code, const char *options)
{
    size_t size = 0;
    clGetProgramBuildInfo(p->program, p->context->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size);
    char *log = calloc(size + 1, 1);
    if (log) clGetProgramBuildInfo(p->program, p->context->id, CL_PROGRAM_BUILD_LOG, size, log, NULL);
    const char *text = log ? log + strspn(log, " \n") : "";
    st_fail(p->context->error, ST_DEVICE, "compiling the kernels (%s) on %s: clBuildProgram returned %s (%d)%s%.1200s",
            options, p->context->device.name, rt_code_name(code), (int)code, *text ? "\n" : "", text);
    free(log);
    return ST_DEVICE;
}

/* Reads the binary of the program; the caller frees it. */
static cl_int read_binary(const rt_program *p, unsigned char **binary, size_t *size)
{
    *binary = NULL;
    *size = 0;
    cl_int code = clGetProgramInfo(p->program, CL_PROGRAM_BINARY_SIZES, sizeof *size, size, NULL);
    if (code != CL_SUCCESS) return code;
    if (*size == 0) return CL_INVALID_BINARY;
    *binary = malloc(*size);
    if (!*binary) return CL_OUT_OF_HOST_MEMORY;
    code = clGetProgramInfo(p->program, CL_PROGRAM_BINARIES, sizeof *binary, binary, NULL);
    if (code == CL_SUCCESS) return code;
    free(*binary);
    *binary = NULL;
    return code;
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
        return st_fail(p->context->error, ST_FAILED, "out of memory for kernels");
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

/* Sets the argument types of the kernels from an interface. Kernels that are not in it keep unknown types. */
static void type_kernels(rt_program *p, const rt_interface *interface)
{
    for (size_t i = 0; i < p->count; ++i) {
        const rt_signature *declared = rt_interface_find(interface, p->kernels[i].name);
        if (declared && declared->arguments == p->kernels[i].arguments)
            memcpy(p->kernels[i].types, declared->types, sizeof declared->types);
    }
}

/* Compiles the source into p->program. */
static st_status compile(rt_program *p, const char *source, const char *options)
{
    rt_context *context = p->context;
    cl_int code = CL_SUCCESS;
    p->program = clCreateProgramWithSource(context->context, 1, &source, NULL, &code);
    if (code != CL_SUCCESS) {
        p->program = NULL;
        return rt_cl_fail(context, code, "clCreateProgramWithSource", "reading the kernels");
    }
    rt_count(context, 1);
    char sentence[400];
    snprintf(sentence, sizeof sentence, "compiling the kernels for %s", context->device.name);
    rt_watch *watch = rt_watch_start(context, sentence);
    code = clBuildProgram(p->program, 1, &context->id, options, NULL, NULL);
    rt_watch_stop(&watch);
    return code == CL_SUCCESS ? ST_OK : build_failed(p, code, options);
}

/* Builds the binary into p->program. On failure returns the code, names the failed call in *call and leaves p
 * unchanged. */
static cl_int take_binary(rt_program *p, const unsigned char *binary, size_t size, const char **call)
{
    cl_int code = CL_SUCCESS, accepted = CL_SUCCESS;
    *call = "clCreateProgramWithBinary";
    p->program = clCreateProgramWithBinary(p->context->context, 1, &p->context->id, &size, &binary, &accepted, &code);
    if (code == CL_SUCCESS && accepted == CL_SUCCESS) {
        *call = "clBuildProgram";
        code = clBuildProgram(p->program, 1, &p->context->id, "", NULL, NULL);
        if (code == CL_SUCCESS) {
            rt_count(p->context, 1);
            return code;
        }
    }
    if (p->program) clReleaseProgram(p->program);
    p->program = NULL;
    return code != CL_SUCCESS ? code : accepted;
}

/* Loads the program from the cache or compiles it. A cached binary that the driver does not accept is replaced. */
static st_status build_or_find(rt_program *p, const char *source, const char *options)
{
    if (!p->context->cache_programs) return compile(p, source, options);
    const rt_cache_key key = {&p->context->device, options, source};
    unsigned char *binary = NULL;
    size_t size = 0;
    if (rt_cache_load(&key, &binary, &size)) {
        const char *call = NULL;
        const cl_int code = take_binary(p, binary, size, &call);
        free(binary);
        if (code == CL_SUCCESS) return ST_OK;
        rt_cache_forget(&key);
    }
    ST_FORWARD(compile(p, source, options));
    if (read_binary(p, &binary, &size) == CL_SUCCESS) rt_cache_store(&key, binary, size, RT_CACHE_BYTES);
    free(binary);
    return ST_OK;
}

/* The same through the pool, if the context has one. */
static st_status share_or_build(rt_program *p, const char *source, const char *options)
{
    struct rt_program_pool *pool = p->context->pool;
    if (!pool) return build_or_find(p, source, options);
    if (rt_program_pool_find(pool, options, source, &p->program)) {
        rt_count(p->context, 1);
        return ST_OK;
    }
    const st_status status = build_or_find(p, source, options);
    rt_program_pool_add(pool, options, source, status == ST_OK ? p->program : NULL);
    return status;
}

static rt_program *new_program(rt_context *context)
{
    rt_program *p = calloc(1, sizeof *p);
    if (p)
        p->context = context;
    else
        st_fail(context->error, ST_FAILED, "out of memory for a program");
    return p;
}

st_status rt_program_create(rt_program **program, rt_context *context, bool (*wanted)(const char *name),
                            const char *defines)
{
    *program = NULL;
    char *source = NULL;
    char options[512];
    rt_interface declared = {NULL, 0, 0};
    rt_program *p = new_program(context);
    if (!p) return ST_FAILED;
    st_status status = ST_OK;
    ST_TRY(rt_kernel_source(&source, wanted, context->error));
    /* -w: users need no compiler remarks about unrolled loops; tests/check compiles with all warnings. */
    snprintf(options, sizeof options, "-cl-std=CL1.2 -w -DVW=%zu%s%s", context->vector_width, *defines ? " " : "",
             defines);
    ST_TRY(share_or_build(p, source, options));
    ST_TRY(create_kernels(p));
    ST_TRY(rt_interface_parse(&declared, source, context->error));
    type_kernels(p, &declared);
    *program = p;
done:
    rt_interface_destroy(&declared);
    free(source);
    if (status != ST_OK) rt_program_destroy(&p);
    return status;
}

st_status rt_program_load(rt_program **program, rt_context *context, const void *binary, size_t size, const char *name)
{
    *program = NULL;
    rt_program *p = new_program(context);
    if (!p) return ST_FAILED;
    const char *call = NULL;
    rt_interface declared = {NULL, 0, 0};
    const cl_int code = take_binary(p, binary, size, &call);
    st_status status = ST_OK;
    if (code != CL_SUCCESS) ST_TRY(rt_cl_fail(context, code, call, "loading the program %s", name));
    ST_TRY(create_kernels(p));
    ST_TRY(rt_interface_create(&declared, context->error)); /* few binaries contain it */
    type_kernels(p, &declared);
    *program = p;
done:
    rt_interface_destroy(&declared);
    if (status != ST_OK) rt_program_destroy(&p);
    return status;
}

st_status rt_program_binary(const rt_program *p, unsigned char **binary, size_t *size)
{
    const cl_int code = read_binary(p, binary, size);
    return code == CL_SUCCESS
               ? ST_OK
               : rt_cl_fail(p->context, code, "clGetProgramInfo", "asking for the binary of the kernels");
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
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
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

unsigned rt_kernel_arguments(const rt_program *p, size_t index)
{
    return p->kernels[index].arguments;
}
