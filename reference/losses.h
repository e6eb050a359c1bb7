/* The losses of docs/model.md 6 in double: sums as the section writes them, gradients through the derivative of the
 * softmax. */
#ifndef SAFSD_REFERENCE_LOSSES_H
#define SAFSD_REFERENCE_LOSSES_H

#include <stdint.h>

#include "model/hyperparameters.h"

typedef struct ref_losses {
    const nn_config *config; /* lambda, gamma, temperature, form; teacher_gradient is for backward */
    size_t rows, modalities, classes;
    const double *logits;         /* [N, C] teacher */
    const double *pulling_logits; /* [N, C] the teacher as KL sees it: `logits`, or what differences leave alone */
    const double *student_logits; /* [M, N, C] */
    const int32_t *labels;        /* [N] */
    const double *class_weights, *alpha, *similarity; /* [C], [C], [C, C] */
} ref_losses;

/* log p and 1 - p of p = softmax(z / temperature), one row; `others` may be NULL. */
void ref_log_softmax(double *log_p, double *others, const double *z, size_t classes, double temperature);

/* total, CE, sum of SAF, sum of KL. */
void ref_losses_forward(double losses[4], const ref_losses *problem);

/* Adds to dlogits [N, C] and dstudent_logits [M, N, C]. */
void ref_losses_backward(double *dlogits, double *dstudent_logits, const ref_losses *problem);

#endif
