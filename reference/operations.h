/* What every operation of model/checks/operations.h must give, in double. */
#ifndef SAFSD_REFERENCE_OPERATIONS_H
#define SAFSD_REFERENCE_OPERATIONS_H

#include "reference/operations_case.h"

/* The tensors as they are before the operation. There is no failing: a test without memory ends. */
void ref_case_create(ref_case *c, const nn_operation *operation, const nn_op_shape *shape);
void ref_case_destroy(ref_case *c);

/* Forward, then backward. Forward alone may be repeated after inputs have changed. Returns 0 where the operation has no
 * reference. */
int ref_case_forward(ref_case *c);
int ref_case_backward(ref_case *c);

#endif
