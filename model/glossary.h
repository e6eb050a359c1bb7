/* The glossary of this project, the same in C, kernels and documents; the tensors that layers exchange; and the
 * contract of layers.
 *
 *   N     rows: utterances of a batch, packed one dialogue after another
 *   B     dialogues of a batch;  L (L_b) utterances of one dialogue;  start_b first row of dialogue b
 *   H     hidden width;  G graph width;  ffn feed-forward width;  heads divides H;  d = H / heads
 *   M     modalities in use, in the order t, a, v;  D_m feature width of modality m
 *   C     emotions;  S speakers;  K graph layers
 *   dx    gradient of the loss with respect to x
 *
 * Matrices are row-major. A tensor is a view and a shape; it owns no memory.
 *
 * A layer has a struct of sizes, weights, saved tensors and scratch, and a struct of its gradients:
 *
 *     nn_X_forward(rt, out, &layer, in)
 *     nn_X_backward(rt, &gradient, &layer, dout)
 *
 * Saved tensors are those of forward that backward reads: inputs, which the caller keeps, and tensors that forward
 * writes in addition to its output. Forward reads its input only from the argument. Scratch may be reused between
 * calls. With beta = 0 a gradient is overwritten and its old values are not read; with beta = 1 it is accumulated. A
 * view without a block is an optional tensor that is not used, where the layer allows it.
 */
#ifndef SAFSD_MODEL_GLOSSARY_H
#define SAFSD_MODEL_GLOSSARY_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/buffer.h"
#include "base/status.h"

enum { NN_MODALITIES = 3, NN_LONGEST_DIALOGUE = 512 };
typedef enum nn_modality { NN_TEXT, NN_AUDIO, NN_VISUAL } nn_modality;

typedef struct nn_matrix {
    rt_view view;
    size_t rows, columns;
    size_t ld; /* leading dimension: elements between the starts of two rows, >= columns */
} nn_matrix;

static inline nn_matrix nn_dense(rt_view view, size_t rows, size_t columns)
{
    return (nn_matrix){view, rows, columns, columns};
}

/* `count` columns of `x` from column `first`. */
static inline nn_matrix nn_columns(nn_matrix x, size_t first, size_t count)
{
    return (nn_matrix){rt_view_at(x.view, first), x.rows, count, x.ld};
}

/* The ragged layout of a batch, on the device: rows are packed in segments, one per dialogue. All tensors are int32.
 * The host has the numbers that launch sizes depend on. */
typedef struct nn_segments {
    size_t rows, dialogues; /* N, B */
    size_t longest;         /* max L_b */
    size_t pairs;           /* sum of L_b^2 */
    rt_view starts;         /* [B + 1] first row of each dialogue, starts[B] = N */
    rt_view pair_starts;    /* [B + 1] sum of L^2 before each dialogue: offsets of the L x L matrices of dialogues */
    rt_view dialogue_of;    /* [N] */
    rt_view position;       /* [N] position of the row in its dialogue, from 0 */
} nn_segments;

/* One bit per element, drawn by dropout_mask.h; kept elements are multiplied by `scale`. Without a block all elements
 * are kept and multiplied by `scale`. */
typedef struct nn_dropout_mask {
    rt_view bits;
    float scale;
} nn_dropout_mask;

#define NN_NO_MASK ((nn_dropout_mask){{NULL, 0}, 1.0f})

/* Words of the mask that a kernel reads for `elements` elements. */
static inline size_t nn_dropout_mask_read(nn_dropout_mask mask, size_t elements)
{
    return mask.bits.block ? (elements + 31) / 32 : 0;
}

#endif
