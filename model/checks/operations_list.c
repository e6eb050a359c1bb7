#include "model/checks/operations_list.h"

/* One a line. */
/* clang-format off */
const nn_operation *const nn_operations[] = {
    &nn_operation_long_loop,
    &nn_operation_dropout_mask,
    &nn_operation_column_sums,
    &nn_operation_segment_matmul,
    &nn_operation_gemm,
    &nn_operation_linear,
    &nn_operation_add,
    &nn_operation_dropout,
    &nn_operation_gelu,
    &nn_operation_relu,
    &nn_operation_gate,
    &nn_operation_layernorm,
    &nn_operation_embedding,
    &nn_operation_head,
    &nn_operation_attention,
    &nn_operation_gcn,
    &nn_operation_loss,
    &nn_operation_mean,
    &nn_operation_optimizer,
    NULL,
};
/* clang-format on */
