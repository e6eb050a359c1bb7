/* Positional encoding and embedding of speakers in double. */
#ifndef SAFSD_REFERENCE_EMBEDDING_H
#define SAFSD_REFERENCE_EMBEDDING_H

#include <stddef.h>
#include <stdint.h>

/* Entry c of the encoding of `position`. */
double ref_positional_encoding(size_t position, size_t c, size_t columns);

/* y = x + encoding of position[r] + table[speaker[r]]; position NULL: no encoding. Speakers from table_rows on have no
 * row in the table [table_rows, columns], and nothing is added for them. */
void ref_embedding_forward(double *y, const double *x, const int32_t *position, const int32_t *speaker,
                           const double *table, size_t table_rows, size_t rows, size_t columns);

/* dtable[speaker[r]] += dy[r] for speakers below `speakers`. */
void ref_embedding_backward(double *dtable, const double *dy, const int32_t *speaker, size_t speakers, size_t rows,
                            size_t columns);

#endif
