#include "model/batch.h"

#include <stdlib.h>
#include <string.h>

/* Places of the lists of one batch in the common array. */
typedef struct layout {
    size_t starts, pair_starts, dialogue_of, position, speakers, by_speaker, speaker_starts, labels, total;
} layout;

static layout layout_of(size_t dialogues, size_t rows, size_t speakers)
{
    layout at = {0};
    at.pair_starts = at.starts + dialogues + 1;
    at.dialogue_of = at.pair_starts + dialogues + 1;
    at.position = at.dialogue_of + rows;
    at.speakers = at.position + rows;
    at.by_speaker = at.speakers + rows;
    at.speaker_starts = at.by_speaker + rows;
    at.labels = at.speaker_starts + speakers + 1;
    at.total = at.labels + rows;
    return at;
}

st_status nn_batch_store_create(nn_batch_store *store, rt_arena *arena, const nn_config *config, const nn_extent *extent,
                                st_error *error)
{
    memset(store, 0, sizeof *store);
    store->config = *config;
    store->extent = *extent;
    const size_t total = layout_of(extent->dialogues, extent->rows, config->speakers).total;
    ST_FORWARD(rt_arena_take(arena, "batch lists", total, &store->lists));
    for (size_t m = 0; m < NN_MODALITIES; ++m)
        if (config->uses[m]) ST_FORWARD(rt_arena_take(arena, "features", extent->rows * config->dims[m], &store->x[m]));
    for (size_t t = 0; t < NN_BATCH_TURNS; ++t) {
        store->turns[t].lists = malloc(total * sizeof *store->turns[t].lists);
        bool complete = store->turns[t].lists != NULL;
        for (size_t m = 0; m < NN_MODALITIES; ++m) {
            if (!config->uses[m]) continue;
            store->turns[t].x[m] = malloc(extent->rows * config->dims[m] * sizeof(float));
            complete = complete && store->turns[t].x[m];
        }
        if (!complete) return st_fail(error, ST_FAILED, "out of host memory for a batch of %zu utterances", extent->rows);
    }
    return ST_OK;
}

static st_status wait_for_turn(nn_batch_store *store, rt_context *rt, size_t turn)
{
    st_status status = ST_OK;
    for (size_t u = 0; u < NN_BATCH_UPLOADS; ++u) {
        const st_status waited = rt_wait(rt, &store->turns[turn].uploads[u]);
        if (status == ST_OK) status = waited;
    }
    return status;
}

void nn_batch_store_destroy(nn_batch_store *store, rt_context *rt)
{
    for (size_t t = 0; t < NN_BATCH_TURNS; ++t) {
        wait_for_turn(store, rt, t);
        free(store->turns[t].lists);
        for (size_t m = 0; m < NN_MODALITIES; ++m) free(store->turns[t].x[m]);
    }
    memset(store, 0, sizeof *store);
}

/* Rows sorted by speaker, ascending within one: counting sort. */
static void sort_by_speaker(int32_t *list, layout at, size_t rows, size_t speakers)
{
    int32_t *starts = list + at.speaker_starts;
    memset(starts, 0, (speakers + 1) * sizeof *starts);
    for (size_t r = 0; r < rows; ++r) ++starts[list[at.speakers + r] + 1];
    for (size_t s = 0; s < speakers; ++s) starts[s + 1] += starts[s];
    for (size_t r = 0; r < rows; ++r) list[at.by_speaker + (size_t)starts[list[at.speakers + r]]++] = (int32_t)r;
    for (size_t s = speakers; s > 0; --s) starts[s] = starts[s - 1]; /* each had moved to the next one's start */
    starts[0] = 0;
}

static void fill_lists(int32_t *list, layout at, const ds_batch *whole, size_t first, size_t first_row,
                       const nn_batch *batch, size_t speakers)
{
    size_t row = 0, pairs = 0;
    for (size_t b = 0; b < batch->dialogues; ++b) {
        const size_t L = (size_t)whole->lengths[first + b];
        list[at.starts + b] = (int32_t)row;
        list[at.pair_starts + b] = (int32_t)pairs;
        for (size_t i = 0; i < L; ++i, ++row) {
            list[at.dialogue_of + row] = (int32_t)b;
            list[at.position + row] = (int32_t)i;
            list[at.speakers + row] = whole->speakers[first_row + row];
            list[at.labels + row] = whole->labels[first_row + row];
        }
        pairs += L * L;
    }
    list[at.starts + batch->dialogues] = (int32_t)row;
    list[at.pair_starts + batch->dialogues] = (int32_t)pairs;
    sort_by_speaker(list, at, batch->rows, speakers);
}

