#include "model/network/encoder.h"

#include <stdlib.h>

#include "model/layers/attention.h"
#include "model/layers/dropout.h"
#include "model/layers/gelu.h"
#include "model/layers/layernorm.h"
#include "model/layers/linear.h"

static st_status plan_layer(nn_encoder_layer *a, rt_arena *arena, const nn_config *c, const nn_extent *extent, size_t l)
{
    const size_t N = extent->rows, H = c->hidden;
    rt_view *const wide[] = {&a->context, &a->residual, &a->out};
    for (size_t i = 0; i < sizeof wide / sizeof *wide; ++i)
        ST_FORWARD(rt_arena_take(arena, "encoder activations", N * H, wide[i]));
    ST_FORWARD(rt_arena_take(arena, "projections", 3 * N * H, &a->projections));
    ST_FORWARD(rt_arena_take(arena, "feed-forward activations", N * c->ffn, &a->u));
    ST_FORWARD(rt_arena_take(arena, "attention probabilities", nn_attention_probabilities(extent->pairs, c->heads),
                             &a->probabilities));
    ST_FORWARD(rt_arena_take(arena, "row means", N, &a->mean));
    ST_FORWARD(rt_arena_take(arena, "row deviations", N, &a->rstd));
    if (l == 0) return ST_OK;
    ST_FORWARD(rt_arena_take(arena, "encoder activations", N * H, &a->x));
    ST_FORWARD(rt_arena_take(arena, "row means", N, &a->norm_mean));
    return rt_arena_take(arena, "row deviations", N, &a->norm_rstd);
}

st_status nn_encoder_plan(nn_encoder *e, rt_arena *arena, const nn_config *config, const nn_extent *extent,
                          size_t number, const rt_view *u, st_error *error)
{
    e->number = number;
    e->pair = nn_encoder_of(number);
    e->cross = e->pair.source != e->pair.target;
    e->layers = calloc(config->layers, sizeof *e->layers);
    if (!e->layers) return st_fail(error, ST_FAILED, "out of memory for encoder %zu", number);
    for (size_t l = 0; l < config->layers; ++l) ST_FORWARD(plan_layer(&e->layers[l], arena, config, extent, l));
    e->takes_inputs = u != NULL;
    if (u) {
        e->layers[0].x = u[e->pair.target];
        e->source = u[e->pair.source];
    } else {
        ST_FORWARD(rt_arena_take(arena, "encoder inputs", extent->rows * config->hidden, &e->layers[0].x));
        if (e->cross) ST_FORWARD(rt_arena_take(arena, "encoder inputs", extent->rows * config->hidden, &e->source));
    }
    if (config->gate != NN_GATE_LEARNED) return ST_OK;
    return rt_arena_take(arena, "gate activations", extent->rows * config->hidden, &e->gate);
}

void nn_encoder_destroy(nn_encoder *e)
{
    free(e->layers);
    e->layers = NULL;
}

/* Row-major matrices of this batch. */
static nn_matrix hidden(const nn_encoder_pass *p, rt_view view)
{
    return nn_dense(view, p->batch->rows, p->config->hidden);
}

static nn_matrix wide(const nn_encoder_pass *p, rt_view view)
{
    return nn_dense(view, p->batch->rows, p->config->ffn);
}

/* What the source is projected to, as one matrix, and its parts. */
typedef struct projections {
    nn_matrix joint, k, v, q; /* q is the rest of joint in a self encoder, else a matrix of its own */
} projections;

static projections projections_of(const nn_encoder_pass *p, const nn_encoder *e, rt_view view)
{
    const size_t N = p->batch->rows, H = p->config->hidden;
    const nn_matrix joint = nn_dense(view, N, (e->cross ? 2 : 3) * H);
    const nn_matrix q = e->cross ? hidden(p, rt_view_at(view, 2 * N * H)) : nn_columns(joint, 2 * H, H);
    return (projections){joint, nn_columns(joint, 0, H), nn_columns(joint, H, H), q};
}

static nn_dropout_mask mask_of(const nn_encoder_pass *p, const nn_encoder *e, size_t l, nn_site_kind kind)
{
    return nn_dropout_masks_encoder(p->masks, e->number, l, kind);
}

static nn_layernorm norm_of(const nn_encoder_pass *p, nn_norm_slot slot, rt_view mean, rt_view rstd)
{
    return (nn_layernorm){p->batch->rows, p->config->hidden, slot.gain.value, slot.bias.value, mean, rstd};
}

static nn_attention attention_of(const nn_encoder_pass *p, const nn_encoder *e, size_t l)
{
    const nn_encoder_layer *a = &e->layers[l];
    const projections to = projections_of(p, e, a->projections);
    return (nn_attention){.batch = p->batch,
                          .heads = p->config->heads,
                          .mask = mask_of(p, e, l, NN_SITE_ATTENTION),
                          .q = to.q,
                          .k = to.k,
                          .v = to.v,
                          .probabilities = a->probabilities,
                          .scratch = p->scratch->attention};
}

