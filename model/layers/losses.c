#include "model/layers/losses.h"

#include <math.h>

#include "runtime/launch.h"

void nn_loss_count(nn_loss_counts *counts, const nn_loss_tables *tables, const int32_t *labels, size_t rows)
{
    counts->rows += rows;
    for (size_t n = 0; n < rows; ++n) {
        if (labels[n] < 0) continue;
        counts->weight_sum += tables->class_weights[labels[n]];
        ++counts->labelled;
    }
}

static st_status log_softmax(rt_context *rt, rt_view out, rt_view z, size_t rows, size_t classes, double temperature)
{
    return RT_LAUNCH(rt, "log_softmax_forward", rt_scalars(rt, rows), RT_VIEW(out), RT_VIEW(z), RT_UINT(rows),
                     RT_UINT(classes), RT_FLOAT((float)temperature), RT_MOVES(2 * rows * classes),
                     RT_LOOPS(3 * classes));
}

st_status nn_losses_teacher(rt_context *rt, const nn_losses *l, rt_view logits)
{
    ST_FORWARD(log_softmax(rt, l->log_p, logits, l->rows, l->classes, 1.0));
    return log_softmax(rt, l->log_tau, logits, l->rows, l->classes, l->settings.temperature);
}

static st_status add_mean(rt_context *rt, rt_view mean, rt_view log_p, size_t n, size_t repetitions, bool first)
{
    return RT_LAUNCH(rt, "mean_log_probability", rt_scalars(rt, n), RT_VIEW(mean), RT_VIEW(log_p), RT_UINT(n),
                     RT_UINT(first), RT_FLOAT((float)-log((double)repetitions)), RT_MOVES((first ? 2 : 3) * n));
}

st_status nn_losses_teacher_add(rt_context *rt, rt_view log_mean_p, rt_view log_mean_tau, const nn_losses *l,
                                rt_view logits, size_t repetitions, bool first)
{
    const size_t n = l->rows * l->classes;
    ST_FORWARD(nn_losses_teacher(rt, l, logits));
    ST_FORWARD(add_mean(rt, log_mean_p, l->log_p, n, repetitions, first));
    return add_mean(rt, log_mean_tau, l->log_tau, n, repetitions, first);
}

st_status nn_losses_teacher_mean(rt_context *rt, const nn_losses *l, rt_view log_mean_p, rt_view log_mean_tau)
{
    const size_t n = l->rows * l->classes;
    ST_FORWARD(rt_copy(rt, l->log_p, log_mean_p, n));
    return rt_copy(rt, l->log_tau, log_mean_tau, n);
}

static float saf_factor(const nn_losses *l)
{
    if (l->counts.labelled == 0) return 0.0f;
    const double count = (double)l->counts.labelled;
    return (float)(1.0 / (l->settings.saf_form == NN_SAF_TRUE_CLASS ? count : count * (double)l->classes));
}

/* Uses several launches if a work-item would loop too often. Each begins at the last row of the previous launch, which
 * contains the sums so far. */
static st_status total(rt_context *rt, rt_view losses, const nn_losses *l, float beta)
{
    const size_t group = rt_row_group(rt), most = group * RT_MOST_LOOPS;
    for (size_t first = 0, end = 0; end < l->rows; first = end - 1) {
        end = l->rows - first > most ? first + most : l->rows;
        ST_FORWARD(RT_LAUNCH(rt, "losses_total", rt_groups(1, 1, 1, group), RT_VIEW(losses),
                             RT_VIEW(rt_view_at(l->terms, 3 * first)), RT_LOCAL(group), RT_UINT(end - first),
                             RT_UINT(end == l->rows), RT_FLOAT((float)l->settings.lambda_ce),
                             RT_FLOAT((float)l->settings.lambda_saf), RT_FLOAT((float)l->settings.lambda_kl),
                             RT_FLOAT(beta), RT_MOVES(3 * (end - first)), RT_LOOPS((end - first + group - 1) / group)));
    }
    return ST_OK;
}

st_status nn_losses_forward_backward(rt_context *rt, rt_view losses, const nn_losses_gradient *gradient,
                                     const nn_losses *l, rt_view student_logits, float beta)
{
    const nn_loss_settings *set = &l->settings;
    const size_t all = l->modalities * l->rows;
    ST_FORWARD(log_softmax(rt, l->student_log_p, student_logits, all, l->classes, 1.0));
    ST_FORWARD(log_softmax(rt, l->student_log_tau, student_logits, all, l->classes, set->temperature));
    const float lambda_ce = (float)set->lambda_ce, lambda_saf = (float)set->lambda_saf,
                lambda_kl = (float)set->lambda_kl;
    ST_FORWARD(RT_LAUNCH(
        rt, "losses_forward_backward", rt_scalars(rt, l->rows), RT_VIEW(l->terms), RT_VIEW(gradient->dlogits),
        RT_VIEW(gradient->dstudent_logits), RT_VIEW(l->log_p), RT_VIEW(l->log_tau), RT_VIEW(l->student_log_p),
        RT_VIEW(l->student_log_tau), RT_VIEW(l->labels), RT_VIEW(l->per_class), RT_VIEW(l->similarity),
        RT_UINT(l->rows), RT_UINT(l->modalities), RT_UINT(l->classes), RT_UINT(set->saf_form),
        RT_UINT(set->teacher_gradient), RT_FLOAT((float)set->gamma), RT_FLOAT((float)set->temperature),
        RT_FLOAT(l->counts.weight_sum > 0 ? (float)(1.0 / l->counts.weight_sum) : 0.0f), RT_FLOAT(saf_factor(l)),
        RT_FLOAT((float)(1.0 / (double)l->counts.rows)), RT_FLOAT(lambda_ce), RT_FLOAT(lambda_saf), RT_FLOAT(lambda_kl),
        RT_MOVES(3 * (l->rows + all) * l->classes), RT_LOOPS((1 + 5 * l->modalities) * l->classes)));
    return total(rt, losses, l, beta);
}
