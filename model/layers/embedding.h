/* What is added to the rows of a batch: sinusoidal places and the vector of the speaker (SPEC 2, SPEC 5).
 *
 *     y[r, :] = x[r, :] + places[position of r, :] + table[speaker of r, :]
 *
 * Speakers are 0 .. S - 1; S is everybody whom the tables do not know. E_spk has a padding row for S, which stays zero;
 * E_gcn has none, and nothing is added. No gradient comes from S.
 */
#ifndef SAFSD_MODEL_LAYERS_EMBEDDING_H
#define SAFSD_MODEL_LAYERS_EMBEDDING_H

#include "model/glossary.h"

/* Fills places [longest, columns] on the host: places[p, 2i] = sin(p * 10000^(-2i/columns)), places[p, 2i+1] = cos of
 * the same, computed in double and rounded once. */
void nn_embedding_places(float *places, size_t longest, size_t columns);

/* A table of speakers, [rows, columns]; speakers from `rows` on add nothing. */
typedef struct nn_speaker_table {
    rt_view values;
    size_t rows;
} nn_speaker_table;

/* x and y are [N, columns], y may be x. Without a block `places` are left out (the graph's embedding has none). */
st_status nn_embedding_forward(rt_context *rt, rt_view y, rt_view x, rt_view places, nn_speaker_table table,
                               const nn_batch *batch, size_t columns);

typedef struct nn_embedding_gradient {
    rt_view dtable;            /* [table_rows, columns] */
    rt_view scratch;           /* nn_embedding_scratch elements, free between calls */
    rt_view dy[NN_MODALITIES]; /* gradients of every tensor that the table was added to, [N, columns] each */
    size_t tensors;            /* 1 to 3 of them */
    size_t speakers;           /* S */
    size_t table_rows;         /* S, or S + 1 with a padding row, whose gradient is 0 */
    size_t columns;
    float beta; /* 0: dtable is overwritten; 1: added to */
} nn_embedding_gradient;

/* dtable[s, :] = sum over the rows r of speaker s of dy_1[r, :] + dy_2[r, :] + ..., in a fixed order. */
size_t nn_embedding_scratch(size_t rows, size_t speakers, size_t columns);
st_status nn_embedding_backward(rt_context *rt, const nn_embedding_gradient *gradient, const nn_batch *batch);

#endif
