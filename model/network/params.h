/* The parameters: one table that gives names, shapes, sizes, places, initialisation and checkpoint order
 * (docs/model.md 9).
 *
 * Four arenas of the same layout hold values, gradients and the two moments of Adam; an evaluation-only model has
 * values alone, one that computes gradients for another device no moments. The structs below name the same views by
 * their role, for the layers.
 */
#ifndef SAFSD_MODEL_NETWORK_PARAMS_H
#define SAFSD_MODEL_NETWORK_PARAMS_H

#include "model/hyperparameters.h"
#include "model/layers/linear.h"

typedef enum nn_init { NN_INIT_UNIFORM, NN_INIT_NORMAL, NN_INIT_ONE, NN_INIT_ZERO } nn_init;

typedef struct nn_param {
    char name[80];
    size_t rank, shape[3], elements;
    nn_init init;
    size_t fan_in;      /* of NN_INIT_UNIFORM: values lie in +-1/sqrt(fan_in) */
    size_t frozen_tail; /* last elements that start at zero and have gradient zero (the padding row) */
    rt_view value, gradient, moment1, moment2;
} nn_param;

/* A tensor of parameters as the layers see it, with its gradient; without a block that is not computed. */
typedef struct nn_weight {
    rt_view value, gradient;
} nn_weight;

typedef struct nn_linear_weights {
    nn_weight weight, bias; /* [out, in]; [out], or without a block */
    size_t in, out;
    size_t dbias_from; /* the biases before this one have no gradient, bias.gradient is that of the others */
} nn_linear_weights;

typedef struct nn_norm_weights {
    nn_weight gain, bias;
} nn_norm_weights;

/* The projections of attention lie one after another, so that those of one source are one layer: `kv` [2H, H], and
 * `kvq` [3H, H] where the target is its own source. The biases of k get no gradient: softmax ignores them. */
typedef struct nn_encoder_weights {
    nn_linear_weights k, v, q, kv, kvq, output, ffn_1, ffn_2;
    nn_norm_weights ffn_norm, norm; /* norm exists for layers above 0 */
} nn_encoder_weights;

typedef struct nn_params {
    nn_param *items;
    size_t count, capacity;
    uint64_t elements; /* sum over items */
    bool training;
    nn_gate_kind gate_kind; /* gates are parameters where it is NN_GATE_LEARNED */
    rt_context *rt;
    rt_arena *values, *gradients, *moments1, *moments2;

    nn_weight speaker_embeddings;
    nn_linear_weights input[NN_MODALITIES];  /* no bias */
    nn_encoder_weights *layers[NN_ENCODERS]; /* [layers] of every encoder that exists, else NULL */
    nn_linear_weights gate[NN_ENCODERS];     /* with the learned gate */
    nn_linear_weights reduce[NN_MODALITIES], student[NN_MODALITIES];
    nn_weight graph_embeddings;
    nn_linear_weights graph_input;
    nn_weight graph_gate[NN_MOST_GCN_LAYERS], graph_gate_bias[NN_MOST_GCN_LAYERS];
    nn_linear_weights head;
} nn_params;

/* Builds the table and plans the arenas; with `training` also gradients and moments. nn_params_commit is to follow. */
st_status nn_params_create(nn_params *params, rt_context *rt, const nn_config *config, bool training);
/* Gives the moments up, before the commit: for gradients that another device's optimiser takes. */
void nn_params_without_moments(nn_params *params);
st_status nn_params_commit(nn_params *params); /* allocates; everything is zero */
void nn_params_destroy(nn_params *params);

/* Bytes on the device, all arenas. */
uint64_t nn_params_bytes(const nn_params *params);

/* Draws every value as docs/model.md 9 and 7 say. */
st_status nn_params_initialise(nn_params *params, uint64_t seed);

/* The layer that such weights make, with the input that it saves; and where its gradients go. */
nn_linear nn_linear_of(const nn_linear_weights *weights, nn_matrix x, rt_view scratch);
nn_linear_gradient nn_linear_gradient_of(const nn_linear_weights *weights, nn_matrix dx, float beta_dx, float beta);

/* The parameter of that name, or NULL. */
const nn_param *nn_params_find(const nn_params *params, const char *name);

#endif
