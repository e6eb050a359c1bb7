/* Adam and AdamW as docs/model.md 8 names them, in double, over one array of parameters. */
#ifndef SAFSD_REFERENCE_OPTIMIZER_H
#define SAFSD_REFERENCE_OPTIMIZER_H

#include "model/network/optimizer.h"

typedef struct ref_adam {
    double *p, *m, *v; /* parameters and moments, changed */
    size_t elements;
    double updates; /* made before this one */
} ref_adam;

double ref_norm(const double *gradient, size_t elements);

/* One update from a gradient whose norm over all parameters is `norm`. */
void ref_adam_update(ref_adam *state, const double *gradient, double norm, const nn_adam *adam, double lr);

#endif
