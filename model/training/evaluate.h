/* Evaluation of one split: its dialogues in file order, in batches as in training (docs/model.md 7, 10). */
#ifndef SAFSD_MODEL_TRAINING_EVALUATE_H
#define SAFSD_MODEL_TRAINING_EVALUATE_H

#include <stdatomic.h>

#include "model/training/history.h"
#include "model/network/safsd.h"

/* Upper bounds of a model for this data when at most `dialogues` are computed at a time, in training or evaluation. */
nn_extent nn_extent_of(const ds_dataset *data, size_t dialogues);

typedef struct nn_evaluator {
    nn_gcn_eval mode;
    size_t repetitions;    /* of NN_GCN_MEAN */
    size_t batch;          /* dialogues of a batch, over which CE and SAF are means */
    size_t part;           /* dialogues computed at a time, within the model's extent; 0: the whole batch */
    nn_loss_tables tables; /* those of the model; borrowed */
    bool until_nonfinite; /* end with the first part whose losses are not finite; its activations stay for diagnose.h */
    const atomic_bool *cancel;                                 /* true: stop with ST_INTERRUPTED; NULL: never */
    void (*progress)(void *user, size_t rows, size_t of_rows); /* after every part; NULL: not wanted */
    void *user;
} nn_evaluator;

/* What comes out, into memory of the caller; rows are the utterances of the split in file order. */
typedef struct nn_evaluated {
    nn_split_losses losses;       /* not finite where those of any part are not: nothing else means anything then */
    size_t nonfinite_rows;        /* utterances of the part where until_nonfinite ended it; 0: it did not */
    uint64_t *confusion;          /* [C, C], added to; NULL: not wanted */
    float *probabilities;         /* [rows, C] teacher; NULL: not wanted */
    float *student_probabilities; /* [M, rows, C]; NULL: not wanted */
    float *logits;                /* [rows, C] teacher, of NN_GCN_MEAN the logarithm of the mean; NULL: not wanted */
} nn_evaluated;

/* Losses are those of whole batches also where these are computed in parts. ST_USAGE where the data's features, classes
 * or speakers exceed the model's; ST_INTERRUPTED; otherwise what the device fails with. A split without dialogues gives
 * zeros. */
st_status nn_evaluate(nn_safsd *model, const ds_dataset *data, ds_split split, const nn_evaluator *evaluator,
                      nn_evaluated *out);

#endif
