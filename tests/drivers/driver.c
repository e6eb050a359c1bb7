/* A bad OpenCL driver for tests. What it does follows from the name of its file, WHAT-WHERE.so, so that several copies
 * of it can stand side by side: crash, abort, exit, overflow (its stack) or hang; when it is loaded (load), when it is
 * asked for its platforms (platforms) or for the devices of its one platform (devices).
 */
#define _GNU_SOURCE /* dladdr */

#include <CL/cl_layer.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct _cl_platform_id {
    const cl_icd_dispatch *dispatch;
};

static cl_icd_dispatch table;
static struct _cl_platform_id platform = {&table};

static size_t overflow(size_t depth)
{
    volatile char frame[4096];
    frame[0] = (char)depth;
    return (depth < SIZE_MAX ? overflow(depth + 1) : 0) + (size_t)frame[0];
}

static void misbehave(const char *where)
{
    Dl_info self;
    if (!dladdr(&table, &self) || !self.dli_fname) return;
    const char *slash = strrchr(self.dli_fname, '/');
    const char *name = slash ? slash + 1 : self.dli_fname, *place = strchr(name, '-');
    if (!place || strncmp(place + 1, where, strlen(where)) != 0) return;
    if (strncmp(name, "crash", 5) == 0) raise(SIGSEGV);
    if (strncmp(name, "abort", 5) == 0) abort();
    if (strncmp(name, "exit", 4) == 0) exit(0);
    if (strncmp(name, "overflow", 8) == 0) exit((int)overflow(0));
    while (strncmp(name, "hang", 4) == 0) pause();
}

__attribute__((constructor)) static void load(void)
{
    misbehave("load");
}

static cl_int CL_API_CALL get_devices(cl_platform_id of, cl_device_type type, cl_uint room, cl_device_id *devices,
                                      cl_uint *count)
{
    (void)of, (void)type, (void)room, (void)devices;
    misbehave("devices");
    if (count) *count = 0;
    return CL_DEVICE_NOT_FOUND;
}

CL_API_ENTRY cl_int CL_API_CALL clGetPlatformInfo(cl_platform_id of, cl_platform_info what, size_t size, void *value,
                                                  size_t *size_out)
{
    (void)of;
    const char *answer = what == CL_PLATFORM_EXTENSIONS       ? "cl_khr_icd"
                         : what == CL_PLATFORM_ICD_SUFFIX_KHR ? "BAD"
                         : what == CL_PLATFORM_VERSION        ? "OpenCL 1.2"
                                                              : "Bad Driver";
    const size_t length = strlen(answer) + 1;
    if (value && size < length) return CL_INVALID_VALUE;
    if (value) memcpy(value, answer, length);
    if (size_out) *size_out = length;
    return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clIcdGetPlatformIDsKHR(cl_uint room, cl_platform_id *platforms, cl_uint *count)
{
    misbehave("platforms");
    table.clGetPlatformInfo = clGetPlatformInfo;
    table.clGetDeviceIDs = get_devices;
    if (platforms && room > 0) platforms[0] = &platform;
    if (count) *count = 1;
    return CL_SUCCESS;
}

CL_API_ENTRY void *CL_API_CALL clGetExtensionFunctionAddress(const char *name)
{
    return strcmp(name, "clIcdGetPlatformIDsKHR") == 0 ? (void *)(uintptr_t)clIcdGetPlatformIDsKHR : NULL;
}
