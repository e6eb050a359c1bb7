#include "model/training/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/network/host_batch.h"

nn_extent nn_extent_of(const ds_dataset *data, size_t dialogues)
{
    const size_t most = dialogues < data->dialogues ? dialogues : data->dialogues;
    const ds_extent largest = ds_largest_batch(data, most);
    return (nn_extent){.dialogues = most, .rows = largest.rows, .pairs = largest.pairs, .longest = largest.longest};
}

/* An evaluation under way. */
typedef struct walk {
    nn_safsd *model;
    const ds_dataset *data;
    const nn_evaluator *how;
    nn_evaluated *out;
    const nn_config *config;
    size_t modalities, rows, rows_done;
    size_t *dialogues;      /* of the split, in file order */
    ds_batch host;          /* of one part */
    float *teacher;         /* [rows of a part, C] */
    float *students;        /* [M, rows of a part, C] */
    int32_t *labels;        /* of one batch */
    float *mean_similarity; /* [2, C]: of one batch, of one part */
} walk;

/* Losses of a batch while its parts come in: each part's mean times what it is a mean over. */
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

static void add_part_losses(walk *w, batch_sums *sums, const nn_prediction *p)
{
    nn_loss_counts counts = {.mean_similarity = w->mean_similarity + w->config->classes};
    nn_loss_count(&counts, &w->how->tables, w->host.labels, w->host.rows, w->config->classes);
    sums->ce += (double)p->ce * counts.weight_sum;
    sums->weights += counts.weight_sum;
    sums->saf += (double)p->saf * (double)counts.labelled;
    sums->labelled += (double)counts.labelled;
    sums->kl += (double)p->kl * (double)counts.rows;
    sums->rows += (double)counts.rows;
}

static void keep_predictions(walk *w, const nn_prediction *p)
{
    const size_t C = w->config->classes, N = w->host.rows;
    nn_evaluated *out = w->out;
    if (out->confusion) nn_confusion_add(out->confusion, C, w->host.labels, p->probabilities, N);
    if (out->probabilities) memcpy(out->probabilities + w->rows_done * C, p->probabilities, N * C * sizeof(float));
    for (size_t m = 0; out->student_probabilities && m < w->modalities; ++m)
        memcpy(out->student_probabilities + (m * w->rows + w->rows_done) * C, p->student_probabilities + m * N * C,
               N * C * sizeof(float));
}

/* Those of the part that was evaluated last. */
static st_status keep_logits(walk *w)
{
    const size_t C = w->config->classes, N = w->host.rows;
    if (!w->out->logits) return ST_OK;
    float *logits = w->out->logits + w->rows_done * C;
    if (w->how->mode != NN_GCN_MEAN) return nn_safsd_read(w->model, NN_LOGITS, NN_TEXT, logits);
    for (size_t i = 0; i < N * C; ++i) logits[i] = logf(w->teacher[i]);
    return ST_OK;
}

static st_status evaluate_part(walk *w, const size_t *dialogues, size_t count, batch_sums *sums)
{
    if (w->how->cancel && atomic_load(w->how->cancel))
        return st_fail(rt_error(nn_safsd_params(w->model)->rt), ST_INTERRUPTED, "interrupted during an evaluation");
    const nn_evaluation evaluation = {w->how->mode, w->how->repetitions, w->rows_done, w->mean_similarity};
    nn_prediction prediction = {.probabilities = w->teacher, .student_probabilities = w->students};
    ds_batch_fill(w->data, dialogues, count, &w->host);
    ST_FORWARD(nn_safsd_evaluate(w->model, &w->host, &evaluation, &prediction));
    add_part_losses(w, sums, &prediction);
    keep_predictions(w, &prediction);
    ST_FORWARD(keep_logits(w));
    w->rows_done += w->host.rows;
    const double losses[] = {(double)prediction.loss, (double)prediction.ce, (double)prediction.saf,
                             (double)prediction.kl};
    for (size_t i = 0; w->how->until_nonfinite && i < sizeof losses / sizeof *losses; ++i)
        if (!isfinite(losses[i])) w->out->nonfinite_rows = w->host.rows;
    if (w->how->progress) w->how->progress(w->how->user, w->rows_done, w->rows);
    return ST_OK;
}

/* The mean similarity of a batch, whose parts share it. */
static void count_batch(walk *w, const size_t *dialogues, size_t count)
{
    const ds_dataset *data = w->data;
    nn_loss_counts counts = {.mean_similarity = w->mean_similarity};
    size_t rows = 0;
    for (size_t i = 0; i < count; ++i) {
        const size_t first = data->starts[dialogues[i]], length = data->starts[dialogues[i] + 1] - first;
        memcpy(w->labels + rows, data->labels + first, length * sizeof *w->labels);
        rows += length;
    }
    nn_loss_count(&counts, &w->how->tables, w->labels, rows, w->config->classes);
}

static st_status evaluate_batches(walk *w, size_t dialogues, size_t part)
{
    const size_t batch = w->how->batch;
    for (size_t first = 0; first < dialogues && w->out->nonfinite_rows == 0; first += batch) {
        const size_t end = dialogues - first < batch ? dialogues : first + batch;
        batch_sums sums = {0};
        count_batch(w, w->dialogues + first, end - first);
        for (size_t at = first; at < end && w->out->nonfinite_rows == 0; at += part)
            ST_FORWARD(evaluate_part(w, w->dialogues + at, end - at < part ? end - at : part, &sums));
        add_batch(w, &sums);
    }
    return ST_OK;
}

static st_status take_memory(walk *w, size_t part, st_error *error)
{
    const size_t rows = ds_largest_batch(w->data, part).rows, C = w->config->classes;
    ST_FORWARD(nn_host_batch_create(&w->host, w->data, part, error));
    w->dialogues = malloc((w->data->dialogues + 1) * sizeof *w->dialogues);
    w->teacher = malloc((rows + 1) * C * sizeof *w->teacher);
    if (w->out->student_probabilities) w->students = malloc(w->modalities * (rows + 1) * C * sizeof *w->students);
    w->labels = malloc((ds_largest_batch(w->data, w->how->batch).rows + 1) * sizeof *w->labels);
    w->mean_similarity = malloc(2 * C * sizeof *w->mean_similarity);
    if (w->dialogues && w->teacher && w->labels && w->mean_similarity &&
        (w->students || !w->out->student_probabilities))
        return ST_OK;
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
    nn_host_batch_destroy(&w.host);
    free(w.dialogues);
    free(w.teacher);
    free(w.students);
    free(w.labels);
    free(w.mean_similarity);
    return status;
}
