/* Adds the positional encoding and the speaker embedding to the rows of a batch (docs/model.md 2 and 5).
 *
 *     y[r, :] = x[r, :] + positional_encoding[position of r, :] + table[speaker of r, :]
 *     dtable[s, :] = sum over the rows r of speaker s of dy_1[r, :] + dy_2[r, :] + ..., in a fixed order
 *
 * Speakers are 0 .. S - 1; S stands for unknown speakers. E_spk has a padding row for S, which stays zero; E_gcn has
 * none, and nothing is added for S. Rows of S contribute no gradient.
 */
#ifndef SAFSD_MODEL_LAYERS_EMBEDDING_H
#define SAFSD_MODEL_LAYERS_EMBEDDING_H

#include "model/glossary.h"

/* The speakers of the rows, on the device, int32. */
typedef struct nn_speakers {
    size_t count;   /* S */
    rt_view of_row; /* [N] */
    rt_view rows;   /* [N] rows sorted by speaker, ascending within a speaker */
    rt_view starts; /* [S + 2] start of each speaker, and of S, in `rows` */
} nn_speakers;

typedef struct nn_embedding {
    const nn_segments *segments;
    const nn_speakers *speakers;
    size_t columns;
    rt_view table;               /* [table_rows, columns] */
    size_t table_rows;           /* S, or S + 1 with a padding row; speakers >= table_rows add nothing */
    rt_view positional_encoding; /* [longest, columns]; optional (the graph has none) */
    rt_view scratch;             /* nn_embedding_scratch elements, for backward */
} nn_embedding;

typedef struct nn_embedding_gradient {
    rt_view dtable; /* [table_rows, columns]; a padding row gets 0 */
    float beta;
} nn_embedding_gradient;

size_t nn_embedding_scratch(size_t rows, size_t speakers, size_t columns);

/* x and y are [N, columns], y may be x. */
st_status nn_embedding_forward(rt_context *rt, rt_view y, const nn_embedding *layer, rt_view x);

/* dy: the gradients of the `tensors` (1 to 3) outputs to which the table was added, [N, columns] each. The gradient of
 * x is dy. */
st_status nn_embedding_backward(rt_context *rt, const nn_embedding_gradient *gradient, const nn_embedding *layer,
                                const rt_view *dy, size_t tensors);

#endif
