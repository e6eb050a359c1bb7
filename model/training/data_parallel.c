#include "model/training/data_parallel.h"

#include <stdlib.h>

#include "model/layers/add.h"
#include "model/network/network.h"
#include "runtime/host_map.h"

enum { CHUNK = 1 << 20 }; /* elements copied at a time */

struct nn_data_parallel {
    nn_safsd *model;
    nn_safsd **replicas; /* [count] */
    size_t count;
    size_t *cuts;     /* [count + 2] */
    rt_arena *arena;  /* on the model's device */
    rt_view incoming; /* [CHUNK] */
    bool stale;       /* the parameters of the replicas are not up to date */
};

st_status nn_data_parallel_create(nn_data_parallel **parallel, nn_safsd *model, rt_context *const *contexts,
                                  size_t count, const nn_safsd_options *options)
{
    *parallel = NULL;
    st_error *error = rt_error(model->rt);
    nn_data_parallel *p = calloc(1, sizeof *p);
    if (!p) return st_fail(error, ST_FAILED, "out of memory for training on %zu devices", count + 1);
    p->model = model;
    p->stale = true;
    st_status status = ST_OK;
    if (count == 0) {
        *parallel = p;
        return status;
    }
    p->replicas = calloc(count, sizeof(nn_safsd *));
    p->cuts = malloc((count + 2) * sizeof *p->cuts);
    if (!p->replicas || !p->cuts) {
        status = st_fail(error, ST_FAILED, "out of memory for training on %zu devices", count + 1);
        goto done;
    }
    for (; p->count < count; ++p->count)
        ST_TRY(nn_safsd_create_replica(&p->replicas[p->count], contexts[p->count], options));
    ST_TRY(rt_arena_create(&p->arena, model->rt, "gradients of other devices"));
    ST_TRY(rt_arena_take(p->arena, "incoming gradients", CHUNK, &p->incoming));
    ST_TRY(rt_arena_commit(p->arena));
    *parallel = p;
done:
    if (status != ST_OK) nn_data_parallel_destroy(&p);
    return status;
}

void nn_data_parallel_destroy(nn_data_parallel **parallel)
{
    nn_data_parallel *p = *parallel;
    if (!p) return;
    for (size_t r = 0; r < p->count; ++r) nn_safsd_destroy(&p->replicas[r]);
    rt_arena_destroy(&p->arena);
    free(p->replicas);
    free(p->cuts);
    free(p);
    *parallel = NULL;
}

/* Multiply-adds of a dialogue, up to a constant factor: the matrix products of every row, and the L x L products of
 * attention (two of width H per encoder and layer) and graph (one of width G per modality and layer). */
static double work_of(double L, const nn_config *c)
{
    const double M = (double)nn_modalities_used(c), E = M * M, H = (double)c->hidden, G = (double)c->graph_hidden;
    const double row = E * (double)c->layers * H * (4 * H + 2 * (double)c->ffn) + M * M * H * H;
    const double pair = 2 * E * (double)c->layers * H + M * (double)c->gcn_layers * G;
    return L * row + L * L * pair;
}

void nn_data_parallel_cut(size_t *cuts, size_t parts, const ds_batch *batch, const nn_config *config)
{
    double total = 0, done = 0;
    for (size_t b = 0; b < batch->dialogues; ++b) total += work_of((double)ds_batch_length(batch, b), config);
    size_t part = 0;
    cuts[0] = 0;
    for (size_t b = 0; b < batch->dialogues; ++b) {
        const double own = work_of((double)ds_batch_length(batch, b), config);
        /* A dialogue belongs to the share that contains its middle. */
        while (part + 1 < parts && b > 0 && done + own / 2 >= total * (double)(part + 1) / (double)parts)
            cuts[++part] = b;
        done += own;
    }
    while (part < parts) cuts[++part] = batch->dialogues;
}

/* Copies from one device to another. */
static st_status pass_on(rt_context *from, rt_view view, size_t elements, rt_context *to, rt_view target)
{
    rt_host_map map;
    ST_FORWARD(rt_map_read(from, view, elements, &map));
    const st_status written = rt_write(to, target, map.host, elements);
    const st_status closed = rt_unmap(from, &map);
    return written == ST_OK ? closed : written;
}

