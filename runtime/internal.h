/* What the files of runtime/ share. Nothing outside the folder includes it: OpenCL's own types end here. */
#ifndef SAFSD_RUNTIME_INTERNAL_H
#define SAFSD_RUNTIME_INTERNAL_H

#include <CL/cl.h>
#include <stdbool.h>

#include "runtime/buffer.h"
#include "runtime/context.h"
#include "runtime/device.h"
#include "runtime/launch.h"
#include "runtime/program.h"
#include "base/status.h"

struct rt_gemm_state;
struct rt_profile;

struct rt_block {
    rt_context *context;
    cl_mem memory; /* NULL until it is allocated */
    size_t elements;
};

struct rt_context {
    st_error *error;
    rt_device_info device;
    rt_options options;
    cl_device_id id;
    cl_context context;
    cl_command_queue queue;
    rt_program *kernels; /* every kernel of cl/ but the GEMM's; with options.program, every one */
    rt_block dummy;      /* stands for tensors that are left out */
    rt_block staging;    /* of windows where host and device do not share memory; without memory until one is opened */
    void *staging_host;
    struct rt_gemm_state *gemm;
    struct rt_profile *profile; /* NULL unless options.profile */
    rt_work work;               /* enqueued so far */
    size_t vector_width, group_limit, largest_block;
    bool planning;
};

/* Allocates the memory of a block of block->elements, at once and not when it is first used; `flags` go beside
 * CL_MEM_READ_WRITE. A failure says what it was for. Releasing what has no memory does nothing. */
st_status rt_block_allocate(rt_block *block, cl_mem_flags flags, const char *purpose);
void rt_block_release(rt_block *block);

/* "1.5 MiB", or bytes where those are few. */
typedef struct rt_size_text {
    char text[32];
} rt_size_text;
rt_size_text rt_print_size(uint64_t bytes);

/* Releases the memory that windows took. */
void rt_window_release(rt_context *context);

/* "CL_OUT_OF_RESOURCES" for -5; "an unknown code" for codes nobody knows. */
const char *rt_code_name(cl_int code);

/* Records "<what>: <call> said <code>" as ST_DEVICE. */
st_status rt_cl_fail(const rt_context *context, cl_int code, const char *call, const char *format, ...) ST_PRINTF(4, 5);

/* Counts an OpenCL object born (+1) or released (-1). */
void rt_count(const rt_context *context, int change);

/* Enqueues one prepared kernel as rt_launch does; `kernel` comes from any rt_program of the context. */
st_status rt_launch_kernel(rt_context *context, rt_kernel *kernel, rt_grid grid, const rt_arg *arguments, size_t count);

/* Adds to what rt_work_done gives. */
void rt_count_work(rt_context *context, rt_work work);

/* Profile hooks. The first two give the place for the event of the command that is enqueued next, counted under `name`
 * (a string that lives as long as the context), or NULL when not profiling; rt_profile_move counts its bytes as work
 * done too. Between begin and end, launches count as `name` instead of their own kernel's name; rt_profile_work adds to
 * that line, and says what the launches of the group are for. rt_profile_add counts what was timed by the clock. */
cl_event *rt_profile_launch(rt_context *context, const char *name, const rt_grid *grid, rt_work work);
cl_event *rt_profile_move(rt_context *context, const char *name, double bytes);
void rt_profile_begin(rt_context *context, const char *name);
void rt_profile_end(rt_context *context);
void rt_profile_work(rt_context *context, const char *name, rt_work work, const char *detail);
void rt_profile_add(rt_context *context, const char *name, double seconds);
st_status rt_profile_create(rt_context *context);
void rt_profile_destroy(rt_context *context);

/* Runs a notice ("compiling ...") through options.notice if the work between the calls lasts longer than a second. */
typedef struct rt_watch rt_watch;
rt_watch *rt_watch_start(const rt_context *context, const char *sentence);
void rt_watch_stop(rt_watch **watch);

/* The GEMM provider of the context; gemm.c. `tuning` may be NULL. */
st_status rt_gemm_create(rt_context *context, const char *provider, const rt_tuning *tuning);
void rt_gemm_destroy(rt_context *context);

#endif
