/* What is inside a context, for the modules that work on it; private to runtime/.
 *
 * It knows nothing of those modules: what one of them keeps for a context is a pointer to a struct of its own, and
 * rt_own says how it is released.
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
    double work_bytes, work_flops; /* enqueued so far */
    bool planning;
    bool profiling;                                   /* commands are timed */
    bool fixed_group;                                 /* the work-group was limited by the caller, not by the device */
    bool cache_programs;                              /* keep what was compiled */
    bool given_program;                               /* the kernels come from a binary */
    void (*notice)(void *user, const char *sentence); /* NULL: nobody listens */
    void *notice_user;
    long *live_objects; /* NULL: nobody counts */

    struct rt_program_pool *pool;    /* borrowed; NULL: programs are the context's own */
    struct rt_program *kernels;      /* context.c: every kernel of cl/ but the GEMM's; of a given program, every one */
    struct rt_block *dummy;          /* context.c: stands for tensors that are left out */
    struct rt_profile *profile;      /* profile.c; NULL: nothing is timed */
    struct rt_gemm_state *gemm;      /* gemm.c */
    struct rt_pinned *pinned;        /* host_map.c; NULL until it is needed */
    rt_release owned[RT_MOST_OWNED]; /* called last to first at the end */
    size_t owned_count;
};

/* Opens the device: a context of OpenCL's and its queue. What was opened is released by rt_device_close, after all that
 * is owned. */
st_status rt_device_open(struct rt_context *context);
void rt_device_close(struct rt_context *context);

/* At its end the context calls `release`, which releases what its module keeps, once. Asking twice is asking once. */
st_status rt_own(struct rt_context *context, rt_release release);

/* Records "<what> on <device>: <call> said <code>" as ST_DEVICE. */
st_status rt_cl_fail(const struct rt_context *context, cl_int code, const char *call, const char *format, ...)
    ST_PRINTF(4, 5);

/* Counts an OpenCL object born (+1) or released (-1). */
void rt_count(const struct rt_context *context, int change);

#endif
