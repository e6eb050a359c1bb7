#include "reference/optimizer.h"

#include <math.h>

double ref_norm(const double *gradient, size_t elements)
{
    double squares = 0.0;
    for (size_t i = 0; i < elements; ++i) squares += gradient[i] * gradient[i];
    return sqrt(squares);
}

void ref_adam_update(ref_adam *state, const double *gradient, double norm, const nn_adam *adam, double lr)
{
    const double t = state->updates + 1.0;
    const double factor = adam->clip > 0.0 && norm > adam->clip ? adam->clip / norm : 1.0;
    for (size_t i = 0; i < state->elements; ++i) {
        double *p = &state->p[i], *m = &state->m[i], *v = &state->v[i];
        const double decay = adam->weight_decay * *p;
        const double d = factor * gradient[i] + (adam->decoupled ? 0.0 : decay);
        *m = adam->beta1 * *m + (1.0 - adam->beta1) * d;
        *v = adam->beta2 * *v + (1.0 - adam->beta2) * d * d;
        const double m_hat = *m / (1.0 - pow(adam->beta1, t)), v_hat = *v / (1.0 - pow(adam->beta2, t));
        *p -= lr * (m_hat / (sqrt(v_hat) + adam->eps) + (adam->decoupled ? decay : 0.0));
    }
}
