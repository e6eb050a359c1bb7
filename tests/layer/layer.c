/* An OpenCL layer for tests: it stands between the ICD loader and the drivers, loaded by OPENCL_LAYERS=liblayer.so, and
 * behaves as environment variables say, read at every call:
 *
 *     SAFSD_LAYER_HIDE=compiler      devices have no compiler, programs from source are refused
 *     SAFSD_LAYER_BREAK=NAME         devices whose name contains NAME answer no question but that for their name
 *     SAFSD_LAYER_FAIL=KIND:N        the N-th call of a kind fails: context, buffer, source, binary, build, enqueue; or
 *                                    any, of all that can fail here
 *     SAFSD_LAYER_FAIL=KIND          every call of it fails
 *     SAFSD_LAYER_CPU=UNITS          every device is a CPU of so many compute units
 *     SAFSD_LAYER_GROUP=ITEMS        the largest work-group
 *     SAFSD_LAYER_LOCAL=BYTES        local memory
 *     SAFSD_LAYER_BLOCK=BYTES        the largest buffer
 *     SAFSD_LAYER_UNIFIED=0|1        whether host and device share memory
 *     SAFSD_LAYER_WIDTH=FLOATS       the native vector width
 *     SAFSD_LAYER_REPORT=FILE        at the end: "calls C failed F live L refused R": calls of the kind of FAIL, those
 * that failed on purpose, objects not released, calls beyond the limits
 *
 * A layer has no context to keep its state in: it is file-scope here.
 */
#include <CL/cl_layer.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cl_icd_dispatch *driver; /* what lies below */
static cl_icd_dispatch table;
static atomic_long calls, failed, live, refused;

static size_t limit(const char *variable)
{
    const char *text = getenv(variable);
    return text && *text ? (size_t)strtoull(text, NULL, 10) : 0;
}

/* Counts a call, and says whether it is the one to fail. */
static bool fails(const char *kind)
{
    static char counted[64];
    const char *wanted = getenv("SAFSD_LAYER_FAIL");
    if (!wanted || !*wanted) return false;
    if (strcmp(counted, wanted) != 0) {
        snprintf(counted, sizeof counted, "%s", wanted);
        calls = failed = 0;
    }
    const size_t length = strcspn(wanted, ":");
    const bool always = wanted[length] == '\0';
    if (strncmp(wanted, "any", length) != 0 && (strlen(kind) != length || strncmp(wanted, kind, length) != 0))
        return false;
    if (++calls != strtol(wanted + length + !always, NULL, 10) && !always) return false;
    ++failed;
    return true;
}

static bool refuses(bool beyond)
{
    if (beyond) ++refused;
    return beyond;
}

static void *born(void *object)
{
    if (object) ++live;
    return object;
}

static void *no_object(cl_int *code_out, cl_int code)
{
    if (code_out) *code_out = code;
    return NULL;
}

static cl_int count_event(cl_int code, cl_event *event)
{
    if (code == CL_SUCCESS && event && *event) ++live;
    return code;
}

static bool compiler_hidden(void)
{
    const char *hidden = getenv("SAFSD_LAYER_HIDE");
    return hidden && strcmp(hidden, "compiler") == 0;
}

/* ---- what devices say of themselves ---- */

static bool broken(cl_device_id device)
{
    char name[256] = "";
    const char *part = getenv("SAFSD_LAYER_BREAK");
    if (!part || !*part) return false;
    driver->clGetDeviceInfo(device, CL_DEVICE_NAME, sizeof name, name, NULL);
    return strstr(name, part) != NULL;
}

static cl_int CL_API_CALL get_device_info(cl_device_id device, cl_device_info what, size_t size, void *value,
                                          size_t *size_out)
{
    if (what != CL_DEVICE_NAME && broken(device)) return CL_DEVICE_NOT_AVAILABLE;
    const cl_int code = driver->clGetDeviceInfo(device, what, size, value, size_out);
    if (code != CL_SUCCESS || !value) return code;
    const size_t group = limit("SAFSD_LAYER_GROUP"), local = limit("SAFSD_LAYER_LOCAL"),
                 block = limit("SAFSD_LAYER_BLOCK");
    if (what == CL_DEVICE_COMPILER_AVAILABLE && compiler_hidden()) *(cl_bool *)value = CL_FALSE;
    const size_t units = limit("SAFSD_LAYER_CPU");
    if (what == CL_DEVICE_TYPE && units) *(cl_device_type *)value = CL_DEVICE_TYPE_CPU;
    if (what == CL_DEVICE_MAX_COMPUTE_UNITS && units) *(cl_uint *)value = (cl_uint)units;
    const size_t width = limit("SAFSD_LAYER_WIDTH");
    if (what == CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT && width) *(cl_uint *)value = (cl_uint)width;
    const char *unified = getenv("SAFSD_LAYER_UNIFIED");
    if (what == CL_DEVICE_HOST_UNIFIED_MEMORY && unified && *unified) *(cl_bool *)value = *unified != '0';
    if (what == CL_DEVICE_MAX_WORK_GROUP_SIZE && group) *(size_t *)value = group;
    if (what == CL_DEVICE_LOCAL_MEM_SIZE && local) *(cl_ulong *)value = local;
    if (what == CL_DEVICE_MAX_MEM_ALLOC_SIZE && block) *(cl_ulong *)value = block;
    return code;
}

