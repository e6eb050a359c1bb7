/* The tables of the loss on the device, and what the labels of a whole batch add to them (docs/model.md 6). */
#ifndef SAFSD_MODEL_LAYERS_LOSS_STORE_H
#define SAFSD_MODEL_LAYERS_LOSS_STORE_H

#include "model/layers/losses.h"
#include "runtime/upload.h"

/* For the form `published`: the mean over labelled rows of S[y, c]. */
typedef struct nn_similarity_mean {
    double *sums; /* [C] of the caller, zeros to begin with */
    size_t labelled;
} nn_similarity_mean;

void nn_similarity_mean_add(nn_similarity_mean *mean, const float *similarity, const int32_t *labels, size_t rows,
                            size_t classes);
/* Writes the mean row [C]; zeros where nothing is labelled. */
void nn_similarity_mean_write(const nn_similarity_mean *mean, float *row, size_t classes);

typedef struct nn_loss_store {
    size_t classes;
    float *memory;
    nn_loss_tables tables; /* a copy, on the host */
    rt_view per_class;     /* [2C] w, alpha */
    rt_view matrix;        /* [C, C] similarity */
    nn_similarity_mean mean;
    rt_upload *mean_row; /* [C] of the newest batch, with the form `published`; else NULL */
} nn_loss_store;

/* Copies the tables and plans their device memory in `arena`; nn_loss_store_commit, once that is committed, uploads. */
st_status nn_loss_store_create(nn_loss_store *store, rt_context *rt, rt_arena *arena, const nn_loss_tables *tables,
                               size_t classes, nn_saf_form form);
st_status nn_loss_store_commit(nn_loss_store *store, rt_context *rt);
void nn_loss_store_destroy(nn_loss_store *store);
uint64_t nn_loss_store_bytes(const nn_loss_store *store); /* on the device, outside the arena */

/* Begins a whole batch, takes the labels of its rows in pieces, and sends its mean row; with other forms than
 * `published` there is nothing to do. */
void nn_loss_store_begin(nn_loss_store *store);
void nn_loss_store_add(nn_loss_store *store, const int32_t *labels, size_t rows);
st_status nn_loss_store_send(nn_loss_store *store);

/* [C, C], or with the form `published` [C] the mean row of the newest batch. */
rt_view nn_loss_store_similarity(const nn_loss_store *store);

#endif
