/* The hyperparameters of a model: sizes, switches and the settings of its loss. They are read from an INI file, or from
 * the JSON of a golden case. docs/model.md 1 to 6 and 8. */
#ifndef SAFSD_MODEL_HYPERPARAMETERS_H
#define SAFSD_MODEL_HYPERPARAMETERS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/layers/gate.h"
#include "model/layers/losses.h"
#include "model/glossary.h"

/* Upper bounds of a batch, or of a part of a batch when batches are divided. */
typedef struct nn_extent {
    size_t dialogues, rows, pairs, longest; /* B, N, sum of L^2, max L */
} nn_extent;

enum { NN_ENCODERS = 9, NN_MOST_LAYERS = 64, NN_MOST_GCN_LAYERS = 64 };

typedef struct nn_config {
    bool uses[NN_MODALITIES];   /* M, in the order t, a, v */
    size_t dims[NN_MODALITIES]; /* D_m, 0 if not used */
    size_t hidden, graph_hidden, ffn, heads, layers, gcn_layers, classes, speakers;
    nn_gate_kind gate;
    double dropout, gcn_mask;
    uint64_t seed;

    double lambda_ce, lambda_saf, lambda_kl, gamma, temperature;
    nn_saf_form saf_form;
    bool teacher_gradient;
} nn_config;

/* The settings of the loss. */
nn_loss_settings nn_loss_settings_of(const nn_config *config);

/* |M|. */
size_t nn_modalities_used(const nn_config *config);
/* 't', 'a' or 'v'. */
char nn_modality_letter(size_t modality);

/* Encoder numbers of docs/model.md 7: t_t 0, a_t 1, v_t 2, a_a 3, t_a 4, v_a 5, v_v 6, t_v 7, a_v 8. In this order come
 * the encoders of target t, then a, then v; for each target its own modality first. */
typedef struct nn_encoder_pair {
    nn_modality source, target;
} nn_encoder_pair;
nn_encoder_pair nn_encoder_of(size_t encoder);

/* ST_USAGE with a sentence if the hyperparameters are not valid (heads do not divide H, no modality, layers > 64,
 * ...). */
st_status nn_config_check(const nn_config *config, st_error *error);

#endif
