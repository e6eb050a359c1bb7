/* The operations by file, and sizes that several of them share. */
#ifndef SAFSD_MODEL_CHECKS_OPERATIONS_LIST_H
#define SAFSD_MODEL_CHECKS_OPERATIONS_LIST_H

#include "model/checks/operations.h"

/* operations_rows.c */
extern const nn_operation nn_operation_column_sums, nn_operation_add, nn_operation_dropout, nn_operation_gelu,
    nn_operation_relu, nn_operation_gate, nn_operation_layernorm, nn_operation_embedding, nn_operation_head;
/* operations_loop.c */
extern const nn_operation nn_operation_long_loop;
/* operations_dialogues.c */
extern const nn_operation nn_operation_segment_matmul, nn_operation_attention, nn_operation_gcn;
/* operations_step.c */
extern const nn_operation nn_operation_gemm, nn_operation_linear, nn_operation_dropout_mask, nn_operation_loss,
    nn_operation_mean, nn_operation_optimizer;

static inline size_t nn_op_flat(const nn_op_shape *s) /* [rows, width] */
{
    return nn_op_rows(s) * s->width;
}

static inline size_t nn_op_width(const nn_op_shape *s)
{
    return s->width;
}

static inline size_t nn_op_flat_words(const nn_op_shape *s)
{
    return nn_dropout_mask_words(nn_op_flat(s));
}

static inline float nn_op_beta(const nn_op_run *run)
{
    return run->shape->add ? 1.0f : 0.0f;
}

/* Entries of a table of tensors; it ends with {.name = NULL}. */
#define NN_OP_READ(tensor, kind, size)                                                                                 \
    {                                                                                                                  \
        .name = tensor, .role = NN_OP_INPUT, .fill = NN_OP_##kind, .elements = size                                    \
    }
#define NN_OP_INCOMING(tensor, size, output)                                                                           \
    {                                                                                                                  \
        .name = tensor, .role = NN_OP_INPUT, .fill = NN_OP_SIGNED, .elements = size, .gradient_of = output             \
    }
#define NN_OP_SPACE(tensor, size)                                                                                      \
    {                                                                                                                  \
        .name = tensor, .role = NN_OP_SCRATCH, .elements = size                                                        \
    }
#define NN_OP_WRITTEN(how, tensor, size, most, writer, input)                                                          \
    {                                                                                                                  \
        .name = tensor, .role = NN_OP_##how, .elements = size, .limit = most, .kernel = writer, .gradient_of = input   \
    }

#define NN_OP_DRAWN(tensor, size, writer)                                                                              \
    {                                                                                                                  \
        .name = tensor, .role = NN_OP_OUTPUT, .fill = NN_OP_WORDS, .elements = size, .kernel = writer                  \
    }

/* Shapes of an operation with their number. */
#define NN_OP_SHAPES(array) .shapes = array, .shape_count = sizeof array / sizeof *array

#endif
