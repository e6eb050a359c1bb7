#include "model/training/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void nn_history_create(nn_history *history, size_t classes)
{
    memset(history, 0, sizeof *history);
    history->classes = classes;
}

void nn_history_destroy(nn_history *history)
{
    free(history->losses);
    free(history->confusion);
    memset(history, 0, sizeof *history);
}

static st_status grow(nn_history *history, st_error *error)
{
    const size_t capacity = history->capacity ? 2 * history->capacity : 16;
    const size_t counts = DS_SPLITS * history->classes * history->classes;
    nn_split_losses *losses = realloc(history->losses, capacity * DS_SPLITS * sizeof *losses);
    if (losses) history->losses = losses;
    uint64_t *confusion = realloc(history->confusion, capacity * counts * sizeof *confusion);
    if (confusion) history->confusion = confusion;
    if (!losses || !confusion)
        return st_fail(error, ST_FAILED, "out of memory for the history of %zu epochs", capacity);
    history->capacity = capacity;
    return ST_OK;
}

st_status nn_history_extend(nn_history *history, st_error *error)
{
    if (history->epochs == history->capacity) ST_FORWARD(grow(history, error));
    const size_t epoch = history->epochs++;
    memset(nn_history_losses(history, epoch, DS_TRAIN), 0, DS_SPLITS * sizeof *history->losses);
    memset(nn_history_confusion(history, epoch, DS_TRAIN), 0,
           DS_SPLITS * history->classes * history->classes * sizeof *history->confusion);
    return ST_OK;
}

st_status nn_history_copy(nn_history *history, const nn_history *from, st_error *error)
{
    const size_t entries = from->epochs * DS_SPLITS;
    while (history->epochs < from->epochs) ST_FORWARD(nn_history_extend(history, error));
    if (entries == 0) return ST_OK;
    memcpy(history->losses, from->losses, entries * sizeof *history->losses);
    memcpy(history->confusion, from->confusion, entries * from->classes * from->classes * sizeof *history->confusion);
    return ST_OK;
}

nn_split_losses *nn_history_losses(const nn_history *history, size_t epoch, ds_split split)
{
    return history->losses + epoch * DS_SPLITS + split;
}

uint64_t *nn_history_confusion(const nn_history *history, size_t epoch, ds_split split)
{
    return history->confusion + (epoch * DS_SPLITS + split) * history->classes * history->classes;
}

nn_metrics nn_history_metrics(const nn_history *history, size_t epoch, ds_split split)
{
    return nn_metrics_of(nn_history_confusion(history, epoch, split), history->classes, NULL);
}

bool nn_losses_finite(const nn_split_losses *losses)
{
    return isfinite(losses->loss) && isfinite(losses->ce) && isfinite(losses->saf) && isfinite(losses->kl);
}

bool nn_history_finite(const nn_history *history, size_t epoch)
{
    const nn_split_losses *valid = nn_history_losses(history, epoch, DS_VALID);
    const nn_split_losses *test = nn_history_losses(history, epoch, DS_TEST);
    if (valid->utterances > 0 || test->utterances > 0) return nn_losses_finite(valid) && nn_losses_finite(test);
    return nn_losses_finite(nn_history_losses(history, epoch, DS_TRAIN));
}

static const char *const select_names[] = {[NN_SELECT_WEIGHTED_F1] = "weighted_f1",
                                           [NN_SELECT_MACRO_F1] = "macro_f1",
                                           [NN_SELECT_ACCURACY] = "accuracy",
                                           [NN_SELECT_LOSS] = "loss"};

const char *nn_select_name(nn_select select)
{
    return select_names[select];
}

bool nn_select_of(const char *name, nn_select *select)
{
    for (size_t i = 0; i < sizeof select_names / sizeof *select_names; ++i) {
        if (strcmp(name, select_names[i]) != 0) continue;
        *select = (nn_select)i;
        return true;
    }
    return false;
}

/* Higher is better. */
static double score_of(const nn_history *history, size_t epoch, ds_split split, const nn_metrics *metrics)
{
    switch (history->select) {
    case NN_SELECT_MACRO_F1:
        return metrics->macro.f1;
    case NN_SELECT_ACCURACY:
        return metrics->accuracy;
    case NN_SELECT_LOSS:
        return -nn_history_losses(history, epoch, split)->loss;
    default:
        return metrics->weighted.f1;
    }
}

long nn_history_best(const nn_history *history, ds_split split)
{
    long best = NN_NO_EPOCH;
    double highest = 0;
    for (size_t epoch = 0; epoch < history->epochs; ++epoch) {
        const nn_metrics metrics = nn_history_metrics(history, epoch, split);
        if (metrics.rows == 0 || !nn_history_finite(history, epoch)) continue;
        const double score = score_of(history, epoch, split, &metrics);
        if (best != NN_NO_EPOCH && score <= highest) continue;
        best = (long)epoch;
        highest = score;
    }
    return best;
}

ds_split nn_history_selects(const nn_history *history)
{
    return nn_history_best(history, DS_VALID) != NN_NO_EPOCH ? DS_VALID : DS_TEST;
}