/* Copies one parameter of the model to every replica. */
static st_status share_parameter(nn_data_parallel *p, size_t i)
{
    const nn_params *from = &p->model->params;
    const size_t elements = from->items[i].elements;
    rt_host_map map;
    ST_FORWARD(rt_map_read(from->rt, from->items[i].value, elements, &map));
    st_status status = ST_OK;
    for (size_t r = 0; r < p->count && status == ST_OK; ++r)
        status = rt_write(p->replicas[r]->rt, p->replicas[r]->params.items[i].value, map.host, elements);
    const st_status closed = rt_unmap(from->rt, &map);
    return status == ST_OK ? closed : status;
}

static st_status share_parameters(nn_data_parallel *p)
{
    for (size_t i = 0; i < p->model->params.count; ++i) ST_FORWARD(share_parameter(p, i));
    p->stale = false;
    return ST_OK;
}

static st_status add_gradients(nn_data_parallel *p, const nn_safsd *replica)
{
    const nn_params *to = &p->model->params, *from = &replica->params;
    for (size_t i = 0; i < to->count; ++i) {
        for (size_t first = 0; first < to->items[i].elements; first += CHUNK) {
            const size_t rest = to->items[i].elements - first, n = rest < CHUNK ? rest : CHUNK;
            ST_FORWARD(pass_on(from->rt, rt_view_at(from->items[i].gradient, first), n, to->rt, p->incoming));
            const rt_view sum = rt_view_at(to->items[i].gradient, first);
            ST_FORWARD(nn_add(to->rt, sum, sum, p->incoming, n));
        }
    }
    return ST_OK;
}

static st_status add_losses(nn_data_parallel *p)
{
    float sums[4], losses[4];
    ST_FORWARD(rt_read(p->model->rt, p->model->a.losses, sums, 4));
    for (size_t r = 0; r < p->count; ++r) {
        if (p->cuts[r + 1] == p->cuts[r + 2]) continue;
        ST_FORWARD(rt_read(p->replicas[r]->rt, p->replicas[r]->a.losses, losses, 4));
        for (size_t i = 0; i < 4; ++i) sums[i] += losses[i];
    }
    return rt_write(p->model->rt, p->model->a.losses, sums, 4);
}

st_status nn_data_parallel_gradient(nn_data_parallel *p, const ds_batch *batch, uint32_t step, size_t micro_batch)
{
    if (p->count == 0) return nn_safsd_gradient(p->model, batch, step, micro_batch);
    if (p->stale) ST_FORWARD(share_parameters(p));
    nn_data_parallel_cut(p->cuts, p->count + 1, batch, &p->model->config);
    /* Replicas first: then all devices compute at the same time, without a wait of the host. */
    for (size_t r = 0; r < p->count; ++r) {
        const size_t first = p->cuts[r + 1], count = p->cuts[r + 2] - first;
        if (count == 0) continue;
        ST_FORWARD(nn_gradient_of(p->replicas[r], batch, first, count, step, micro_batch));
        ST_FORWARD(rt_flush(p->replicas[r]->rt));
    }
    ST_FORWARD(nn_gradient_of(p->model, batch, 0, p->cuts[1], step, micro_batch));
    ST_FORWARD(rt_flush(p->model->rt));
    for (size_t r = 0; r < p->count; ++r)
        if (p->cuts[r + 1] < p->cuts[r + 2]) ST_FORWARD(add_gradients(p, p->replicas[r]));
    return add_losses(p);
}

st_status nn_data_parallel_update(nn_data_parallel *p, const nn_adam *adam, double lr)
{
    p->stale = true;
    return nn_safsd_update(p->model, adam, lr);
}

st_status nn_data_parallel_result_later(nn_data_parallel *p, nn_pending *pending)
{
    return nn_safsd_result_later(p->model, pending);
}

st_status nn_data_parallel_result(nn_data_parallel *p, nn_pending *pending, nn_step_result *result)
{
    return nn_safsd_result(p->model, pending, result);
}
