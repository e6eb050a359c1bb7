#include "model/network/optimizer.h"

#include <math.h>
#include <string.h>

#include "runtime/launch.h"

enum { SLICE = 65536 };

/* Elements per partial sum: fixed, unless a work-item would loop too often. */
static size_t slice_of(const rt_context *rt)
{
    const size_t most = RT_MOST_LOOPS * rt_row_group(rt) * rt_vector_width(rt);
    return SLICE < most ? SLICE : most;
}

static size_t slices_of(const rt_context *rt, size_t elements)
{
    return (elements + slice_of(rt) - 1) / slice_of(rt);
}

st_status nn_optimizer_plan(nn_optimizer *o, nn_params *params, rt_arena *arena)
{
    o->params = params;
    o->slices = 0;
    for (size_t b = 0; b < rt_arena_blocks(params->gradients); ++b) {
        size_t elements = 0;
        rt_arena_block(params->gradients, b, &elements);
        o->slices += slices_of(params->rt, elements);
    }
    ST_FORWARD(rt_arena_take(arena, "optimizer control", NN_CONTROL_ELEMENTS, &o->control));
    return rt_arena_take(arena, "partial norms", o->slices, &o->partials);
}

st_status nn_optimizer_set(nn_optimizer *o, uint32_t updates, uint32_t skipped)
{
    float control[NN_CONTROL_ELEMENTS] = {0};
    memcpy(&control[NN_CONTROL_UPDATES], &updates, sizeof updates);
    memcpy(&control[NN_CONTROL_SKIPPED], &skipped, sizeof skipped);
    return rt_write(o->params->rt, o->control, control, NN_CONTROL_ELEMENTS);
}

/* Uses several launches if a work-item would loop too often. Each begins at the last partial sum of the previous
 * launch, which contains the sum so far. */
static st_status decide(const nn_optimizer *o, const nn_adam *adam)
{
    rt_context *rt = o->params->rt;
    const size_t group = rt_row_group(rt), most = group * RT_MOST_LOOPS;
    for (size_t first = 0, end = 0; end < o->slices; first = end - 1) {
        end = o->slices - first > most ? first + most : o->slices;
        ST_FORWARD(RT_LAUNCH(rt, "optimizer_decide", rt_groups(1, 1, 1, group), RT_VIEW(o->control),
                             RT_VIEW(rt_view_at(o->partials, first)), RT_LOCAL(group), RT_UINT(end - first),
                             RT_UINT(end == o->slices), RT_FLOAT((float)adam->clip), RT_FLOAT((float)log(adam->beta1)),
                             RT_FLOAT((float)log(adam->beta2)), RT_MOVES(end - first),
                             RT_LOOPS((end - first + group - 1) / group)));
    }
    return ST_OK;
}

static st_status measure(const nn_optimizer *o)
{
    rt_context *rt = o->params->rt;
    const size_t group = rt_row_group(rt), slice = slice_of(rt);
    size_t done = 0;
    for (size_t b = 0; b < rt_arena_blocks(o->params->gradients); ++b) {
        size_t elements = 0;
        const rt_view gradient = rt_arena_block(o->params->gradients, b, &elements);
        const size_t slices = slices_of(rt, elements);
        ST_FORWARD(RT_LAUNCH(rt, "gradient_partials", rt_rows(rt, slices), RT_VIEW(rt_view_at(o->partials, done)),
                             RT_VIEW(gradient), RT_LOCAL(group), RT_UINT(elements), RT_UINT(slice),
                             RT_MOVES(elements + slices), RT_LOOPS(rt_row_loops(rt, slice))));
        done += slices;
    }
    return ST_OK;
}

st_status nn_optimizer_step(nn_optimizer *o, const nn_adam *adam, double lr)
{
    rt_context *rt = o->params->rt;
    ST_FORWARD(measure(o));
    ST_FORWARD(decide(o, adam));
    const double decay = adam->weight_decay;
    for (size_t b = 0; b < rt_arena_blocks(o->params->values); ++b) {
        size_t elements = 0;
        const rt_view value = rt_arena_block(o->params->values, b, &elements);
        const rt_view gradient = rt_arena_block(o->params->gradients, b, &elements);
        const rt_view moment1 = rt_arena_block(o->params->moments1, b, &elements);
        const rt_view moment2 = rt_arena_block(o->params->moments2, b, &elements);
        ST_FORWARD(RT_LAUNCH(rt, "adam_update", rt_items(rt, elements), RT_VIEW(value), RT_VIEW(moment1),
                             RT_VIEW(moment2), RT_VIEW(gradient), RT_VIEW(o->control), RT_UINT(elements),
                             RT_FLOAT((float)lr), RT_FLOAT((float)adam->beta1), RT_FLOAT((float)(1.0 - adam->beta1)),
                             RT_FLOAT((float)adam->beta2), RT_FLOAT((float)(1.0 - adam->beta2)),
                             RT_FLOAT((float)adam->eps), RT_FLOAT(adam->decoupled ? 0.0f : (float)decay),
                             RT_FLOAT(adam->decoupled ? (float)decay : 0.0f), RT_MOVES(7 * elements)));
    }
    return ST_OK;
}

nn_step_outcome nn_step_outcome_of(const float control[NN_CONTROL_ELEMENTS])
{
    nn_step_outcome outcome = {.norm = control[NN_CONTROL_NORM]};
    uint32_t finite = 0;
    memcpy(&finite, &control[NN_CONTROL_FINITE], sizeof finite);
    memcpy(&outcome.updates, &control[NN_CONTROL_UPDATES], sizeof outcome.updates);
    memcpy(&outcome.skipped, &control[NN_CONTROL_SKIPPED], sizeof outcome.skipped);
    outcome.finite = finite != 0;
    return outcome;
}