static void place_views(nn_batch *batch, rt_view lists, layout at)
{
    batch->starts = rt_view_at(lists, at.starts);
    batch->pair_starts = rt_view_at(lists, at.pair_starts);
    batch->dialogue_of = rt_view_at(lists, at.dialogue_of);
    batch->position = rt_view_at(lists, at.position);
    batch->speakers = rt_view_at(lists, at.speakers);
    batch->by_speaker = rt_view_at(lists, at.by_speaker);
    batch->speaker_starts = rt_view_at(lists, at.speaker_starts);
    batch->labels = rt_view_at(lists, at.labels);
}

static st_status check_part(const nn_batch_store *store, const nn_batch *batch, const int32_t *speakers, st_error *error)
{
    const nn_extent *e = &store->extent;
    if (batch->dialogues > e->dialogues || batch->rows > e->rows || batch->pairs > e->pairs || batch->longest > e->longest)
        return st_fail(error, ST_FAILED,
                       "a batch of %zu dialogues, %zu utterances (longest %zu, sum of squared lengths %zu) exceeds what was "
                       "planned: %zu, %zu (%zu, %zu)",
                       batch->dialogues, batch->rows, batch->longest, batch->pairs, e->dialogues, e->rows, e->longest,
                       e->pairs);
    for (size_t r = 0; r < batch->rows; ++r)
        if (speakers[r] < 0 || (size_t)speakers[r] >= store->config.speakers)
            return st_fail(error, ST_FAILED, "utterance %zu of the batch has speaker %d, but the model knows %zu speakers", r,
                           (int)speakers[r], store->config.speakers);
    return ST_OK;
}

static st_status upload_all(nn_batch_store *store, rt_context *rt, const ds_batch *whole, size_t first_row, size_t rows,
                            size_t list_elements)
{
    const size_t turn = store->turn;
    ST_FORWARD(rt_write_later(rt, store->lists, store->turns[turn].lists, list_elements, &store->turns[turn].uploads[0]));
    for (size_t m = 0; m < NN_MODALITIES; ++m) {
        if (!store->config.uses[m]) continue;
        const size_t width = store->config.dims[m];
        memcpy(store->turns[turn].x[m], whole->x[m] + first_row * width, rows * width * sizeof(float));
        ST_FORWARD(rt_write_later(rt, store->x[m], store->turns[turn].x[m], rows * width, &store->turns[turn].uploads[m + 1]));
    }
    return ST_OK;
}

st_status nn_batch_upload(nn_batch_store *store, rt_context *rt, const ds_batch *whole, size_t first, size_t count,
                          size_t rows_before, nn_batch *batch)
{
    size_t first_row = 0;
    *batch = (nn_batch){.dialogues = count};
    for (size_t b = 0; b < first; ++b) first_row += (size_t)whole->lengths[b];
    for (size_t b = first; b < first + count; ++b) {
        const size_t L = (size_t)whole->lengths[b];
        batch->rows += L;
        batch->pairs += L * L;
        if (L > batch->longest) batch->longest = L;
    }
    batch->first_row = rows_before + first_row;
    ST_FORWARD(check_part(store, batch, whole->speakers + first_row, rt_error(rt)));
    store->turn = (store->turn + 1) % NN_BATCH_TURNS;
    ST_FORWARD(wait_for_turn(store, rt, store->turn));
    const layout at = layout_of(count, batch->rows, store->config.speakers);
    fill_lists(store->turns[store->turn].lists, at, whole, first, first_row, batch, store->config.speakers);
    place_views(batch, store->lists, at);
    return upload_all(store, rt, whole, first_row, batch->rows, at.total);
}

nn_batch nn_batch_largest(const nn_batch_store *store)
{
    const nn_extent *e = &store->extent;
    nn_batch batch = {.rows = e->rows, .dialogues = e->dialogues, .longest = e->longest, .pairs = e->pairs};
    place_views(&batch, store->lists, layout_of(e->dialogues, e->rows, store->config.speakers));
    return batch;
}
