#include "model/layers/column_sums.h"

#include "runtime/launch.h"

enum { PARTS = 64, SHORTEST_PART = 16, LONGEST_PART = RT_MOST_LOOPS / 2 };

nn_parts nn_parts_of(size_t rows)
{
    size_t length = (rows + PARTS - 1) / PARTS;
    if (length < SHORTEST_PART) length = SHORTEST_PART;
    if (length > LONGEST_PART) length = LONGEST_PART;
    return (nn_parts){(rows + length - 1) / length, length};
}

rt_grid nn_parts_grid(const rt_context *rt, size_t columns, size_t parts)
{
    rt_grid grid = rt_items(rt, columns);
    grid.dimensions = 2;
    grid.groups[1] = parts;
    return grid;
}

size_t nn_column_sums_scratch(size_t rows, size_t columns)
{
    const size_t parts = (rows + SHORTEST_PART - 1) / SHORTEST_PART; /* fewer rows than planned may have more parts */
    const size_t count = nn_parts_of(rows).count;
    return (parts < PARTS ? parts : count > PARTS ? count : PARTS) * columns;
}

st_status nn_column_sums_finish(rt_context *rt, rt_view sums, rt_view partials, size_t parts, size_t columns,
                                float beta)
{
    return RT_LAUNCH(rt, "column_sums_finish", rt_items(rt, columns), RT_VIEW(sums), RT_VIEW(partials), RT_UINT(parts),
                     RT_UINT(columns), RT_FLOAT(beta), RT_MOVES((parts + (beta != 0.0f ? 2 : 1)) * columns),
                     RT_LOOPS(parts));
}

st_status nn_column_sums(rt_context *rt, rt_view sums, rt_view scratch, nn_matrix x, float beta)
{
    const nn_parts parts = nn_parts_of(x.rows);
    ST_FORWARD(RT_LAUNCH(rt, "column_sums_parts", nn_parts_grid(rt, x.columns, parts.count), RT_VIEW(scratch),
                         RT_VIEW(x.view), RT_UINT(x.rows), RT_UINT(x.columns), RT_UINT(x.ld), RT_UINT(parts.length),
                         RT_MOVES((x.rows + parts.count) * x.columns), RT_LOOPS(parts.length)));
    return nn_column_sums_finish(rt, sums, scratch, parts.count, x.columns, beta);
}
