#include "model/network/dropout_masks.h"

#include <stdlib.h>
#include <string.h>

static uint32_t site_of(size_t encoder, size_t layer, nn_site_kind kind)
{
    const nn_encoder_pair pair = nn_encoder_of(encoder);
    return nn_site_encoder(pair.source, pair.target, layer, kind);
}

static void add_site(nn_dropout_mask_group *group, uint32_t site)
{
    group->numbers[group->sites.count++] = site;
}

static void list_encoder(nn_dropout_masks *masks, size_t e)
{
    const nn_encoder_pair pair = nn_encoder_of(e);
    add_site(&masks->hidden, site_of(e, 0, NN_SITE_INPUT_B));
    if (pair.source != pair.target) add_site(&masks->hidden, site_of(e, 0, NN_SITE_INPUT_A));
    for (size_t l = 0; l < masks->config.layers; ++l) {
        add_site(&masks->hidden, site_of(e, l, NN_SITE_CONTEXT));
        add_site(&masks->hidden, site_of(e, l, NN_SITE_FFN_2));
        add_site(&masks->ffn, site_of(e, l, NN_SITE_FFN_1));
        add_site(&masks->attention, site_of(e, l, NN_SITE_ATTENTION));
    }
}

static void list_sites(nn_dropout_masks *masks)
{
    const nn_config *c = &masks->config;
    for (size_t e = 0; e < NN_ENCODERS; ++e) {
        const nn_encoder_pair pair = nn_encoder_of(e);
        if (c->uses[pair.source] && c->uses[pair.target]) list_encoder(masks, e);
    }
    for (size_t m = 0; m < NN_MODALITIES; ++m)
        if (c->uses[m]) add_site(&masks->hidden, (uint32_t)(NN_SITE_STUDENT + m));
    for (size_t k = 1; k <= c->gcn_layers; ++k) {
        add_site(&masks->graph, (uint32_t)(NN_SITE_GRAPH + k));
        add_site(&masks->evaluation, (uint32_t)(NN_SITE_GRAPH_EVALUATION + k));
    }
}

/* Plans the bits of a group only if `wanted`; every group keeps its list of site numbers. */
static st_status plan_group(nn_dropout_mask_group *group, rt_arena *arena, size_t words, bool wanted)
{
    group->sites.stride = words;
    if (!wanted || group->sites.count == 0) return ST_OK;
    ST_FORWARD(rt_arena_take(arena, "mask sites", group->sites.count, &group->sites.numbers));
    return rt_arena_take(arena, "masks", group->sites.count * words, &group->bits);
}

st_status nn_dropout_masks_plan(nn_dropout_masks *masks, rt_arena *arena, const nn_config *config,
                                const nn_extent *extent, bool training, st_error *error)
{
    memset(masks, 0, sizeof *masks);
    masks->config = *config;
    nn_dropout_mask_group *const groups[] = {&masks->hidden, &masks->ffn, &masks->attention, &masks->graph,
                                             &masks->evaluation};
    const size_t most = NN_ENCODERS * (2 + 2 * config->layers) + NN_MODALITIES + config->gcn_layers;
    for (size_t g = 0; g < sizeof groups / sizeof *groups; ++g) {
        groups[g]->numbers = malloc(most * sizeof(uint32_t));
        if (!groups[g]->numbers) return st_fail(error, ST_FAILED, "out of memory for the sites of the masks");
    }
    list_sites(masks);
    const bool drops = training && config->dropout > 0;
    const size_t M = nn_modalities_used(config), N = extent->rows, G = config->graph_hidden;
    ST_FORWARD(plan_group(&masks->hidden, arena, nn_dropout_mask_words(N * config->hidden), drops));
    ST_FORWARD(plan_group(&masks->ffn, arena, nn_dropout_mask_words(N * config->ffn), drops));
    ST_FORWARD(plan_group(&masks->attention, arena, nn_dropout_mask_attention_words(N, config->heads), drops));
    ST_FORWARD(plan_group(&masks->graph, arena, nn_dropout_mask_words(M * N * G), config->gcn_mask > 0));
    masks->evaluation.sites.stride = masks->graph.sites.stride;
    masks->evaluation.bits = masks->graph.bits;
    if (config->gcn_mask > 0 && config->gcn_layers > 0)
        ST_FORWARD(rt_arena_take(arena, "mask sites", config->gcn_layers, &masks->evaluation.sites.numbers));
    return drops ? rt_arena_take(arena, "masks", nn_dropout_mask_words(N * M * 2 * G), &masks->head) : ST_OK;
}

bool nn_dropout_masks_drops(const nn_dropout_masks *masks)
{
    return masks->head.block != NULL;
}

