/* The members of nn_safsd: safsd.c computes, plan.c plans the memory, step.c runs steps. Private to model/. */
#ifndef SAFSD_MODEL_NETWORK_NETWORK_H
#define SAFSD_MODEL_NETWORK_NETWORK_H

#include "model/layers/loss_store.h"
#include "model/network/batch.h"
#include "model/network/encoder.h"
#include "model/network/dropout_masks.h"
#include "model/layers/losses.h"
#include "model/network/optimizer.h"
#include "model/network/params.h"

typedef struct nn_safsd nn_safsd;

/* Activations that backward needs; index n or m is a modality. */
typedef struct nn_activations {
    rt_view positional_encoding;                          /* [longest, H] */
    rt_view input[NN_MODALITIES];                         /* U_m [N, H] */
    rt_view gated[NN_MODALITIES];                         /* [N, M*H] gated encoder outputs of target n, concatenated */
    rt_view fused[NN_MODALITIES];                         /* F_n [N, H] */
    rt_view student_input[NN_MODALITIES];                 /* [N, H] drop(relu(F_m)) */
    rt_view student_logits;                               /* [M, N, C] */
    rt_view text_node;                                    /* [N, H] F_t plus the graph's speaker embedding */
    rt_view x[NN_MOST_GCN_LAYERS + 1];                    /* x^k [M, N, G] */
    rt_view u[NN_MOST_GCN_LAYERS], s[NN_MOST_GCN_LAYERS]; /* [M, N] halves of the gates */
    rt_view head_input;                                   /* [N, M*2G] */
    rt_view logits;                                       /* [N, C] */
    rt_view log_p, log_tau;                               /* [N, C] */
    rt_view student_log_p, student_log_tau;               /* [M, N, C] */
    rt_view mean_p, mean_tau;                             /* [N, C] of mean:R */
    rt_view terms, losses;                                /* [N, 3], [4] */
} nn_activations;

/* Gradients of activations, and scratch. Without training there is only the scratch of forward. */
typedef struct nn_gradients {
    rt_view input[NN_MODALITIES]; /* dU_m [N, H] */
    rt_view gated;                /* [N, M*H] */
    rt_view fused[NN_MODALITIES]; /* dF_m [N, H] */
    rt_view student_logits, logits;
    rt_view x0, x;            /* [M, N, G] of x^0, and of the current x^k */
    rt_view node, head_input; /* [N, H], [N, M*2G] */
    rt_view graph, embedding; /* scratch of graph layers and of embeddings */
    nn_encoder_scratch encoder;
} nn_gradients;

/* One pass over a batch. */
typedef struct nn_pass {
    const nn_batch *batch;
    const nn_dropout_masks *masks; /* dropout; without bits outside training */
    bool expected;                 /* multiply graph features by 1 - p; otherwise by the drawn mask */
} nn_pass;

struct nn_safsd {
    rt_context *rt;
    nn_config config;
    nn_extent extent;
    bool training, updates;              /* computes gradients; has an optimiser */
    size_t used;                         /* |M| */
    nn_modality modality[NN_MODALITIES]; /* the modalities in use, in order */
    nn_params params;
    nn_optimizer optimizer;
    rt_arena *arena; /* everything but parameters and GEMM scratch */
    nn_batch_store batches;
    nn_dropout_masks masks, no_masks;
    nn_encoder encoders[NN_ENCODERS]; /* an encoder without layers does not exist */
    nn_activations a;
    nn_gradients d;
    nn_loss_store loss;
    nn_batch last_batch; /* of the last pass, for nn_safsd_read */
};

/* safsd.c: the model of docs/model.md 2 to 6. Forward ends with the logits; nn_forward_graph can be called again with
 * other masks (mean:R). Backward starts from d.logits and d.student_logits. */
st_status nn_forward_fusion(nn_safsd *model, const nn_pass *pass);
st_status nn_forward_graph(nn_safsd *model, const nn_pass *pass);
st_status nn_backward(nn_safsd *model, const nn_pass *pass, float beta);

/* plan.c: nn_plan_memory takes all views of `a`, `d`, encoders, masks and tables from the arena. nn_plan_check then
 * compares the total with the device's memory. */
st_status nn_plan_memory(nn_safsd *model);
st_status nn_plan_check(nn_safsd *model);

/* step.c: computes the gradients of dialogues first .. first + count - 1 of a batch, with the counts of the whole
 * batch. */
st_status nn_gradient_of(nn_safsd *model, const ds_batch *batch, size_t first, size_t count, uint32_t step,
                         size_t micro_batch);

/* The losses of a part, as a layer. */
nn_losses nn_losses_of(const nn_safsd *model, const nn_batch *part, const nn_loss_counts *counts);

#endif
