/* Sinusoidal positional encoding (docs/model.md 2), a constant that embedding.h adds to the rows of a batch. */
#ifndef SAFSD_MODEL_LAYERS_POSITIONAL_ENCODING_H
#define SAFSD_MODEL_LAYERS_POSITIONAL_ENCODING_H

#include <stddef.h>

/* Fills encoding [longest, columns] on the host: encoding[p, 2i] = sin(p * 10000^(-2i/columns)), encoding[p, 2i+1] =
 * cos of the same, computed in double and rounded once. */
void nn_positional_encoding(float *encoding, size_t longest, size_t columns);

#endif
