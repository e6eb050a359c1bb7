#include "tests/ref/blockproduct.h"

#include <stdbool.h>

static double *element(ref_band x, const ref_dialogues *d, size_t dialogue, size_t slice, size_t i, size_t c)
{
    return &x.value[slice * x.slice + ((size_t)d->starts[dialogue] + i) * x.ld + c];
}

void ref_blocks_outer(double *square, ref_band x, ref_band y, const ref_dialogues *d, size_t slices, size_t columns,
                      double alpha)
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

static void apply(ref_band band, const double *square, ref_band y, const ref_dialogues *d, size_t slices,
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
                    double *out = element(band, d, b, s, i, c);
                    *out = beta == 0.0 ? sum : beta * *out + sum;
                }
}

void ref_blocks_apply(ref_band band, const double *square, ref_band y, const ref_dialogues *d, size_t slices,
                      size_t columns, double beta)
{
    apply(band, square, y, d, slices, columns, beta, false);
}

void ref_blocks_apply_t(ref_band band, const double *square, ref_band y, const ref_dialogues *d, size_t slices,
                        size_t columns, double beta)
{
    apply(band, square, y, d, slices, columns, beta, true);
}
