/* Double-precision reference of model/layers/gcn.h: edge by edge, as docs/model.md 5 says it. */
#ifndef SAFSD_REFERENCE_GCN_H
#define SAFSD_REFERENCE_GCN_H

#include "reference/dialogues.h"

typedef struct ref_gcn {
    const ref_dialogues *dialogues;
    size_t modalities, graph; /* M, G */
    double *x;                /* [M, N, G] */
    double *weight, *bias;    /* [2G], [1] */
    const double *kept;       /* 0 or 1, [M, N, G]; NULL: all */
    double scale;
} ref_gcn;

/* x_next [M, N, G], u and s [M, N]. */
void ref_gcn_forward(double *x_next, double *u, double *s, const ref_gcn *layer);
/* With u and s of forward: dx [M, N, G] overwritten; dweight [2G] and dbias [1] times beta and added to. */
void ref_gcn_backward(double *dx, double *dweight, double *dbias, const double *u, const double *s,
                      const ref_gcn *layer, const double *dx_next, double beta);

/* Within the modalities: the coefficients a_ij, squares with a slice per modality, 0 for i = j. */
void ref_gcn_coefficients(double *a, const double *u, const double *s, const ref_gcn *layer);
/* Gradients of u_i + s_j within the modalities, squares; and of u and s over all edges, [M, N]. */
void ref_gcn_gates_backward(double *dz, double *du, double *ds, const double *u, const double *s, const ref_gcn *layer,
                            const double *dx_next);

#endif
