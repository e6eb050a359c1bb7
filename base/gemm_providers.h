/* The list of the providers of matrix products, for all code that names or counts them.
 *
 * X(name, NAME) stands for a pair of files runtime/gemm_name.c and .h that defines the table rt_gemm_name
 * (runtime/gemm_provider.h), and for a value of [runtime] gemm. To add a provider, add its files and one line here.
 * Without a tuning, the first provider that suits the device is used; if it fails, the next one replaces it.
 */
#ifndef SAFSD_BASE_GEMM_PROVIDERS_H
#define SAFSD_BASE_GEMM_PROVIDERS_H

#define GEMM_PROVIDERS(X)                                                                                              \
    X(clblast, CLBLAST)                                                                                                \
    X(panel, PANEL)

/* "auto, clblast, panel" */
#define GEMM_PROVIDER_WORD(name, NAME) ", " #name
#define GEMM_PROVIDER_WORDS "auto" GEMM_PROVIDERS(GEMM_PROVIDER_WORD)

#define GEMM_PROVIDER_ONE(name, NAME) +1
enum { GEMM_PROVIDER_COUNT = 0 GEMM_PROVIDERS(GEMM_PROVIDER_ONE) };

#endif
