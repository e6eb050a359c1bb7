#include "model/layers/embedding.h"

#include "model/layers/column_sums.h"
#include "runtime/launch.h"

st_status nn_embedding_forward(rt_context *rt, rt_view y, const nn_embedding *layer, rt_view x)
{
    const nn_segments *segments = layer->segments;
    const bool encoded = layer->positional_encoding.block != NULL;
    return RT_LAUNCH(rt, "embedding_forward", rt_rows(rt, segments->rows), RT_VIEW(y), RT_VIEW(x),
                     RT_VIEW(segments->position), RT_VIEW(layer->speakers->of_row), RT_VIEW(layer->positional_encoding),
                     RT_VIEW(layer->table), RT_UINT(layer->table_rows), RT_UINT(layer->columns), RT_UINT(encoded),
                     RT_MOVES((2 * segments->rows + (encoded ? segments->longest : 0)) * layer->columns),
                     RT_LOOPS(rt_row_loops(rt, layer->columns)));
}

size_t nn_embedding_scratch(size_t rows, size_t speakers, size_t columns)
{
    return nn_column_sums_scratch(rows, columns) + (speakers + 1) * columns;
}

st_status nn_embedding_backward(rt_context *rt, const nn_embedding_gradient *gradient, const nn_embedding *layer,
                                const rt_view *dy, size_t tensors)
{
    const size_t rows = layer->segments->rows, columns = layer->columns;
    const nn_speakers *speakers = layer->speakers;
    const nn_parts parts = nn_parts_of(rows);
    const rt_view nothing = {NULL, 0};
    ST_FORWARD(RT_LAUNCH(rt, "embedding_backward_parts", nn_parts_grid(rt, columns, parts.count),
                         RT_VIEW(layer->scratch), RT_VIEW(dy[0]), RT_VIEW(tensors > 1 ? dy[1] : nothing),
                         RT_VIEW(tensors > 2 ? dy[2] : nothing), RT_VIEW(speakers->rows), RT_VIEW(speakers->starts),
                         RT_UINT(rows), RT_UINT(columns), RT_UINT(parts.length), RT_UINT(tensors),
                         RT_MOVES((tensors * rows + parts.count) * columns), RT_LOOPS(parts.length + speakers->count)));
    return RT_LAUNCH(rt, "embedding_backward_finish", nn_parts_grid(rt, columns, layer->table_rows),
                     RT_VIEW(gradient->dtable), RT_VIEW(layer->scratch), RT_VIEW(speakers->starts),
                     RT_UINT(speakers->count), RT_UINT(columns), RT_UINT(parts.length), RT_FLOAT(gradient->beta),
                     RT_MOVES((parts.count + layer->table_rows) * columns), RT_LOOPS(parts.count));
}
