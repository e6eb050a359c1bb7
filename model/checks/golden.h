/* Golden cases (docs/model.md 12): files with parameters, a batch and exact answers, computed on the device and
 * compared.
 *
 * Beyond docs/model.md 12 the config of an evaluation may hold `gcn_eval` ("expected", "sample" or "mean:R";
 * activations are then those of the last repetition), and the file `expect/probabilities`, what the teacher predicts.
 */
#ifndef SAFSD_MODEL_CHECKS_GOLDEN_H
#define SAFSD_MODEL_CHECKS_GOLDEN_H

#include <stdbool.h>

#include "runtime/context.h"

typedef struct nn_golden_line {
    const char *tensor; /* "logits", "grad/smax_fc.weight", ... valid during the call */
    double error;       /* |x - ref| / max(|ref|, f), Euclidean; NaN where a number is not finite */
    double limit;
    bool present; /* the file holds this expected tensor, in the right shape */
} nn_golden_line;

/* Called once for every expected tensor, in the order computed. */
typedef void nn_golden_report(void *user, const nn_golden_line *line);

typedef struct nn_golden_summary {
    size_t tensors, missed; /* compared; lacking or beyond their limit */
    double worst;           /* largest error / limit among those compared; infinite where one is not finite */
    char worst_tensor[96];
} nn_golden_summary;

/* Runs the case. ST_CHECK, naming file, tensor, error and limit, where one tensor does not hold or is lacking; other
 * failures where the file is no golden case or the device fails. `report` may be NULL. */
st_status nn_golden_verify(const char *path, rt_context *rt, nn_golden_report *report, void *user,
                           nn_golden_summary *summary);

#endif
