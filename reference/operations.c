#include "reference/operations.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference/operations_list.h"

void *ref_memory(size_t elements, size_t size)
{
    void *bytes = calloc(elements ? elements : 1, size);
    if (!bytes) {
        fprintf(stderr, "out of memory for a reference of %zu elements\n", elements);
        abort();
    }
    return bytes;
}

double *ref_doubles(size_t elements)
{
    return ref_memory(elements, sizeof(double));
}

size_t ref_rows(const ref_case *c)
{
    return nn_op_rows(c->shape);
}

size_t ref_flat(const ref_case *c)
{
    return ref_rows(c) * c->shape->width;
}

double ref_beta(const ref_case *c)
{
    return c->shape->add ? 1.0 : 0.0;
}

double *ref_value(const ref_case *c, const char *name)
{
    const size_t at = nn_op_tensor_at(c->operation, name);
    if (at == NN_OP_MOST_TENSORS) {
        fprintf(stderr, "%s has no tensor %s\n", c->operation->name, name);
        abort();
    }
    return c->values[at];
}

double *ref_kept(const ref_case *c, size_t elements)
{
    if (!c->shape->masked) return NULL;
    double *keep = ref_doubles(elements);
    const double *words = V("bits");
    for (size_t e = 0; e < elements; ++e) keep[e] = (double)(((uint32_t)words[e / 32] >> (e % 32)) & 1u);
    return keep;
}

void ref_start_sum(const ref_case *c, const char *name)
{
    if (!c->shape->add) memset(V(name), 0, nn_op_elements(c->operation, c->shape, name) * sizeof(double));
}

static const ref_operation *reference_of(const ref_case *c)
{
    static const ref_operation *const lists[] = {ref_row_operations, ref_dialogue_operations, ref_step_operations};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; ++i)
        for (const ref_operation *reference = lists[i]; reference->name; ++reference)
            if (strcmp(reference->name, c->operation->name) == 0) return reference;
    return NULL;
}

int ref_case_forward(ref_case *c)
{
    const ref_operation *reference = reference_of(c);
    if (reference) reference->forward(c);
    return reference != NULL;
}

int ref_case_backward(ref_case *c)
{
    const ref_operation *reference = reference_of(c);
    if (reference && reference->backward) reference->backward(c);
    return reference != NULL;
}

/* What tensor `t` holds before the operation, as numbers. */
static void fill(ref_case *c, size_t t)
{
    const nn_op_tensor *tensor = &c->operation->tensors[t];
    const size_t elements = tensor->elements(c->shape);
    const bool words = tensor->fill == NN_OP_WORDS, filled = nn_op_filled(tensor, c->shape);
    uint32_t *bits = ref_memory(elements, sizeof *bits);
    c->values[t] = ref_doubles(elements);
    if (words) c->care[t] = ref_doubles(elements);
    if (filled) nn_op_values(c->operation, c->shape, t, bits);
    for (size_t i = 0; i < elements; ++i) {
        float number = 0.0f;
        memcpy(&number, &bits[i], sizeof number);
        if (words) c->care[t][i] = (double)UINT32_MAX;
        if (words)
            c->values[t][i] = (double)(filled ? bits[i] : NN_OP_UNWRITTEN);
        else
            c->values[t][i] = filled ? (double)number : (double)NAN;
    }
    free(bits);
}

void ref_case_create(ref_case *c, const nn_operation *operation, const nn_op_shape *shape)
{
    *c = (ref_case){.operation = operation, .shape = shape};
    const size_t D = shape->dialogues;
    c->lists = ref_memory(2 * (D + 1) + nn_op_rows(shape), sizeof *c->lists);
    c->dialogues = ref_dialogues_of(shape->lengths, D, c->lists, c->lists + D + 1, c->lists + 2 * (D + 1));
    for (size_t t = 0; operation->tensors[t].name; ++t)
        if (operation->tensors[t].role != NN_OP_SCRATCH) fill(c, t);
}

void ref_case_destroy(ref_case *c)
{
    for (size_t t = 0; t < NN_OP_MOST_TENSORS; ++t) {
        free(c->values[t]);
        free(c->care[t]);
    }
    free(c->lists);
    *c = (ref_case){.operation = NULL};
}
