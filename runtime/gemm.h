/* Matrix products: one interface, several providers.
 *
 * Providers: `clblast` (CLBlast's tuned kernels; the default on GPUs and accelerators) and `panel` (own OpenCL C
 * kernels on packed operands; the default elsewhere and where there is no compiler); a tuning (tuning.h) decides
 * otherwise. A run never chooses by timing. With one provider and the same parameters on one device a product gives the
 * same bits every time.
 */
#ifndef SAFSD_RUNTIME_GEMM_H
#define SAFSD_RUNTIME_GEMM_H

#include "base/gemm_providers.h"
#include "runtime/gemm_call.h"
#include "runtime/tuning.h"

/* The provider of a new context: `name`, or of "auto" (or NULL) that of the tuning (may be NULL), else of the fixed
 * rule. The tuning sets the parameters of whichever it is. ST_USAGE where there is none of that name, ST_DEVICE where
 * it cannot work on the device. With "auto" a library is tried now, on a product whose result is known; where it fails,
 * the next provider takes its place, with a notice, and stays: a run never changes it. */
st_status rt_gemm_create(rt_context *context, const char *name, const rt_tuning *tuning);

/* Enqueues the product. m or n may be 0 (nothing happens, not to the sums either); k == 0 is refused, and so is a
 * matrix that does not fit its block. Uses only scratch reserved by rt_gemm_reserve; ST_FAILED where that is too small.
 * While planning, records the scratch that the call, and any call of which no size is larger, needs. */
st_status rt_gemm(rt_context *context, const rt_gemm_call *call);

/* The call with most work that was planned since the last rt_gemm_forget, for its shape alone: its views may be gone.
 * NULL where there was none. */
const rt_gemm_call *rt_gemm_largest(const rt_context *context);

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

/* ---- the providers there are: 0 .. GEMM_PROVIDER_COUNT - 1, in the order of base/gemm_providers.h ---- */

const char *rt_gemm_name(size_t provider);
bool rt_gemm_is_own(size_t provider); /* kernels of this program, none of a library */
bool rt_gemm_is_provider(const char *name);
/* Whether it can work on the device at all, which without a compiler some cannot. */
bool rt_gemm_can_use(size_t provider, const rt_device_info *device);
/* Whether a file may hold that parameter of its provider, with that value. */
bool rt_gemm_takes(const rt_parameter *parameter);
/* Turns a tuning with the best parameters known of a provider into the turn-th variant (0, 1, ...) worth measuring, and
 * names it ("rows 8"). False where there are no more. */
bool rt_gemm_variant(size_t provider, const rt_device_info *device, size_t turn, rt_tuning *tuning,
                     char name[RT_GEMM_VARIANT]);

/* The provider of `auto` on a device that nobody tuned, the fixed rule: what libraries tune for is a GPU or an
 * accelerator, where it compiles; CPUs, simulators and what has no compiler are served better by the own kernels. */
const char *rt_gemm_rule(const rt_device_info *device);

/* Those parameters of the provider that change numbers, as rt_tuning_print writes them; empty for its defaults. And the
 * tuning as it was applied. Both are borrowed from the context. */
const char *rt_gemm_parameters(const rt_context *context);
const rt_tuning *rt_gemm_tuning(const rt_context *context);

/* Puts such parameters of a provider, and no others of it, into a tuning. Those of a provider that change no number
 * stay what they are. ST_USAGE for text that holds none. */
st_status rt_gemm_set_parameters(rt_tuning *tuning, const char *provider, const char *text, st_error *error);

/* Takes another provider, or the same with another tuning (may be NULL), for measurements: products are to be planned
 * and reserved again. After a failure only another choice, or the end of the context, may follow. CLBlast keeps
 * parameters for a device until others are set, from whichever context: its defaults can be had only before. */
st_status rt_gemm_choose(rt_context *context, const char *provider, const rt_tuning *tuning);

#endif
