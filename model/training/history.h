/* The losses and confusion matrices of every finished epoch of a run, and the two selections of the best epoch
 * (docs/model.md 10).
 *
 * Best epochs, patience and all metrics are derived from these numbers; a resumed run needs nothing else to continue
 * exactly. Epochs are numbered from 0 here, and from 1 in files and reports.
 */
#ifndef SAFSD_MODEL_TRAINING_HISTORY_H
#define SAFSD_MODEL_TRAINING_HISTORY_H

#include "data/dataset.h"
#include "model/training/metrics.h"

/* Losses of one split in one epoch: means over batches, weighted by utterances. */
typedef struct nn_split_losses {
    double loss, ce, saf, kl; /* ce, saf and kl without lambda */
    double utterances;        /* over which these are means; 0 if not measured */
} nn_split_losses;

/* Whether all losses are finite. The losses of a split that was not measured are finite. */
bool nn_losses_finite(const nn_split_losses *losses);

/* The criterion of the best epoch. */
typedef enum nn_select {
    NN_SELECT_WEIGHTED_F1,
    NN_SELECT_MACRO_F1,
    NN_SELECT_ACCURACY,
    NN_SELECT_LOSS, /* the lowest is best */
} nn_select;

/* "weighted_f1", "macro_f1", "accuracy", "loss". */
const char *nn_select_name(nn_select select);

/* The inverse; false for any other word. */
bool nn_select_of(const char *name, nn_select *select);

typedef struct nn_history {
    nn_select select; /* set by the caller; weighted F1 after nn_history_create */
    size_t classes;
    size_t epochs, capacity;
    nn_split_losses *losses; /* [epochs, DS_SPLITS] */
    uint64_t *confusion;     /* [epochs, DS_SPLITS, C, C]; all 0 if not measured */
} nn_history;

/* Creates an empty history. Cannot fail. */
void nn_history_create(nn_history *history, size_t classes);
void nn_history_destroy(nn_history *history);

/* Copies `from`, except `select`, to an empty history. */
st_status nn_history_copy(nn_history *history, const nn_history *from, st_error *error);

/* Appends an epoch of zeros, to be filled with the functions below. */
st_status nn_history_extend(nn_history *history, st_error *error);

/* The losses and the confusion matrix of an epoch and split, to read or fill, and its metrics. */
nn_split_losses *nn_history_losses(const nn_history *history, size_t epoch, ds_split split);
uint64_t *nn_history_confusion(const nn_history *history, size_t epoch, ds_split split);
nn_metrics nn_history_metrics(const nn_history *history, size_t epoch, ds_split split);

/* Whether the model after that epoch could be evaluated: the losses of the validation and test parts, whose KL covers
 * every utterance, are finite. Without these parts, the losses of the training part decide. */
bool nn_history_finite(const nn_history *history, size_t epoch);

enum { NN_NO_EPOCH = -1 };

/* The best epoch by `select` on that split, the earliest of equals, of those with nn_history_finite. NN_NO_EPOCH if
 * there is none, or the split has no labelled rows. DS_VALID is the selection `valid`, DS_TEST the selection
 * `test-best`. */
long nn_history_best(const nn_history *history, ds_split split);

/* The split whose selection determines the best checkpoint and patience: DS_VALID, or DS_TEST if no epoch has a
 * validation part. If nn_history_best has no epoch for it either, there is no selection. */
ds_split nn_history_selects(const nn_history *history);

#endif
