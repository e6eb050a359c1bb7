/* Matrix products: one interface, several providers.
 *
 *     C[m, n] = op(A)[m, k] . op(B)[k, n] + beta * C + bias[n]        row-major, float32
 *     sums[m - sums_from] = sums over k of op(A)[sums_from .., k] + beta * sums
 *
 * op(X) is X or its transpose; ld* is the distance in elements between rows of the stored matrix. The matrices are
 * views of any alignment into larger buffers; nothing outside them is read or written, and C overlaps neither A nor B.
 * beta is 0 or any number; with 0 the old C is not read. The bias is optional (a view without a block), and so are the
 * sums, which some providers give in passing: the gradient of a bias beside that of its weights. They overlap nothing
 * else of the call.
 *
 * Providers: `clblast` (CLBlast's tuned kernels; the default on GPUs and accelerators) and `panel` (own OpenCL C
 * kernels on packed operands; the default elsewhere and where there is no compiler); a tuning (tuning.h) decides
 * otherwise. A run never chooses by timing. With one provider and the same parameters on one device a product gives the
 * same bits every time.
 */
#ifndef SAFSD_RUNTIME_GEMM_H
#define SAFSD_RUNTIME_GEMM_H

#include <stdbool.h>

#include "runtime/buffer.h"

typedef struct rt_gemm_call {
    bool transpose_a, transpose_b;
    size_t m, n, k;
    rt_view a, b, c;
    size_t lda, ldb, ldc;
    float beta;
    rt_view bias;
    rt_view sums;     /* only where rt_gemm_gives_sums */
    size_t sums_from; /* the first row of op(A) that has one */
} rt_gemm_call;

/* Enqueues the product. m or n may be 0 (nothing happens, not to the sums either); k == 0 is refused, and so is a
 * matrix that does not fit its block. Uses only scratch reserved by rt_gemm_reserve; ST_FAILED where that is too small.
 * While planning, records the scratch that the call, and any call of which no size is larger, needs. */
st_status rt_gemm(rt_context *context, const rt_gemm_call *call);

/* Allocates the scratch that the calls recorded while planning need, and prepares the provider (a library may compile
 * its kernels now). After planning; again after more planning, outside a step. */
st_status rt_gemm_reserve(rt_context *context);

/* Forgets what was recorded since the last rt_gemm_reserve that succeeded: the plan did not fit, and a smaller one
 * follows. */
void rt_gemm_forget(rt_context *context);

/* From now on tells `observer` of every product, planned or enqueued, in order; NULL ends it. What a model asks for
 * while it is planned is what its steps ask for: for benchmarks. */
typedef void (*rt_gemm_observer)(void *user, const rt_gemm_call *call);
void rt_gemm_observe(rt_context *context, rt_gemm_observer observer, void *user);

/* Whether the provider takes calls with sums. */
bool rt_gemm_gives_sums(const rt_context *context);

/* Bytes of scratch recorded so far, and the provider's name. */
uint64_t rt_gemm_scratch_bytes(const rt_context *context);
const char *rt_gemm_provider(const rt_context *context);

/* The provider of `auto` on a device that nobody tuned, the fixed rule: what libraries tune for is a GPU or an
 * accelerator, where it compiles; CPUs, simulators and what has no compiler are served better by the own kernels. */
const char *rt_gemm_rule(const rt_device_info *device);

/* Those parameters of the provider that change numbers, as rt_tuning_print_clblast writes them; empty for its defaults.
 * And the tuning as it was applied. Both are borrowed from the context. */
const char *rt_gemm_parameters(const rt_context *context);
const rt_tuning *rt_gemm_tuning(const rt_context *context);

/* Takes another provider, or the same with another tuning (may be NULL), for measurements: products are to be planned
 * and reserved anew. After a failure only another choice, or the end of the context, may follow. CLBlast keeps
 * parameters for a device until others are set, from whichever context: its defaults can be had only before. */
st_status rt_gemm_choose(rt_context *context, const char *provider, const rt_tuning *tuning);

#endif
