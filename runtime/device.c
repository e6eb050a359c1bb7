#include "runtime/device.h"

#include <CL/cl_ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "runtime/codes.h"

enum { MOST_PLATFORMS = 64, MOST_DEVICES = 256 };

/* Reads a text property, truncated if it does not fit. */
static void read_text(cl_device_id id, cl_device_info what, char *text, size_t size, cl_int *worst)
{
    size_t length = 0;
    char *whole = NULL;
    text[0] = '\0';
    cl_int code = clGetDeviceInfo(id, what, 0, NULL, &length);
    if (code == CL_SUCCESS) whole = calloc(length + 1, 1);
    if (code == CL_SUCCESS && !whole) code = CL_OUT_OF_HOST_MEMORY;
    if (whole) code = clGetDeviceInfo(id, what, length, whole, NULL);
    if (whole && code == CL_SUCCESS) snprintf(text, size, "%s", whole);
    if (code != CL_SUCCESS) *worst = code;
    free(whole);
}

static void read_value(cl_device_id id, cl_device_info what, void *value, size_t size, cl_int *worst)
{
    memset(value, 0, size);
    const cl_int code = clGetDeviceInfo(id, what, size, value, NULL);
    if (code != CL_SUCCESS) *worst = code;
}

/* A device that reports every type, as simulators do, has none of them. */
static rt_device_type type_of(cl_device_type bits)
{
    const cl_device_type every = CL_DEVICE_TYPE_GPU | CL_DEVICE_TYPE_CPU | CL_DEVICE_TYPE_ACCELERATOR;
    if ((bits & every) == every) return RT_OTHER_DEVICE;
    if (bits & CL_DEVICE_TYPE_GPU) return RT_GPU;
    if (bits & CL_DEVICE_TYPE_CPU) return RT_CPU;
    if (bits & CL_DEVICE_TYPE_ACCELERATOR) return RT_ACCELERATOR;
    return RT_OTHER_DEVICE;
}

static bool has_word(const char *words, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')) return true;
    return false;
}

/* Reads what identifies the hardware, if the driver reports it: its UUID, or else its bus address. */
static void read_identity(cl_device_id id, const char *extensions, rt_device_info *info)
{
    cl_int ignored = CL_SUCCESS;
    cl_device_pci_bus_info_khr bus;
    if (has_word(extensions, "cl_khr_device_uuid")) {
        read_value(id, CL_DEVICE_UUID_KHR, info->uuid, sizeof info->uuid, &ignored);
    }
    if (has_word(extensions, "cl_khr_pci_bus_info")) {
        read_value(id, CL_DEVICE_PCI_BUS_INFO_KHR, &bus, sizeof bus, &ignored);
        if (ignored == CL_SUCCESS)
            snprintf(info->bus, sizeof info->bus, "%04x:%02x:%02x.%x", (unsigned)bus.pci_domain, (unsigned)bus.pci_bus,
                     (unsigned)bus.pci_device, (unsigned)bus.pci_function);
    }
}

