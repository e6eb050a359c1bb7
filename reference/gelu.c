#include "reference/gelu.h"

#include <math.h>

static const double root_2_over_pi = 0.79788456080286535588;

void ref_gelu_forward(double *h, const double *u, const double *kept, double scale, size_t elements)
{
    for (size_t i = 0; i < elements; ++i) {
        const double z = u[i];
        const double gelu = 0.5 * z * (1.0 + tanh(root_2_over_pi * (z + 0.044715 * z * z * z)));
        h[i] = (kept ? kept[i] : 1.0) * scale * gelu;
    }
}

void ref_gelu_backward(double *du, const double *dh, const double *u, const double *kept, double scale, size_t elements)
{
    for (size_t i = 0; i < elements; ++i) {
        const double z = u[i];
        const double t = tanh(root_2_over_pi * (z + 0.044715 * z * z * z));
        const double dt = (1.0 - t * t) * root_2_over_pi * (1.0 + 3.0 * 0.044715 * z * z);
        du[i] = (kept ? kept[i] : 1.0) * scale * (0.5 * (1.0 + t) + 0.5 * z * dt) * dh[i];
    }
}
