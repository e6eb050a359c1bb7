#include "model/training/team.h"

#include <stdlib.h>

#include "model/layers/dropout.h"
#include "model/network/network.h"
#include "runtime/window.h"

enum { CHUNK = 1 << 20 }; /* elements that pass at a time */

struct nn_team {
    nn_safsd *lead;
    nn_safsd **workers;
    size_t count;
    size_t *cuts;     /* [count + 2] */
    rt_arena *arena;  /* on the lead */
    rt_view incoming; /* [CHUNK] */
    bool stale;       /* the workers' parameters are not the lead's */
};

st_status nn_team_create(nn_team **team, nn_safsd *lead, rt_context *const *contexts, size_t count,
                         const nn_safsd_options *options)
{
    *team = NULL;
    st_error *error = rt_error(lead->rt);
    nn_team *t = calloc(1, sizeof *t);
    if (!t) return st_fail(error, ST_FAILED, "out of memory for a team of %zu devices", count + 1);
    t->lead = lead;
    t->stale = true;
    st_status status = ST_OK;
    if (count == 0) {
        *team = t;
        return status;
    }
    t->workers = calloc(count, sizeof(nn_safsd *));
    t->cuts = malloc((count + 2) * sizeof *t->cuts);
    if (!t->workers || !t->cuts) {
        status = st_fail(error, ST_FAILED, "out of memory for a team of %zu devices", count + 1);
        goto done;
    }
    for (; t->count < count; ++t->count)
        ST_TRY(nn_safsd_create_worker(&t->workers[t->count], contexts[t->count], options));
    ST_TRY(rt_arena_create(&t->arena, lead->rt, "gradients of other devices"));
    ST_TRY(rt_arena_take(t->arena, "incoming gradients", CHUNK, &t->incoming));
    ST_TRY(rt_arena_commit(t->arena));
    *team = t;
done:
    if (status != ST_OK) nn_team_destroy(&t);
    return status;
}

void nn_team_destroy(nn_team **team)
{
    nn_team *t = *team;
    if (!t) return;
    for (size_t w = 0; w < t->count; ++w) nn_safsd_destroy(&t->workers[w]);
    rt_arena_destroy(&t->arena);
    free(t->workers);
    free(t->cuts);
    free(t);
    *team = NULL;
}

/* Multiply-adds of a dialogue, up to a factor: the matrices that every row meets, and the L x L products of attention
 * (two of width H per encoder and layer) and graph (one of width G per modality and layer). */
static double work_of(double L, const nn_config *c)
{
    const double M = (double)nn_modalities_used(c), E = M * M, H = (double)c->hidden, G = (double)c->graph_hidden;
    const double row = E * (double)c->layers * H * (4 * H + 2 * (double)c->ffn) + M * M * H * H;
    const double pair = 2 * E * (double)c->layers * H + M * (double)c->gcn_layers * G;
    return L * row + L * L * pair;
}

void nn_team_cut(size_t *cuts, size_t parts, const int32_t *lengths, size_t dialogues, const nn_config *config)
{
    double total = 0, done = 0;
    for (size_t b = 0; b < dialogues; ++b) total += work_of(lengths[b], config);
    size_t part = 0;
    cuts[0] = 0;
    for (size_t b = 0; b < dialogues; ++b) {
        const double own = work_of(lengths[b], config);
        /* A dialogue belongs to the run in which its middle lies. */
        while (part + 1 < parts && b > 0 && done + own / 2 >= total * (double)(part + 1) / (double)parts)
            cuts[++part] = b;
        done += own;
    }
    while (part < parts) cuts[++part] = dialogues;
}

/* From one device to another. */
static st_status pass_on(rt_context *from, rt_view view, size_t elements, rt_context *to, rt_view target)
{
    rt_window window;
    ST_FORWARD(rt_window_read(from, view, elements, &window));
    const st_status written = rt_write(to, target, window.host, elements);
    const st_status closed = rt_window_close(from, &window);
    return written == ST_OK ? closed : written;
}

/* Gives one parameter of the lead to every worker. */
static st_status share_parameter(nn_team *t, size_t i)
{
    const nn_params *from = &t->lead->params;
    const size_t elements = from->items[i].elements;
    rt_window window;
    ST_FORWARD(rt_window_read(from->rt, from->items[i].value, elements, &window));
    st_status status = ST_OK;
    for (size_t w = 0; w < t->count && status == ST_OK; ++w)
        status = rt_write(t->workers[w]->rt, t->workers[w]->params.items[i].value, window.host, elements);
    const st_status closed = rt_window_close(from->rt, &window);
    return status == ST_OK ? closed : status;
}

static st_status share_parameters(nn_team *t)
{
    for (size_t i = 0; i < t->lead->params.count; ++i) ST_FORWARD(share_parameter(t, i));
    t->stale = false;
    return ST_OK;
}

static st_status add_gradients(nn_team *t, const nn_safsd *worker)
{
    const nn_params *to = &t->lead->params, *from = &worker->params;
    for (size_t i = 0; i < to->count; ++i) {
        for (size_t first = 0; first < to->items[i].elements; first += CHUNK) {
            const size_t rest = to->items[i].elements - first, n = rest < CHUNK ? rest : CHUNK;
            ST_FORWARD(pass_on(from->rt, rt_view_at(from->items[i].gradient, first), n, to->rt, t->incoming));
            ST_FORWARD(
                nn_dropout_backward(to->rt, rt_view_at(to->items[i].gradient, first), t->incoming, NN_NO_MASK, n, 1));
        }
    }
    return ST_OK;
}

static st_status add_losses(nn_team *t)
{
    float sums[4], losses[4];
    ST_FORWARD(rt_read(t->lead->rt, t->lead->a.losses, sums, 4));
    for (size_t w = 0; w < t->count; ++w) {
        if (t->cuts[w + 1] == t->cuts[w + 2]) continue;
        ST_FORWARD(rt_read(t->workers[w]->rt, t->workers[w]->a.losses, losses, 4));
        for (size_t i = 0; i < 4; ++i) sums[i] += losses[i];
    }
    return rt_write(t->lead->rt, t->lead->a.losses, sums, 4);
}

st_status nn_team_gradient(nn_team *t, const ds_batch *batch, uint32_t step, size_t micro_batch)
{
    if (t->count == 0) return nn_safsd_gradient(t->lead, batch, step, micro_batch);
    if (t->stale) ST_FORWARD(share_parameters(t));
    nn_team_cut(t->cuts, t->count + 1, batch->lengths, batch->dialogues, &t->lead->config);
    /* Workers first: all devices compute while the host waits for none. */
    for (size_t w = 0; w < t->count; ++w) {
        const size_t first = t->cuts[w + 1], count = t->cuts[w + 2] - first;
        if (count == 0) continue;
        ST_FORWARD(nn_gradient_of(t->workers[w], batch, first, count, step, micro_batch));
        ST_FORWARD(rt_flush(t->workers[w]->rt));
    }
    ST_FORWARD(nn_gradient_of(t->lead, batch, 0, t->cuts[1], step, micro_batch));
    ST_FORWARD(rt_flush(t->lead->rt));
    for (size_t w = 0; w < t->count; ++w)
        if (t->cuts[w + 1] < t->cuts[w + 2]) ST_FORWARD(add_gradients(t, t->workers[w]));
    return add_losses(t);
}

st_status nn_team_update(nn_team *t, const nn_adam *adam, double lr)
{
    t->stale = true;
    return nn_safsd_update(t->lead, adam, lr);
}
