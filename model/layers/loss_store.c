#include "model/layers/loss_store.h"

#include <stdlib.h>
#include <string.h>

void nn_similarity_mean_add(nn_similarity_mean *mean, const float *similarity, const int32_t *labels, size_t rows,
                            size_t classes)
{
    for (size_t n = 0; n < rows; ++n) {
        if (labels[n] < 0) continue;
        for (size_t c = 0; c < classes; ++c) mean->sums[c] += similarity[(size_t)labels[n] * classes + c];
        ++mean->labelled;
    }
}

void nn_similarity_mean_write(const nn_similarity_mean *mean, float *row, size_t classes)
{
    for (size_t c = 0; c < classes; ++c)
        row[c] = mean->labelled ? (float)(mean->sums[c] / (double)mean->labelled) : 0.0f;
}

st_status nn_loss_store_create(nn_loss_store *store, rt_context *rt, rt_arena *arena, const nn_loss_tables *tables,
                               size_t classes, nn_saf_form form)
{
    const size_t C = classes;
    *store = (nn_loss_store){.classes = C};
    store->memory = malloc((2 * C + C * C) * sizeof *store->memory);
    store->mean.sums = malloc(C * sizeof *store->mean.sums);
    if (!store->memory || !store->mean.sums)
        return st_fail(rt_error(rt), ST_FAILED, "out of memory for the tables of the loss");
    memcpy(store->memory, tables->class_weights, C * sizeof(float));
    memcpy(store->memory + C, tables->alpha, C * sizeof(float));
    memcpy(store->memory + 2 * C, tables->similarity, C * C * sizeof(float));
    store->tables = (nn_loss_tables){store->memory, store->memory + C, store->memory + 2 * C};
    ST_FORWARD(rt_arena_take(arena, "class weights and alpha", 2 * C, &store->per_class));
    ST_FORWARD(rt_arena_take(arena, "similarity", C * C, &store->matrix));
    return form == NN_SAF_PUBLISHED ? rt_upload_create(&store->mean_row, rt, "mean similarity", C) : ST_OK;
}

st_status nn_loss_store_commit(nn_loss_store *store, rt_context *rt)
{
    const size_t C = store->classes;
    ST_FORWARD(rt_write(rt, store->per_class, store->memory, 2 * C));
    ST_FORWARD(rt_write(rt, store->matrix, store->tables.similarity, C * C));
    return store->mean_row ? rt_upload_commit(store->mean_row) : ST_OK;
}

void nn_loss_store_destroy(nn_loss_store *store)
{
    rt_upload_destroy(&store->mean_row);
    free(store->memory);
    free(store->mean.sums);
    *store = (nn_loss_store){.classes = 0};
}

uint64_t nn_loss_store_bytes(const nn_loss_store *store)
{
    return store->mean_row ? rt_upload_bytes(store->mean_row) : 0;
}

void nn_loss_store_begin(nn_loss_store *store)
{
    store->mean.labelled = 0;
    for (size_t c = 0; c < store->classes; ++c) store->mean.sums[c] = 0.0;
}

void nn_loss_store_add(nn_loss_store *store, const int32_t *labels, size_t rows)
{
    if (store->mean_row) nn_similarity_mean_add(&store->mean, store->tables.similarity, labels, rows, store->classes);
}

st_status nn_loss_store_send(nn_loss_store *store)
{
    void *host = NULL;
    if (!store->mean_row) return ST_OK;
    ST_FORWARD(rt_upload_open(store->mean_row, &host));
    nn_similarity_mean_write(&store->mean, host, store->classes);
    return rt_upload_send(store->mean_row, store->classes);
}

rt_view nn_loss_store_similarity(const nn_loss_store *store)
{
    return store->mean_row ? rt_upload_view(store->mean_row) : store->matrix;
}
