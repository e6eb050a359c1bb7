/* Double-precision reference of model/layers/segment_matmul.h. */
#ifndef SAFSD_REFERENCE_SEGMENT_MATMUL_H
#define SAFSD_REFERENCE_SEGMENT_MATMUL_H

#include "reference/dialogues.h"

/* An element (row, c) of slice s lies at s*stride + row*ld + c. */
typedef struct ref_strided {
    double *value;
    size_t ld, stride;
} ref_strided;

void ref_segment_matmul_nt(double *square, ref_strided x, ref_strided y, const ref_dialogues *d, size_t slices,
                           size_t columns, double alpha);
void ref_segment_matmul_nn(ref_strided out, const double *square, ref_strided y, const ref_dialogues *d, size_t slices,
                           size_t columns, double beta);
void ref_segment_matmul_tn(ref_strided out, const double *square, ref_strided y, const ref_dialogues *d, size_t slices,
                           size_t columns, double beta);

#endif