static void read_capabilities(cl_device_id id, rt_device_info *info, cl_int *worst)
{
    cl_device_type type = 0;
    cl_bool available = CL_FALSE, compiler = CL_FALSE, unified = CL_FALSE;
    cl_device_exec_capabilities execution = 0;
    size_t group = 0;
    char extensions[8192];
    read_value(id, CL_DEVICE_TYPE, &type, sizeof type, worst);
    read_value(id, CL_DEVICE_AVAILABLE, &available, sizeof available, worst);
    read_value(id, CL_DEVICE_COMPILER_AVAILABLE, &compiler, sizeof compiler, worst);
    read_value(id, CL_DEVICE_HOST_UNIFIED_MEMORY, &unified, sizeof unified, worst);
    read_value(id, CL_DEVICE_EXECUTION_CAPABILITIES, &execution, sizeof execution, worst);
    read_value(id, CL_DEVICE_MAX_WORK_GROUP_SIZE, &group, sizeof group, worst);
    read_value(id, CL_DEVICE_GLOBAL_MEM_SIZE, &info->memory_bytes, sizeof info->memory_bytes, worst);
    read_value(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, &info->largest_block_bytes, sizeof info->largest_block_bytes, worst);
    read_value(id, CL_DEVICE_LOCAL_MEM_SIZE, &info->local_bytes, sizeof info->local_bytes, worst);
    read_value(id, CL_DEVICE_MAX_COMPUTE_UNITS, &info->compute_units, sizeof info->compute_units, worst);
    read_value(id, CL_DEVICE_MAX_CLOCK_FREQUENCY, &info->clock_mhz, sizeof info->clock_mhz, worst);
    read_value(id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, &info->vector_width, sizeof info->vector_width, worst);
    read_text(id, CL_DEVICE_EXTENSIONS, extensions, sizeof extensions, worst);
    info->type = type_of(type);
    info->available = available == CL_TRUE;
    info->compiler = compiler == CL_TRUE;
    info->unified_memory = unified == CL_TRUE;
    info->native_kernels = (execution & CL_EXEC_NATIVE_KERNEL) != 0;
    info->max_group = group > 0 ? (uint32_t)group : 1;
    if (info->vector_width == 0) info->vector_width = 1;
    info->fp16 = has_word(extensions, "cl_khr_fp16");
    info->fp64 = has_word(extensions, "cl_khr_fp64");
    read_identity(id, extensions, info);
}

static void trim(char *text)
{
    const size_t skip = strspn(text, " \t");
    memmove(text, text + skip, strlen(text + skip) + 1);
    for (size_t n = strlen(text); n > 0 && text_is_space(text[n - 1]); --n) text[n - 1] = '\0';
}

static void describe(cl_device_id id, rt_device_info *info)
{
    cl_int worst = CL_SUCCESS;
    info->handle = id;
    read_text(id, CL_DEVICE_NAME, info->name, sizeof info->name, &worst);
    read_text(id, CL_DEVICE_VENDOR, info->vendor, sizeof info->vendor, &worst);
    read_text(id, CL_DRIVER_VERSION, info->driver, sizeof info->driver, &worst);
    read_text(id, CL_DEVICE_VERSION, info->version, sizeof info->version, &worst);
    read_text(id, CL_DEVICE_OPENCL_C_VERSION, info->c_version, sizeof info->c_version, &worst);
    read_capabilities(id, info, &worst);
    trim(info->name);
    if (worst != CL_SUCCESS)
        snprintf(info->error, sizeof info->error, "the driver answered %s (%d) to a query of its properties",
                 rt_code_name(worst), (int)worst);
    else if (!info->available)
        snprintf(info->error, sizeof info->error, "the driver says that the device is not available");
    else if (strncmp(info->version, "OpenCL 1.0", 10) == 0 || strncmp(info->version, "OpenCL 1.1", 10) == 0)
        snprintf(info->error, sizeof info->error, "it has %.10s, and OpenCL 1.2 is needed", info->version);
}

static bool contains(const char *text, const char *part);

/* Whether two drivers list the same hardware: the same identity if both report one; otherwise the same type and size,
 * and for GPUs and accelerators one name contained in the other. All CPU devices of a machine are the same hardware,
 * whatever their names. */
static bool is_same(const rt_device_info *a, const rt_device_info *b)
{
    static const uint8_t unknown[sizeof a->uuid] = {0};
    if (a->platform == b->platform || a->type != b->type || a->error[0] || b->error[0]) return false;
    if (memcmp(a->uuid, unknown, sizeof unknown) != 0 && memcmp(b->uuid, unknown, sizeof unknown) != 0 &&
        memcmp(a->uuid, b->uuid, sizeof unknown) == 0)
        return true;
    if (a->bus[0] && b->bus[0]) return strcmp(a->bus, b->bus) == 0;
    if (a->compute_units != b->compute_units) return false;
    return a->type == RT_CPU || contains(a->name, b->name) || contains(b->name, a->name);
}

