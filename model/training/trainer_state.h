/* The members of a trainer, shared by trainer.c (creation, the run) and trainer_epoch.c (steps, the end of an
 * epoch). */
#ifndef SAFSD_MODEL_TRAINING_TRAINER_STATE_H
#define SAFSD_MODEL_TRAINING_TRAINER_STATE_H

#include "model/training/data_parallel.h"
#include "model/training/trainer_options.h"

typedef struct nn_trainer nn_trainer;

/* The step whose outcome is not read yet. */
typedef struct nn_flight {
    bool pending;
    nn_pending outcome;
    size_t batch, rows; /* batch: index in the epoch, from 0 */
    uint32_t step;
    double lr;
} nn_flight;

struct nn_trainer {
    rt_context *rt;
    nn_trainer_options options;
    nn_safsd *model;
    nn_data_parallel *parallel; /* of the model, on one or more devices */
    nn_schedule schedule;
    nn_evaluator evaluator;
    size_t micro_batch;
    size_t dialogues, rows;            /* of the training part */
    size_t batches;                    /* steps of an epoch */
    size_t *file_order, *draw, *order; /* [dialogues]; `order`: of this epoch */
    ds_batch step;                     /* the dialogues of the latest step */
    nn_flight flight;
    nn_progress progress;
    nn_history history;
    char *fingerprint;
    size_t epoch_rows; /* utterances of this epoch's steps whose outcome is read */
    size_t timed_rows; /* utterances of those computed by this process */
};

/* Writes the parameters, or with `state` everything, to `path`. Does nothing if it is NULL. */
st_status nn_trainer_save(nn_trainer *trainer, const char *path, const char *selection, bool state);
st_status nn_trainer_save_last(nn_trainer *trainer);
/* Whether the last epoch is finished, or patience has ended the run. */
bool nn_trainer_finished(const nn_trainer *trainer);

#endif
