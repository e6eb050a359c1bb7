/* Sums over the rows of a matrix, in an order that depends only on the number of rows.
 *
 * Rows are divided into parts of equal length. A first kernel sums each part from its first row to its last; a second
 * adds the parts in order. There are no atomics, so the sums are bitwise reproducible. Other layers whose parameters
 * are shared by all rows (layer norm, embeddings) divide rows by the same rule.
 */
#ifndef SAFSD_MODEL_LAYERS_COLUMN_SUMS_H
#define SAFSD_MODEL_LAYERS_COLUMN_SUMS_H

#include "model/glossary.h"
#include "runtime/launch.h"

typedef struct nn_parts {
    size_t count, length; /* number of parts, and rows of each; the last may be shorter */
} nn_parts;

/* 64 parts of at least 16 rows, or fewer; beyond a million rows, parts of 16,384 rows. */
nn_parts nn_parts_of(size_t rows);

/* One work-item per VW columns and part. */
rt_grid nn_parts_grid(const rt_context *rt, size_t columns, size_t parts);

/* Elements of scratch for matrices of at most `rows` rows. */
size_t nn_column_sums_scratch(size_t rows, size_t columns);

/* sums[c] = sum over r of x[r, c] + beta * sums[c]; with beta 0 the old sums are not read. */
st_status nn_column_sums(rt_context *rt, rt_view sums, rt_view scratch, nn_matrix x, float beta);

/* Only the second stage: sums[c] = partials[0, c] + partials[1, c] + ... + beta * sums[c], partials [parts, columns].
 */
st_status nn_column_sums_finish(rt_context *rt, rt_view sums, rt_view partials, size_t parts, size_t columns,
                                float beta);

#endif
