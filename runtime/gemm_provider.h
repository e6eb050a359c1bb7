/* What a provider of matrix products is to gemm.c; private to runtime/.
 *
 * A provider is one table of functions; gemm.c checks calls, keeps the scratch and chooses. To add one: a pair of
 * files gemm_<name>, and its line in the list of gemm.c.
 */
#ifndef SAFSD_RUNTIME_GEMM_PROVIDER_H
#define SAFSD_RUNTIME_GEMM_PROVIDER_H

#include "runtime/gemm_call.h"
#include "runtime/tuning.h"

enum { RT_GEMM_SCRATCH = 2 }; /* areas of scratch a provider may ask for */

typedef struct rt_gemm_methods {
    const char *name;
    bool needs_compiler;
    bool gives_sums;      /* takes calls with sums */
    bool changes_numbers; /* its parameters change results by rounding */
    /* Makes and releases what the provider keeps for a context. What it cannot apply of the tuning it takes out. */
    st_status (*create)(rt_context *context, rt_tuning *tuning, void **own);
    void (*destroy)(rt_context *context, void **own);
    /* Elements of each area that the call needs, and any call of which no size is larger. */
    st_status (*scratch)(rt_context *context, void *own, const rt_gemm_call *call, size_t elements[RT_GEMM_SCRATCH]);
    /* Does before the first step what the first calls would pay for, such as compiling; NULL: nothing to do. */
    st_status (*prepare)(rt_context *context, void *own);
    /* Enqueues a checked call; m, n and k are at least 1. The first area starts a block; one that nobody asked for is
     * without a block. */
    st_status (*enqueue)(rt_context *context, void *own, const rt_gemm_call *call,
                         const rt_view scratch[RT_GEMM_SCRATCH]);
} rt_gemm_methods;

#endif
