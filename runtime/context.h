/* Opening and closing a context: one device, its in-order queue, its kernels, and the error slot of all work on it. */
#ifndef SAFSD_RUNTIME_CONTEXT_H
#define SAFSD_RUNTIME_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/program_pool.h"
#include "runtime/queue.h"
#include "runtime/tuning.h"

typedef struct rt_options {
    const char *gemm;        /* GEMM provider: "auto" (or NULL), or a name; see gemm.h */
    const rt_tuning *tuning; /* what was found to be fastest; borrowed until the context is created; may be NULL. It
                                 decides for "auto", and sets the parameters of whichever provider is taken. */
    bool profile;            /* time every launch; see profile.h */
    size_t vector_width;     /* 0: by capability; else 1, 2, 4, 8 or 16 */
    size_t group_size;       /* 0: by capability; else the largest work-group any kernel may use */
    size_t largest_block;    /* 0: as the device says; else bytes, to behave like a smaller device */
    bool separate_memory;    /* as if host and device did not share memory */
    const char *program;     /* NULL: compile the kernels; else a binary of them, or a folder; see program_given.h */
    rt_program_pool *pool;   /* NULL: compiled for this context alone; borrowed for its life. See program_pool.h */
    bool cache_programs;     /* keep what was compiled, for drivers that do not; see program_cache.h */
    /* told what is being compiled when that takes long, by another thread; may be NULL */
    void (*notice)(void *user, const char *sentence);
    void *notice_user;
    long *live_objects; /* counts OpenCL objects created and not yet released; may be NULL */
} rt_options;

/* Opens the device and builds the kernels, or loads those that are given: their vector width is then the context's, and
 * the context is one of a device without a compiler. ST_DEVICE where there is neither a compiler nor a program.
 * `error` is borrowed until rt_set_error gives another: every function that takes the context records its failure
 * there. `options` may be NULL. */
st_status rt_context_create(rt_context **context, const rt_device_info *device, const rt_options *options,
                            st_error *error);
void rt_context_destroy(rt_context **context);

/* Makes the context ready for another run after one that failed: waits for what is still under way, and forgets what
 * was begun and never ended, such as planning, phases and products that were planned. Models and arenas stay what they
 * are. The error slot is the caller's to clear. ST_DEVICE where the device does not work any more. */
st_status rt_recover(rt_context *context);

#endif
