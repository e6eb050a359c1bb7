/* One layer of the masked graph convolution (docs/model.md 5).
 *
 * A node is one modality of one utterance; x is [M, N, G]. Edges, in both directions: any two utterances of a dialogue
 * within a modality, and any two modalities of an utterance. The degree is d = (L - 1) + (M - 1).
 *     h      = x * keep                                  the mask has scale 1 in training
 *     u_i    = w_target . h_i,  s_j = w_source . h_j + b
 *     a_ij   = tanh(u_i + s_j) / d
 *     x_next = x + sum over edges j -> i of a_ij h_j     x if d = 0
 * Expected evaluation uses a mask without bits and with scale 1 - p.
 */
#ifndef SAFSD_MODEL_LAYERS_GCN_H
#define SAFSD_MODEL_LAYERS_GCN_H

#include "model/glossary.h"

typedef struct nn_gcn {
    const nn_segments *segments;
    size_t modalities;    /* M: 1, 2 or 3 */
    size_t graph;         /* G */
    nn_dropout_mask keep; /* site gcn.k: bit (m*N + r)*G + c */
    rt_view weight;       /* [2G]: w_target, then w_source */
    rt_view bias;         /* [1] */
    rt_view x;            /* [M, N, G] saved: the input */
    rt_view u, s;         /* saved, [M, N] */
    rt_view scratch;      /* nn_gcn_scratch elements; layers may share it */
} nn_gcn;

typedef struct nn_gcn_gradient {
    rt_view dx;             /* [M, N, G], overwritten; may be dx_next */
    rt_view dweight, dbias; /* [2G], [1] */
    float beta;             /* of dweight and dbias */
} nn_gcn_gradient;

enum { NN_GCN_CHUNK = 64 };

/* The layout of the scratch, for tests of single kernels. */
typedef struct nn_gcn_inside {
    rt_view h;        /* [M, N, G]; later in backward: dh of the edges within the modalities */
    rt_view a;        /* squares with a slice per modality: the coefficients a_ij */
    rt_view dz;       /* squares: the gradient of a, then that of u_i + s_j */
    rt_view du, ds;   /* [M, N] gradients of u and s, over all edges */
    rt_view partials; /* [chunks, 2G] of dweight; NN_GCN_CHUNK nodes each, the last may be shorter */
    size_t elements;
} nn_gcn_inside;
nn_gcn_inside nn_gcn_look(const nn_gcn *layer);

/* Elements of scratch for batches of at most `rows` utterances and `pairs` = sum of L^2. */
size_t nn_gcn_scratch(size_t modalities, size_t rows, size_t pairs, size_t graph);

/* Writes x_next [M, N, G], u and s. x_next must not be x. */
st_status nn_gcn_forward(rt_context *rt, rt_view x_next, const nn_gcn *layer, rt_view x);

/* dx_next is [M, N, G]. */
st_status nn_gcn_backward(rt_context *rt, const nn_gcn_gradient *gradient, const nn_gcn *layer, rt_view dx_next);

#endif
