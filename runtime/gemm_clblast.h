/* The provider `clblast`: CLBlast's tuned kernels, the default on GPUs.
 *
 * CLBlast works column-major inside: a row-major product is given to it as C^T = op(B)^T . op(A)^T, which is the same
 * memory and spares it copies. It gets its temporary memory from the reserved scratch and never allocates in a step.
 */
#ifndef SAFSD_RUNTIME_GEMM_CLBLAST_H
#define SAFSD_RUNTIME_GEMM_CLBLAST_H

#include "runtime/gemm_provider.h"

/* Sets tuning parameters of one CLBlast kernel ("Xgemm", "XgemmDirect", "Copy", "Pad", "Transpose", "Padtranspose",
 * "GemmRoutine") for the context's device in this process: all parameters of that kernel, before any product is
 * planned, since each change means compiling again. ST_DEVICE, naming the kernel, where CLBlast refuses them. */
st_status rt_gemm_clblast_override(const rt_context *context, const char *kernel, size_t count,
                                   const char *const *names, const size_t *values);

#endif
