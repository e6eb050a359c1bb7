/* Every operation of the model as data: the kernels it launches, the tensors it reads and writes, shapes to try it in,
 * and how to call it. One table serves the self-test, the answers that the program carries, and the tests: elements
 * against references, gradients against differences.
 *
 * An operation runs forward and then, where it has one, backward, as a training step would. Its tensors stand in the
 * order in which they are computed, so that of several that are wrong the first names the kernel; and the operations
 * stand in the order in which they build on each other.
 */
#ifndef SAFSD_MODEL_CHECKS_OPERATIONS_H
#define SAFSD_MODEL_CHECKS_OPERATIONS_H

#include <stdbool.h>

#include "model/network/batch.h"
#include "model/glossary.h"
#include "model/layers/dropout_mask.h"
#include "model/network/optimizer.h"

/* A shape to try an operation in; each operation reads the fields that it needs and ignores the others. */
typedef struct nn_op_shape {
    bool brief;             /* part of the short self-test */
    const int32_t *lengths; /* of the dialogues; there are as many rows as utterances */
    size_t dialogues;
    size_t width;  /* H, G or columns; of a product, n */
    size_t depth;  /* of a product, k */
    size_t slices; /* heads or modalities */
    size_t classes, speakers;
    bool masked; /* dropout or graph mask; else its scale alone */
    bool add;    /* gradients are added to what is there */
    int variant; /* kind of gate, form of the focal loss, transpositions */
} nn_op_shape;

typedef enum nn_op_role {
    NN_OP_INPUT,
    NN_OP_OUTPUT,
    NN_OP_UPDATED, /* read and written */
    NN_OP_ADDED,   /* written, or with shape.add added to */
    NN_OP_SCRATCH, /* neither filled nor looked at */
} nn_op_role;

/* What a tensor holds before the operation. Words are uint32, compared bit by bit; the others are float. */
typedef enum nn_op_fill {
    NN_OP_SIGNED,   /* (-1, 1) */
    NN_OP_WIDE,     /* (-4, 4) */
    NN_OP_POSITIVE, /* (1/2, 3/2) */
    NN_OP_WORDS,
} nn_op_fill;

typedef struct nn_op_tensor {
    const char *name;
    nn_op_role role;
    nn_op_fill fill;
    size_t (*elements)(const nn_op_shape *shape);
    double limit;            /* of |x - expected| as a part of max(|expected|, RMS of the tensor) */
    const char *kernel;      /* that writes it; several where only they together can be seen */
    const char *meaning;     /* of other values, as part of a sentence: what the device does wrong; NULL: not known */
    const char *gradient_of; /* tensor of which it is the gradient; the incoming one is that of an output */
} nn_op_tensor;

enum { NN_OP_MOST_TENSORS = 24 };
/* float32 after a handful of operations; after sums over rows and whole layers (docs/model.md 12). */
#define NN_OP_ROUNDING 2e-6
#define NN_OP_SUM 1e-5

struct nn_operation;

/* One operation in one shape on a device. Views of tensors that are not taken have no block. */
typedef struct nn_op_run {
    rt_context *rt;
    const struct nn_operation *operation;
    const nn_op_shape *shape;
    nn_batch batch;
    rt_view views[NN_OP_MOST_TENSORS];
} nn_op_run;

typedef struct nn_operation {
    const char *name;
    const char *const *kernels;  /* ends with NULL */
    const nn_op_tensor *tensors; /* ends with a NULL name */
    const nn_op_shape *shapes;
    size_t shape_count;
    st_status (*forward)(const nn_op_run *run);
    st_status (*backward)(const nn_op_run *run); /* NULL: there is none */
} nn_operation;

extern const nn_operation *const nn_operations[]; /* ends with NULL */

/* ---- what the shapes mean, the same on devices and in references ---- */

size_t nn_op_rows(const nn_op_shape *shape);
size_t nn_op_pairs(const nn_op_shape *shape); /* sum of L^2 */

/* Speaker, up to shape->speakers, which is nobody that the table knows, and label, -1 for some rows, of a row. */
int32_t nn_op_speaker(const nn_op_shape *shape, size_t row);
int32_t nn_op_label(const nn_op_shape *shape, size_t row);

/* Dropout and graph mask: bits from the tensor `bits`, kept elements multiplied by this. */
#define NN_OP_SCALE 1.25f

/* Place of the tensor of that name, NN_OP_MOST_TENSORS where there is none. */
size_t nn_op_tensor_at(const nn_operation *operation, const char *name);
/* Its elements in a shape. */
size_t nn_op_elements(const nn_operation *operation, const nn_op_shape *shape, const char *name);

/* Bits of what an output holds before; a NaN. An expected NaN stands for an element that must stay so. */
#define NN_OP_UNWRITTEN 0x7fc00badu

/* True where the operation reads what the tensor holds before it. */
bool nn_op_filled(const nn_op_tensor *tensor, const nn_op_shape *shape);
/* What that is: the same numbers everywhere. `values` are floats, or uint32 for words. */
void nn_op_values(const nn_operation *operation, const nn_op_shape *shape, size_t tensor, void *values);

/* ---- running ---- */

/* Uploads the batch of a shape and describes it in run->batch. The caller destroys the store, after a failure too. */
st_status nn_op_batch_upload(nn_op_run *run, nn_batch_store *store);

rt_view nn_op_view(const nn_op_run *run, const char *name);
/* bits and scale of a masked operation. */
nn_dropout_mask nn_op_mask(const nn_op_run *run);

/* ---- settings of single operations, which references need too ---- */

#define NN_OP_ALPHA 0.75 /* of the product nt of segments */
enum {
    NN_OP_GAP = 3,         /* unused columns of the matrices of a product, unused words behind a mask */
    NN_OP_TRANSPOSE_A = 1, /* bits of the variants of a product */
    NN_OP_TRANSPOSE_B = 2,
    NN_OP_BIAS = 4,
    NN_OP_FIRST_ROW = 37, /* of the whole batch, where masks begin */
    NN_OP_MASKS = 2,      /* drawn by one launch, of nn_op_sites, with NN_OP_GAP unused words after each */
    NN_OP_UPDATES = 8,    /* updates of the optimiser before this one, and steps that were not applied */
    NN_OP_SKIPPED = 3,
};
extern const uint32_t nn_op_sites[NN_OP_MASKS];
extern const nn_draw nn_op_draw;
extern const nn_adam nn_op_adam;
#define NN_OP_LR 0.0625
/* Settings of the loss; with shape.masked the teacher has no gradient. */
nn_config nn_op_losses(const nn_op_shape *shape);

#endif
