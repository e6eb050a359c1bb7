/* Cross entropy, similarity-aware focal loss and self-distillation, with their gradients at the logits
 * (docs/model.md 6). */
#ifndef SAFSD_MODEL_LAYERS_LOSSES_H
#define SAFSD_MODEL_LAYERS_LOSSES_H

#include "model/hyperparameters.h"

/* The loss's tables, on the device, and what the host knows of them. */
typedef struct nn_loss_tables {
    const float *class_weights; /* [C] w */
    const float *alpha;         /* [C] */
    const float *similarity;    /* [C, C], row = true class */
} nn_loss_tables;

/* Sums and counts of the whole optimiser batch: a part of a cut batch divides by these. */
typedef struct nn_loss_counts {
    double weight_sum;      /* sum of w over labelled rows */
    size_t labelled;        /* rows with a label */
    size_t rows;            /* all rows */
    float *mean_similarity; /* [C] mean over labelled rows of S[y, c]; for the form `published` */
} nn_loss_counts;

/* Fills `counts` from the labels of the whole batch; mean_similarity is caller memory of C floats. */
void nn_loss_count(nn_loss_counts *counts, const nn_loss_tables *tables, const int32_t *labels, size_t rows,
                   size_t classes);

typedef struct nn_losses {
    size_t rows, modalities, classes; /* of this part */
    rt_view logits;                   /* [N, C] teacher */
    rt_view student_logits;           /* [M, N, C] */
    rt_view labels;                   /* [N] int */
    rt_view per_class;                /* [2C] w, alpha */
    rt_view similarity;               /* [C, C], or [C] the mean row with the form `published` */
    rt_view log_p, log_tau;           /* [N, C] scratch that backward leaves: log softmax of the teacher at 1 and T */
    rt_view student_log_p, student_log_tau; /* [M, N, C] */
    rt_view terms;                          /* [N, 3] scratch */
    rt_view losses;                         /* [4] total, CE, SAF, KL */
} nn_losses;

/* log_p and log_tau from the logits. */
st_status nn_losses_teacher(rt_context *rt, const nn_losses *l, const nn_config *config);

/* Sampled evaluation (docs/model.md 7): adds one of `repetitions` softmaxes to the means, whose logarithms the two
 * views [N, C] hold, the first time with `first`; after the last, nn_losses_teacher_mean makes them log_p and
 * log_tau. */
st_status nn_losses_teacher_add(rt_context *rt, const nn_losses *l, const nn_config *config, rt_view log_mean_p,
                                rt_view log_mean_tau, size_t repetitions, bool first);
st_status nn_losses_teacher_mean(rt_context *rt, const nn_losses *l, rt_view log_mean_p, rt_view log_mean_tau);

/* With log_p and log_tau in place: losses = beta * losses + this part's, and the gradients dlogits [N, C] and
 * dstudent_logits [M, N, C], overwritten. */
st_status nn_losses_forward_backward(rt_context *rt, rt_view dlogits, rt_view dstudent_logits, const nn_losses *l,
                                     const nn_config *config, const nn_loss_counts *counts, float beta);

#endif
