/* Evaluation of a split: its dialogues in file order, in batches as in training (docs/model.md 7, 10). */
#ifndef SAFSD_MODEL_TRAINING_EVALUATE_H
#define SAFSD_MODEL_TRAINING_EVALUATE_H

#include <stdatomic.h>

#include "model/training/history.h"
#include "model/network/safsd.h"

/* The extent of a model for this data if at most `dialogues` are computed at a time, in training or evaluation. */
nn_extent nn_extent_of(const ds_dataset *data, size_t dialogues);

typedef struct nn_evaluator {
    nn_gcn_eval mode;
    size_t repetitions;        /* of NN_GCN_MEAN */
    size_t batch;              /* dialogues per batch, over which CE and SAF are means */
    size_t part;               /* dialogues computed at a time, within the model's extent; 0: the whole batch */
    nn_loss_tables tables;     /* of the model; borrowed */
    bool until_nonfinite;      /* stop after the first part whose losses are not finite, for diagnose.h */
    const atomic_bool *cancel; /* set to true to stop with ST_INTERRUPTED; may be NULL */
    void (*progress)(void *user, size_t rows, size_t of_rows); /* after every part; may be NULL */
    void *user;
} nn_evaluator;

/* The results, in memory of the caller; rows are the utterances of the split in file order. */
typedef struct nn_evaluated {
    nn_split_losses losses;       /* not finite if those of a part are not; all else is then undefined */
    size_t nonfinite_rows;        /* utterances of the part at which until_nonfinite stopped; else 0 */
    uint64_t *confusion;          /* [C, C], added to; NULL if not used */
    float *probabilities;         /* [rows, C] teacher; NULL if not used */
    float *student_probabilities; /* [M, rows, C]; NULL if not used */
    float *logits;                /* [rows, C] teacher; NN_GCN_MEAN: logarithm of the mean; NULL if not used */
} nn_evaluated;

/* The losses are those of whole batches, also if these are computed in parts. ST_USAGE if the features, classes or
 * speakers of the data do not fit the model; ST_INTERRUPTED after a cancel; otherwise the failure of the device. All
 * results of a split without dialogues are zero. */
st_status nn_evaluate(nn_safsd *model, const ds_dataset *data, ds_split split, const nn_evaluator *evaluator,
                      nn_evaluated *out);

#endif
