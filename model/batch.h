/* Batches on the device: features, and the index lists that attention, graph, embeddings and losses read.
 *
 * Two host copies take turns, so that a batch is uploaded while the device still computes the one before.
 */
#ifndef SAFSD_MODEL_BATCH_H
#define SAFSD_MODEL_BATCH_H

#include "data/dataset.h"
#include "model/hyperparameters.h"
#include "model/safsd.h"

enum { NN_BATCH_TURNS = 2, NN_BATCH_UPLOADS = NN_MODALITIES + 1 };

typedef struct nn_batch_store {
    nn_config config;
    nn_extent extent;
    rt_view lists;            /* all index lists of a batch, one after another */
    rt_view x[NN_MODALITIES]; /* [rows, D_m] */
    struct {
        int32_t *lists;
        float *x[NN_MODALITIES];
        rt_ticket uploads[NN_BATCH_UPLOADS];
    } turns[NN_BATCH_TURNS];
    size_t turn;
} nn_batch_store;

/* Plans the device side in `arena` and allocates the host side. */
st_status nn_batch_store_create(nn_batch_store *store, rt_arena *arena, const nn_config *config, const nn_extent *extent,
                                st_error *error);
void nn_batch_store_destroy(nn_batch_store *store, rt_context *rt);

/* Enqueues the upload of dialogues first .. first + count - 1 of `whole` and describes them in `batch`; ST_FAILED where
 * they exceed the extent. `first_row` of the batch is the row of `whole` at which they begin, plus `rows_before`. */
st_status nn_batch_upload(nn_batch_store *store, rt_context *rt, const ds_batch *whole, size_t first, size_t count,
                          size_t rows_before, nn_batch *batch);

/* A batch as large as the extent, for planning. */
nn_batch nn_batch_largest(const nn_batch_store *store);

#endif