st_status nn_dropout_masks_commit(nn_dropout_masks *masks, rt_context *rt)
{
    nn_dropout_mask_group *const groups[] = {&masks->hidden, &masks->ffn, &masks->attention, &masks->graph,
                                             &masks->evaluation};
    for (size_t g = 0; g < sizeof groups / sizeof *groups; ++g)
        if (groups[g]->sites.numbers.block)
            ST_FORWARD(rt_write(rt, groups[g]->sites.numbers, groups[g]->numbers, groups[g]->sites.count));
    return ST_OK;
}

void nn_dropout_masks_destroy(nn_dropout_masks *masks)
{
    free(masks->hidden.numbers);
    free(masks->ffn.numbers);
    free(masks->attention.numbers);
    free(masks->graph.numbers);
    free(masks->evaluation.numbers);
    memset(masks, 0, sizeof *masks);
}

static st_status draw_graph(nn_dropout_masks *masks, rt_context *rt, const nn_batch *batch, uint32_t step,
                            const nn_dropout_mask_group *group)
{
    const nn_config *c = &masks->config;
    if (!group->bits.block) return ST_OK;
    const nn_draw draw = {c->seed, step, c->gcn_mask};
    return nn_dropout_mask_draw_graph(rt, group->bits, &draw, group->sites, nn_modalities_used(c), batch->segments.rows,
                                      batch->first_row, c->graph_hidden);
}

st_status nn_dropout_masks_draw(nn_dropout_masks *masks, rt_context *rt, const nn_batch *batch, uint32_t step)
{
    const nn_config *c = &masks->config;
    const uint64_t first = batch->first_row;
    ST_FORWARD(draw_graph(masks, rt, batch, step, &masks->graph));
    if (!nn_dropout_masks_drops(masks)) return ST_OK;
    const nn_draw draw = {c->seed, step, c->dropout};
    ST_FORWARD(nn_dropout_mask_draw_sites(rt, masks->hidden.bits, &draw, masks->hidden.sites, first * c->hidden,
                                          batch->segments.rows * c->hidden));
    ST_FORWARD(nn_dropout_mask_draw_sites(rt, masks->ffn.bits, &draw, masks->ffn.sites, first * c->ffn,
                                          batch->segments.rows * c->ffn));
    ST_FORWARD(nn_dropout_mask_draw_attention(rt, masks->attention.bits, &draw, masks->attention.sites,
                                              &batch->segments, batch->first_row, c->heads));
    const size_t width = nn_modalities_used(c) * 2 * c->graph_hidden;
    return nn_dropout_mask_draw(rt, masks->head, &draw, NN_SITE_HEAD, first * width, batch->segments.rows * width);
}

st_status nn_dropout_masks_draw_evaluation(nn_dropout_masks *masks, rt_context *rt, const nn_batch *batch,
                                           uint32_t repetition)
{
    return draw_graph(masks, rt, batch, repetition, &masks->evaluation);
}

/* The mask of one site of a group; without bits if the group has none. */
static nn_dropout_mask find(const nn_dropout_mask_group *group, uint32_t site, float scale)
{
    for (size_t i = 0; group->bits.block && i < group->sites.count; ++i)
        if (group->numbers[i] == site)
            return (nn_dropout_mask){rt_view_at(group->bits, i * group->sites.stride), scale};
    return NN_NO_MASK;
}

nn_dropout_mask nn_dropout_masks_encoder(const nn_dropout_masks *masks, size_t encoder, size_t layer, nn_site_kind kind)
{
    const nn_dropout_mask_group *group = kind == NN_SITE_ATTENTION ? &masks->attention
                                         : kind == NN_SITE_FFN_1   ? &masks->ffn
                                                                   : &masks->hidden;
    return find(group, site_of(encoder, layer, kind), nn_dropout_scale(masks->config.dropout));
}

nn_dropout_mask nn_dropout_masks_student(const nn_dropout_masks *masks, size_t modality)
{
    return find(&masks->hidden, (uint32_t)(NN_SITE_STUDENT + modality), nn_dropout_scale(masks->config.dropout));
}

nn_dropout_mask nn_dropout_masks_head(const nn_dropout_masks *masks)
{
    return nn_dropout_masks_drops(masks) ? (nn_dropout_mask){masks->head, nn_dropout_scale(masks->config.dropout)}
                                         : NN_NO_MASK;
}

nn_dropout_mask nn_dropout_masks_graph(const nn_dropout_masks *masks, size_t k)
{
    return find(&masks->graph, (uint32_t)(NN_SITE_GRAPH + k + 1), 1.0f);
}
