#include "model/layers/attention.h"

#include <math.h>

#include "model/layers/segment_matmul.h"
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

static nn_strided strided_of(nn_matrix x, size_t heads)
{
    return (nn_strided){x.view, x.ld, x.columns / heads};
}

/* The products of queries and keys, or of tensors of their shape. */
static nn_segment_matmul products_of(const nn_attention *a, nn_matrix q)
{
    return (nn_segment_matmul){a->segments, a->heads, q.columns / a->heads};
}

static float score_factor(const nn_attention *a, nn_matrix q)
{
    return (float)(1.0 / sqrt((double)(q.columns / a->heads)));
}

/* Without a mask and with scale 1 the masked probabilities are the probabilities. */
static bool drops(const nn_attention *a)
{
    return a->mask.bits.block || a->mask.scale != 1.0f;
}

/* Elements that a softmax moves: `squares` of all heads, the masked probabilities, the mask. */
static size_t moves_of(const nn_attention *a, size_t squares)
{
    const size_t square = nn_square_elements(a->segments->pairs, a->heads);
    return (squares + (drops(a) ? 1 : 0)) * square + nn_dropout_mask_read(a->mask, square);
}

static rt_view kept_view(const nn_attention *a)
{
    return drops(a) ? a->scratch : a->probabilities;
}

/* Rows are short: more work-items per group would be idle. */
static size_t softmax_group(const rt_context *rt)
{
    const size_t most = 32;
    return rt_row_group(rt) < most ? rt_row_group(rt) : most;
}

static rt_grid softmax_grid(const rt_context *rt, const nn_attention *a)
{
    return rt_groups(a->segments->rows, a->heads, 1, softmax_group(rt));
}

st_status nn_attention_forward(rt_context *rt, nn_matrix context, const nn_attention *a, nn_qkv in)
{
    const nn_segments *segments = a->segments;
    const nn_segment_matmul products = products_of(a, in.q);
    const bool keep = drops(a);
    ST_FORWARD(nn_segment_matmul_nt(rt, a->probabilities, &products, strided_of(in.q, a->heads),
                                    strided_of(in.k, a->heads), score_factor(a, in.q)));
    ST_FORWARD(RT_LAUNCH(rt, "attention_softmax_forward", softmax_grid(rt, a),
                         RT_VIEW(keep ? a->scratch : (rt_view){0}), RT_VIEW(a->probabilities), RT_VIEW(a->mask.bits),
                         RT_VIEW(segments->dialogue_of), RT_VIEW(segments->starts), RT_VIEW(segments->pair_starts),
                         RT_UINT(a->heads), RT_UINT(keep), RT_UINT(a->mask.bits.block != NULL), RT_FLOAT(a->mask.scale),
                         RT_LOCAL(softmax_group(rt)), RT_MOVES(moves_of(a, 2)), RT_LOOPS(3 * segments->longest)));
    return nn_segment_matmul_nn(rt, strided_of(context, a->heads), &products, kept_view(a), strided_of(in.v, a->heads),
                                0.0f);
}

st_status nn_attention_backward(rt_context *rt, const nn_attention_gradient *g, const nn_attention *a,
                                nn_matrix dcontext)
{
    const nn_segments *segments = a->segments;
    const nn_segment_matmul products = products_of(a, a->in.q);
    const bool keep = drops(a);
    const rt_view dscores = rt_view_at(a->scratch, nn_square_elements(segments->pairs, a->heads));
    ST_FORWARD(nn_segment_matmul_nt(rt, dscores, &products, strided_of(dcontext, a->heads),
                                    strided_of(a->in.v, a->heads), 1.0f));
    ST_FORWARD(RT_LAUNCH(rt, "attention_softmax_backward", softmax_grid(rt, a), RT_VIEW(dscores),
                         RT_VIEW(keep ? a->scratch : (rt_view){0}), RT_VIEW(a->probabilities), RT_VIEW(a->mask.bits),
                         RT_VIEW(segments->dialogue_of), RT_VIEW(segments->starts), RT_VIEW(segments->pair_starts),
                         RT_UINT(a->heads), RT_UINT(keep), RT_UINT(a->mask.bits.block != NULL), RT_FLOAT(a->mask.scale),
                         RT_FLOAT(score_factor(a, a->in.q)), RT_LOCAL(softmax_group(rt)), RT_MOVES(moves_of(a, 3)),
                         RT_LOOPS(2 * segments->longest)));
    ST_FORWARD(nn_segment_matmul_tn(rt, strided_of(g->dv, a->heads), &products, kept_view(a),
                                    strided_of(dcontext, a->heads), 0.0f));
    ST_FORWARD(
        nn_segment_matmul_nn(rt, strided_of(g->dq, a->heads), &products, dscores, strided_of(a->in.k, a->heads), 0.0f));
    return nn_segment_matmul_tn(rt, strided_of(g->dk, a->heads), &products, dscores, strided_of(a->in.q, a->heads),
                                0.0f);
}
