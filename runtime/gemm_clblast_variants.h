/* The parameters of CLBlast's GEMM kernels that a search measures. Private to runtime/. */
#ifndef SAFSD_RUNTIME_GEMM_CLBLAST_VARIANTS_H
#define SAFSD_RUNTIME_GEMM_CLBLAST_VARIANTS_H

#include <stdint.h>

#include "runtime/tuning.h"

/* As rt_gemm_methods.variant. */
bool rt_gemm_clblast_variant(const rt_device_info *device, size_t turn, rt_tuning *tuning, char name[RT_GEMM_VARIANT]);

/* Draw a valid combination of parameters of Xgemm, and of XgemmDirect, from the values that CLBlast's tuner tries. */
void rt_gemm_clblast_draw_xgemm(rt_tuning *tuning, const rt_device_info *device, uint32_t draw);
void rt_gemm_clblast_draw_direct(rt_tuning *tuning, const rt_device_info *device, uint32_t draw);

#endif
