/* The words of this project, the same in C, kernels and documents, and the tensor that layers pass around.
 *
 *   N     rows: utterances of a batch, packed one dialogue after another
 *   B     dialogues of a batch;  L (L_b) utterances of one dialogue;  start_b first row of dialogue b
 *   H     hidden width;  G graph width;  ffn feed-forward width;  heads divides H;  d = H / heads
 *   M     modalities in use, in the order t, a, v;  D_m feature width of modality m
 *   C     emotions;  S speakers;  K graph layers
 *   dx    gradient of the loss with respect to x
 *
 * Matrices are row-major. A tensor is a view plus a shape; it owns nothing.
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

/* A parameter as a layer sees it. Without a gradient block its gradient is not computed. */
typedef struct nn_slot {
    rt_view value, gradient;
} nn_slot;

/* `count` columns of `x` from column `first`. */
static inline nn_matrix nn_columns(nn_matrix x, size_t first, size_t count)
{
    return (nn_matrix){rt_view_at(x.view, first), x.rows, count, x.ld};
}

/* The dialogues of a batch, on the device: what attention, the graph and the embeddings need to know of them.
 * int32 everywhere. The host keeps the few numbers that set launch sizes. */
typedef struct nn_batch {
    size_t rows, dialogues;  /* N, B */
    size_t longest;          /* max L_b */
    size_t pairs;            /* sum of L_b^2 */
    size_t first_row;        /* of the whole optimiser batch, or of the split: where this part starts (SPEC 7) */
    rt_view starts;          /* [B + 1] first row of each dialogue, starts[B] = N */
    rt_view pair_starts;     /* [B + 1] sum of L^2 before each dialogue: places per-dialogue L x L matrices */
    rt_view dialogue_of;     /* [N] */
    rt_view position;        /* [N] place of the row in its dialogue */
    rt_view speakers;        /* [N] 0 .. S; S: nobody whom the model knows */
    rt_view by_speaker;      /* [N] rows sorted by speaker, ascending within a speaker */
    rt_view speaker_starts;  /* [S + 2] where each speaker, S too, begins in by_speaker; its end */
    rt_view labels;          /* [N], -1 = unlabelled */
    rt_view x[3];            /* [N, D_m] features of the modalities in use */
    rt_view mean_similarity; /* [C] float, with the SAF form `published`: mean over the whole batch's labels (SPEC 6) */
} nn_batch;

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
