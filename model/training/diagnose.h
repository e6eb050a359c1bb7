/* Where a computation stopped being finite. */
#ifndef SAFSD_MODEL_TRAINING_DIAGNOSE_H
#define SAFSD_MODEL_TRAINING_DIAGNOSE_H

#include "model/network/safsd.h"

/* Describes, in a phrase for a sentence, the first tensor with a value that is not finite after nn_safsd_gradient or an
 * evaluation: the
 * parameters, then, with `whole` (the batch was not cut), the activations in the order of docs/model.md 4 to 6, then
 * the gradients in the order in which the backward pass makes them. "no tensor" where all are finite. Slow: everything
 * passes through host memory. */
st_status nn_find_nonfinite(nn_safsd *model, size_t rows, bool whole, char *phrase, size_t room);

/* What to do about a run that diverged after `updates` updates, as the middle of a sentence; returns `advice`. Huge
 * features are standardised; before the first update the learning rate has done nothing yet. */
enum { NN_ADVICE_SIZE = 192 };
const char *nn_divergence_advice(char advice[NN_ADVICE_SIZE], const ds_dataset *data, const nn_config *config,
                                 bool standardised, uint32_t updates);

#endif
