/* The values of a configuration: what config.h fills, and every file of config/ works on. */
#ifndef SAFSD_CONFIG_VALUES_H
#define SAFSD_CONFIG_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/gemm_providers.h"
#include "base/status.h"

/* Lists: `count` items; NULL and 0 when empty. They belong to the configuration. */
typedef struct cfg_names {
    char **items;
    size_t count;
} cfg_names;

typedef struct cfg_reals {
    double *items;
    size_t count;
} cfg_reals;

typedef struct cfg_seeds {
    uint64_t *items;
    size_t count;
} cfg_seeds;

typedef struct cfg_experiment {
    char *name;      /* the run directory is runs/NAME; the stem of the file where the file names none */
    uint64_t seed;   /* docs/model.md 7 */
    cfg_seeds seeds; /* of several runs, one per seed; empty: `seed` alone */
} cfg_experiment;

typedef enum cfg_format { CFG_FORMAT_AUTO, CFG_FORMAT_PICKLE, CFG_FORMAT_SAFETENSORS, CFG_FORMAT_SYNTH } cfg_format;

/* Bits of cfg_data.modalities; none of them set means: every modality that the data have. */
enum { CFG_MODALITIES_AUTO = 0, CFG_TEXT = 1, CFG_AUDIO = 2, CFG_VISUAL = 4 };

typedef enum cfg_corpus { CFG_CORPUS_IEMOCAP, CFG_CORPUS_MELD } cfg_corpus;

typedef enum cfg_unknown { CFG_UNKNOWN_REFUSE, CFG_UNKNOWN_PADDING, CFG_UNKNOWN_POSITION } cfg_unknown;
typedef enum cfg_replace { CFG_REPLACE_STOP, CFG_REPLACE_ZERO, CFG_REPLACE_MEAN } cfg_replace;

typedef struct cfg_data {
    char *path;                   /* NULL where none is given; relative ones of a file already stand on its folder */
    cfg_format format;            /* auto: by the contents of the file */
    unsigned modalities;          /* CFG_TEXT | CFG_AUDIO | CFG_VISUAL, or CFG_MODALITIES_AUTO */
    cfg_names classes;            /* in label order; empty: as many as the data have, named by them or by number */
    cfg_replace nonfinite;        /* what becomes of features that are not finite */
    cfg_unknown unknown_speakers; /* what a model does with speakers that it was not trained with */
    bool standardize;             /* with mean and deviation of the training utterances */
    double valid_fraction;        /* of the training dialogues, drawn by the seed; 0: the split that the file carries */
    cfg_names valid_dialogues;    /* ids, ranges already expanded; never together with valid_fraction > 0 */
    cfg_corpus synth_like;        /* the synth_ values are read with format = synth only */
    int synth_dialogues;          /* training, validation and test together; 0: as many as the corpus has */
    uint64_t synth_seed;
    int synth_dims[3]; /* widths of text, audio, visual; 0, 0, 0: those of the corpus */
} cfg_data;

typedef enum cfg_gate { CFG_GATE_LEARNED, CFG_GATE_IDENTITY, CFG_GATE_OFF } cfg_gate;
typedef enum cfg_gcn_mode { CFG_GCN_EXPECTED, CFG_GCN_SAMPLE, CFG_GCN_MEAN } cfg_gcn_mode;

typedef struct cfg_gcn_eval {
    cfg_gcn_mode mode;
    int repetitions; /* R of mean:R; 1 otherwise */
} cfg_gcn_eval;

typedef struct cfg_model {
    int hidden;       /* H */
    int graph_hidden; /* G, never 0: the hidden width where the file says 0 or nothing */
    int ffn;          /* never 0: the hidden width where the file says 0 or nothing */
    int heads;        /* divides hidden */
    int layers;       /* 1 .. 64 */
    int gcn_layers;   /* K */
    cfg_gate gate;
    double dropout;  /* 0 <= p < 1 */
    double gcn_mask; /* 0 <= p < 1 */
    cfg_gcn_eval gcn_eval;
} cfg_model;

