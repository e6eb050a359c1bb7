/* Cross entropy, similarity-aware focal loss and self-distillation, with their gradients with respect to the logits
 * (docs/model.md 6). */
#ifndef SAFSD_MODEL_LAYERS_LOSSES_H
#define SAFSD_MODEL_LAYERS_LOSSES_H

#include "model/glossary.h"

typedef enum nn_saf_form { NN_SAF_SOFT, NN_SAF_TRUE_CLASS, NN_SAF_PUBLISHED } nn_saf_form;

typedef struct nn_loss_settings {
    double lambda_ce, lambda_saf, lambda_kl;
    double gamma, temperature;
    nn_saf_form saf_form;
    bool teacher_gradient;
} nn_loss_settings;

/* The tables of the loss on the host. */
typedef struct nn_loss_tables {
    const float *class_weights; /* [C] w */
    const float *alpha;         /* [C] */
    const float *similarity;    /* [C, C], row = true class */
} nn_loss_tables;

/* ---- the counts of a whole optimiser batch, by which the losses of its parts are divided ---- */

typedef struct nn_loss_counts {
    double weight_sum; /* sum of w over labelled rows */
    size_t labelled;   /* rows with a label */
    size_t rows;       /* all rows */
} nn_loss_counts;

/* Adds rows to the counts, which are initially zero. */
void nn_loss_count(nn_loss_counts *counts, const nn_loss_tables *tables, const int32_t *labels, size_t rows);

/* ---- the layer ---- */

typedef struct nn_losses {
    size_t rows, modalities, classes; /* of this part of the batch */
    nn_loss_settings settings;
    nn_loss_counts counts;
    rt_view labels;                         /* [N] int */
    rt_view per_class, similarity;          /* from loss_store.h */
    rt_view log_p, log_tau;                 /* saved, [N, C]: log softmax of the teacher at 1 and T */
    rt_view student_log_p, student_log_tau; /* saved, [M, N, C] */
    rt_view terms;                          /* scratch, [N, 3] */
} nn_losses;

typedef struct nn_losses_gradient {
    rt_view dlogits, dstudent_logits; /* [N, C], [M, N, C], overwritten */
} nn_losses_gradient;

/* Computes log_p and log_tau from the teacher's logits [N, C]. */
st_status nn_losses_teacher(rt_context *rt, const nn_losses *layer, rt_view logits);

/* Sampled evaluation (docs/model.md 7): add the softmax of each of `repetitions` forward passes to two means, whose
 * logarithms are in the two views [N, C]. Pass `first` for the first one. After the last, nn_losses_teacher_mean copies
 * the means to log_p and log_tau. */
st_status nn_losses_teacher_add(rt_context *rt, rt_view log_mean_p, rt_view log_mean_tau, const nn_losses *layer,
                                rt_view logits, size_t repetitions, bool first);
st_status nn_losses_teacher_mean(rt_context *rt, const nn_losses *layer, rt_view log_mean_p, rt_view log_mean_tau);

/* Computes, from log_p, log_tau and the students' logits [M, N, C], losses [4] (total, CE, SAF, KL) = beta * losses +
 * those of this part, and the gradients in the same pass. */
st_status nn_losses_forward_backward(rt_context *rt, rt_view losses, const nn_losses_gradient *gradient,
                                     const nn_losses *layer, rt_view student_logits, float beta);

#endif
