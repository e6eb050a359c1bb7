/* Multi-head attention over packed dialogues, without its projections (docs/model.md 3).
 *
 * Per dialogue b and head h, with d = H / heads and q_h the columns h*d .. of the rows of b:
 *     A       = softmax(q_h . k_hᵀ / sqrt(d))     over the rows of b
 *     context = (mask * scale * A) . v_h          concatenated over heads
 * Row r of q attends to the rows of its dialogue in k and v, which have the same layout.
 */
#ifndef SAFSD_MODEL_LAYERS_ATTENTION_H
#define SAFSD_MODEL_LAYERS_ATTENTION_H

#include "model/glossary.h"

/* [N, H] each, with biases added. They may be columns of one wider matrix. */
typedef struct nn_qkv {
    nn_matrix q, k, v;
} nn_qkv;

typedef struct nn_attention {
    const nn_segments *segments;
    size_t heads;          /* divides H */
    nn_dropout_mask mask;  /* site attention: bit (r*heads + head)*512 + j; r: row of this part, j: source position */
    nn_qkv in;             /* saved */
    rt_view probabilities; /* saved, nn_attention_probabilities elements: A before the mask; entry (i, j) of dialogue b
                              and head h at pair_start_b*heads + h*L*L + i*L + j */
    rt_view scratch;       /* nn_attention_scratch elements */
} nn_attention;

typedef struct nn_attention_gradient {
    nn_matrix dq, dk, dv; /* [N, H], overwritten; they overlap nothing else */
} nn_attention_gradient;

/* Elements of the probabilities and of the scratch. Both increase with `pairs`: the batch with the largest sum of L^2
 * needs the most. */
size_t nn_attention_probabilities(size_t pairs, size_t heads);
size_t nn_attention_scratch(size_t pairs, size_t heads);

/* Writes context [N, H] and the probabilities. */
st_status nn_attention_forward(rt_context *rt, nn_matrix context, const nn_attention *layer, nn_qkv in);

st_status nn_attention_backward(rt_context *rt, const nn_attention_gradient *gradient, const nn_attention *layer,
                                nn_matrix dcontext);

#endif
