#include "model/layers/attention.h"

#include <math.h>

#include "model/layers/blockproduct.h"
#include "runtime/launch.h"

size_t nn_attention_probabilities(size_t pairs, size_t heads)
{
    return nn_square_elements(pairs, heads);
}

/* The masked probabilities, and the gradient of the scores. */
size_t nn_attention_scratch(size_t pairs, size_t heads)
{
    return 2 * nn_square_elements(pairs, heads);
}

static nn_band band_of(nn_matrix x, size_t heads)
{
    return (nn_band){x.view, x.ld, x.columns / heads};
}

static nn_blocks blocks_of(const nn_attention *a)
{
    return (nn_blocks){a->batch, a->heads, a->q.columns / a->heads};
}

static float score_factor(const nn_attention *a)
{
    return (float)(1.0 / sqrt((double)(a->q.columns / a->heads)));
}

/* Without mask and factor the masked probabilities are the probabilities themselves. */
static bool drops(const nn_attention *a)
{
    return a->mask.bits.block || a->mask.scale != 1.0f;
}

/* What a softmax moves: `squares` of all heads, the masked probabilities, the mask. */
static size_t moves_of(const nn_attention *a, size_t squares)
{
    const size_t square = nn_square_elements(a->batch->pairs, a->heads);
    return (squares + (drops(a) ? 1 : 0)) * square + nn_mask_read(a->mask, square);
}

static rt_view kept_view(const nn_attention *a)
{
    return drops(a) ? a->scratch : a->probabilities;
}

/* Rows are short: more items of a group than this would have nothing to do. */
static size_t softmax_group(const rt_context *rt)
{
    const size_t most = 32;
    return rt_row_group(rt) < most ? rt_row_group(rt) : most;
}

static rt_grid softmax_grid(const rt_context *rt, const nn_attention *a)
{
    return rt_groups(a->batch->rows, a->heads, 1, softmax_group(rt));
}

st_status nn_attention_forward(rt_context *rt, nn_matrix context, const nn_attention *a)
{
    const nn_batch *batch = a->batch;
    const nn_blocks blocks = blocks_of(a);
    const bool keep = drops(a);
    ST_FORWARD(nn_blocks_outer(rt, a->probabilities, band_of(a->q, a->heads), band_of(a->k, a->heads), blocks,
                               score_factor(a)));
    ST_FORWARD(RT_LAUNCH(rt, "attention_softmax_forward", softmax_grid(rt, a),
                         RT_VIEW(keep ? a->scratch : (rt_view){0}), RT_VIEW(a->probabilities), RT_VIEW(a->mask.bits),
                         RT_VIEW(batch->dialogue_of), RT_VIEW(batch->starts), RT_VIEW(batch->pair_starts),
                         RT_UINT(a->heads), RT_UINT(keep), RT_UINT(a->mask.bits.block != NULL), RT_FLOAT(a->mask.scale),
                         RT_LOCAL(softmax_group(rt)), RT_MOVES(moves_of(a, 2))));
    return nn_blocks_apply(rt, band_of(context, a->heads), kept_view(a), band_of(a->v, a->heads), blocks, 0.0f);
}

st_status nn_attention_backward(rt_context *rt, nn_matrix dq, nn_matrix dk, nn_matrix dv, const nn_attention *a,
                                nn_matrix dcontext)
{
    const nn_batch *batch = a->batch;
    const nn_blocks blocks = blocks_of(a);
    const bool keep = drops(a);
    const rt_view dscores = rt_view_at(a->scratch, nn_square_elements(batch->pairs, a->heads));
    ST_FORWARD(nn_blocks_outer(rt, dscores, band_of(dcontext, a->heads), band_of(a->v, a->heads), blocks, 1.0f));
    ST_FORWARD(RT_LAUNCH(rt, "attention_softmax_backward", softmax_grid(rt, a), RT_VIEW(dscores),
                         RT_VIEW(keep ? a->scratch : (rt_view){0}), RT_VIEW(a->probabilities), RT_VIEW(a->mask.bits),
                         RT_VIEW(batch->dialogue_of), RT_VIEW(batch->starts), RT_VIEW(batch->pair_starts),
                         RT_UINT(a->heads), RT_UINT(keep), RT_UINT(a->mask.bits.block != NULL), RT_FLOAT(a->mask.scale),
                         RT_FLOAT(score_factor(a)), RT_LOCAL(softmax_group(rt)), RT_MOVES(moves_of(a, 3))));
    ST_FORWARD(nn_blocks_apply_t(rt, band_of(dv, a->heads), kept_view(a), band_of(dcontext, a->heads), blocks, 0.0f));
    ST_FORWARD(nn_blocks_apply(rt, band_of(dq, a->heads), dscores, band_of(a->k, a->heads), blocks, 0.0f));
    return nn_blocks_apply_t(rt, band_of(dk, a->heads), dscores, band_of(a->q, a->heads), blocks, 0.0f);
}