/* Each earlier device of the list matches one device of a later platform only: two identical devices are two. */
static int earlier_listing(const rt_device_list *list, const rt_device_info *info)
{
    for (size_t i = 0; i < list->count; ++i) {
        bool taken = false;
        for (size_t k = i + 1; k < list->count; ++k)
            taken = taken || (list->items[k].same_as == (int)i && list->items[k].platform == info->platform);
        if (!taken && list->items[i].same_as < 0 && is_same(&list->items[i], info)) return list->items[i].index;
    }
    return -1;
}

/* Adds a device to the list; NULL if out of memory. */
static rt_device_info *add_item(rt_device_list *list, cl_platform_id platform, int number, int ordinal)
{
    rt_device_info *items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (!items) return NULL;
    list->items = items;
    rt_device_info *info = &items[list->count];
    *info = (rt_device_info){.index = (int)list->count, .platform = number, .ordinal = ordinal, .same_as = -1};
    info->platform_handle = platform;
    info->type = RT_OTHER_DEVICE;
    snprintf(info->selector, sizeof info->selector, "%d:%d", number, ordinal);
    clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof info->platform_name, info->platform_name, NULL);
    info->platform_name[sizeof info->platform_name - 1] = '\0';
    return info;
}

/* A platform without devices adds no entry. One that cannot list its devices adds an entry with the error. */
static st_status add_platform(rt_device_list *list, cl_platform_id platform, int number, st_error *error)
{
    cl_device_id ids[MOST_DEVICES];
    cl_uint count = 0;
    const cl_int code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, MOST_DEVICES, ids, &count);
    const bool broken = code != CL_SUCCESS && code != CL_DEVICE_NOT_FOUND;
    if (count > MOST_DEVICES) count = MOST_DEVICES;
    if (code != CL_SUCCESS) count = broken ? 1 : 0;
    for (cl_uint d = 0; d < count; ++d) {
        rt_device_info *info = add_item(list, platform, number, (int)d);
        if (!info) return st_fail(error, ST_FAILED, "out of memory while listing devices");
        if (broken) {
            snprintf(info->name, sizeof info->name, "(no device)");
            snprintf(info->error, sizeof info->error, "the driver answered %s (%d) when asked for its devices",
                     rt_code_name(code), (int)code);
        } else {
            describe(ids[d], info);
            info->same_as = earlier_listing(list, info);
        }
        ++list->count;
    }
    return ST_OK;
}

st_status rt_device_list_create(rt_device_list *list, st_error *error)
{
    *list = (rt_device_list){NULL, 0};
    cl_platform_id platforms[MOST_PLATFORMS];
    cl_uint count = 0;
    const cl_int code = clGetPlatformIDs(MOST_PLATFORMS, platforms, &count);
    if (code != CL_SUCCESS || count == 0) return st_fail(error, ST_DEVICE, "no OpenCL platform was found");
    for (cl_uint p = 0; p < count && p < MOST_PLATFORMS; ++p) {
        const st_status status = add_platform(list, platforms[p], (int)p, error);
        if (status != ST_OK) {
            rt_device_list_destroy(list);
            return status;
        }
    }
    if (list->count == 0)
        return st_fail(error, ST_DEVICE, "%u OpenCL platform(s) were found but none offers a device", (unsigned)count);
    return ST_OK;
}

void rt_device_list_destroy(rt_device_list *list)
{
    free(list->items);
    *list = (rt_device_list){NULL, 0};
}

const char *rt_device_type_name(rt_device_type type)
{
    switch (type) {
    case RT_CPU:
        return "cpu";
    case RT_GPU:
        return "gpu";
    case RT_ACCELERATOR:
        return "accelerator";
    default:
        return "other";
    }
}

static bool contains(const char *text, const char *part)
{
    const size_t length = strlen(part);
    for (; *text; ++text) {
        size_t i = 0;
        while (i < length && text[i] && text_lower(text[i]) == text_lower(part[i])) ++i;
        if (i == length) return true;
    }
    return false;
}

