/* One operation in one shape, in double. */
#ifndef SAFSD_REFERENCE_OPERATIONS_CASE_H
#define SAFSD_REFERENCE_OPERATIONS_CASE_H

#include "model/checks/operations.h"
#include "reference/dialogues.h"

/* Tensors of one operation in one shape. Words are numbers below 2^32. */
typedef struct ref_case {
    const nn_operation *operation;
    const nn_op_shape *shape;
    double *values[NN_OP_MOST_TENSORS]; /* NaN: not written */
    double *care[NN_OP_MOST_TENSORS];   /* of words: the bits that count, 0xffffffff for all */
    ref_dialogues dialogues;
    int32_t *lists; /* memory of dialogues */
} ref_case;

/* The tensor of that name. */
double *ref_value(const ref_case *c, const char *name);

#endif
