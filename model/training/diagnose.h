/* Finding the first tensor that is not finite. */
#ifndef SAFSD_MODEL_TRAINING_DIAGNOSE_H
#define SAFSD_MODEL_TRAINING_DIAGNOSE_H

#include "model/network/safsd.h"

/* Describes, as a phrase for a sentence, the first tensor with a value that is not finite after nn_safsd_gradient or an
 * evaluation. It checks the parameters; then, with `whole` (the batch was computed in one part), the activations in the
 * order of docs/model.md 4 to 6; then the gradients in the order of the backward pass. "no tensor" if all are finite.
 * Slow: all tensors are copied to the host. */
st_status nn_find_nonfinite(nn_safsd *model, size_t rows, bool whole, char *phrase, size_t room);

/* Advice for a run that diverged after `updates` updates, as part of a sentence; returns `advice`. It considers very
 * large features, and that the learning rate has no effect before the first update. */
enum { NN_ADVICE_SIZE = 192 };
const char *nn_divergence_advice(char advice[NN_ADVICE_SIZE], const ds_dataset *data, const nn_config *config,
                                 bool standardised, uint32_t updates);

#endif
