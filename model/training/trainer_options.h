/* What a training is told, and what it tells while it runs; see trainer.h. */
#ifndef SAFSD_MODEL_TRAINING_TRAINER_OPTIONS_H
#define SAFSD_MODEL_TRAINING_TRAINER_OPTIONS_H

#include "model/training/checkpoint.h"
#include "model/training/evaluate.h"
#include "model/network/optimizer.h"
#include "model/network/safsd.h"
#include "model/training/schedule.h"

/* The outermost phase (profile.h) of a run's steps; what follows an epoch is in others. */
#define NN_PHASE_TRAINING "training"

/* After a step; told a step late, in order. */
typedef struct nn_step_report {
    size_t epoch, epochs;               /* from 1; of the whole run */
    size_t batch, batches;              /* from 1; of this epoch */
    uint32_t step;                      /* from 0, as in docs/model.md 7 */
    size_t rows, rows_done, rows_total; /* utterances: of this step, this epoch's steps so far, the training part */
    double lr;
    nn_step_result result;
    nn_split_losses mean; /* of this epoch's finite steps so far */
} nn_step_report;

/* One split after an epoch. */
typedef struct nn_split_report {
    nn_split_losses losses; /* .utterances == 0: the data have no such part */
    /* Whether metrics and confusion are known: the part was evaluated, has labels, and gave finite losses. DS_TRAIN is
     * evaluated where evaluate_train asks for it, and after the last epoch of a run that has no other part. */
    bool measured;
    nn_metrics metrics;
    const uint64_t *confusion;    /* [C, C] */
    double utterances_per_second; /* 0: not known */
} nn_split_report;

typedef struct nn_epoch_report {
    size_t epoch; /* from 1 */
    nn_split_report splits[DS_SPLITS];
    bool best_valid, best_test; /* this epoch is the best so far of that selection */
    bool saved_best;            /* `best` has been written from this epoch */
    uint32_t skipped;           /* steps skipped since the run began */
} nn_epoch_report;

/* NULL: not wanted. A hook that fails (a full disk) leaves its sentence in the context's error slot; the run ends
 * with that status. */
typedef struct nn_trainer_hooks {
    void *user;
    st_status (*step)(void *user, const nn_step_report *report);
    st_status (*epoch)(void *user, const nn_epoch_report *report); /* before `last` is written */
    void (*evaluating)(void *user, ds_split split, size_t rows, size_t of_rows);
    void (*notice)(void *user, const char *sentence);
} nn_trainer_hooks;

typedef enum nn_nonfinite { NN_NONFINITE_STOP, NN_NONFINITE_SKIP } nn_nonfinite;

typedef struct nn_trainer_options {
    const ds_dataset *data; /* split and, where wanted, standardised */
    nn_config config;       /* classes, speakers and dims as in the data */
    nn_loss_tables tables;  /* class_tables.h */

    size_t epochs, batch; /* batch: dialogues of a step and of an evaluation's batch */
    size_t micro_batch;   /* dialogues computed at a time; 0: the whole batch, or halves of it until they fit */
    nn_adam adam;
    nn_schedule_form schedule;
    double lr;
    size_t warmup;          /* steps */
    size_t patience;        /* epochs without a better selection score before the run ends; 0: never */
    nn_select select;       /* what makes an epoch the best one */
    nn_nonfinite nonfinite; /* a step whose gradient is not finite: end the run after saving, or leave it out; an
                             * evaluation that is not finite: the same, or continue without selecting that epoch */
    nn_gcn_eval gcn_eval;
    size_t repetitions;  /* of NN_GCN_MEAN */
    bool evaluate_train; /* the training part too, after every epoch; without, its accuracy and F1 are not known */

    const char *best_path, *last_path; /* NULL: not written */
    size_t checkpoint_every;   /* epochs between two writes of `last`; 0 as 1; the end of a run always writes it */
    const char *configuration; /* INI text that checkpoints carry */
    const ds_statistics *statistics; /* that the features were standardised with, or NULL */

    rt_context *const
        *replicas; /* further devices that compute parts of every batch (data_parallel.h), with rt's error slot */
    size_t replica_count;

    const nn_checkpoint *resume; /* a `last` to resume from; NULL: begin. Needed by nn_trainer_create only */
    const atomic_bool *cancel;   /* true: save and stop, between two steps; NULL: never */
    nn_trainer_hooks hooks;
} nn_trainer_options;

#endif
