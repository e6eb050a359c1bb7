/* Double-precision reference of model/layers/attention.h. */
#ifndef SAFSD_REFERENCE_ATTENTION_H
#define SAFSD_REFERENCE_ATTENTION_H

#include "reference/dialogues.h"

typedef struct ref_attention {
    const ref_dialogues *dialogues;
    size_t width, heads; /* H */
    double *q, *k, *v;   /* [N, H] */
    const double *kept;  /* 0 or 1, [N, heads, 512]; NULL: all */
    double scale;
} ref_attention;

/* context [N, H]; probabilities as a square with a slice per head, before the mask. */
void ref_attention_forward(double *context, double *probabilities, const ref_attention *a);
/* From the probabilities of forward: dq, dk, dv [N, H] overwritten. */
void ref_attention_backward(double *dq, double *dk, double *dv, const double *probabilities, const ref_attention *a,
                            const double *dcontext);

#endif
