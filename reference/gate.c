#include "reference/gate.h"

#include <math.h>

static double sigmoid(double v)
{
    return 1.0 / (1.0 + exp(-v));
}

/* The derivative, without cancellation for large arguments. */
static double sigmoid_slope(double v)
{
    return sigmoid(v) * sigmoid(-v);
}

void ref_gate_forward(double *y, const double *x, const double *z, nn_gate_kind kind, size_t elements)
{
    for (size_t i = 0; i < elements; ++i) {
        if (kind == NN_GATE_LEARNED) y[i] = sigmoid(z[i]) * x[i];
        if (kind == NN_GATE_IDENTITY) y[i] = sigmoid(x[i]) * x[i];
        if (kind == NN_GATE_OFF) y[i] = x[i];
    }
}

void ref_gate_backward(double *dx, double *dz, const double *dy, const double *x, const double *z, nn_gate_kind kind,
                       size_t elements)
{
    for (size_t i = 0; i < elements; ++i) {
        if (kind == NN_GATE_LEARNED) {
            dx[i] += sigmoid(z[i]) * dy[i];
            dz[i] = sigmoid_slope(z[i]) * x[i] * dy[i];
        }
        if (kind == NN_GATE_IDENTITY) dx[i] += (sigmoid(x[i]) + x[i] * sigmoid_slope(x[i])) * dy[i];
        if (kind == NN_GATE_OFF) dx[i] += dy[i];
    }
}
