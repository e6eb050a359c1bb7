#include "model/network/params.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "data/philox.h"
#include "runtime/host_map.h"

typedef struct table {
    nn_params *params;
    nn_param *room;   /* the next parameters are parts of it; NULL: each is allocated separately */
    st_status status; /* the first failure; later calls do nothing */
} table;

static nn_param *new_item(table *t)
{
    nn_params *p = t->params;
    if (p->count == p->capacity) {
        const size_t capacity = p->capacity ? 2 * p->capacity : 64;
        nn_param *items = realloc(p->items, capacity * sizeof *items);
        if (!items) {
            t->status = st_fail(rt_error(p->rt), ST_FAILED, "out of memory for the table of parameters");
            return NULL;
        }
        p->items = items;
        p->capacity = capacity;
    }
    nn_param *item = &p->items[p->count++];
    memset(item, 0, sizeof *item);
    return item;
}

static st_status take_views(nn_params *p, nn_param *item)
{
    ST_FORWARD(rt_arena_take(p->values, item->name, item->elements, &item->value));
    if (!p->training) return ST_OK;
    ST_FORWARD(rt_arena_take(p->gradients, item->name, item->elements, &item->gradient));
    ST_FORWARD(rt_arena_take(p->moments1, item->name, item->elements, &item->moment1));
    return rt_arena_take(p->moments2, item->name, item->elements, &item->moment2);
}

/* Takes the next elements of `room`. */
static void take_from(nn_param *room, nn_param *item)
{
    rt_view *const from[] = {&room->value, &room->gradient, &room->moment1, &room->moment2};
    rt_view *const to[] = {&item->value, &item->gradient, &item->moment1, &item->moment2};
    for (size_t i = 0; i < sizeof from / sizeof *from; ++i) {
        *to[i] = *from[i];
        if (from[i]->block) *from[i] = rt_view_at(*from[i], item->elements);
    }
}

static nn_weight add(table *t, nn_init init, size_t fan_in, size_t rank, const size_t *shape, const char *format, ...)
    ST_PRINTF(6, 7);

static nn_weight add(table *t, nn_init init, size_t fan_in, size_t rank, const size_t *shape, const char *format, ...)
{
    const nn_weight nothing = {{NULL, 0}, {NULL, 0}};
    nn_param *item = t->status == ST_OK ? new_item(t) : NULL;
    if (!item) return nothing;
    va_list arguments;
    va_start(arguments, format);
    text_vformat(item->name, sizeof item->name, format, arguments);
    va_end(arguments);
    item->init = init;
    item->fan_in = fan_in;
    item->rank = rank;
    item->elements = 1;
    for (size_t i = 0; i < rank; ++i) {
        item->shape[i] = shape[i];
        item->elements *= shape[i];
    }
    t->params->elements += item->elements;
    if (t->room)
        take_from(t->room, item);
    else
        t->status = take_views(t->params, item);
    return (nn_weight){item->value, item->gradient};
}

static nn_linear_weights add_linear(table *t, size_t out, size_t in, const char *name)
{
    nn_linear_weights made = {.in = in, .out = out};
    made.weight = add(t, NN_INIT_UNIFORM, in, 2, (const size_t[]){out, in}, "%s.weight", name);
    made.bias = add(t, NN_INIT_UNIFORM, in, 1, &out, "%s.bias", name);
    return made;
}

static nn_linear_weights add_layer_linear(table *t, size_t out, size_t in, const char *prefix, const char *name)
{
    char full[80];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    return add_linear(t, out, in, full);
}

/* All weights are contiguous, and all biases, in checkpoint order. */
static void add_projections(table *t, nn_encoder_weights *layer, size_t H, const char *prefix)
{
    static const char *const names[] = {"k", "v", "q"};
    nn_linear_weights *const layers[] = {&layer->k, &layer->v, &layer->q};
    nn_param weights = {.name = "projections of attention", .elements = 3 * H * H};
    nn_param biases = {.name = "projections of attention", .elements = 3 * H};
    if (t->status == ST_OK) t->status = take_views(t->params, &weights);
    if (t->status == ST_OK) t->status = take_views(t->params, &biases);
    for (size_t i = 0; i < 3; ++i) {
        layers[i]->in = layers[i]->out = H;
        t->room = &weights;
        layers[i]->weight =
            add(t, NN_INIT_UNIFORM, H, 2, (const size_t[]){H, H}, "%sself_attn.linear_%s.weight", prefix, names[i]);
        t->room = &biases;
        layers[i]->bias = add(t, NN_INIT_UNIFORM, H, 1, &H, "%sself_attn.linear_%s.bias", prefix, names[i]);
    }
    t->room = NULL;
    const rt_view nothing = {NULL, 0};
    layer->k.bias.gradient = nothing; /* always 0: a key bias adds the same to all scores, which softmax ignores */
    const nn_weight bias = {layer->k.bias.value, layer->v.bias.gradient};
    layer->kv = (nn_linear_weights){layer->k.weight, bias, H, 2 * H, .dbias_from = H};
    layer->kvq = (nn_linear_weights){layer->k.weight, bias, H, 3 * H, .dbias_from = H};
}

