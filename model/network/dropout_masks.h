/* All masks of a step: their memory, and a few launches that draw them before the forward pass (docs/model.md 7). */
#ifndef SAFSD_MODEL_NETWORK_DROPOUT_MASKS_H
#define SAFSD_MODEL_NETWORK_DROPOUT_MASKS_H

#include "model/hyperparameters.h"
#include "model/layers/dropout_mask.h"
#include "model/network/batch.h"

/* Masks of the same shape, drawn by one launch. */
typedef struct nn_dropout_mask_group {
    uint32_t *numbers; /* host copy of sites.numbers */
    nn_sites sites;
    rt_view bits;
} nn_dropout_mask_group;

typedef struct nn_dropout_masks {
    nn_config config;
    nn_dropout_mask_group hidden;     /* [rows, H]: input_b, input_a, context, ffn_2, students */
    nn_dropout_mask_group ffn;        /* [rows, ffn]: ffn_1 */
    nn_dropout_mask_group attention;  /* [rows, heads, 512] */
    nn_dropout_mask_group graph;      /* [M, rows, G]: gcn.k */
    nn_dropout_mask_group evaluation; /* sites of a sampled evaluation; shape and bits of graph */
    rt_view head;                     /* [rows, M*2G] */
} nn_dropout_masks;

/* Plans bits and site numbers in `arena`. Without `training`, only those of a sampled evaluation. */
st_status nn_dropout_masks_plan(nn_dropout_masks *masks, rt_arena *arena, const nn_config *config,
                                const nn_extent *extent, bool training, st_error *error);
/* Uploads the site numbers. Call it after the arena is committed. */
st_status nn_dropout_masks_commit(nn_dropout_masks *masks, rt_context *rt);
void nn_dropout_masks_destroy(nn_dropout_masks *masks);

/* Draw the masks of a training step, or of a repetition of a sampled evaluation, for the rows of `batch`. */
st_status nn_dropout_masks_draw(nn_dropout_masks *masks, rt_context *rt, const nn_batch *batch, uint32_t step);
st_status nn_dropout_masks_draw_evaluation(nn_dropout_masks *masks, rt_context *rt, const nn_batch *batch,
                                           uint32_t repetition);

/* Whether dropout is active: in training, unless its probability is 0. Valid after nn_dropout_masks_plan. */
bool nn_dropout_masks_drops(const nn_dropout_masks *masks);

/* The masks for the layers. Without dropout (or graph mask) all elements are kept. */
nn_dropout_mask nn_dropout_masks_encoder(const nn_dropout_masks *masks, size_t encoder, size_t layer,
                                         nn_site_kind kind);
nn_dropout_mask nn_dropout_masks_student(const nn_dropout_masks *masks, size_t modality);
nn_dropout_mask nn_dropout_masks_head(const nn_dropout_masks *masks);
nn_dropout_mask nn_dropout_masks_graph(const nn_dropout_masks *masks, size_t k); /* k from 0 */

#endif