static void append_line(char *text, size_t size, const rt_device_info *info)
{
    const size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%d (%s) %s [%s]", used ? "; " : "", info->index, info->selector, info->name,
             info->platform_name);
}

static st_status no_such_device(const rt_device_list *list, const char *selector, st_error *error)
{
    char all[1400] = "";
    for (size_t i = 0; i < list->count; ++i) append_line(all, sizeof all, &list->items[i]);
    return st_fail(error, ST_DEVICE, "no device matches \"%s\"; there are: %s", selector, all);
}

static bool first_of_type(const rt_device_list *list, rt_device_type type, bool emulator, size_t *chosen)
{
    for (size_t i = 0; i < list->count; ++i) {
        const rt_device_info *info = &list->items[i];
        if (info->type != type || info->emulator != emulator || !info->available || info->error[0]) continue;
        *chosen = i;
        return true;
    }
    return false;
}

/* The types that a kind means, best first, terminated by 0; NULL if the selector is not a kind. */
static const rt_device_type *types_of_kind(const char *selector)
{
    static const struct {
        const char *word;
        rt_device_type types[5];
    } kinds[] = {{"gpu", {RT_GPU}},
                 {"cpu", {RT_CPU}},
                 {"accelerator", {RT_ACCELERATOR}},
                 {"auto", {RT_GPU, RT_ACCELERATOR, RT_CPU, RT_OTHER_DEVICE}}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; ++k)
        if (text_same_word(selector, kinds[k].word)) return kinds[k].types;
    return NULL;
}

bool rt_device_names_kind(const char *selector)
{
    return types_of_kind(selector) != NULL;
}

static bool parse_number(const char **text, long *value)
{
    if (!text_is_digit(**text)) return false;
    char *end = NULL;
    *value = strtol(*text, &end, 10);
    *text = end;
    return true;
}

static st_status select_by_name(const rt_device_list *list, const char *selector, size_t *chosen, st_error *error)
{
    size_t matches = 0;
    char names[1400] = "";
    for (size_t i = 0; i < list->count; ++i) {
        if (!text_same_word(list->items[i].name, selector)) continue;
        if (matches++ == 0) *chosen = i;
    }
    if (matches == 1) return ST_OK; /* a whole name, which may be part of other names */
    matches = 0;
    for (size_t i = 0; i < list->count; ++i) {
        const rt_device_info *info = &list->items[i];
        if (!contains(info->name, selector) && !contains(info->platform_name, selector) &&
            !contains(info->vendor, selector))
            continue;
        if (matches++ == 0) *chosen = i;
        append_line(names, sizeof names, info);
    }
    if (matches == 0) return no_such_device(list, selector, error);
    if (matches > 1)
        return st_fail(error, ST_DEVICE, "\"%s\" matches %zu devices, name one by its index: %s", selector, matches,
                       names);
    return ST_OK;
}

st_status rt_device_select(const rt_device_list *list, const char *selector, size_t *chosen, st_error *error)
{
    const rt_device_type *types = types_of_kind(selector);
    for (int emulators = 0; types && emulators < 2; ++emulators)
        for (const rt_device_type *type = types; *type; ++type)
            if (first_of_type(list, *type, emulators, chosen)) return ST_OK;
    if (types) return no_such_device(list, selector, error);
    const char *rest = selector;
    long first = 0, second = 0;
    if (parse_number(&rest, &first)) {
        const bool pair = *rest == ':';
        if (pair) ++rest;
        if ((!pair || parse_number(&rest, &second)) && *rest == '\0') {
            for (size_t i = 0; i < list->count; ++i) {
                const rt_device_info *info = &list->items[i];
                if (pair ? info->platform == first && info->ordinal == second : info->index == first) {
                    *chosen = i;
                    return ST_OK;
                }
            }
            return no_such_device(list, selector, error);
        }
    }
    if (*selector == '\0')
        return st_fail(error, ST_DEVICE,
                       "the device selector is empty: give an index, P:D, gpu, cpu, "
                       "accelerator, auto or a part of a name");
    return select_by_name(list, selector, chosen, error);
}
