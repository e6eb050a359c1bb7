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

/* Matrices [N, H] and [N, ffn] of this batch. */
static nn_matrix hidden(const nn_encoder_pass *p, rt_view view)
{
    return nn_dense(view, p->segments->rows, p->config->hidden);
}

static nn_matrix wide(const nn_encoder_pass *p, rt_view view)
{
    return nn_dense(view, p->segments->rows, p->config->ffn);
}

/* The projections of the source, as one matrix and its parts. */
typedef struct projections {
    nn_matrix joint, k, v, q; /* q is part of joint in a self encoder, a separate matrix in a cross encoder */
} projections;

static projections projections_of(const nn_encoder_pass *p, const nn_encoder *e, rt_view view)
{
    const size_t N = p->segments->rows, H = p->config->hidden;
    const nn_matrix joint = nn_dense(view, N, (e->cross ? 2 : 3) * H);
    const nn_matrix q = e->cross ? hidden(p, rt_view_at(view, 2 * N * H)) : nn_columns(joint, 2 * H, H);
    return (projections){joint, nn_columns(joint, 0, H), nn_columns(joint, H, H), q};
}

static nn_dropout_mask mask_of(const nn_encoder_pass *p, const nn_encoder *e, size_t l, nn_site_kind kind)
{
    return nn_dropout_masks_encoder(p->masks, e->number, l, kind);
}

static nn_dropout dropout_of(const nn_encoder_pass *p, const nn_encoder *e, size_t l, nn_site_kind kind,
                             rt_view residual)
{
    return (nn_dropout){p->segments->rows * p->config->hidden, mask_of(p, e, l, kind), residual};
}

static nn_gelu gelu_of(const nn_encoder_pass *p, const nn_encoder *e, size_t l)
{
    return (nn_gelu){p->segments->rows * p->config->ffn, mask_of(p, e, l, NN_SITE_FFN_1), e->layers[l].u};
}

static nn_layernorm norm_of(const nn_encoder_pass *p, nn_norm_weights w, rt_view x, rt_view mean, rt_view rstd)
{
    return (nn_layernorm){.rows = p->segments->rows,
                          .columns = p->config->hidden,
                          .gain = w.gain.value,
                          .bias = w.bias.value,
                          .x = x,
                          .mean = mean,
                          .rstd = rstd,
                          .scratch = p->scratch->sums};
}

/* The norm of the feed-forward, and the input norm of a layer above the first. */
static nn_layernorm ffn_norm_of(const nn_encoder_pass *p, const nn_encoder *e, size_t l)
{
    const nn_encoder_layer *a = &e->layers[l];
    return norm_of(p, p->params->layers[e->number][l].ffn_norm, a->residual, a->mean, a->rstd);
}

static nn_layernorm input_norm_of(const nn_encoder_pass *p, const nn_encoder *e, size_t l)
{
    const nn_encoder_layer *a = &e->layers[l];
    return norm_of(p, p->params->layers[e->number][l].norm, a[-1].out, a->norm_mean, a->norm_rstd);
}

static nn_attention attention_of(const nn_encoder_pass *p, const nn_encoder *e, size_t l)
{
    const nn_encoder_layer *a = &e->layers[l];
    const projections to = projections_of(p, e, a->projections);
    return (nn_attention){.segments = p->segments,
                          .heads = p->config->heads,
                          .mask = mask_of(p, e, l, NN_SITE_ATTENTION),
                          .in = {to.q, to.k, to.v},
                          .probabilities = a->probabilities,
                          .scratch = p->scratch->attention};
}

static st_status linear(const nn_encoder_pass *p, nn_matrix y, const nn_linear_weights *w, nn_matrix x)
{
    const nn_linear layer = nn_linear_of(w, x, p->scratch->sums);
    return nn_linear_forward(p->rt, y, &layer, x);
}

static st_status linear_back(const nn_encoder_pass *p, nn_matrix dx, float beta_dx, const nn_linear_weights *w,
                             nn_matrix x, nn_matrix dy)
{
    const nn_linear layer = nn_linear_of(w, x, p->scratch->sums);
    const nn_linear_gradient gradient = nn_linear_gradient_of(w, dx, beta_dx, p->beta);
    return nn_linear_backward(p->rt, &gradient, &layer, dy);
}

