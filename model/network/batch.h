/* Batches on the device: features, and the index lists for attention, graph, embeddings and losses.
 *
 * A batch is uploaded in one transfer and assembled in the memory that is uploaded (upload.h): the host copies the data
 * once, while the device computes the previous batch.
 */
#ifndef SAFSD_MODEL_NETWORK_BATCH_H
#define SAFSD_MODEL_NETWORK_BATCH_H

#include "data/dataset.h"
#include "model/hyperparameters.h"
#include "model/layers/embedding.h"
#include "runtime/upload.h"

/* A batch, or a part of one, on the device. */
typedef struct nn_batch {
    nn_segments segments;
    size_t first_row; /* of this part in the whole optimiser batch, or in the split (docs/model.md 7) */
    nn_speakers speakers;
    rt_view labels;           /* [N] int32, -1 = unlabelled */
    rt_view x[NN_MODALITIES]; /* [N, D_m] features of the modalities in use */
} nn_batch;

typedef struct nn_batch_store {
    nn_config config;
    nn_extent extent;
    rt_upload *upload;
} nn_batch_store;

/* Plans the memory; nn_batch_store_commit allocates it. */
st_status nn_batch_store_create(nn_batch_store *store, rt_context *rt, const nn_config *config,
                                const nn_extent *extent);
st_status nn_batch_store_commit(nn_batch_store *store);
void nn_batch_store_destroy(nn_batch_store *store);

/* Bytes of device memory. */
uint64_t nn_batch_store_bytes(const nn_batch_store *store);

/* Enqueues the upload of dialogues first .. first + count - 1 of `whole` and describes them in `batch`, whose views are
 * valid until the next upload. ST_FAILED if they exceed the extent. `first_row` of the batch is their first row in
 * `whole`, plus `rows_before`. The dialogues are copied before the function returns. */
st_status nn_batch_upload(nn_batch_store *store, rt_context *rt, const ds_batch *whole, size_t first, size_t count,
                          size_t rows_before, nn_batch *batch);

/* A batch of the size of the extent, for planning. */
nn_batch nn_batch_largest(const nn_batch_store *store);

#endif
