/* The parameters: one table of names, shapes, sizes, views, initialisation and checkpoint order (docs/model.md 9).
 *
 * Four arenas of the same layout contain values, gradients and the two moments of Adam. A model for evaluation has only
 * values; a replica that computes gradients for another device has no moments. The structs below contain the same views
 * by their role, for the layers.
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
    size_t fan_in;      /* of NN_INIT_UNIFORM: values are in +-1/sqrt(fan_in) */
    size_t frozen_tail; /* last elements, which are zero and have zero gradient (the padding row) */
    rt_view value, gradient, moment1, moment2;
} nn_param;

/* A parameter and its gradient, for the layers. A gradient without a block is not computed. */
typedef struct nn_weight {
    rt_view value, gradient;
} nn_weight;

typedef struct nn_linear_weights {
    nn_weight weight, bias; /* [out, in]; [out], optional */
    size_t in, out;
    size_t dbias_from; /* bias.gradient begins with this bias; those before it have no gradient */
} nn_linear_weights;

typedef struct nn_norm_weights {
    nn_weight gain, bias;
} nn_norm_weights;

/* The projections of attention are contiguous, so those of one source are one layer: `kv` [2H, H], and `kvq` [3H, H] in
 * a self encoder. The biases of k have no gradient: softmax ignores them. */
typedef struct nn_encoder_weights {
    nn_linear_weights k, v, q, kv, kvq, output, ffn_1, ffn_2;
    nn_norm_weights ffn_norm, norm; /* norm: layers above 0 only */
} nn_encoder_weights;

typedef struct nn_params {
    nn_param *items;
    size_t count, capacity;
    uint64_t elements; /* total of all items */
    bool training;
    nn_gate_kind gate_kind; /* gates are parameters if NN_GATE_LEARNED */
    rt_context *rt;
    rt_arena *values, *gradients, *moments1, *moments2;

    nn_weight speaker_embeddings;
    nn_linear_weights input[NN_MODALITIES];  /* no bias */
    nn_encoder_weights *layers[NN_ENCODERS]; /* [layers] of every existing encoder, else NULL */
    nn_linear_weights gate[NN_ENCODERS];     /* with the learned gate */
    nn_linear_weights reduce[NN_MODALITIES], student[NN_MODALITIES];
    nn_weight graph_embeddings;
    nn_linear_weights graph_input;
    nn_weight graph_gate[NN_MOST_GCN_LAYERS], graph_gate_bias[NN_MOST_GCN_LAYERS];
    nn_linear_weights head;
} nn_params;

/* Builds the table and plans the arenas; with `training` also gradients and moments. Call nn_params_commit next. */
st_status nn_params_create(nn_params *params, rt_context *rt, const nn_config *config, bool training);
/* Removes the moments, before the commit: for a replica, whose gradients another device's optimiser uses. */
void nn_params_without_moments(nn_params *params);
st_status nn_params_commit(nn_params *params); /* allocates; everything is zero */
void nn_params_destroy(nn_params *params);

/* Bytes of device memory of all arenas. */
uint64_t nn_params_bytes(const nn_params *params);

/* Initialises all values (docs/model.md 9 and 7). */
st_status nn_params_initialise(nn_params *params, uint64_t seed);

/* The layer of these weights, with its saved input and its scratch; and the struct of its gradients. */
nn_linear nn_linear_of(const nn_linear_weights *weights, nn_matrix x, rt_view scratch);
nn_linear_gradient nn_linear_gradient_of(const nn_linear_weights *weights, nn_matrix dx, float beta_dx, float beta);

/* The parameter of that name, or NULL. */
const nn_param *nn_params_find(const nn_params *params, const char *name);

#endif