/* ---- objects ---- */

static cl_context CL_API_CALL create_context(const cl_context_properties *properties, cl_uint count,
                                             const cl_device_id *devices,
                                             void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *),
                                             void *user, cl_int *code)
{
    if (fails("context")) return no_object(code, CL_OUT_OF_HOST_MEMORY);
    return born(driver->clCreateContext(properties, count, devices, notify, user, code));
}

static cl_command_queue CL_API_CALL create_queue(cl_context context, cl_device_id device,
                                                 cl_command_queue_properties properties, cl_int *code)
{
    if (fails("queue")) return no_object(code, CL_OUT_OF_HOST_MEMORY);
    return born(driver->clCreateCommandQueue(context, device, properties, code));
}

static cl_mem CL_API_CALL create_buffer(cl_context context, cl_mem_flags flags, size_t size, void *host, cl_int *code)
{
    const size_t block = limit("SAFSD_LAYER_BLOCK");
    if (refuses(block && size > block)) return no_object(code, CL_INVALID_BUFFER_SIZE);
    if (fails("buffer")) return no_object(code, CL_MEM_OBJECT_ALLOCATION_FAILURE);
    return born(driver->clCreateBuffer(context, flags, size, host, code));
}

static cl_program CL_API_CALL create_from_source(cl_context context, cl_uint count, const char **texts,
                                                 const size_t *lengths, cl_int *code)
{
    if (refuses(compiler_hidden())) return no_object(code, CL_COMPILER_NOT_AVAILABLE);
    if (fails("source")) return no_object(code, CL_OUT_OF_HOST_MEMORY);
    return born(driver->clCreateProgramWithSource(context, count, texts, lengths, code));
}

static cl_program CL_API_CALL create_from_binary(cl_context context, cl_uint count, const cl_device_id *devices,
                                                 const size_t *sizes, const unsigned char **binaries, cl_int *status,
                                                 cl_int *code)
{
    if (fails("binary")) return no_object(code, CL_OUT_OF_HOST_MEMORY);
    return born(driver->clCreateProgramWithBinary(context, count, devices, sizes, binaries, status, code));
}

static cl_int CL_API_CALL build_program(cl_program program, cl_uint count, const cl_device_id *devices,
                                        const char *options, void(CL_CALLBACK *notify)(cl_program, void *), void *user)
{
    if (fails("build")) return CL_BUILD_PROGRAM_FAILURE;
    return driver->clBuildProgram(program, count, devices, options, notify, user);
}

static cl_kernel CL_API_CALL create_kernel(cl_program program, const char *name, cl_int *code)
{
    if (fails("kernel")) return no_object(code, CL_OUT_OF_HOST_MEMORY);
    return born(driver->clCreateKernel(program, name, code));
}

static cl_int CL_API_CALL create_kernels(cl_program program, cl_uint room, cl_kernel *kernels, cl_uint *count)
{
    cl_uint made = 0;
    if (fails("kernel")) return CL_OUT_OF_HOST_MEMORY;
    const cl_int code = driver->clCreateKernelsInProgram(program, room, kernels, &made);
    if (count) *count = made;
    if (code == CL_SUCCESS && kernels) live += (long)made;
    return code;
}

#define RETAINED(function, type, call)                                                                                 \
    static cl_int CL_API_CALL function(type object)                                                                    \
    {                                                                                                                  \
        const cl_int code = driver->call(object);                                                                      \
        if (code == CL_SUCCESS) ++live;                                                                                \
        return code;                                                                                                   \
    }
#define RELEASED(function, type, call)                                                                                 \
    static cl_int CL_API_CALL function(type object)                                                                    \
    {                                                                                                                  \
        const cl_int code = driver->call(object);                                                                      \
        if (code == CL_SUCCESS) --live;                                                                                \
        return code;                                                                                                   \
    }
