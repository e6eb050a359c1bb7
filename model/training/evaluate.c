#include "model/training/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/network/data_check.h"

nn_extent nn_extent_of(const ds_dataset *data, size_t dialogues)
{
    const size_t most = dialogues < data->dialogues ? dialogues : data->dialogues;
    const ds_extent largest = ds_largest_batch(data, most);
    return (nn_extent){.dialogues = most, .rows = largest.rows, .pairs = largest.pairs, .longest = largest.longest};
}

/* The state of an evaluation. */
typedef struct walk {
    nn_safsd *model;
    const ds_dataset *data;
    const nn_evaluator *how;
    nn_evaluated *out;
    const nn_config *config;
    size_t modalities, rows, rows_done;
    size_t *dialogues; /* of the split, in file order */
    float *teacher;    /* [rows of a part, C] */
    float *students;   /* [M, rows of a part, C] */
} walk;

/* Sums over the parts of a batch: the mean of each part times its count or weight. */
typedef struct batch_sums {
    double ce, weights, saf, labelled, kl, rows;
} batch_sums;

static double mean(double sum, double count)
{
    return count > 0 ? sum / count : 0;
}

static void add_batch(walk *w, const batch_sums *s)
{
    const double ce = mean(s->ce, s->weights), saf = mean(s->saf, s->labelled), kl = mean(s->kl, s->rows);
    nn_split_losses *losses = &w->out->losses;
    losses->loss += s->rows * (w->config->lambda_ce * ce + w->config->lambda_saf * saf + w->config->lambda_kl * kl);
    losses->ce += s->rows * ce;
    losses->saf += s->rows * saf;
    losses->kl += s->rows * kl;
    losses->utterances += s->rows;
}

static void add_part_losses(batch_sums *sums, const nn_loss_counts *counts, const nn_prediction *p)
{
    sums->ce += (double)p->ce * counts->weight_sum;
    sums->weights += counts->weight_sum;
    sums->saf += (double)p->saf * (double)counts->labelled;
    sums->labelled += (double)counts->labelled;
    sums->kl += (double)p->kl * (double)counts->rows;
    sums->rows += (double)counts->rows;
}

/* Counts the labels of a part and, if requested, its confusion matrix. */
static nn_loss_counts count_part(walk *w, const ds_batch *part, const nn_prediction *p)
{
    const size_t C = w->config->classes;
    nn_loss_counts counts = {0};
    for (size_t b = 0; b < part->dialogues; ++b) {
        const ds_dialogue dialogue = ds_batch_dialogue(part, b, counts.rows, w->config->dims);
        if (w->out->confusion)
            nn_confusion_add(w->out->confusion, C, dialogue.labels, p->probabilities + counts.rows * C, dialogue.rows);
        nn_loss_count(&counts, &w->how->tables, dialogue.labels, dialogue.rows);
    }
    return counts;
}

static void keep_predictions(walk *w, size_t N, const nn_prediction *p)
{
    const size_t C = w->config->classes;
    nn_evaluated *out = w->out;
    if (out->probabilities) memcpy(out->probabilities + w->rows_done * C, p->probabilities, N * C * sizeof(float));
    for (size_t m = 0; out->student_probabilities && m < w->modalities; ++m)
        memcpy(out->student_probabilities + (m * w->rows + w->rows_done) * C, p->student_probabilities + m * N * C,
               N * C * sizeof(float));
}

/* Those of the part that was evaluated last, of N rows. */
static st_status keep_logits(walk *w, size_t N)
{
    const size_t C = w->config->classes;
    if (!w->out->logits) return ST_OK;
    float *logits = w->out->logits + w->rows_done * C;
    if (w->how->mode != NN_GCN_MEAN) return nn_safsd_read(w->model, NN_LOGITS, NN_TEXT, logits);
    for (size_t i = 0; i < N * C; ++i) logits[i] = logf(w->teacher[i]);
    return ST_OK;
}

