#include "model/checks/operations.h"

#include <stdlib.h>
#include <string.h>

#include "data/philox.h"

size_t nn_op_rows(const nn_op_shape *shape)
{
    size_t rows = 0;
    for (size_t b = 0; b < shape->dialogues; ++b) rows += (size_t)shape->lengths[b];
    return rows;
}

size_t nn_op_pairs(const nn_op_shape *shape)
{
    size_t pairs = 0;
    for (size_t b = 0; b < shape->dialogues; ++b) pairs += (size_t)shape->lengths[b] * (size_t)shape->lengths[b];
    return pairs;
}

/* One of `count` values for a row, without a pattern that kernels could follow by chance. */
static size_t choose(size_t row, size_t count)
{
    return (row * 7 + row / 3) % count;
}

int32_t nn_op_speaker(const nn_op_shape *shape, size_t row)
{
    return shape->speakers ? (int32_t)choose(row, shape->speakers + 1) : 0;
}

int32_t nn_op_label(const nn_op_shape *shape, size_t row)
{
    return row % 5 == 3 || !shape->classes ? -1 : (int32_t)choose(row + 1, shape->classes);
}

size_t nn_op_tensor_at(const nn_operation *operation, const char *name)
{
    for (size_t i = 0; operation->tensors[i].name; ++i)
        if (strcmp(operation->tensors[i].name, name) == 0) return i;
    return NN_OP_MOST_TENSORS;
}

size_t nn_op_elements(const nn_operation *operation, const nn_op_shape *shape, const char *name)
{
    const size_t at = nn_op_tensor_at(operation, name);
    return at < NN_OP_MOST_TENSORS ? operation->tensors[at].elements(shape) : 0;
}

bool nn_op_filled(const nn_op_tensor *tensor, const nn_op_shape *shape)
{
    return tensor->role == NN_OP_INPUT || tensor->role == NN_OP_UPDATED || (tensor->role == NN_OP_ADDED && shape->add);
}

void nn_op_values(const nn_operation *operation, const nn_op_shape *shape, size_t tensor, void *values)
{
    const ds_stream stream = {0x5e1f7e57, DS_SITE_SYNTH + 255, (uint32_t)(shape - operation->shapes)};
    const uint64_t first = (uint64_t)tensor << 32;
    const size_t elements = operation->tensors[tensor].elements(shape);
    if (operation->tensors[tensor].fill == NN_OP_WORDS) {
        uint32_t *words = values;
        for (size_t i = 0; i < elements; ++i) words[i] = ds_philox_word(stream, first + i);
        return;
    }
    float *numbers = values;
    ds_fill_uniform(stream, first, numbers, elements, operation->tensors[tensor].fill == NN_OP_WIDE ? 4.0 : 1.0);
    if (operation->tensors[tensor].fill == NN_OP_POSITIVE)
        for (size_t i = 0; i < elements; ++i) numbers[i] = 1.0f + 0.5f * numbers[i];
}

rt_view nn_op_view(const nn_op_run *run, const char *name)
{
    const size_t at = nn_op_tensor_at(run->operation, name);
    return at < NN_OP_MOST_TENSORS ? run->views[at] : (rt_view){NULL, 0};
}

nn_dropout_mask nn_op_mask(const nn_op_run *run)
{
    return (nn_dropout_mask){run->shape->masked ? nn_op_view(run, "bits") : (rt_view){NULL, 0}, NN_OP_SCALE};
}

static nn_extent extent_of(const nn_op_shape *shape)
{
    nn_extent extent = {shape->dialogues, nn_op_rows(shape), nn_op_pairs(shape), 0};
    for (size_t b = 0; b < shape->dialogues; ++b)
        if ((size_t)shape->lengths[b] > extent.longest) extent.longest = (size_t)shape->lengths[b];
    return extent;
}

st_status nn_op_batch_upload(nn_op_run *run, nn_batch_store *store)
{
    const nn_op_shape *shape = run->shape;
    const size_t rows = nn_op_rows(shape);
    int32_t *lists = malloc((2 * rows + shape->dialogues) * sizeof *lists);
    if (!lists) return st_fail(rt_error(run->rt), ST_FAILED, "out of memory for a batch of %zu utterances", rows);
    for (size_t r = 0; r < rows; ++r) {
        lists[r] = nn_op_speaker(shape, r);
        lists[rows + r] = nn_op_label(shape, r);
    }
    memcpy(lists + 2 * rows, shape->lengths, shape->dialogues * sizeof *lists);
    const ds_batch batch = {.dialogues = shape->dialogues,
                            .rows = rows,
                            .speakers = lists,
                            .labels = lists + rows,
                            .lengths = lists + 2 * rows};
    const nn_config config = {.speakers = shape->speakers ? shape->speakers : 1};
    const nn_extent extent = extent_of(shape);
    st_status status = nn_batch_store_create(store, run->rt, &config, &extent);
    ST_TRY(status);
    ST_TRY(nn_batch_store_commit(store));
    ST_TRY(nn_batch_upload(store, run->rt, &batch, 0, shape->dialogues, 0, &run->batch));
done:
    free(lists);
    return status;
}
