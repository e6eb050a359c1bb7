/* What a provider of matrix products is to gemm.c; private to runtime/.
 *
 * A provider is one table, rt_gemm_<name>, which its pair of files gemm_<name> defines and the list of
 * base/gemm_providers.h names; gemm.c checks calls, keeps the scratch and chooses. Nothing else knows providers apart.
 */
#ifndef SAFSD_RUNTIME_GEMM_PROVIDER_H
#define SAFSD_RUNTIME_GEMM_PROVIDER_H

#include "base/gemm_providers.h"
#include "runtime/gemm_call.h"
#include "runtime/tuning.h"

enum { RT_GEMM_SCRATCH = 2 }; /* areas of scratch a provider may ask for */

typedef struct rt_gemm_methods {
    const char *name;
    bool own; /* kernels of this program: searches try them first, and they need no trial */
    bool needs_compiler;
    bool gives_sums;      /* takes calls with sums */
    bool changes_numbers; /* its parameters change results by rounding */
    /* Whether the fixed rule takes it for a device that nobody tuned. */
    bool (*suits)(const rt_device_info *device);
    /* Whether a file may hold that parameter, with that value. */
    bool (*takes)(const rt_parameter *parameter);
    /* Changes the provider's parameters, the best that are known, into those of its turn-th variant (0, 1, ...) that a
     * search should measure, and names it. False: there are no more. NULL: it has none. */
    bool (*variant)(const rt_device_info *device, size_t turn, rt_tuning *tuning, char name[RT_GEMM_VARIANT]);
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

#define RT_GEMM_DECLARE(name, NAME) extern const rt_gemm_methods rt_gemm_##name;
GEMM_PROVIDERS(RT_GEMM_DECLARE)

#endif
