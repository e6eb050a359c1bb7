/* The tables of the loss on the device, and the mean similarity of a whole batch (docs/model.md 6). */
#ifndef SAFSD_MODEL_LAYERS_LOSS_STORE_H
#define SAFSD_MODEL_LAYERS_LOSS_STORE_H

#include "model/layers/losses.h"
#include "runtime/upload.h"

/* For the form `published`: the mean over labelled rows of S[y, c]. */
typedef struct nn_similarity_mean {
    double *sums; /* [C] owned by the caller, initially zeros */
    size_t labelled;
} nn_similarity_mean;

void nn_similarity_mean_add(nn_similarity_mean *mean, const float *similarity, const int32_t *labels, size_t rows,
                            size_t classes);
/* Writes the mean row [C]; zeros if no row is labelled. */
void nn_similarity_mean_write(const nn_similarity_mean *mean, float *row, size_t classes);

typedef struct nn_loss_store {
    size_t classes;
    float *memory;
    nn_loss_tables tables; /* a copy, on the host */
    rt_view per_class;     /* [2C] w, alpha */
    rt_view matrix;        /* [C, C] similarity */
    nn_similarity_mean mean;
    rt_upload *mean_row; /* [C] of the latest batch; NULL unless the form is `published` */
} nn_loss_store;

/* Copies the tables and plans their device memory in `arena`. Call nn_loss_store_commit after the arena is committed:
 * it uploads the tables. */
st_status nn_loss_store_create(nn_loss_store *store, rt_context *rt, rt_arena *arena, const nn_loss_tables *tables,
                               size_t classes, nn_saf_form form);
st_status nn_loss_store_commit(nn_loss_store *store, rt_context *rt);
void nn_loss_store_destroy(nn_loss_store *store);
uint64_t nn_loss_store_bytes(const nn_loss_store *store); /* on the device, outside the arena */

/* Begin a whole batch, add the labels of its rows part by part, and send its mean row. Only the form `published` needs
 * them; with other forms they do nothing. */
void nn_loss_store_begin(nn_loss_store *store);
void nn_loss_store_add(nn_loss_store *store, const int32_t *labels, size_t rows);
st_status nn_loss_store_send(nn_loss_store *store);

/* [C, C], or, with the form `published`, the mean row [C] of the latest batch. */
rt_view nn_loss_store_similarity(const nn_loss_store *store);

#endif
