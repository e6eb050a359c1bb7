/* The interface between a provider of matrix products and gemm.c. Private to runtime/.
 *
 * A provider is one table, rt_gemm_<name>, defined by its pair of files gemm_<name> and listed in
 * base/gemm_providers.h. gemm.c checks calls, keeps the scratch and chooses the provider. No other code distinguishes
 * providers.
 */
#ifndef SAFSD_RUNTIME_GEMM_PROVIDER_H
#define SAFSD_RUNTIME_GEMM_PROVIDER_H

#include "base/gemm_providers.h"
#include "runtime/gemm_call.h"
#include "runtime/tuning.h"

enum { RT_GEMM_SCRATCH = 2 }; /* areas of scratch of a provider */

typedef struct rt_gemm_methods {
    const char *name;
    bool own; /* kernels of this program: tried first by searches, and without a trial */
    bool needs_compiler;
    bool gives_sums;      /* supports calls with sums */
    bool changes_numbers; /* its parameters change the rounding of results */
    /* Whether the fixed rule chooses it for a device without a tuning. */
    bool (*suits)(const rt_device_info *device);
    /* Whether it accepts that parameter with that value. */
    bool (*takes)(const rt_parameter *parameter);
    /* Changes the provider's best parameters so far into those of variant `turn` (0, 1, ...) to be measured, and sets
     * its name. False if there are no more variants. NULL if the provider has none. */
    bool (*variant)(const rt_device_info *device, size_t turn, rt_tuning *tuning, char name[RT_GEMM_VARIANT]);
    /* Create and destroy the provider's state of a context. `create` removes the parameters it cannot apply from the
     * tuning. */
    st_status (*create)(rt_context *context, rt_tuning *tuning, void **own);
    void (*destroy)(rt_context *context, void **own);
    /* Elements of each area that are enough for this call and for every call that exceeds it in no dimension. */
    st_status (*scratch)(rt_context *context, void *own, const rt_gemm_call *call, size_t elements[RT_GEMM_SCRATCH]);
    /* Work that the first calls would otherwise do, such as compiling. NULL if not used. */
    st_status (*prepare)(rt_context *context, void *own);
    /* Enqueues a checked call; m, n and k are at least 1. The first area is at the start of a block. An area of 0
     * elements is a view without a block. */
    st_status (*enqueue)(rt_context *context, void *own, const rt_gemm_call *call,
                         const rt_view scratch[RT_GEMM_SCRATCH]);
} rt_gemm_methods;

#define RT_GEMM_DECLARE(name, NAME) extern const rt_gemm_methods rt_gemm_##name;
GEMM_PROVIDERS(RT_GEMM_DECLARE)

#endif
