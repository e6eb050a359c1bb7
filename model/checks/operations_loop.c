/* A loop that is longer than those of all other operations: no layer has it, devices are tried with it alone. */
#include "model/checks/operations_list.h"
#include "runtime/launch.h"

/* Compilers may do a few turns at a time: even eight of them leave more than 65,536 iterations. */
static const int32_t one_row[] = {1};
static const nn_op_shape shapes[] = {
    {.brief = true, .lengths = one_row, .dialogues = 1, .width = 3, .depth = 600000},
};

static const nn_op_tensor tensors[] = {
    {.name = "words",
     .role = NN_OP_OUTPUT,
     .fill = NN_OP_WORDS,
     .elements = nn_op_width,
     .kernel = "long_loop",
     .meaning = "the device, or its driver, ends the loops of a work-item early, and what needs longer ones comes out "
                "wrong: take another device or another version of the driver"},
    {.name = NULL},
};

static st_status forward(const nn_op_run *r)
{
    return RT_LAUNCH(r->rt, "long_loop", rt_scalars(r->rt, r->shape->width), RT_VIEW(nn_op_view(r, "words")),
                     RT_UINT(r->shape->width), RT_UINT(r->shape->depth), RT_MOVES(r->shape->width));
}

const nn_operation nn_operation_long_loop = {
    .name = "long loop",
    .kernels = (const char *const[]){"long_loop", NULL},
    .tensors = tensors,
    NN_OP_SHAPES(shapes),
    .forward = forward,
};
