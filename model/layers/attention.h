/* The core of multi-head attention over packed dialogues (SPEC 3): what lies between the projections.
 *
 * Per dialogue b and head h, with d = H / heads and q_h the columns h*d .. of the rows of b:
 *     A       = softmax(q_h . k_hᵀ / sqrt(d))     over the rows of b
 *     context = (mask * scale * A) . v_h          concatenated over heads
 * Row r of q attends to the rows of its own dialogue in k and v, which are packed alike.
 */
#ifndef SAFSD_MODEL_LAYERS_ATTENTION_H
#define SAFSD_MODEL_LAYERS_ATTENTION_H

#include "model/glossary.h"

typedef struct nn_attention {
    const nn_batch *batch;
    size_t heads; /* divides H */
    nn_dropout_mask
        mask;          /* site attention: bit (r*heads + head)*512 + j, r the row in this part, j the source position */
    nn_matrix q, k, v; /* [N, H], biases inside; a view per matrix, so columns of one wider matrix will do */
    rt_view probabilities; /* nn_attention_probabilities elements: A before the mask, written by forward, read by
                              backward; entry (i, j) of dialogue b and head h at pair_start_b*heads + h*L*L + i*L + j */
    rt_view scratch;       /* nn_attention_scratch elements, free between calls */
} nn_attention;

/* Elements; both grow with `pairs`, so the batch with the largest sum of L^2 needs the most. */
size_t nn_attention_probabilities(size_t pairs, size_t heads);
size_t nn_attention_scratch(size_t pairs, size_t heads);

/* Writes context [N, H] and the probabilities. */
st_status nn_attention_forward(rt_context *rt, nn_matrix context, const nn_attention *attention);

/* Overwrites dq, dk, dv [N, H], which overlap nothing else. */
st_status nn_attention_backward(rt_context *rt, nn_matrix dq, nn_matrix dk, nn_matrix dv, const nn_attention *attention,
                                nn_matrix dcontext);

#endif
