/* Matrix products: one interface, several providers.
 *
 * The providers are `clblast` (CLBlast's tuned kernels; the default on GPUs and accelerators) and `panel` (this
 * project's OpenCL C kernels on packed operands; the default elsewhere and on devices without a compiler). A tuning
 * (tuning.h) overrides the default. A run never chooses by timing. A product is bitwise reproducible on one device with
 * the same provider and parameters.
 */
#ifndef SAFSD_RUNTIME_GEMM_H
#define SAFSD_RUNTIME_GEMM_H

#include "base/gemm_providers.h"
#include "runtime/gemm_call.h"
#include "runtime/tuning.h"

/* Creates the provider of a new context: `name`, or, for "auto" (or NULL), the provider of the tuning (may be NULL), or
 * else of the fixed rule (rt_gemm_rule). The tuning sets the parameters of the provider in every case. ST_USAGE if
 * there is no provider of that name, ST_DEVICE if it cannot work on the device. With "auto" a library is tried now on a
 * product with a known result. If it fails, the next provider replaces it, with a notice; the provider then stays the
 * same during a run. */
st_status rt_gemm_create(rt_context *context, const char *name, const rt_tuning *tuning);

/* Enqueues the product. If m or n is 0, neither C nor the sums are changed. ST_FAILED if k is 0, if a matrix does not
 * fit its block, or if the scratch reserved by rt_gemm_reserve is too small. While planning, records the scratch that
 * is enough for this call and for every call that exceeds it in no dimension. */
st_status rt_gemm(rt_context *context, const rt_gemm_call *call);

/* The planned call with the most work since the last rt_gemm_forget, for its shape only: its views may no longer be
 * valid. NULL if there is none. */
const rt_gemm_call *rt_gemm_largest(const rt_context *context);

/* Allocates the scratch for the calls recorded while planning, and prepares the provider (a library may compile its
 * kernels now). Call it after planning, and again after more planning, outside a step. */
st_status rt_gemm_reserve(rt_context *context);

/* Discards what was recorded since the last successful rt_gemm_reserve, when a plan does not fit and a smaller one
 * follows. */
void rt_gemm_forget(rt_context *context);

/* Calls `observer` for every product from now on, planned or enqueued, in order; NULL stops it. A model plans the same
 * products that its steps enqueue, so benchmarks can collect them while planning. */
typedef void (*rt_gemm_observer)(void *user, const rt_gemm_call *call);
void rt_gemm_observe(rt_context *context, rt_gemm_observer observer, void *user);

/* Whether the provider supports calls with sums. */
bool rt_gemm_gives_sums(const rt_context *context);

/* Bytes of scratch recorded so far, and the name of the provider. */
uint64_t rt_gemm_scratch_bytes(const rt_context *context);
const char *rt_gemm_provider(const rt_context *context);

/* ---- the list of providers: 0 .. GEMM_PROVIDER_COUNT - 1, in the order of base/gemm_providers.h ---- */

const char *rt_gemm_name(size_t provider);
bool rt_gemm_is_own(size_t provider); /* kernels of this program, not of a library */
bool rt_gemm_is_provider(const char *name);
/* Whether it can work on the device; some providers need a compiler. */
bool rt_gemm_can_use(size_t provider, const rt_device_info *device);
/* Whether the provider accepts that parameter with that value. */
bool rt_gemm_takes(const rt_parameter *parameter);
/* Changes a tuning, which holds the best parameters known of a provider, into variant `turn` (0, 1, ...) to be
 * measured, and sets its name ("8 rows"). False if there are no more variants. */
bool rt_gemm_variant(size_t provider, const rt_device_info *device, size_t turn, rt_tuning *tuning,
                     char name[RT_GEMM_VARIANT]);

/* The fixed rule: the provider of `auto` on a device without a tuning. It is a library on GPUs and accelerators with a
 * compiler, for which libraries are tuned, and `panel` on CPUs, simulators and devices without a compiler. */
const char *rt_gemm_rule(const rt_device_info *device);

/* The parameters of the provider that change results, as rt_tuning_print writes them; empty for the defaults. And the
 * tuning as it was applied. Both are borrowed from the context. */
const char *rt_gemm_parameters(const rt_context *context);
const rt_tuning *rt_gemm_tuning(const rt_context *context);

/* Replaces these parameters of a provider in a tuning by those of `text`. Parameters that do not change results are
 * kept. ST_USAGE if `text` is not a list of such parameters. */
st_status rt_gemm_set_parameters(rt_tuning *tuning, const char *provider, const char *text, st_error *error);

/* Switches to another provider, or the same with another tuning (may be NULL), for measurements. Plan and reserve all
 * products again. After a failure, only choose again or destroy the context. CLBlast keeps the parameters of a device
 * for all contexts until others are set, so its defaults are available only before the first change. */
st_status rt_gemm_choose(rt_context *context, const char *provider, const rt_tuning *tuning);

#endif