/* Recomputes the output y if it has a block. */
static st_status norm_back(const nn_encoder_pass *p, rt_view dx, float beta_dx, rt_view y, nn_norm_weights w,
                           const nn_layernorm *norm, rt_view dy)
{
    const nn_layernorm_gradient gradient = {
        .dx = dx, .y = y, .dgain = w.gain.gradient, .dbias = w.bias.gradient, .beta_dx = beta_dx, .beta = p->beta};
    return nn_layernorm_backward(p->rt, &gradient, norm, dy);
}

static st_status dropout_back(const nn_encoder_pass *p, rt_view dx, float beta, const nn_encoder *e, size_t l,
                              nn_site_kind kind, rt_view dy)
{
    const nn_dropout layer = dropout_of(p, e, l, kind, (rt_view){NULL, 0});
    return nn_dropout_backward(p->rt, &(nn_dropout_gradient){dx, beta}, &layer, dy);
}

static st_status project(const nn_encoder_pass *p, const nn_encoder *e, size_t l)
{
    const nn_encoder_weights *w = &p->params->layers[e->number][l];
    const projections to = projections_of(p, e, e->layers[l].projections);
    const nn_matrix x = hidden(p, e->layers[l].x);
    if (!e->cross) return linear(p, to.joint, &w->kvq, x);
    ST_FORWARD(linear(p, to.joint, &w->kv, hidden(p, e->source)));
    return linear(p, to.q, &w->q, x);
}

/* Adds to scratch->dx; beta_source as for layer_backward. */
static st_status project_back(const nn_encoder_pass *p, const nn_encoder *e, size_t l, float beta_source)
{
    const nn_encoder_weights *w = &p->params->layers[e->number][l];
    const nn_encoder_scratch *t = p->scratch;
    const projections d = projections_of(p, e, t->dprojections);
    const nn_matrix x = hidden(p, e->layers[l].x), dx = hidden(p, t->dx);
    if (!e->cross) return linear_back(p, dx, 1, &w->kvq, x, d.joint);
    ST_FORWARD(linear_back(p, hidden(p, t->dsource), beta_source, &w->kv, hidden(p, e->source), d.joint));
    return linear_back(p, dx, 1, &w->q, x, d.q);
}

static st_status layer_forward(const nn_encoder_pass *p, const nn_encoder *e, size_t l)
{
    const nn_encoder_layer *a = &e->layers[l];
    const nn_encoder_weights *w = &p->params->layers[e->number][l];
    const nn_encoder_scratch *t = p->scratch;
    const nn_attention attention = attention_of(p, e, l);
    const nn_dropout context = dropout_of(p, e, l, NN_SITE_CONTEXT, a->x);
    const nn_layernorm norm = ffn_norm_of(p, e, l);
    const nn_gelu gelu = gelu_of(p, e, l);
    const nn_dropout ffn = dropout_of(p, e, l, NN_SITE_FFN_2, a->residual);

    ST_FORWARD(project(p, e, l));
    ST_FORWARD(nn_attention_forward(p->rt, hidden(p, a->context), &attention, attention.in));
    ST_FORWARD(linear(p, hidden(p, a->residual), &w->output, hidden(p, a->context)));
    ST_FORWARD(nn_dropout_forward(p->rt, a->residual, &context, a->residual));
    ST_FORWARD(nn_layernorm_forward(p->rt, t->normed, &norm, a->residual));
    ST_FORWARD(linear(p, wide(p, a->u), &w->ffn_1, hidden(p, t->normed)));
    ST_FORWARD(nn_gelu_forward(p->rt, t->h, &gelu, a->u));
    ST_FORWARD(linear(p, hidden(p, a->out), &w->ffn_2, wide(p, t->h)));
    return nn_dropout_forward(p->rt, a->out, &ffn, a->out);
}

/* The reverse of layer_forward. Recomputes h and normed, which forward does not save. Reads the gradient of a->out from
 * scratch->dx and replaces it by that of a->x. The gradient of the source of a cross encoder is added to
 * scratch->dsource (beta_source 0: overwritten). ffn_1 overwrites t->dy, so the weights of ffn_2 come first. */