#define COUNTED(type, name, Name)                                                                                      \
    RETAINED(retain_##name, type, clRetain##Name)                                                                      \
    RELEASED(release_##name, type, clRelease##Name)

COUNTED(cl_context, context, Context)
COUNTED(cl_command_queue, queue, CommandQueue)
COUNTED(cl_mem, memory, MemObject)
COUNTED(cl_program, program, Program)
COUNTED(cl_kernel, kernel, Kernel)
COUNTED(cl_event, event, Event)

/* ---- work ---- */

static cl_int CL_API_CALL set_argument(cl_kernel kernel, cl_uint index, size_t size, const void *value)
{
    const size_t local = limit("SAFSD_LAYER_LOCAL");
    if (refuses(!value && local && size > local)) return CL_OUT_OF_RESOURCES;
    if (fails("argument")) return CL_OUT_OF_HOST_MEMORY;
    return driver->clSetKernelArg(kernel, index, size, value);
}

static cl_int CL_API_CALL enqueue_kernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
                                         const size_t *offset, const size_t *global, const size_t *local, cl_uint count,
                                         const cl_event *wait, cl_event *event)
{
    const size_t group = limit("SAFSD_LAYER_GROUP");
    size_t items = 1;
    for (cl_uint i = 0; local && i < dimensions; ++i) items *= local[i];
    if (refuses(group && items > group)) return CL_INVALID_WORK_GROUP_SIZE;
    if (fails("enqueue")) return CL_OUT_OF_RESOURCES;
    return count_event(
        driver->clEnqueueNDRangeKernel(queue, kernel, dimensions, offset, global, local, count, wait, event), event);
}

static cl_int CL_API_CALL enqueue_write(cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t at, size_t size,
                                        const void *host, cl_uint count, const cl_event *wait, cl_event *event)
{
    if (fails("enqueue")) return CL_OUT_OF_RESOURCES;
    return count_event(driver->clEnqueueWriteBuffer(queue, buffer, blocking, at, size, host, count, wait, event),
                       event);
}

static cl_int CL_API_CALL enqueue_read(cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t at, size_t size,
                                       void *host, cl_uint count, const cl_event *wait, cl_event *event)
{
    if (fails("enqueue")) return CL_OUT_OF_RESOURCES;
    return count_event(driver->clEnqueueReadBuffer(queue, buffer, blocking, at, size, host, count, wait, event), event);
}

static cl_int CL_API_CALL enqueue_copy(cl_command_queue queue, cl_mem from, cl_mem to, size_t from_at, size_t to_at,
                                       size_t size, cl_uint count, const cl_event *wait, cl_event *event)
{
    if (fails("enqueue")) return CL_OUT_OF_RESOURCES;
    return count_event(driver->clEnqueueCopyBuffer(queue, from, to, from_at, to_at, size, count, wait, event), event);
}

static cl_int CL_API_CALL enqueue_fill(cl_command_queue queue, cl_mem buffer, const void *pattern, size_t pattern_size,
                                       size_t at, size_t size, cl_uint count, const cl_event *wait, cl_event *event)
{
    if (fails("enqueue")) return CL_OUT_OF_RESOURCES;
    return count_event(driver->clEnqueueFillBuffer(queue, buffer, pattern, pattern_size, at, size, count, wait, event),
                       event);
}

static void *CL_API_CALL enqueue_map(cl_command_queue queue, cl_mem buffer, cl_bool blocking, cl_map_flags flags,
                                     size_t at, size_t size, cl_uint count, const cl_event *wait, cl_event *event,
                                     cl_int *code)
{
    if (fails("enqueue")) return no_object(code, CL_MAP_FAILURE);
    void *mapped = driver->clEnqueueMapBuffer(queue, buffer, blocking, flags, at, size, count, wait, event, code);
    if (mapped) count_event(CL_SUCCESS, event);
    return mapped;
}

static cl_int CL_API_CALL enqueue_unmap(cl_command_queue queue, cl_mem memory, void *mapped, cl_uint count,
                                        const cl_event *wait, cl_event *event)
{
    if (fails("enqueue")) return CL_OUT_OF_RESOURCES;
    return count_event(driver->clEnqueueUnmapMemObject(queue, memory, mapped, count, wait, event), event);
}

static cl_int CL_API_CALL enqueue_marker(cl_command_queue queue, cl_uint count, const cl_event *wait, cl_event *event)
{
    if (fails("enqueue")) return CL_OUT_OF_RESOURCES;
    return count_event(driver->clEnqueueMarkerWithWaitList(queue, count, wait, event), event);
}

static cl_int CL_API_CALL enqueue_barrier(cl_command_queue queue, cl_uint count, const cl_event *wait, cl_event *event)
{
    if (fails("enqueue")) return CL_OUT_OF_RESOURCES;
    return count_event(driver->clEnqueueBarrierWithWaitList(queue, count, wait, event), event);
}

static cl_int CL_API_CALL enqueue_migrate(cl_command_queue queue, cl_uint number, const cl_mem *memory,
                                          cl_mem_migration_flags flags, cl_uint count, const cl_event *wait,
                                          cl_event *event)
{
    if (fails("enqueue")) return CL_OUT_OF_RESOURCES;
    return count_event(driver->clEnqueueMigrateMemObjects(queue, number, memory, flags, count, wait, event), event);
}

static cl_int CL_API_CALL flush(cl_command_queue queue)
{
    return fails("flush") ? CL_OUT_OF_RESOURCES : driver->clFlush(queue);
}

static cl_int CL_API_CALL wait_for_events(cl_uint count, const cl_event *events)
{
    const cl_int code = driver->clWaitForEvents(count, events);
    return fails("wait") ? CL_OUT_OF_RESOURCES : code;
}

static cl_int CL_API_CALL finish(cl_command_queue queue)
{
    const cl_int code = driver->clFinish(queue);
    return fails("wait") ? CL_OUT_OF_RESOURCES : code;
}

/* ---- the layer itself ---- */

static void report(void)
{
    const char *path = getenv("SAFSD_LAYER_REPORT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    fprintf(file, "calls %ld failed %ld live %ld refused %ld\n", (long)calls, (long)failed, (long)live, (long)refused);
    fclose(file);
}

CL_API_ENTRY cl_int CL_API_CALL clGetLayerInfo(cl_layer_info what, size_t size, void *value, size_t *size_out)
{
    static const char name[] = "safsd-cl test layer";
    static const cl_layer_api_version version = CL_LAYER_API_VERSION_100;
    const void *answer = what == CL_LAYER_NAME ? (const void *)name : &version;
    const size_t length = what == CL_LAYER_NAME ? sizeof name : sizeof version;
    if (what != CL_LAYER_NAME && what != CL_LAYER_API_VERSION) return CL_INVALID_VALUE;
    if (value && size < length) return CL_INVALID_VALUE;
    if (value) memcpy(value, answer, length);
    if (size_out) *size_out = length;
    return CL_SUCCESS;
}

static void fill_table(void)
{
    table.clGetDeviceInfo = get_device_info;
    table.clCreateContext = create_context;
    table.clRetainContext = retain_context;
    table.clReleaseContext = release_context;
    table.clCreateCommandQueue = create_queue;
    table.clRetainCommandQueue = retain_queue;
    table.clReleaseCommandQueue = release_queue;
    table.clCreateBuffer = create_buffer;
    table.clRetainMemObject = retain_memory;
    table.clReleaseMemObject = release_memory;
    table.clCreateProgramWithSource = create_from_source;
    table.clCreateProgramWithBinary = create_from_binary;
    table.clBuildProgram = build_program;
    table.clRetainProgram = retain_program;
    table.clReleaseProgram = release_program;
    table.clCreateKernel = create_kernel;
    table.clCreateKernelsInProgram = create_kernels;
    table.clRetainKernel = retain_kernel;
    table.clReleaseKernel = release_kernel;
    table.clRetainEvent = retain_event;
    table.clReleaseEvent = release_event;
    table.clSetKernelArg = set_argument;
    table.clEnqueueNDRangeKernel = enqueue_kernel;
    table.clEnqueueWriteBuffer = enqueue_write;
    table.clEnqueueReadBuffer = enqueue_read;
    table.clEnqueueCopyBuffer = enqueue_copy;
    table.clEnqueueFillBuffer = enqueue_fill;
    table.clEnqueueMapBuffer = enqueue_map;
    table.clEnqueueUnmapMemObject = enqueue_unmap;
    table.clEnqueueMarkerWithWaitList = enqueue_marker;
    table.clEnqueueBarrierWithWaitList = enqueue_barrier;
    table.clEnqueueMigrateMemObjects = enqueue_migrate;
    table.clFlush = flush;
    table.clWaitForEvents = wait_for_events;
    table.clFinish = finish;
}

CL_API_ENTRY cl_int CL_API_CALL clInitLayer(cl_uint entries, const cl_icd_dispatch *below, cl_uint *entries_out,
                                            const cl_icd_dispatch **layer)
{
    if (!below || !entries_out || !layer || entries < sizeof table / sizeof(void (*)(void))) return CL_INVALID_VALUE;
    driver = below;
    table = *below;
    fill_table();
    *entries_out = sizeof table / sizeof(void (*)(void));
    *layer = &table;
    atexit(report);
    return CL_SUCCESS;
}