static nn_linear_gradient gradient_of(const nn_encoder_pass *p, nn_matrix dx, float beta_dx, nn_matrix dy, nn_matrix x)
{
    return (nn_linear_gradient){dx, dy, x, p->scratch->sums, beta_dx, p->beta};
}

static st_status linear_back(const nn_encoder_pass *p, nn_matrix dx, float beta_dx, nn_matrix dy, nn_matrix x,
                             const nn_linear_slot *slot)
{
    const nn_linear_gradient gradient = gradient_of(p, dx, beta_dx, dy, x);
    return nn_linear_backward(p->rt, slot, &gradient);
}

/* Gives y, what forward gave, again, unless it has no block. */
static st_status norm_back(const nn_encoder_pass *p, rt_view dx, float beta_dx, rt_view y, rt_view dy, rt_view x,
                           const nn_layernorm *norm, nn_norm_slot slot)
{
    return nn_layernorm_backward(p->rt,
                                 &(nn_layernorm_gradient){.dx = dx,
                                                          .y = y,
                                                          .dgain = slot.gain.gradient,
                                                          .dbias = slot.bias.gradient,
                                                          .scratch = p->scratch->sums,
                                                          .dy = dy,
                                                          .x = x,
                                                          .beta_dx = beta_dx,
                                                          .beta = p->beta},
                                 norm);
}

static st_status project(const nn_encoder_pass *p, const nn_encoder *e, size_t l)
{
    const nn_layer_slots *w = &p->params->layers[e->number][l];
    const projections to = projections_of(p, e, e->layers[l].projections);
    const nn_matrix x = hidden(p, e->layers[l].x);
    if (!e->cross) return nn_linear_forward(p->rt, to.joint, x, &w->kvq);
    ST_FORWARD(nn_linear_forward(p->rt, to.joint, hidden(p, e->source), &w->kv));
    return nn_linear_forward(p->rt, to.q, x, &w->q);
}

/* Adds to scratch->dx; beta_source as for layer_backward. */
static st_status project_back(const nn_encoder_pass *p, const nn_encoder *e, size_t l, float beta_source)
{
    const nn_layer_slots *w = &p->params->layers[e->number][l];
    const nn_encoder_scratch *t = p->scratch;
    const projections d = projections_of(p, e, t->dprojections);
    const nn_matrix x = hidden(p, e->layers[l].x), dx = hidden(p, t->dx);
    if (!e->cross) return linear_back(p, dx, 1, d.joint, x, &w->kvq);
    ST_FORWARD(linear_back(p, hidden(p, t->dsource), beta_source, d.joint, hidden(p, e->source), &w->kv));
    return linear_back(p, dx, 1, d.q, x, &w->q);
}

static st_status layer_forward(const nn_encoder_pass *p, const nn_encoder *e, size_t l)
{
    const nn_encoder_layer *a = &e->layers[l];
    const nn_layer_slots *w = &p->params->layers[e->number][l];
    const nn_encoder_scratch *t = p->scratch;
    const size_t NH = p->batch->rows * p->config->hidden, Nffn = p->batch->rows * p->config->ffn;
    const nn_attention attention = attention_of(p, e, l);
    const nn_layernorm norm = norm_of(p, w->ffn_norm, a->mean, a->rstd);

    ST_FORWARD(project(p, e, l));
    ST_FORWARD(nn_attention_forward(p->rt, hidden(p, a->context), &attention));
    ST_FORWARD(nn_linear_forward(p->rt, hidden(p, a->residual), hidden(p, a->context), &w->output));
    ST_FORWARD(nn_dropout_forward(p->rt, a->residual, a->residual, a->x, mask_of(p, e, l, NN_SITE_CONTEXT), NH));
    ST_FORWARD(nn_layernorm_forward(p->rt, t->normed, &norm, a->residual));
    ST_FORWARD(nn_linear_forward(p->rt, wide(p, a->u), hidden(p, t->normed), &w->ffn_1));
    ST_FORWARD(nn_gelu_forward(p->rt, t->h, a->u, mask_of(p, e, l, NN_SITE_FFN_1), Nffn));
    ST_FORWARD(nn_linear_forward(p->rt, hidden(p, a->out), wide(p, t->h), &w->ffn_2));
    return nn_dropout_forward(p->rt, a->out, a->out, a->residual, mask_of(p, e, l, NN_SITE_FFN_2), NH);
}

/* layer_forward upside down; h and normed, which that did not keep, are made again on the way. Takes the gradient at
 * a->out from scratch->dx and leaves there the one at a->x; that at the source of a cross encoder goes to
 * scratch->dsource (beta_source 0: overwritten). ffn_1 overwrites t->dy, so the parameters of ffn_2 come first. */
