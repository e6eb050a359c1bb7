/* The provider `clblast`: CLBlast's tuned kernels, the default on GPUs.
 *
 * CLBlast is column-major inside. A row-major product is passed to it as C^T = op(B)^T . op(A)^T, which is the same
 * memory and needs no copies. Its temporary memory is the reserved scratch; it never allocates in a step.
 */
#ifndef SAFSD_RUNTIME_GEMM_CLBLAST_H
#define SAFSD_RUNTIME_GEMM_CLBLAST_H

#include "runtime/gemm_provider.h"

/* Sets tuning parameters of one CLBlast kernel ("Xgemm", "XgemmDirect", "Copy", "Pad", "Transpose", "Padtranspose",
 * "GemmRoutine") for the context's device in this process. Set all parameters of the kernel, and before any product is
 * planned: each change means compiling again. ST_DEVICE, naming the kernel, if CLBlast refuses them. */
st_status rt_gemm_clblast_override(const rt_context *context, const char *kernel, size_t count,
                                   const char *const *names, const size_t *values);

#endif