static nn_norm_weights add_norm(table *t, size_t width, const char *prefix, const char *name)
{
    nn_norm_weights made;
    made.gain = add(t, NN_INIT_ONE, 0, 1, &width, "%s%s.weight", prefix, name);
    made.bias = add(t, NN_INIT_ZERO, 0, 1, &width, "%s%s.bias", prefix, name);
    return made;
}

static void add_encoder(table *t, const nn_config *c, size_t e)
{
    const nn_encoder_pair pair = nn_encoder_of(e);
    const char source = nn_modality_letter(pair.source), target = nn_modality_letter(pair.target);
    const size_t H = c->hidden;
    nn_encoder_weights *layers = calloc(c->layers, sizeof *layers);
    if (!layers) {
        t->status = st_fail(rt_error(t->params->rt), ST_FAILED, "out of memory for the table of parameters");
        return;
    }
    t->params->layers[e] = layers;
    for (size_t l = 0; l < c->layers; ++l) {
        char prefix[48];
        snprintf(prefix, sizeof prefix, "%c_%c.transformer_inter.%zu.", source, target, l);
        add_projections(t, &layers[l], H, prefix);
        layers[l].output = add_layer_linear(t, H, H, prefix, "self_attn.linear");
        layers[l].ffn_1 = add_layer_linear(t, c->ffn, H, prefix, "feed_forward.w_1");
        layers[l].ffn_2 = add_layer_linear(t, H, c->ffn, prefix, "feed_forward.w_2");
        layers[l].ffn_norm = add_norm(t, H, prefix, "feed_forward.layer_norm");
        if (l > 0) layers[l].norm = add_norm(t, H, prefix, "layer_norm");
    }
    if (c->gate == NN_GATE_LEARNED) {
        char name[24];
        snprintf(name, sizeof name, "%c_%c_gate.gate.0", source, target);
        t->params->gate[e] = add_linear(t, H, H, name);
    }
}

static void add_target(table *t, const nn_config *c, size_t n)
{
    const size_t M = nn_modalities_used(c), H = c->hidden;
    for (size_t e = 0; e < NN_ENCODERS && t->status == ST_OK; ++e) {
        const nn_encoder_pair pair = nn_encoder_of(e);
        if (pair.target == (nn_modality)n && c->uses[pair.source]) add_encoder(t, c, e);
    }
    char name[40];
    snprintf(name, sizeof name, "features_reduce_%c", nn_modality_letter(n));
    t->params->reduce[n] = add_linear(t, H, M * H, name);
    snprintf(name, sizeof name, "%c_output_layer.2", nn_modality_letter(n));
    t->params->student[n] = add_linear(t, c->classes, H, name);
}

static void add_all(table *t, const nn_config *c)
{
    static const char *const inputs[NN_MODALITIES] = {"textf_input", "acouf_input", "visuf_input"};
    nn_params *p = t->params;
    const size_t H = c->hidden, G = c->graph_hidden, one = 1;
    p->speaker_embeddings =
        add(t, NN_INIT_NORMAL, 0, 2, (const size_t[]){c->speakers + 1, H}, "speaker_embeddings.weight");
    if (t->status == ST_OK) p->items[0].frozen_tail = H;
    for (size_t m = 0; m < NN_MODALITIES; ++m) {
        if (!c->uses[m]) continue;
        p->input[m].in = c->dims[m];
        p->input[m].out = H;
        p->input[m].weight =
            add(t, NN_INIT_UNIFORM, c->dims[m], 3, (const size_t[]){H, c->dims[m], 1}, "%s.weight", inputs[m]);
    }
    for (size_t n = 0; n < NN_MODALITIES; ++n)
        if (c->uses[n]) add_target(t, c, n);
    p->graph_embeddings =
        add(t, NN_INIT_NORMAL, 0, 2, (const size_t[]){c->speakers, H}, "graph_model.speaker_embeddings.weight");
    p->graph_input = add_linear(t, G, H, "graph_model.fc1");
    for (size_t k = 0; k < c->gcn_layers; ++k) {
        p->graph_gate[k] =
            add(t, NN_INIT_UNIFORM, 2 * G, 2, (const size_t[]){1, 2 * G}, "graph_model.conv%zu.gate.weight", k + 1);
        p->graph_gate_bias[k] = add(t, NN_INIT_UNIFORM, 2 * G, 1, &one, "graph_model.conv%zu.gate.bias", k + 1);
    }
    p->head = add_linear(t, c->classes, nn_modalities_used(c) * 2 * G, "smax_fc");
}

