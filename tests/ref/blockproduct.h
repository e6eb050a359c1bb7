/* Double-precision reference of model/layers/blockproduct.h. */
#ifndef SAFSD_TESTS_REF_BLOCKPRODUCT_H
#define SAFSD_TESTS_REF_BLOCKPRODUCT_H

#include "tests/ref/dialogues.h"

/* An element (row, c) of slice s lies at s*slice + row*ld + c. */
typedef struct ref_band {
    double *value;
    size_t ld, slice;
} ref_band;

void ref_blocks_outer(double *square, ref_band x, ref_band y, const ref_dialogues *d, size_t slices, size_t columns,
                      double alpha);
void ref_blocks_apply(ref_band band, const double *square, ref_band y, const ref_dialogues *d, size_t slices,
                      size_t columns, double beta);
void ref_blocks_apply_t(ref_band band, const double *square, ref_band y, const ref_dialogues *d, size_t slices,
                        size_t columns, double beta);

#endif
