#include "model/layers/positional_encoding.h"

#include <math.h>

void nn_positional_encoding(float *encoding, size_t longest, size_t columns)
{
    for (size_t p = 0; p < longest; ++p)
        for (size_t c = 0; c < columns; ++c) {
            const double angle = (double)p * pow(10000.0, -(double)(c - c % 2) / (double)columns);
            encoding[p * columns + c] = (float)(c % 2 == 0 ? sin(angle) : cos(angle));
        }
}
