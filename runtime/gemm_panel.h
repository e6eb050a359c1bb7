/* The provider `panel`: this project's OpenCL C kernels on packed operands (cl/gemm_panel.cl), for CPU devices and
 * devices without a compiler. It supports every size, transposition and alignment. The result does not depend on how
 * the work is divided.
 *
 * If k is more than about a thousand, the product is summed in parts of equal depth, one after another into C. The
 * packed operands then stay in caches and the scratch stays small.
 */
#ifndef SAFSD_RUNTIME_GEMM_PANEL_H
#define SAFSD_RUNTIME_GEMM_PANEL_H

#include "runtime/gemm_provider.h"

#endif
