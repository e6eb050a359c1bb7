/* Small matrix products, one per dialogue and slice, batched in one launch: the arithmetic of attention and of the
 * graph.
 *
 * A slice is a head of attention (columns h*d .. of rows of H) or a modality of the graph (an [N, G] matrix of its
 * own). Two kinds of operand:
 *
 *   band     [N, columns] per slice: element (row, c) of slice s at s*slice + row*ld + c; rows count over the batch
 *   square   [L_b, L_b] per dialogue and slice: element (i, j) at pair_start_b*slices + s*L_b*L_b + i*L_b + j
 *
 * For every dialogue b and slice s, with the rows of the bands restricted to dialogue b:
 *
 *   outer    square = alpha * X . Yᵀ
 *   apply    band   = square . Y  + beta * band
 *   apply_t  band   = squareᵀ . Y + beta * band
 *
 * beta is 0 (the old values are not read) or 1. Outputs overlap no input. Columns >= 1, any L.
 */
#ifndef SAFSD_MODEL_LAYERS_BLOCKPRODUCT_H
#define SAFSD_MODEL_LAYERS_BLOCKPRODUCT_H

#include "model/glossary.h"

typedef struct nn_band {
    rt_view view;
    size_t ld;    /* elements between two rows */
    size_t slice; /* elements between two slices */
} nn_band;

/* How many products of which width: shared by the operands of one call. */
typedef struct nn_blocks {
    const nn_batch *batch;
    size_t slices, columns;
} nn_blocks;

/* Elements of a square operand. */
static inline size_t nn_square_elements(size_t pairs, size_t slices)
{
    return pairs * slices;
}

st_status nn_blocks_outer(rt_context *rt, rt_view square, nn_band x, nn_band y, nn_blocks blocks, float alpha);
st_status nn_blocks_apply(rt_context *rt, nn_band band, rt_view square, nn_band y, nn_blocks blocks, float beta);
st_status nn_blocks_apply_t(rt_context *rt, nn_band band, rt_view square, nn_band y, nn_blocks blocks, float beta);

#endif
