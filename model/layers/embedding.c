#include "model/layers/embedding.h"

#include <math.h>

#include "model/layers/column_sums.h"
#include "runtime/launch.h"

void nn_embedding_places(float *places, size_t longest, size_t columns)
{
    for (size_t p = 0; p < longest; ++p)
        for (size_t c = 0; c < columns; ++c) {
            const double angle = (double)p * pow(10000.0, -(double)(c - c % 2) / (double)columns);
            places[p * columns + c] = (float)(c % 2 == 0 ? sin(angle) : cos(angle));
        }
}

st_status nn_embedding_forward(rt_context *rt, rt_view y, rt_view x, rt_view places, nn_speaker_table table,
                               const nn_batch *batch, size_t columns)
{
    return RT_LAUNCH(rt, "embedding_forward", rt_rows(rt, batch->rows), RT_VIEW(y), RT_VIEW(x),
                     RT_VIEW(batch->position), RT_VIEW(batch->speakers), RT_VIEW(places), RT_VIEW(table.values),
                     RT_UINT(table.rows), RT_UINT(columns), RT_UINT(places.block != NULL),
                     RT_MOVES((2 * batch->rows + (places.block ? batch->longest : 0)) * columns));
}

size_t nn_embedding_scratch(size_t rows, size_t speakers, size_t columns)
{
    return nn_column_sums_scratch(rows, columns) + (speakers + 1) * columns;
}

st_status nn_embedding_backward(rt_context *rt, const nn_embedding_gradient *gradient, const nn_batch *batch)
{
    const nn_parts parts = nn_parts_of(batch->rows);
    ST_FORWARD(RT_LAUNCH(
        rt, "embedding_backward_parts", nn_parts_grid(rt, gradient->columns, parts.count), RT_VIEW(gradient->scratch),
        RT_VIEW(gradient->dy[0]), RT_VIEW(gradient->dy[1]), RT_VIEW(gradient->dy[2]), RT_VIEW(batch->by_speaker),
        RT_VIEW(batch->speaker_starts), RT_UINT(batch->rows), RT_UINT(gradient->columns), RT_UINT(parts.length),
        RT_UINT(gradient->tensors), RT_MOVES((gradient->tensors * batch->rows + parts.count) * gradient->columns)));
    return RT_LAUNCH(rt, "embedding_backward_finish", nn_parts_grid(rt, gradient->columns, gradient->table_rows),
                     RT_VIEW(gradient->dtable), RT_VIEW(gradient->scratch), RT_VIEW(batch->speaker_starts),
                     RT_UINT(gradient->speakers), RT_UINT(gradient->columns), RT_UINT(parts.length),
                     RT_FLOAT(gradient->beta), RT_MOVES((parts.count + gradient->table_rows) * gradient->columns));
}
