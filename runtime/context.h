/* Opening and closing a context: a device, its in-order queue, its kernels, and the error slot of all work on it. */
#ifndef SAFSD_RUNTIME_CONTEXT_H
#define SAFSD_RUNTIME_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/program_pool.h"
#include "runtime/queue.h"
#include "runtime/tuning.h"

typedef struct rt_options {
    const char *gemm;        /* GEMM provider: a name, or "auto" (or NULL); see gemm.h */
    const rt_tuning *tuning; /* the fastest choices found; may be NULL; borrowed until the context is created. It
                                chooses the provider for "auto" and sets the parameters of any provider. */
    bool profile;            /* time every launch; see profile.h */
    size_t vector_width;     /* 1, 2, 4, 8 or 16; 0: as the device prefers */
    size_t group_size;       /* largest work-group of any kernel; 0: as the device allows */
    size_t largest_block;    /* bytes, to behave like a smaller device; 0: as the device says */
    bool separate_memory;    /* treat host and device as if they did not share memory */
    const char *program;     /* a binary of the kernels, or a folder; NULL: compile; see program_given.h */
    rt_program_pool *pool;   /* shared programs, borrowed until the context ends, or NULL; see program_pool.h */
    bool cache_programs;     /* cache compiled programs on disk, for drivers that do not; see program_cache.h */
    /* called from another thread when compiling takes long, with what is being compiled; may be NULL */
    void (*notice)(void *user, const char *sentence);
    void *notice_user;
    long *live_objects; /* number of OpenCL objects that are not released; may be NULL */
} rt_options;

/* Opens the device and compiles the kernels, or loads a given program. The context then uses the vector width of that
 * program and behaves as on a device without a compiler. ST_DEVICE if there is neither a compiler nor a program.
 * `error` is borrowed until rt_set_error replaces it; every function that takes the context records its failure there.
 * `options` may be NULL. */
st_status rt_context_create(rt_context **context, const rt_device_info *device, const rt_options *options,
                            st_error *error);
void rt_context_destroy(rt_context **context);

/* Makes the context usable again after a failed run: waits for pending commands and resets everything that was begun
 * and not ended, such as planning, phases and planned products. Models and arenas are not changed. The caller clears
 * the error slot. ST_DEVICE if the device no longer works. */
st_status rt_recover(rt_context *context);

#endif
