#include "tests/ref/embedding.h"

#include <math.h>

double ref_embedding_place(size_t position, size_t c, size_t columns)
{
    const size_t pair = c / 2;
    const double angle = (double)position * pow(10000.0, -2.0 * (double)pair / (double)columns);
    return c == 2 * pair ? sin(angle) : cos(angle);
}

void ref_embedding_forward(double *y, const double *x, const int32_t *position, const int32_t *speaker,
                           const double *table, size_t rows, size_t columns)
{
    for (size_t r = 0; r < rows; ++r)
        for (size_t c = 0; c < columns; ++c) {
            const double place = position ? ref_embedding_place((size_t)position[r], c, columns) : 0.0;
            y[r * columns + c] = x[r * columns + c] + place + table[(size_t)speaker[r] * columns + c];
        }
}

void ref_embedding_backward(double *dtable, const double *dy, const int32_t *speaker, size_t rows, size_t columns)
{
    for (size_t r = 0; r < rows; ++r)
        for (size_t c = 0; c < columns; ++c) dtable[(size_t)speaker[r] * columns + c] += dy[r * columns + c];
}
