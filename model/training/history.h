/* What every finished epoch of a run came to, and the two selections that follow from it (docs/model.md 10).
 *
 * Best epochs, the patience counter and all metrics are derived from these numbers, so that a resumed run needs nothing
 * else to continue exactly. Epochs count from 0 here; files and reports show them from 1.
 */
#ifndef SAFSD_MODEL_TRAINING_HISTORY_H
#define SAFSD_MODEL_TRAINING_HISTORY_H

#include "data/dataset.h"
#include "model/training/metrics.h"

/* Losses of one split in one epoch: means over batches, weighted by utterances. */
typedef struct nn_split_losses {
    double loss, ce, saf, kl; /* ce, saf, kl before their lambda */
    double utterances;        /* that these are means of; 0: nothing was measured */
} nn_split_losses;

/* Whether every loss is a number; so are those of a split that was not measured. */
bool nn_losses_finite(const nn_split_losses *losses);

/* What makes an epoch the best one. */
typedef enum nn_select {
    NN_SELECT_WEIGHTED_F1,
    NN_SELECT_MACRO_F1,
    NN_SELECT_ACCURACY,
    NN_SELECT_LOSS, /* the lowest is best */
} nn_select;

/* "weighted_f1", "macro_f1", "accuracy", "loss". */
const char *nn_select_name(nn_select select);

/* The inverse; false for another word. */
bool nn_select_of(const char *name, nn_select *select);

typedef struct nn_history {
    nn_select select; /* set by the owner; weighted F1 after nn_history_create */
    size_t classes;
    size_t epochs, capacity;
    nn_split_losses *losses; /* [epochs, DS_SPLITS] */
    uint64_t *confusion;     /* [epochs, DS_SPLITS, C, C]; all 0 where nothing was measured */
} nn_history;

/* Empty; nothing here can fail. */
void nn_history_create(nn_history *history, size_t classes);
void nn_history_destroy(nn_history *history);

/* Makes an empty history one like `from`, but for `select`. */
st_status nn_history_copy(nn_history *history, const nn_history *from, st_error *error);

/* Appends an epoch of zeros, to be filled through the functions below. */
st_status nn_history_extend(nn_history *history, st_error *error);

/* Of one epoch and split, to be read or filled. */
nn_split_losses *nn_history_losses(const nn_history *history, size_t epoch, ds_split split);
uint64_t *nn_history_confusion(const nn_history *history, size_t epoch, ds_split split);
nn_metrics nn_history_metrics(const nn_history *history, size_t epoch, ds_split split);

/* Whether the model could be evaluated after that epoch: the losses of its validation and test part, of which the KL
 * sees every utterance, are finite. Without such parts the losses of the training part count. */
bool nn_history_finite(const nn_history *history, size_t epoch);

enum { NN_NO_EPOCH = -1 };

/* The epoch that `select` finds best on that split, the earliest of equals, among those that nn_history_finite;
 * NN_NO_EPOCH where there is none, or that split has no labelled rows. DS_VALID gives the selection `valid`, DS_TEST
 * the selection `test-best`. */
long nn_history_best(const nn_history *history, ds_split split);

/* The split whose selection a run follows with its best checkpoint and its patience: DS_VALID, or DS_TEST where no
 * epoch has one; where nn_history_best has no epoch for it either, there is no selection. */
ds_split nn_history_selects(const nn_history *history);

#endif
