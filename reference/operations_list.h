/* What the files of reference/operations*.c share. */
#ifndef SAFSD_REFERENCE_OPERATIONS_LIST_H
#define SAFSD_REFERENCE_OPERATIONS_LIST_H

#include "reference/operations_case.h"

typedef struct ref_operation {
    const char *name;
    void (*forward)(ref_case *c), (*backward)(ref_case *c);
} ref_operation;

/* Each ends without a name. */
extern const ref_operation ref_row_operations[], ref_dialogue_operations[], ref_step_operations[];

/* Zeroed; there is no failing. free() it. */
void *ref_memory(size_t elements, size_t size);
double *ref_doubles(size_t elements);

/* Utterances; elements of [rows, width]; beta of gradients. */
size_t ref_rows(const ref_case *c);
size_t ref_flat(const ref_case *c);
double ref_beta(const ref_case *c);

/* What the mask of an operation keeps, 0 or 1; NULL where nothing is masked. free() it. */
double *ref_kept(const ref_case *c, size_t elements);

/* Gradients that references add to start at 0 unless they are added to what is there. */
void ref_start_sum(const ref_case *c, const char *name);

#define V(name) ref_value(c, name)

#endif
