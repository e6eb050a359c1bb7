/* The words of this project, the same in C, kernels and documents, the tensors that layers pass around, and their
 * contract.
 *
 *   N     rows: utterances of a batch, packed one dialogue after another
 *   B     dialogues of a batch;  L (L_b) utterances of one dialogue;  start_b first row of dialogue b
 *   H     hidden width;  G graph width;  ffn feed-forward width;  heads divides H;  d = H / heads
 *   M     modalities in use, in the order t, a, v;  D_m feature width of modality m
 *   C     emotions;  S speakers;  K graph layers
 *   dx    gradient of the loss with respect to x
 *
 * Matrices are row-major. A tensor is a view plus a shape; it owns nothing.
 *
 * A layer is a struct of sizes, weights, saved tensors and scratch, and a struct of where its gradients go:
 *
 *     nn_X_forward(rt, out, &layer, in)
 *     nn_X_backward(rt, &gradient, &layer, dout)
 *
 * Saved tensors are what backward reads of forward: inputs, for which the caller answers, and what forward writes
 * beside its output. Forward reads its input from the argument alone. Scratch is free between calls. With beta = 0 a
 * gradient is overwritten and its old values are not read, with beta = 1 it is added to. A view without a block is left
 * out where the layer allows it.
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
    size_t ld; /* elements between the starts of two rows, >= columns */
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

/* The ragged layout of a batch, on the device: its rows lie in segments one after another, and every segment is a
 * dialogue. int32 everywhere. The host keeps the few numbers that set launch sizes. */
typedef struct nn_segments {
    size_t rows, dialogues; /* N, B */
    size_t longest;         /* max L_b */
    size_t pairs;           /* sum of L_b^2 */
    rt_view starts;         /* [B + 1] first row of each dialogue, starts[B] = N */
    rt_view pair_starts;    /* [B + 1] sum of L^2 before each dialogue: where per-dialogue L x L matrices begin */
    rt_view dialogue_of;    /* [N] */
    rt_view position;       /* [N] of the row in its dialogue, from 0 */
} nn_segments;

/* Bits of kept elements, drawn by dropout_mask.h; `scale` multiplies what is kept. Without a block nothing is dropped:
 * the layer then multiplies by `scale` alone. */
typedef struct nn_dropout_mask {
    rt_view bits;
    float scale;
} nn_dropout_mask;

#define NN_NO_MASK ((nn_dropout_mask){{NULL, 0}, 1.0f})

/* Words of a mask of so many bits that a kernel reads. */
static inline size_t nn_dropout_mask_read(nn_dropout_mask mask, size_t elements)
{
    return mask.bits.block ? (elements + 31) / 32 : 0;
}

#endif
