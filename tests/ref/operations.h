/* What every operation of model/checks/operations.h must give, in double. */
#ifndef SAFSD_TESTS_REF_OPERATIONS_H
#define SAFSD_TESTS_REF_OPERATIONS_H

#include "model/checks/operations.h"
#include "tests/ref/dialogues.h"

/* Tensors of one operation in one shape. Words are numbers below 2^32. */
typedef struct ref_case {
    const nn_operation *operation;
    const nn_op_shape *shape;
    double *values[NN_OP_MOST_TENSORS]; /* NaN: not written */
    double *care[NN_OP_MOST_TENSORS];   /* of words: the bits that count, 0xffffffff for all */
    ref_dialogues dialogues;
    int32_t *lists; /* memory of dialogues */
} ref_case;

/* The tensors as they are before the operation. There is no failing: a test without memory ends. */
void ref_case_create(ref_case *c, const nn_operation *operation, const nn_op_shape *shape);
void ref_case_destroy(ref_case *c);

double *ref_value(const ref_case *c, const char *name);

/* Forward, then backward. Forward alone may be repeated after inputs have changed. Returns 0 where the operation has no
 * reference. */
int ref_case_forward(ref_case *c);
int ref_case_backward(ref_case *c);

#endif