st_status nn_params_create(nn_params *params, rt_context *rt, const nn_config *config, bool training)
{
    memset(params, 0, sizeof *params);
    params->rt = rt;
    params->training = training;
    params->gate_kind = config->gate;
    st_status status = ST_OK;
    ST_TRY(nn_config_check(config, rt_error(rt)));
    ST_TRY(rt_arena_create(&params->values, rt, "parameters"));
    if (training) {
        ST_TRY(rt_arena_create(&params->gradients, rt, "gradients"));
        ST_TRY(rt_arena_create(&params->moments1, rt, "first moments"));
        ST_TRY(rt_arena_create(&params->moments2, rt, "second moments"));
    }
    table t = {.params = params};
    add_all(&t, config);
    status = t.status;
done:
    if (status != ST_OK) nn_params_destroy(params);
    return status;
}

void nn_params_without_moments(nn_params *params)
{
    rt_arena_destroy(&params->moments1);
    rt_arena_destroy(&params->moments2);
    for (size_t i = 0; i < params->count; ++i) params->items[i].moment1 = params->items[i].moment2 = (rt_view){NULL, 0};
}

/* Allocates and clears: the gaps between aligned parameters must not contain NaN. */
static st_status commit_cleared(rt_context *rt, rt_arena *arena)
{
    if (!arena) return ST_OK;
    ST_FORWARD(rt_arena_commit(arena));
    for (size_t b = 0; b < rt_arena_blocks(arena); ++b) {
        size_t elements = 0;
        const rt_view block = rt_arena_block(arena, b, &elements);
        ST_FORWARD(rt_zero(rt, block, elements));
    }
    return ST_OK;
}

st_status nn_params_commit(nn_params *params)
{
    ST_FORWARD(commit_cleared(params->rt, params->values));
    ST_FORWARD(commit_cleared(params->rt, params->gradients));
    ST_FORWARD(commit_cleared(params->rt, params->moments1));
    return commit_cleared(params->rt, params->moments2);
}

void nn_params_destroy(nn_params *params)
{
    rt_arena_destroy(&params->values);
    rt_arena_destroy(&params->gradients);
    rt_arena_destroy(&params->moments1);
    rt_arena_destroy(&params->moments2);
    for (size_t e = 0; e < NN_ENCODERS; ++e) free(params->layers[e]);
    free(params->items);
    memset(params, 0, sizeof *params);
}

uint64_t nn_params_bytes(const nn_params *params)
{
    const size_t arenas = params->moments1 ? 4 : params->gradients ? 2 : 1;
    return rt_arena_bytes(params->values) * arenas;
}

static void draw(float *values, const nn_param *item, uint64_t seed, size_t number)
{
    const ds_stream stream = {seed, (uint32_t)(DS_SITE_INITIALISATION + number), 0};
    switch (item->init) {
    case NN_INIT_UNIFORM:
        ds_fill_uniform(stream, 0, values, item->elements, 1.0 / sqrt((double)item->fan_in));
        break;
    case NN_INIT_NORMAL:
        ds_fill_normal(stream, 0, values, item->elements);
        break;
    case NN_INIT_ONE:
        for (size_t i = 0; i < item->elements; ++i) values[i] = 1.0f;
        break;
    case NN_INIT_ZERO:
        memset(values, 0, item->elements * sizeof *values);
        break;
    }
    for (size_t i = item->elements - item->frozen_tail; i < item->elements; ++i) values[i] = 0.0f;
}

st_status nn_params_initialise(nn_params *params, uint64_t seed)
{
    for (size_t i = 0; i < params->count; ++i) {
        rt_host_map map;
        ST_FORWARD(rt_map_write(params->rt, params->items[i].value, params->items[i].elements, &map));
        draw(map.host, &params->items[i], seed, i);
        ST_FORWARD(rt_unmap(params->rt, &map));
    }
    return ST_OK;
}

const nn_param *nn_params_find(const nn_params *params, const char *name)
{
    for (size_t i = 0; i < params->count; ++i)
        if (strcmp(params->items[i].name, name) == 0) return &params->items[i];
    return NULL;
}

nn_linear nn_linear_of(const nn_linear_weights *weights, nn_matrix x, rt_view scratch)
{
    return (nn_linear){weights->weight.value, weights->bias.value, x, scratch};
}

nn_linear_gradient nn_linear_gradient_of(const nn_linear_weights *weights, nn_matrix dx, float beta_dx, float beta)
{
    return (nn_linear_gradient){.dx = dx,
                                .dweight = weights->weight.gradient,
                                .dbias = weights->bias.gradient,
                                .dbias_from = weights->dbias_from,
                                .beta_dx = beta_dx,
                                .beta = beta};
}
