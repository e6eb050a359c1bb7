#include "model/layers/layernorm.h"

#include "model/layers/column_sums.h"
#include "runtime/launch.h"

static const float eps = 1e-6f;

st_status nn_layernorm_forward(rt_context *rt, rt_view y, const nn_layernorm *layer, rt_view x)
{
    return RT_LAUNCH(rt, "layernorm_forward", rt_rows(rt, layer->rows), RT_VIEW(y), RT_VIEW(layer->mean),
                     RT_VIEW(layer->rstd), RT_VIEW(x), RT_VIEW(layer->gain), RT_VIEW(layer->bias),
                     RT_UINT(layer->columns), RT_FLOAT(eps), RT_LOCAL(rt_row_group(rt)),
                     RT_MOVES(2 * layer->rows * layer->columns), RT_LOOPS(3 * rt_row_loops(rt, layer->columns)));
}

size_t nn_layernorm_scratch(size_t rows, size_t columns)
{
    return 2 * nn_column_sums_scratch(rows, columns);
}

st_status nn_layernorm_backward(rt_context *rt, const nn_layernorm_gradient *gradient, const nn_layernorm *layer,
                                rt_view dy)
{
    const size_t rows = layer->rows, columns = layer->columns;
    const nn_parts parts = nn_parts_of(rows);
    const rt_view dgain_parts = layer->scratch, dbias_parts = rt_view_at(dgain_parts, parts.count * columns);
    /* Launched before dx is computed: dx may overwrite dy. */
    ST_FORWARD(RT_LAUNCH(rt, "layernorm_backward_parts", nn_parts_grid(rt, columns, parts.count), RT_VIEW(dgain_parts),
                         RT_VIEW(dbias_parts), RT_VIEW(layer->mean), RT_VIEW(layer->rstd), RT_VIEW(dy),
                         RT_VIEW(layer->x), RT_UINT(rows), RT_UINT(columns), RT_UINT(parts.length),
                         RT_MOVES(2 * (rows + parts.count) * columns), RT_LOOPS(parts.length)));
    ST_FORWARD(nn_column_sums_finish(rt, gradient->dgain, dgain_parts, parts.count, columns, gradient->beta));
    ST_FORWARD(nn_column_sums_finish(rt, gradient->dbias, dbias_parts, parts.count, columns, gradient->beta));
    const size_t streams = (size_t)(3 + (gradient->beta_dx != 0.0f) + (gradient->y.block != NULL));
    return RT_LAUNCH(rt, "layernorm_backward", rt_rows(rt, rows), RT_VIEW(gradient->dx), RT_VIEW(gradient->y),
                     RT_VIEW(layer->mean), RT_VIEW(layer->rstd), RT_VIEW(dy), RT_VIEW(layer->x), RT_VIEW(layer->gain),
                     RT_VIEW(layer->bias), RT_UINT(columns), RT_UINT(gradient->y.block != NULL),
                     RT_FLOAT(gradient->beta_dx), RT_LOCAL(rt_row_group(rt)), RT_MOVES(streams * rows * columns),
                     RT_LOOPS(2 * rt_row_loops(rt, columns)));
}
