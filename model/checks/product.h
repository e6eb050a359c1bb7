/* One product of the largest shape of a run, checked before its first step: the self-test multiplies small matrices.
 *
 *     nn_safsd_create(...)      plans the products of the steps
 *     status = nn_product_check(rt, rt_gemm_largest(rt));
 */
#ifndef SAFSD_MODEL_CHECKS_PRODUCT_H
#define SAFSD_MODEL_CHECKS_PRODUCT_H

#include "runtime/gemm.h"

/* Multiplies random matrices of that shape, transposition and bias, by the provider of the run, and compares a sample
 * of rows and columns with sums in double precision; elements of the sampled rows that stay unwritten are found too.
 * With `shape` NULL nothing happens. ST_CHECK, naming shape and element, where one is wrong. Memory for the matrices is
 * taken for the time of the check: ST_DEVICE with error->too_large where there is none. */
st_status nn_product_check(rt_context *rt, const rt_gemm_call *shape);

#endif
