/* Checkpoints: safetensors files with the published parameter names, in the order of docs/model.md 9.
 *
 * `best` contains the parameters; `last` also contains what a resume needs: both moments, counters and the history.
 * The tensors of this program are under reserved prefixes, which load_state_dict(strict=False) ignores:
 *   tensors   NAME (docs/model.md 9)                               F32
 *             m_n_gate.gate.0.weight, .bias               F32, of models without learned gates (checkpoint_gates.h)
 *             safsd.mean.M, safsd.deviation.M             F32 [D_m], M = t, a, v; only if features are standardised
 *             safsd.class_weights, safsd.alpha, safsd.similarity   F32, the tables of the loss
 *             optimizer.m.NAME, optimizer.v.NAME          F32; this and the following in `last` only
 *             safsd.history.losses                        F64 [epochs, 3, 5]: splits; loss, ce, saf, kl, utterances
 *             safsd.history.confusion                     I64 [epochs, 3, C, C]
 *             safsd.epoch.sums                            F64 [5]: the same, times utterances, of the current epoch
 *   metadata  format = safsd-checkpoint-1, program, configuration (INI), model (JSON of nn_config), classes, speakers
 *             (JSON arrays of names), selection, epoch, checksum, select if it is not weighted_f1; `last` also
 *             progress and recipe (JSON): what run_fingerprint.h compares
 * Checkpoints contain no time and no path: the same run writes the same bytes.
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

/* The description of a checkpoint. When saving, it is borrowed from the caller; when opened, it is valid until the
 * checkpoint is closed. */
typedef struct nn_checkpoint_about {
    const char *program;              /* version that wrote it; set by nn_checkpoint_save */
    const char *configuration;        /* INI text */
    nn_config config;                 /* sizes and switches, with the seed */
    const char *const *class_names;   /* [config.classes] */
    const char *const *speaker_names; /* [config.speakers] */
    const char *selection;            /* "valid", "test_best" or "last" */
    nn_select select;                 /* criterion of the run's best epoch */
    size_t epoch;                     /* finished epochs of these parameters, from 1 */
    const ds_statistics *statistics;  /* NULL: features are not standardised */
    nn_loss_tables tables;
} nn_checkpoint_about;

/* The progress of a run. */
typedef struct nn_progress {
    uint32_t step; /* optimiser steps so far, with skipped ones: the `step` (docs/model.md 7) of the next step */
    size_t epoch;  /* finished epochs, which are in the history */
    size_t batch;  /* finished batches of the current epoch */
    uint32_t updates, skipped;
    nn_split_losses sums; /* of these batches: losses times utterances, and utterances */
} nn_progress;

typedef struct nn_run_state {
    nn_progress progress;
    const char *fingerprint; /* run_fingerprint.h */
    const nn_history *history;
} nn_run_state;

/* Writes the parameters and, with a `state`, the moments and all else that a resume needs. Parameters pass through host
 * memory one at a time. The file is written atomically. ST_FAILED if it cannot be written. */
st_status nn_checkpoint_save(const char *path, const nn_params *params, const nn_checkpoint_about *about,
                             const nn_run_state *state);

typedef struct nn_checkpoint_storage nn_checkpoint_storage;

typedef struct nn_checkpoint {
    sf_file *file;
    char dropped[64]; /* prefix of its tensor names that is left out, "" for none; of published weights */
    bool own;         /* written by this program; otherwise the following is empty */
    bool resumable;   /* it is a `last` */
    nn_checkpoint_about about;
    nn_progress progress;    /* of a `last` */
    const char *fingerprint; /* of a `last` */
    nn_history history;      /* of a `last` */
    nn_checkpoint_storage *storage;
} nn_checkpoint;

/* Opens and checks a checkpoint of this program, or any other safetensors file, which is read as published weights.
 * ST_CHECK if the checksum is wrong, or is missing in a checkpoint of this program; ST_FAILED if the file cannot be
 * read. */
st_status nn_checkpoint_open(nn_checkpoint **checkpoint, const char *path, st_error *error);
void nn_checkpoint_close(nn_checkpoint **checkpoint);

typedef void nn_notice(void *user, const char *sentence);

/* Reads every parameter, from F32, F64, F16 or BF16. Tensors that the model does not have are ignored; `notice` (may be
 * NULL) receives their names, except those under this program's prefixes. ST_FAILED, naming the tensor, if it is
 * missing, has another shape (both are shown), is not floating-point, or has a value that is not finite; also for a
 * layer of a deeper model, and for a trained gate if the model has no learned gates (checkpoint_gates.h). */
st_status nn_checkpoint_load(const nn_checkpoint *checkpoint, nn_params *params, nn_notice *notice, void *user);

/* Reads the moments of a `last`; ST_FAILED for any other file. */
st_status nn_checkpoint_load_moments(const nn_checkpoint *checkpoint, nn_params *params);

#endif