static st_status evaluate_part(walk *w, const ds_batch *whole, const ds_batch *part, batch_sums *sums)
{
    if (w->how->cancel && *w->how->cancel)
        return st_fail(rt_error(nn_safsd_params(w->model)->rt), ST_INTERRUPTED, "interrupted during an evaluation");
    const nn_evaluation evaluation = {w->how->mode, w->how->repetitions, w->rows_done, whole};
    nn_prediction prediction = {.probabilities = w->teacher, .student_probabilities = w->students};
    ST_FORWARD(nn_safsd_evaluate(w->model, part, &evaluation, &prediction));
    const nn_loss_counts counts = count_part(w, part, &prediction);
    add_part_losses(sums, &counts, &prediction);
    keep_predictions(w, part->rows, &prediction);
    ST_FORWARD(keep_logits(w, part->rows));
    w->rows_done += part->rows;
    const double losses[] = {(double)prediction.loss, (double)prediction.ce, (double)prediction.saf,
                             (double)prediction.kl};
    for (size_t i = 0; w->how->until_nonfinite && i < sizeof losses / sizeof *losses; ++i)
        if (!isfinite(losses[i])) w->out->nonfinite_rows = part->rows;
    if (w->how->progress) w->how->progress(w->how->user, w->rows_done, w->rows);
    return ST_OK;
}

static st_status evaluate_batches(walk *w, size_t dialogues, size_t part)
{
    const size_t batch = w->how->batch;
    for (size_t first = 0; first < dialogues && w->out->nonfinite_rows == 0; first += batch) {
        const size_t end = dialogues - first < batch ? dialogues : first + batch;
        batch_sums sums = {0};
        const ds_batch whole = ds_batch_of(w->data, w->dialogues + first, end - first);
        for (size_t at = first; at < end && w->out->nonfinite_rows == 0; at += part) {
            const ds_batch piece = ds_batch_of(w->data, w->dialogues + at, end - at < part ? end - at : part);
            ST_FORWARD(evaluate_part(w, &whole, &piece, &sums));
        }
        add_batch(w, &sums);
    }
    return ST_OK;
}

static st_status take_memory(walk *w, size_t part, st_error *error)
{
    const size_t rows = ds_largest_batch(w->data, part).rows, C = w->config->classes;
    w->dialogues = malloc((w->data->dialogues + 1) * sizeof *w->dialogues);
    w->teacher = malloc((rows + 1) * C * sizeof *w->teacher);
    if (w->out->student_probabilities) w->students = malloc(w->modalities * (rows + 1) * C * sizeof *w->students);
    if (w->dialogues && w->teacher && (w->students || !w->out->student_probabilities)) return ST_OK;
    return st_fail(error, ST_FAILED, "out of memory while evaluating batches of %zu utterances", rows);
}

static void divide(nn_split_losses *losses)
{
    losses->loss = mean(losses->loss, losses->utterances);
    losses->ce = mean(losses->ce, losses->utterances);
    losses->saf = mean(losses->saf, losses->utterances);
    losses->kl = mean(losses->kl, losses->utterances);
}

st_status nn_evaluate(nn_safsd *model, const ds_dataset *data, ds_split split, const nn_evaluator *how,
                      nn_evaluated *out)
{
    st_error *error = rt_error(nn_safsd_params(model)->rt);
    walk w = {.model = model, .data = data, .how = how, .out = out, .config = nn_safsd_config(model)};
    const size_t part = how->part == 0 || how->part > how->batch ? how->batch : how->part;
    st_status status = ST_OK;
    w.modalities = nn_modalities_used(w.config);
    out->losses = (nn_split_losses){0};
    out->nonfinite_rows = 0;
    if (how->batch == 0) return st_fail(error, ST_USAGE, "a batch of an evaluation needs at least one dialogue");
    ST_FORWARD(nn_check_data(data, w.config, error));
    ST_TRY(take_memory(&w, part, error));
    const size_t dialogues = ds_select(data, split, w.dialogues, &w.rows);
    ST_TRY(evaluate_batches(&w, dialogues, part));
    divide(&out->losses);
done:
    free(w.dialogues);
    free(w.teacher);
    free(w.students);
    return status;
}
