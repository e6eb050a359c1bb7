/* One encoder of the global fusion (docs/model.md 3): forward from U_source and U_target to x, and backward. */
#ifndef SAFSD_MODEL_NETWORK_ENCODER_H
#define SAFSD_MODEL_NETWORK_ENCODER_H

#include "model/hyperparameters.h"
#include "model/network/dropout_masks.h"
#include "model/network/params.h"

/* Tensors that a layer saves for backward; [N, H] unless stated. */
typedef struct nn_encoder_layer {
    rt_view x;                    /* input: U_target after dropout for layer 0, else LN of the layer below */
    rt_view norm_mean, norm_rstd; /* [N] of the LN above layer 0 */
    /* [N, 3H] (k, v, q) in a self encoder; [N, 2H] (k, v), then [N, H] (q), in a cross encoder */
    rt_view projections;
    rt_view probabilities; /* nn_attention_probabilities */
    rt_view context;       /* concatenated heads, before Wo */
    rt_view residual;      /* r of docs/model.md 3 */
    rt_view mean, rstd;    /* [N] of the feed-forward's LN */
    rt_view u;             /* [N, ffn] before gelu */
    rt_view out;
} nn_encoder_layer;

typedef struct nn_encoder {
    size_t number; /* docs/model.md 7 */
    nn_encoder_pair pair;
    bool cross;               /* source and target differ */
    bool takes_inputs;        /* x of layer 0 and s are views of the inputs, without copies: there is no dropout */
    rt_view source;           /* s of a cross encoder */
    nn_encoder_layer *layers; /* [layers] */
    rt_view gate;             /* [N, H] z of the learned gate */
} nn_encoder;

/* Temporaries shared by all encoders. LN(r) and h are large but cheap to compute: backward recomputes them. */
typedef struct nn_encoder_scratch {
    rt_view normed, h;       /* [N, H] LN(r); [N, ffn] gelu(u) after dropout */
    rt_view dx, dsource;     /* [N, H] gradients of x and of s */
    rt_view dy, dcontext;    /* [N, H] */
    rt_view dprojections;    /* shape of projections */
    rt_view dffn;            /* [N, ffn] */
    rt_view attention, sums; /* scratch of attention, and of column sums and LN gradients */
} nn_encoder_scratch;

/* The arguments shared by all calls of a pass. */
typedef struct nn_encoder_pass {
    rt_context *rt;
    const nn_config *config;
    const nn_params *params;
    const nn_dropout_masks *masks;
    const nn_segments *segments;
    const nn_encoder_scratch *scratch;
    float beta; /* of parameter gradients: 0 overwrites, 1 adds (later parts of a batch) */
} nn_encoder_pass;

/* Plans an encoder's activations in `arena`. `u` is the inputs of all modalities if there is no dropout, which are then
 * used without copies; otherwise NULL. */
st_status nn_encoder_plan(nn_encoder *encoder, rt_arena *arena, const nn_config *config, const nn_extent *extent,
                          size_t number, const rt_view *u, st_error *error);
void nn_encoder_destroy(nn_encoder *encoder);

/* From U_target and U_source [N, H] (those of the plan, if it has any) to the encoder's x, layers[last].out. */
st_status nn_encoder_forward(const nn_encoder_pass *pass, const nn_encoder *encoder, rt_view u_target,
                             rt_view u_source);

/* Reads the gradient of the encoder's x from scratch->dx and adds to du_target and du_source [N, H] (the same tensor
 * for a self encoder). */
st_status nn_encoder_backward(const nn_encoder_pass *pass, const nn_encoder *encoder, rt_view du_target,
                              rt_view du_source);

#endif
