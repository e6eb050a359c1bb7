/* The options of a training, and its reports while it runs; see trainer.h. */
#ifndef SAFSD_MODEL_TRAINING_TRAINER_OPTIONS_H
#define SAFSD_MODEL_TRAINING_TRAINER_OPTIONS_H

#include "model/training/checkpoint.h"
#include "model/training/evaluate.h"
#include "model/network/optimizer.h"
#include "model/network/safsd.h"
#include "model/training/schedule.h"

/* The outermost phase (profile.h) of the steps of a run; the end of an epoch has other phases. */
#define NN_PHASE_TRAINING "training"

/* After a step; reported one step later, in order. */
typedef struct nn_step_report {
    size_t epoch, epochs;               /* from 1; of the whole run */
    size_t batch, batches;              /* from 1; of this epoch */
    uint32_t step;                      /* from 0, as in docs/model.md 7 */
    size_t rows, rows_done, rows_total; /* utterances: of this step, of this epoch so far, of the training part */
    double lr;
    nn_step_result result;
    nn_split_losses mean; /* of this epoch's finite steps so far */
} nn_step_report;

/* One split after an epoch. */
typedef struct nn_split_report {
    nn_split_losses losses; /* .utterances is 0 if the data have no such part */
    /* Whether metrics and confusion are valid: the part was evaluated, has labels, and its losses are finite. DS_TRAIN
     * is evaluated with evaluate_train, and after the last epoch if the data have no other part. */
    bool measured;
    nn_metrics metrics;
    const uint64_t *confusion;    /* [C, C] */
    double utterances_per_second; /* 0 if not known */
} nn_split_report;

typedef struct nn_epoch_report {
    size_t epoch; /* from 1 */
    nn_split_report splits[DS_SPLITS];
    bool best_valid, best_test; /* this epoch is the best so far by that selection */
    bool saved_best;            /* `best` was written from this epoch */
    uint32_t skipped;           /* steps skipped since the run began */
} nn_epoch_report;

/* Any hook may be NULL. A hook that fails (a full disk) records its sentence in the context's error slot; the run ends
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
    const ds_dataset *data; /* split and, if requested, standardised */
    nn_config config;       /* classes, speakers and dims as in the data */
    nn_loss_tables tables;  /* class_tables.h */

    size_t epochs, batch; /* batch: dialogues per step, and per batch of an evaluation */
    size_t micro_batch;   /* dialogues computed at a time; 0: the whole batch, halved until it fits */
    nn_adam adam;
    nn_schedule_form schedule;
    double lr;
    size_t warmup;          /* steps */
    size_t patience;        /* epochs without a better score before the run ends; 0: no limit */
    nn_select select;       /* criterion of the best epoch */
    nn_nonfinite nonfinite; /* if a gradient is not finite: save and end the run, or skip the step; if an evaluation is
                               not finite: save and end the run, or do not select that epoch */
    nn_gcn_eval gcn_eval;
    size_t repetitions;  /* of NN_GCN_MEAN */
    bool evaluate_train; /* also evaluate the training part after every epoch, for its accuracy and F1 */

    const char *best_path, *last_path; /* not written if NULL */
    size_t checkpoint_every;           /* write `last` after so many epochs (0 means 1), and always at the end */
    const char *configuration;         /* INI text stored in checkpoints */
    const ds_statistics *statistics;   /* by which the features are standardised, or NULL */

    rt_context *const *replicas; /* devices of replicas (data_parallel.h), with rt's error slot */
    size_t replica_count;

    const nn_checkpoint *resume; /* a `last` to resume from, or NULL; used by nn_trainer_create only */
    const atomic_bool *cancel;   /* set to true to save and stop after the current step; may be NULL */
    nn_trainer_hooks hooks;
} nn_trainer_options;

#endif
