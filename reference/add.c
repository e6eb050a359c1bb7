#include "reference/add.h"

void ref_add(double *z, const double *x, const double *y, size_t elements)
{
    for (size_t i = 0; i < elements; ++i) z[i] = x[i] + y[i];
}
