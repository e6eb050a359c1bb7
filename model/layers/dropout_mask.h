/* Drawing the masks of dropout and graph (docs/model.md 7): one bit per element, once per step, before the layers read
 * them.
 *
 * Bit e & 31 of word e >> 5 is 1 if element e of the tensor is kept. A mask depends only on seed, step, site and the
 * element's index in the whole optimiser batch: not on device, launch or the division of the batch. In the last word,
 * the bits after the last element are undefined.
 */
#ifndef SAFSD_MODEL_LAYERS_DROPOUT_MASK_H
#define SAFSD_MODEL_LAYERS_DROPOUT_MASK_H

#include "model/glossary.h"

/* The kinds of sites of an encoder, and the sites outside the encoders. */
typedef enum nn_site_kind {
    NN_SITE_INPUT_B = 0,
    NN_SITE_INPUT_A = 1,
    NN_SITE_ATTENTION = 2,
    NN_SITE_CONTEXT = 3,
    NN_SITE_FFN_1 = 4,
    NN_SITE_FFN_2 = 5,
} nn_site_kind;
enum {
    NN_SITE_STUDENT = 8192, /* + modality */
    NN_SITE_HEAD = 8200,
    NN_SITE_GRAPH = 8300,                          /* + k, k from 1 */
    NN_SITE_GRAPH_EVALUATION = 12288,              /* + k */
    NN_ATTENTION_WORDS = NN_LONGEST_DIALOGUE / 32, /* words per row and head of an attention mask */
};

/* Site of encoder `source`_`target` in `layer` (below 64). */
uint32_t nn_site_encoder(nn_modality source, nn_modality target, size_t layer, nn_site_kind kind);

/* The settings shared by all masks of a step. */
typedef struct nn_draw {
    uint64_t seed;
    uint32_t step;
    double p; /* 0 <= p < 1: an element is kept iff its word >= floor(p * 2^32) */
} nn_draw;

/* 1 / (1 - p), computed in double and rounded once. */
float nn_dropout_scale(double p);

/* Words of a flat mask, and of an attention mask [rows, heads, 512]. */
static inline size_t nn_dropout_mask_words(size_t elements)
{
    return (elements + 31) / 32;
}
static inline size_t nn_dropout_mask_attention_words(size_t rows, size_t heads)
{
    return rows * heads * NN_ATTENTION_WORDS;
}

/* Draws bit e for element first_element + e of `site`, e < elements. For a part that starts at row r of the batch,
 * first_element is r * columns. */
st_status nn_dropout_mask_draw(rt_context *rt, rt_view bits, const nn_draw *draw, uint32_t site, uint64_t first_element,
                               size_t elements);

/* Several masks in one launch: the mask of the k-th site begins at word k * stride of `bits`. */
typedef struct nn_sites {
    rt_view numbers; /* uint32 [count] */
    size_t count, stride;
} nn_sites;

st_status nn_dropout_mask_draw_sites(rt_context *rt, rt_view bits, const nn_draw *draw, nn_sites sites,
                                     uint64_t first_element, size_t elements);

/* Attention masks: bit (r*heads + head)*512 + j, where r is a row of the part, which begins at row first_row of the
 * batch, and j a row of its dialogue. Words without such a j are not written. */
st_status nn_dropout_mask_draw_attention(rt_context *rt, rt_view bits, const nn_draw *draw, nn_sites sites,
                                         const nn_segments *segments, size_t first_row, size_t heads);

/* Graph masks of tensors [M, rows, G]: bit (m*rows + r)*G + c belongs to element ((first_row + r)*M + m)*G + c. */
st_status nn_dropout_mask_draw_graph(rt_context *rt, rt_view bits, const nn_draw *draw, nn_sites sites,
                                     size_t modalities, size_t rows, size_t first_row, size_t graph);

#endif