typedef enum cfg_saf_form { CFG_SAF_SOFT, CFG_SAF_TRUE_CLASS, CFG_SAF_PUBLISHED } cfg_saf_form;
typedef enum cfg_weights_form { CFG_WEIGHTS_NONE, CFG_WEIGHTS_INVERSE_FREQUENCY, CFG_WEIGHTS_LIST } cfg_weights_form;
typedef enum cfg_alpha_form { CFG_ALPHA_AUTO, CFG_ALPHA_LIST } cfg_alpha_form;
typedef enum cfg_similarity_form {
    CFG_SIMILARITY_IDENTITY,
    CFG_SIMILARITY_IEMOCAP,
    CFG_SIMILARITY_MELD,
    CFG_SIMILARITY_ROWS
} cfg_similarity_form;

/* A number per class: chosen by a word, or listed. */
typedef struct cfg_per_class {
    int form;       /* cfg_weights_form for class_weights, cfg_alpha_form for alpha */
    cfg_reals list; /* [C] with form LIST, else empty */
} cfg_per_class;

typedef struct cfg_similarity {
    cfg_similarity_form form;
    size_t classes; /* C; 0 with form IDENTITY, which fits any number */
    double *rows;   /* [C, C], row = true class, filled for the two corpora too; NULL with form IDENTITY */
} cfg_similarity;

typedef struct cfg_loss {
    double lambda_ce, lambda_saf, lambda_kl;
    cfg_saf_form saf_form;
    double gamma;
    double temperature;
    bool teacher_gradient; /* false: the KL term does not reach the teacher */
    cfg_per_class class_weights;
    cfg_per_class alpha;
    cfg_similarity similarity;
} cfg_loss;

typedef enum cfg_optimizer { CFG_OPTIMIZER_ADAM, CFG_OPTIMIZER_ADAMW } cfg_optimizer;
typedef enum cfg_schedule { CFG_SCHEDULE_CONSTANT, CFG_SCHEDULE_COSINE } cfg_schedule;
typedef enum cfg_select {
    CFG_SELECT_WEIGHTED_F1,
    CFG_SELECT_MACRO_F1,
    CFG_SELECT_ACCURACY,
    CFG_SELECT_LOSS
} cfg_select;
typedef enum cfg_nonfinite { CFG_NONFINITE_STOP, CFG_NONFINITE_SKIP } cfg_nonfinite;

typedef struct cfg_train {
    int epochs;
    int batch; /* dialogues per optimiser step */
    double lr;
    cfg_optimizer optimizer; /* adam: decay coupled, added to the gradient; adamw: decoupled */
    double beta1, beta2, eps, weight_decay;
    cfg_schedule schedule;
    int warmup;        /* optimiser steps of linear warm-up; 0: none */
    double clip;       /* global norm of the gradient; 0: no clipping */
    int micro_batch;   /* dialogues computed at a time; 0: as many as memory allows */
    int patience;      /* epochs without a better selection score before the run stops; 0: never */
    cfg_select select; /* what makes an epoch the best one, for both selections */
    cfg_nonfinite nonfinite;
    bool evaluate_train;  /* accuracy and F1 of the training part too */
    bool log_steps;       /* writes steps.jsonl */
    int checkpoint_every; /* epochs between two writes of last.safetensors */
} cfg_train;

#define CFG_GEMM_VALUE(name, NAME) CFG_GEMM_##NAME,
typedef enum cfg_gemm { CFG_GEMM_AUTO, GEMM_PROVIDERS(CFG_GEMM_VALUE) } cfg_gemm;

typedef struct cfg_runtime {
    char *device; /* selector of the command line; "auto" by default */
    cfg_gemm gemm;
} cfg_runtime;

typedef struct cfg_config {
    cfg_experiment experiment;
    cfg_data data;
    cfg_model model;
    cfg_loss loss;
    cfg_train train;
    cfg_runtime runtime;
} cfg_config;

/* "section.key=value" as given to --set, in order; the last one of a key wins. A value is taken as it stands,
 * without quotes or comments, and a relative path in it stands on the working directory. */
typedef struct cfg_overrides {
    const char *const *items;
    size_t count;
} cfg_overrides;

#endif
