/* The members of a context, for the modules that work on it. Private to runtime/.
 *
 * A context does not depend on those modules: each keeps its state behind a pointer to its own struct, and registers
 * the function that releases it with rt_own.
 */
#ifndef SAFSD_RUNTIME_CONTEXT_STATE_H
#define SAFSD_RUNTIME_CONTEXT_STATE_H

#include <CL/cl.h>
#include <stdbool.h>

#include "base/status.h"
#include "runtime/device.h"

struct rt_context;
typedef void (*rt_release)(struct rt_context *context);

enum { RT_MOST_OWNED = 8 };

struct rt_context {
    st_error *error; /* borrowed; never NULL */
    rt_device_info device;
    cl_device_id id;
    cl_context context;
    cl_command_queue queue;
    size_t vector_width, group_limit, largest_block;
    double work_bytes, work_flops; /* enqueued in total */
    bool planning;
    bool profiling;                                   /* commands are timed */
    bool fixed_group;                                 /* the caller limited the work-group, not the device */
    bool cache_programs;                              /* cache compiled programs on disk */
    bool given_program;                               /* the kernels are loaded from a binary */
    void (*notice)(void *user, const char *sentence); /* NULL if not used */
    void *notice_user;
    long *live_objects; /* NULL if not used */

    struct rt_program_pool *pool;    /* borrowed; NULL if programs are not shared */
    struct rt_program *kernels;      /* context.c: every kernel but those of the GEMM; every kernel if given */
    struct rt_block *dummy;          /* context.c: passed for optional tensors that are not used */
    struct rt_profile *profile;      /* profile.c; NULL if not profiling */
    struct rt_gemm_state *gemm;      /* gemm.c */
    struct rt_pinned *pinned;        /* host_map.c; NULL until first used */
    rt_release owned[RT_MOST_OWNED]; /* called in reverse order when the context ends */
    size_t owned_count;
};

/* Creates the OpenCL context and its queue. rt_device_close releases them, after all owned objects. */
st_status rt_device_open(struct rt_context *context);
void rt_device_close(struct rt_context *context);

/* Registers `release`, which the context calls once when it ends, to release the state of a module. Registering a
 * function twice has no further effect. */
st_status rt_own(struct rt_context *context, rt_release release);

/* Records "<what> on <device>: <call> said <code>" as ST_DEVICE. */
st_status rt_cl_fail(const struct rt_context *context, cl_int code, const char *call, const char *format, ...)
    ST_PRINTF(4, 5);

/* Counts an OpenCL object created (+1) or released (-1). */
void rt_count(const struct rt_context *context, int change);

#endif
