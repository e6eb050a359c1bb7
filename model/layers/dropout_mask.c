#include "model/layers/dropout_mask.h"

#include "runtime/launch.h"

uint32_t nn_site_encoder(nn_modality source, nn_modality target, size_t layer, nn_site_kind kind)
{
    /* For each target, its own encoder comes first, then the others in the order t, a, v. */
    const uint32_t others = source < target ? (uint32_t)source + 1 : (uint32_t)source;
    const uint32_t encoder = (uint32_t)target * NN_MODALITIES + (source == target ? 0 : others);
    return (encoder * 64 + (uint32_t)layer) * 8 + (uint32_t)kind;
}

float nn_dropout_scale(double p)
{
    return (float)(1.0 / (1.0 - p));
}

static uint32_t threshold_of(double p)
{
    return (uint32_t)(p * 4294967296.0); /* truncates, and p >= 0 */
}

/* One work-item for each of `count`, times `times` in dimension 1. */
static rt_grid scalars_times(const rt_context *rt, size_t count, size_t times)
{
    rt_grid grid = rt_scalars(rt, count);
    grid.dimensions = 2;
    grid.groups[1] = times;
    return grid;
}

static st_status draw_flat(rt_context *rt, rt_view bits, const nn_draw *draw, nn_sites sites, uint32_t site,
                           uint64_t first_element, size_t elements)
{
    const size_t words = nn_dropout_mask_words(elements);
    return RT_LAUNCH(rt, "dropout_mask_draw", scalars_times(rt, words, sites.count), RT_VIEW(bits),
                     RT_VIEW(sites.numbers), RT_UINT(words), RT_ULONG(sites.stride), RT_ULONG(first_element),
                     RT_UINT(sites.numbers.block != NULL), RT_UINT(site), RT_ULONG(draw->seed), RT_UINT(draw->step),
                     RT_UINT(threshold_of(draw->p)), RT_MOVES(words * sites.count));
}

st_status nn_dropout_mask_draw(rt_context *rt, rt_view bits, const nn_draw *draw, uint32_t site, uint64_t first_element,
                               size_t elements)
{
    const nn_sites one = {.count = 1};
    return draw_flat(rt, bits, draw, one, site, first_element, elements);
}

st_status nn_dropout_mask_draw_sites(rt_context *rt, rt_view bits, const nn_draw *draw, nn_sites sites,
                                     uint64_t first_element, size_t elements)
{
    return draw_flat(rt, bits, draw, sites, 0, first_element, elements);
}

st_status nn_dropout_mask_draw_attention(rt_context *rt, rt_view bits, const nn_draw *draw, nn_sites sites,
                                         const nn_segments *segments, size_t first_row, size_t heads)
{
    rt_grid grid = scalars_times(rt, segments->rows * heads, nn_dropout_mask_words(segments->longest));
    grid.dimensions = 3;
    grid.groups[2] = sites.count;
    return RT_LAUNCH(rt, "dropout_mask_draw_attention", grid, RT_VIEW(bits), RT_VIEW(sites.numbers),
                     RT_VIEW(segments->starts), RT_VIEW(segments->dialogue_of), RT_UINT(segments->rows), RT_UINT(heads),
                     RT_ULONG(sites.stride), RT_ULONG(first_row), RT_ULONG(draw->seed), RT_UINT(draw->step),
                     RT_UINT(threshold_of(draw->p)),
                     RT_MOVES(nn_dropout_mask_words(segments->pairs * heads) * sites.count));
}

st_status nn_dropout_mask_draw_graph(rt_context *rt, rt_view bits, const nn_draw *draw, nn_sites sites,
                                     size_t modalities, size_t rows, size_t first_row, size_t graph)
{
    const size_t words = nn_dropout_mask_words(modalities * rows * graph);
    return RT_LAUNCH(rt, "dropout_mask_draw_graph", scalars_times(rt, words, sites.count), RT_VIEW(bits),
                     RT_VIEW(sites.numbers), RT_UINT(modalities), RT_UINT(rows), RT_UINT(graph), RT_UINT(words),
                     RT_ULONG(sites.stride), RT_ULONG(first_row), RT_ULONG(draw->seed), RT_UINT(draw->step),
                     RT_UINT(threshold_of(draw->p)), RT_MOVES(words * sites.count));
}
