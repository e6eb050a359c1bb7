/* The provider `panel`: own OpenCL C kernels on packed operands (cl/gemm_panel.cl), for CPU devices and devices without
 * a compiler. Every size, transposition and alignment; the same numbers for every way of cutting the work.
 *
 * A product deeper than about a thousand is summed in parts of equal depth, one after another into C, so that the
 * packed operands stay in caches and the scratch stays small.
 */
#ifndef SAFSD_RUNTIME_GEMM_PANEL_H
#define SAFSD_RUNTIME_GEMM_PANEL_H

#include "runtime/gemm_provider.h"

#endif