static st_status layer_backward(const nn_encoder_pass *p, const nn_encoder *e, size_t l, float beta_source)
{
    const nn_encoder_layer *a = &e->layers[l];
    const nn_layer_slots *w = &p->params->layers[e->number][l];
    const nn_encoder_scratch *t = p->scratch;
    const size_t NH = p->batch->rows * p->config->hidden, Nffn = p->batch->rows * p->config->ffn;
    const projections d = projections_of(p, e, t->dprojections);
    const nn_attention attention = attention_of(p, e, l);
    const nn_layernorm norm = norm_of(p, w->ffn_norm, a->mean, a->rstd);
    const nn_linear_gradient ffn_2 = gradient_of(p, wide(p, t->dffn), 0, hidden(p, t->dy), wide(p, t->h));
    const nn_linear_gradient ffn_1 = gradient_of(p, hidden(p, t->dy), 0, wide(p, t->dffn), hidden(p, t->normed));

    ST_FORWARD(nn_dropout_backward(p->rt, t->dy, t->dx, mask_of(p, e, l, NN_SITE_FFN_2), NH, 0));
    ST_FORWARD(nn_linear_backward_input(p->rt, &w->ffn_2, &ffn_2));
    ST_FORWARD(nn_gelu_backward(p->rt, t->dffn, t->h, t->dffn, a->u, mask_of(p, e, l, NN_SITE_FFN_1), Nffn));
    ST_FORWARD(nn_linear_backward_parameters(p->rt, &w->ffn_2, &ffn_2));
    ST_FORWARD(nn_linear_backward_input(p->rt, &w->ffn_1, &ffn_1));
    ST_FORWARD(norm_back(p, t->dx, 1, t->normed, t->dy, a->residual, &norm, w->ffn_norm));
    ST_FORWARD(nn_linear_backward_parameters(p->rt, &w->ffn_1, &ffn_1));
    ST_FORWARD(nn_dropout_backward(p->rt, t->dy, t->dx, mask_of(p, e, l, NN_SITE_CONTEXT), NH, 0));
    ST_FORWARD(linear_back(p, hidden(p, t->dcontext), 0, hidden(p, t->dy), hidden(p, a->context), &w->output));
    ST_FORWARD(nn_attention_backward(p->rt, d.q, d.k, d.v, &attention, hidden(p, t->dcontext)));
    return project_back(p, e, l, beta_source);
}

/* Dropout of an input; nothing to do where the plan took the input itself. */
static st_status take_input(const nn_encoder_pass *p, const nn_encoder *e, rt_view to, rt_view u, nn_site_kind site)
{
    if (e->takes_inputs) return ST_OK;
    const rt_view nothing = {NULL, 0};
    return nn_dropout_forward(p->rt, to, u, nothing, mask_of(p, e, 0, site), p->batch->rows * p->config->hidden);
}

st_status nn_encoder_forward(const nn_encoder_pass *p, const nn_encoder *e, rt_view u_target, rt_view u_source)
{
    ST_FORWARD(take_input(p, e, e->layers[0].x, u_target, NN_SITE_INPUT_B));
    if (e->cross) ST_FORWARD(take_input(p, e, e->source, u_source, NN_SITE_INPUT_A));
    ST_FORWARD(layer_forward(p, e, 0));
    for (size_t l = 1; l < p->config->layers; ++l) {
        const nn_encoder_layer *a = &e->layers[l];
        const nn_layernorm norm = norm_of(p, p->params->layers[e->number][l].norm, a->norm_mean, a->norm_rstd);
        ST_FORWARD(nn_layernorm_forward(p->rt, a->x, &norm, a[-1].out));
        ST_FORWARD(layer_forward(p, e, l));
    }
    return ST_OK;
}

st_status nn_encoder_backward(const nn_encoder_pass *p, const nn_encoder *e, rt_view du_target, rt_view du_source)
{
    const size_t NH = p->batch->rows * p->config->hidden, top = p->config->layers - 1;
    const nn_encoder_scratch *t = p->scratch;
    const rt_view nothing = {NULL, 0};
    for (size_t l = top; l > 0; --l) {
        const nn_encoder_layer *a = &e->layers[l];
        const nn_norm_slot slot = p->params->layers[e->number][l].norm;
        const nn_layernorm norm = norm_of(p, slot, a->norm_mean, a->norm_rstd);
        ST_FORWARD(layer_backward(p, e, l, l == top ? 0 : 1));
        ST_FORWARD(norm_back(p, t->dx, 0, nothing, t->dx, a[-1].out, &norm, slot));
    }
    ST_FORWARD(layer_backward(p, e, 0, top == 0 ? 0 : 1));
    if (e->cross)
        ST_FORWARD(nn_dropout_backward(p->rt, du_source, t->dsource, mask_of(p, e, 0, NN_SITE_INPUT_A), NH, 1));
    return nn_dropout_backward(p->rt, du_target, t->dx, mask_of(p, e, 0, NN_SITE_INPUT_B), NH, 1);
}
