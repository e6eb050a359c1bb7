/* Matrix products within segments: one small product per segment and slice, batched in one launch. Attention and the
 * graph use them; their segments are the dialogues of a batch.
 *
 * A slice is a head of attention (columns h*d .. of rows of H) or a modality of the graph (a separate [N, G] matrix).
 * There are two kinds of operand:
 *
 *   strided  [N, columns] per slice: element (row, c) of slice s at s*stride + row*ld + c; rows count over the batch
 *   square   [L_b, L_b] per segment and slice: element (i, j) at pair_start_b*slices + s*L_b*L_b + i*L_b + j
 *
 * For every segment b and slice s, with the rows of strided operands restricted to segment b (n and t as in BLAS: the
 * operand is not transposed, or transposed):
 *
 *   nt   square = alpha * X . Yᵀ
 *   nn   out    = square . Y  + beta * out
 *   tn   out    = squareᵀ . Y + beta * out
 *
 * With beta = 0 the old values are not read. Outputs overlap no input. Columns >= 1, any L.
 */
#ifndef SAFSD_MODEL_LAYERS_SEGMENT_MATMUL_H
#define SAFSD_MODEL_LAYERS_SEGMENT_MATMUL_H

#include "model/glossary.h"

typedef struct nn_strided {
    rt_view view;
    size_t ld;     /* elements between two rows */
    size_t stride; /* elements between two slices */
} nn_strided;

/* The sizes shared by the operands of a call. */
typedef struct nn_segment_matmul {
    const nn_segments *segments;
    size_t slices, columns;
} nn_segment_matmul;

/* Elements of a square operand. */
static inline size_t nn_square_elements(size_t pairs, size_t slices)
{
    return pairs * slices;
}

st_status nn_segment_matmul_nt(rt_context *rt, rt_view square, const nn_segment_matmul *shape, nn_strided x,
                               nn_strided y, float alpha);
st_status nn_segment_matmul_nn(rt_context *rt, nn_strided out, const nn_segment_matmul *shape, rt_view square,
                               nn_strided y, float beta);
st_status nn_segment_matmul_tn(rt_context *rt, nn_strided out, const nn_segment_matmul *shape, rt_view square,
                               nn_strided y, float beta);

#endif
