/* Checkpoints: safetensors files with the published parameter names, in the order of docs/model.md 9.
 *
 * `best` holds the parameters; `last` also what a resume needs: both moments, counters, the history. What belongs to
 * this program stands under reserved prefixes that load_state_dict(strict=False) passes over:
 *   tensors   NAME (docs/model.md 9)                               F32
 *             m_n_gate.gate.0.weight, .bias               F32, of models that learn no gates (checkpoint_gates.h)
 *             safsd.mean.M, safsd.deviation.M             F32 [D_m], M = t, a, v; only where features are standardised
 *             safsd.class_weights, safsd.alpha, safsd.similarity   F32, the tables of the loss
 *             optimizer.m.NAME, optimizer.v.NAME          F32, `last` only, as the following
 *             safsd.history.losses                        F64 [epochs, 3, 5]: splits; loss, ce, saf, kl, utterances
 *             safsd.history.confusion                     I64 [epochs, 3, C, C]
 *             safsd.epoch.sums                            F64 [5]: those losses times utterances, of the epoch begun
 *   metadata  format = safsd-checkpoint-1, program, configuration (INI), model (JSON of nn_config), classes, speakers
 *             (JSON arrays of names), selection, epoch, checksum, select where it is not weighted_f1; `last` also
 *             progress and recipe (JSON): what run_fingerprint.h compares
 * No time or place is in them: the same run writes the same bytes.
 *
 *     ST_TRY(nn_checkpoint_open(&checkpoint, path, error));
 *     ... checkpoint->about.config -> nn_safsd_create ...
 *     ST_TRY(nn_checkpoint_load(checkpoint, nn_safsd_params(model), notice, user));
 *     nn_checkpoint_close(&checkpoint);
 */
#ifndef SAFSD_MODEL_TRAINING_CHECKPOINT_H
#define SAFSD_MODEL_TRAINING_CHECKPOINT_H

#include "data/dataset.h"
#include "data/safetensors.h"
#include "model/training/history.h"
#include "model/layers/losses.h"
#include "model/network/params.h"

#define NN_CHECKPOINT_FORMAT "safsd-checkpoint-1"

/* What a checkpoint says of itself. For saving, borrowed from the caller; of an opened one, until it is closed. */
typedef struct nn_checkpoint_about {
    const char *program;              /* version that wrote it; set by nn_checkpoint_save itself */
    const char *configuration;        /* INI text */
    nn_config config;                 /* sizes and switches, seed included */
    const char *const *class_names;   /* [config.classes] */
    const char *const *speaker_names; /* [config.speakers] */
    const char *selection;            /* "valid", "test_best" or "last" */
    nn_select select;                 /* what the run selects its best epoch by */
    size_t epoch;                     /* finished epochs behind these parameters: the first is 1 */
    const ds_statistics *statistics;  /* NULL: features are taken as they are */
    nn_loss_tables tables;
} nn_checkpoint_about;

/* Where a run stands. */
typedef struct nn_progress {
    uint32_t step; /* optimiser steps so far, skipped ones too: the `step` of docs/model.md 7 of the next */
    size_t epoch;  /* finished epochs: those of the history */
    size_t batch;  /* batches done of the epoch after those */
    uint32_t updates, skipped;
    nn_split_losses sums; /* of that epoch's batches: losses times utterances, and utterances */
} nn_progress;

typedef struct nn_run_state {
    nn_progress progress;
    const char *fingerprint; /* run_fingerprint.h */
    const nn_history *history;
} nn_run_state;

/* Writes the parameters and, with a `state`, the moments and all else a resume needs. One parameter at a time passes
 * through host memory. The file appears by rename. ST_FAILED where it cannot be written. */
st_status nn_checkpoint_save(const char *path, const nn_params *params, const nn_checkpoint_about *about,
                             const nn_run_state *state);

typedef struct nn_checkpoint_storage nn_checkpoint_storage;

typedef struct nn_checkpoint {
    sf_file *file;
    bool own;       /* written by this program; otherwise everything below is empty */
    bool resumable; /* a `last` */
    nn_checkpoint_about about;
    nn_progress progress;    /* of a `last` */
    const char *fingerprint; /* of a `last` */
    nn_history history;      /* of a `last` */
    nn_checkpoint_storage *storage;
} nn_checkpoint;

/* Opens and checks a file of this program, or any other safetensors file, taken for published weights. ST_CHECK where
 * the checksum does not hold or a file of this program has none; ST_FAILED for what cannot be read. */
st_status nn_checkpoint_open(nn_checkpoint **checkpoint, const char *path, st_error *error);
void nn_checkpoint_close(nn_checkpoint **checkpoint);

typedef void nn_notice(void *user, const char *sentence);

/* Reads every parameter, from F32, F64, F16 or BF16. Tensors that the model does not have are passed over; `notice`
 * (or NULL) is told their names, but for this program's own. ST_FAILED names the tensor that is missing, has another
 * shape (both are shown), another kind of number, or a value that is not finite; a layer of a deeper model; and a
 * trained gate where the model learns none (checkpoint_gates.h). */
st_status nn_checkpoint_load(const nn_checkpoint *checkpoint, nn_params *params, nn_notice *notice, void *user);

/* Reads the moments of a `last` as well; ST_FAILED for any other file. */
st_status nn_checkpoint_load_moments(const nn_checkpoint *checkpoint, nn_params *params);

#endif
