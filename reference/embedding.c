#include "reference/embedding.h"

#include <math.h>

double ref_positional_encoding(size_t position, size_t c, size_t columns)
{
    const size_t pair = c / 2;
    const double angle = (double)position * pow(10000.0, -2.0 * (double)pair / (double)columns);
    return c == 2 * pair ? sin(angle) : cos(angle);
}

void ref_embedding_forward(double *y, const double *x, const int32_t *position, const int32_t *speaker,
                           const double *table, size_t table_rows, size_t rows, size_t columns)
{
    for (size_t r = 0; r < rows; ++r)
        for (size_t c = 0; c < columns; ++c) {
            const double place = position ? ref_positional_encoding((size_t)position[r], c, columns) : 0.0;
            const size_t entry = (size_t)speaker[r] * columns + c;
            y[r * columns + c] = x[r * columns + c] + place + ((size_t)speaker[r] < table_rows ? table[entry] : 0.0);
        }
}

void ref_embedding_backward(double *dtable, const double *dy, const int32_t *speaker, size_t speakers, size_t rows,
                            size_t columns)
{
    for (size_t r = 0; r < rows; ++r)
        for (size_t c = 0; (size_t)speaker[r] < speakers && c < columns; ++c)
            dtable[(size_t)speaker[r] * columns + c] += dy[r * columns + c];
}
