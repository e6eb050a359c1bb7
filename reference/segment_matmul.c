#include "reference/segment_matmul.h"

#include <stdbool.h>

static double *element(ref_strided x, const ref_dialogues *d, size_t dialogue, size_t slice, size_t i, size_t c)
{
    return &x.value[slice * x.stride + ((size_t)d->starts[dialogue] + i) * x.ld + c];
}

void ref_segment_matmul_nt(double *square, ref_strided x, ref_strided y, const ref_dialogues *d, size_t slices,
                           size_t columns, double alpha)
{
    for (size_t b = 0; b < d->dialogues; ++b)
        for (size_t s = 0; s < slices; ++s)
            for (size_t i = 0; i < ref_length(d, b); ++i)
                for (size_t j = 0; j < ref_length(d, b); ++j) {
                    double sum = 0.0;
                    for (size_t c = 0; c < columns; ++c) sum += *element(x, d, b, s, i, c) * *element(y, d, b, s, j, c);
                    square[ref_square_at(d, slices, b, s, i, j)] = alpha * sum;
                }
}

static void product(ref_strided out, const double *square, ref_strided y, const ref_dialogues *d, size_t slices,
                    size_t columns, double beta, bool transpose)
{
    for (size_t b = 0; b < d->dialogues; ++b)
        for (size_t s = 0; s < slices; ++s)
            for (size_t i = 0; i < ref_length(d, b); ++i)
                for (size_t c = 0; c < columns; ++c) {
                    double sum = 0.0;
                    for (size_t j = 0; j < ref_length(d, b); ++j)
                        sum += square[transpose ? ref_square_at(d, slices, b, s, j, i)
                                                : ref_square_at(d, slices, b, s, i, j)] *
                               *element(y, d, b, s, j, c);
                    double *to = element(out, d, b, s, i, c);
                    *to = beta == 0.0 ? sum : beta * *to + sum;
                }
}

void ref_segment_matmul_nn(ref_strided out, const double *square, ref_strided y, const ref_dialogues *d, size_t slices,
                           size_t columns, double beta)
{
    product(out, square, y, d, slices, columns, beta, false);
}

void ref_segment_matmul_tn(ref_strided out, const double *square, ref_strided y, const ref_dialogues *d, size_t slices,
                           size_t columns, double beta)
{
    product(out, square, y, d, slices, columns, beta, true);
}
