#include "model/network/batch.h"

#include <string.h>

#include "runtime/profile.h"

enum { ALIGNMENT = 64 }; /* elements: the 256 bytes that any device accepts for any vector */

/* Places of what one batch consists of, in elements. */
typedef struct layout {
    size_t starts, pair_starts, dialogue_of, position, speakers, by_speaker, speaker_starts, labels, mean_similarity;
    size_t x[NN_MODALITIES], total;
} layout;

static size_t aligned(size_t at)
{
    return (at + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static layout layout_of(size_t dialogues, size_t rows, const nn_config *config)
{
    layout at = {0};
    at.pair_starts = at.starts + dialogues + 1;
    at.dialogue_of = at.pair_starts + dialogues + 1;
    at.position = at.dialogue_of + rows;
    at.speakers = at.position + rows;
    at.by_speaker = at.speakers + rows;
    at.speaker_starts = at.by_speaker + rows;
    at.labels = at.speaker_starts + config->speakers + 2;
    at.mean_similarity = at.labels + rows;
    at.total = at.mean_similarity + (config->saf_form == NN_SAF_PUBLISHED ? config->classes : 0);
    for (size_t m = 0; m < NN_MODALITIES; ++m) {
        if (!config->uses[m]) continue;
        at.x[m] = aligned(at.total);
        at.total = at.x[m] + rows * config->dims[m];
    }
    return at;
}

st_status nn_batch_store_create(nn_batch_store *store, rt_context *rt, const nn_config *config, const nn_extent *extent)
{
    *store = (nn_batch_store){.config = *config, .extent = *extent};
    return rt_upload_create(&store->upload, rt, "a batch", layout_of(extent->dialogues, extent->rows, config).total);
}

st_status nn_batch_store_commit(nn_batch_store *store)
{
    return rt_upload_commit(store->upload);
}

void nn_batch_store_destroy(nn_batch_store *store)
{
    rt_upload_destroy(&store->upload);
}

uint64_t nn_batch_store_bytes(const nn_batch_store *store)
{
    return rt_upload_bytes(store->upload);
}

/* Rows sorted by speaker, ascending within one, those of nobody whom the model knows last: counting sort. */
static void sort_by_speaker(int32_t *list, layout at, size_t rows, size_t speakers)
{
    int32_t *starts = list + at.speaker_starts;
    const size_t groups = speakers + 1;
    memset(starts, 0, (groups + 1) * sizeof *starts);
    for (size_t r = 0; r < rows; ++r) ++starts[list[at.speakers + r] + 1];
    for (size_t s = 0; s < groups; ++s) starts[s + 1] += starts[s];
    for (size_t r = 0; r < rows; ++r) list[at.by_speaker + (size_t)starts[list[at.speakers + r]]++] = (int32_t)r;
    for (size_t s = groups; s > 0; --s) starts[s] = starts[s - 1]; /* each had moved to the next one's start */
    starts[0] = 0;
}

static void fill_lists(int32_t *list, layout at, const ds_batch *whole, size_t first, size_t first_row,
                       const nn_batch *batch, size_t speakers)
{
    size_t row = 0, pairs = 0;
    for (size_t b = 0; b < batch->segments.dialogues; ++b) {
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
    list[at.starts + batch->segments.dialogues] = (int32_t)row;
    list[at.pair_starts + batch->segments.dialogues] = (int32_t)pairs;
    sort_by_speaker(list, at, batch->segments.rows, speakers);
}

static void place_views(nn_batch *batch, const nn_batch_store *store, layout at)
{
    const rt_view lists = rt_upload_view(store->upload);
    batch->segments.starts = rt_view_at(lists, at.starts);
    batch->segments.pair_starts = rt_view_at(lists, at.pair_starts);
    batch->segments.dialogue_of = rt_view_at(lists, at.dialogue_of);
    batch->segments.position = rt_view_at(lists, at.position);
    batch->speakers.count = store->config.speakers;
    batch->speakers.of_row = rt_view_at(lists, at.speakers);
    batch->speakers.rows = rt_view_at(lists, at.by_speaker);
    batch->speakers.starts = rt_view_at(lists, at.speaker_starts);
    batch->labels = rt_view_at(lists, at.labels);
    batch->mean_similarity = rt_view_at(lists, at.mean_similarity);
    for (size_t m = 0; m < NN_MODALITIES; ++m)
        if (store->config.uses[m]) batch->x[m] = rt_view_at(lists, at.x[m]);
}

static st_status check_part(const nn_batch_store *store, const nn_batch *batch, const int32_t *speakers,
                            st_error *error)
{
    const nn_extent *e = &store->extent;
    if (batch->segments.dialogues > e->dialogues || batch->segments.rows > e->rows ||
        batch->segments.pairs > e->pairs || batch->segments.longest > e->longest)
        return st_fail(
            error, ST_FAILED,
            "a batch of %zu dialogues, %zu utterances (longest %zu, sum of squared lengths %zu) exceeds what was "
            "planned: %zu, %zu (%zu, %zu)",
            batch->segments.dialogues, batch->segments.rows, batch->segments.longest, batch->segments.pairs,
            e->dialogues, e->rows, e->longest, e->pairs);
    for (size_t r = 0; r < batch->segments.rows; ++r)
        if (speakers[r] < 0 || (size_t)speakers[r] > store->config.speakers)
            return st_fail(error, ST_FAILED,
                           "utterance %zu of the batch has speaker %d, but the model knows %zu speakers", r,
                           (int)speakers[r], store->config.speakers);
    return ST_OK;
}

/* Everything of the batch, into the memory that goes up. */
static void fill(const nn_batch_store *store, void *host, layout at, const ds_batch *whole, size_t first,
                 size_t first_row, const nn_batch *batch)
{
    const nn_config *c = &store->config;
    float *values = host;
    fill_lists(host, at, whole, first, first_row, batch, c->speakers);
    if (c->saf_form == NN_SAF_PUBLISHED && store->mean_similarity)
        memcpy(values + at.mean_similarity, store->mean_similarity, c->classes * sizeof *values);
    for (size_t m = 0; m < NN_MODALITIES; ++m)
        if (c->uses[m]) ds_batch_features(whole, m, c->dims[m], first, batch->segments.dialogues, values + at.x[m]);
}

st_status nn_batch_upload(nn_batch_store *store, rt_context *rt, const ds_batch *whole, size_t first, size_t count,
                          size_t rows_before, nn_batch *batch)
{
    size_t first_row = 0;
    *batch = (nn_batch){.segments.dialogues = count};
    for (size_t b = 0; b < first; ++b) first_row += (size_t)whole->lengths[b];
    for (size_t b = first; b < first + count; ++b) {
        const size_t L = (size_t)whole->lengths[b];
        batch->segments.rows += L;
        batch->segments.pairs += L * L;
        if (L > batch->segments.longest) batch->segments.longest = L;
    }
    batch->first_row = rows_before + first_row;
    ST_FORWARD(check_part(store, batch, whole->speakers + first_row, rt_error(rt)));
    const layout at = layout_of(count, batch->segments.rows, &store->config);
    void *host = NULL;
    ST_FORWARD(rt_upload_open(store->upload, &host));
    rt_phase_begin(rt, "fill a batch");
    fill(store, host, at, whole, first, first_row, batch);
    rt_phase_end(rt);
    ST_FORWARD(rt_upload_send(store->upload, at.total));
    place_views(batch, store, at);
    return ST_OK;
}

nn_batch nn_batch_largest(const nn_batch_store *store)
{
    const nn_extent *e = &store->extent;
    nn_batch batch = {
        .segments = {.rows = e->rows, .dialogues = e->dialogues, .longest = e->longest, .pairs = e->pairs}};
    place_views(&batch, store, layout_of(e->dialogues, e->rows, &store->config));
    return batch;
}