static st_status layer_backward(const nn_encoder_pass *p, const nn_encoder *e, size_t l, float beta_source)
{
    const nn_encoder_layer *a = &e->layers[l];
    const nn_encoder_weights *w = &p->params->layers[e->number][l];
    const nn_encoder_scratch *t = p->scratch;
    const projections d = projections_of(p, e, t->dprojections);
    const nn_matrix dy = hidden(p, t->dy), dffn = wide(p, t->dffn);
    const nn_attention attention = attention_of(p, e, l);
    const nn_layernorm norm = ffn_norm_of(p, e, l);
    const nn_gelu gelu = gelu_of(p, e, l);
    const nn_linear ffn_1 = nn_linear_of(&w->ffn_1, hidden(p, t->normed), t->sums);
    const nn_linear ffn_2 = nn_linear_of(&w->ffn_2, wide(p, t->h), t->sums);
    const nn_linear_gradient dffn_1 = nn_linear_gradient_of(&w->ffn_1, dy, 0, p->beta);
    const nn_linear_gradient dffn_2 = nn_linear_gradient_of(&w->ffn_2, dffn, 0, p->beta);

    ST_FORWARD(dropout_back(p, t->dy, 0, e, l, NN_SITE_FFN_2, t->dx));
    ST_FORWARD(nn_linear_backward_input(p->rt, &dffn_2, &ffn_2, dy));
    ST_FORWARD(nn_gelu_backward(p->rt, &(nn_gelu_gradient){t->dffn, t->h}, &gelu, t->dffn));
    ST_FORWARD(nn_linear_backward_weights(p->rt, &dffn_2, &ffn_2, dy));
    ST_FORWARD(nn_linear_backward_input(p->rt, &dffn_1, &ffn_1, dffn));
    ST_FORWARD(norm_back(p, t->dx, 1, t->normed, w->ffn_norm, &norm, t->dy));
    ST_FORWARD(nn_linear_backward_weights(p->rt, &dffn_1, &ffn_1, dffn));
    ST_FORWARD(dropout_back(p, t->dy, 0, e, l, NN_SITE_CONTEXT, t->dx));
    ST_FORWARD(linear_back(p, hidden(p, t->dcontext), 0, &w->output, hidden(p, a->context), dy));
    ST_FORWARD(
        nn_attention_backward(p->rt, &(nn_attention_gradient){d.q, d.k, d.v}, &attention, hidden(p, t->dcontext)));
    return project_back(p, e, l, beta_source);
}

/* Dropout of an input. Does nothing if the plan uses the input itself. */
static st_status take_input(const nn_encoder_pass *p, const nn_encoder *e, rt_view to, rt_view u, nn_site_kind site)
{
    if (e->takes_inputs) return ST_OK;
    const nn_dropout layer = dropout_of(p, e, 0, site, (rt_view){NULL, 0});
    return nn_dropout_forward(p->rt, to, &layer, u);
}

st_status nn_encoder_forward(const nn_encoder_pass *p, const nn_encoder *e, rt_view u_target, rt_view u_source)
{
    ST_FORWARD(take_input(p, e, e->layers[0].x, u_target, NN_SITE_INPUT_B));
    if (e->cross) ST_FORWARD(take_input(p, e, e->source, u_source, NN_SITE_INPUT_A));
    ST_FORWARD(layer_forward(p, e, 0));
    for (size_t l = 1; l < p->config->layers; ++l) {
        const nn_layernorm norm = input_norm_of(p, e, l);
        ST_FORWARD(nn_layernorm_forward(p->rt, e->layers[l].x, &norm, norm.x));
        ST_FORWARD(layer_forward(p, e, l));
    }
    return ST_OK;
}

st_status nn_encoder_backward(const nn_encoder_pass *p, const nn_encoder *e, rt_view du_target, rt_view du_source)
{
    const size_t top = p->config->layers - 1;
    const nn_encoder_scratch *t = p->scratch;
    const rt_view nothing = {NULL, 0};
    for (size_t l = top; l > 0; --l) {
        const nn_layernorm norm = input_norm_of(p, e, l);
        ST_FORWARD(layer_backward(p, e, l, l == top ? 0 : 1));
        ST_FORWARD(norm_back(p, t->dx, 0, nothing, p->params->layers[e->number][l].norm, &norm, t->dx));
    }
    ST_FORWARD(layer_backward(p, e, 0, top == 0 ? 0 : 1));
    if (e->cross) ST_FORWARD(dropout_back(p, du_source, 1, e, 0, NN_SITE_INPUT_A, t->dsource));
    return dropout_back(p, du_target, 1, e, 0, NN_SITE_INPUT_B, t->dx);
}
