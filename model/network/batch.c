#include "model/network/batch.h"

#include <string.h>

#include "runtime/profile.h"

enum { ALIGNMENT = 64 }; /* elements: 256 bytes suit the vectors of every device */

/* Offsets of the parts of a batch, in elements. */
typedef struct layout {
    size_t starts, pair_starts, dialogue_of, position, speakers, by_speaker, speaker_starts, labels;
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
    at.total = at.labels + rows;
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

/* Sorts rows by speaker, ascending within a speaker, unknown speakers last (counting sort). */
static void sort_by_speaker(int32_t *list, layout at, size_t rows, size_t speakers)
{
    int32_t *starts = list + at.speaker_starts;
    const size_t groups = speakers + 1;
    memset(starts, 0, (groups + 1) * sizeof *starts);
    for (size_t r = 0; r < rows; ++r) ++starts[list[at.speakers + r] + 1];
    for (size_t s = 0; s < groups; ++s) starts[s + 1] += starts[s];
    for (size_t r = 0; r < rows; ++r) list[at.by_speaker + (size_t)starts[list[at.speakers + r]]++] = (int32_t)r;
    for (size_t s = groups; s > 0; --s) starts[s] = starts[s - 1]; /* each now is the start of the next speaker */
    starts[0] = 0;
}

/* Fills the rows of one dialogue, the b-th of this part, from `row` on. */
static void fill_dialogue(int32_t *list, layout at, const nn_config *c, const ds_dialogue *dialogue, size_t b,
                          size_t row)
{
    for (size_t i = 0; i < dialogue->rows; ++i) {
        list[at.dialogue_of + row + i] = (int32_t)b;
        list[at.position + row + i] = (int32_t)i;
        list[at.speakers + row + i] = ds_speaker_of(dialogue, i);
        list[at.labels + row + i] = dialogue->labels[i];
    }
    for (size_t m = 0; m < NN_MODALITIES; ++m)
        if (c->uses[m])
            memcpy(list + at.x[m] + row * c->dims[m], dialogue->x[m], dialogue->rows * c->dims[m] * sizeof(float));
}

/* Fills the memory to be uploaded with the whole part. */
static void fill(const nn_config *c, int32_t *list, layout at, const ds_batch *whole, size_t first, size_t first_row,
                 const nn_segments *segments)
{
    size_t row = 0, pairs = 0;
    for (size_t b = 0; b < segments->dialogues; ++b) {
        const ds_dialogue dialogue = ds_batch_dialogue(whole, first + b, first_row + row, c->dims);
        list[at.starts + b] = (int32_t)row;
        list[at.pair_starts + b] = (int32_t)pairs;
        fill_dialogue(list, at, c, &dialogue, b, row);
        row += dialogue.rows;
        pairs += dialogue.rows * dialogue.rows;
    }
    list[at.starts + segments->dialogues] = (int32_t)row;
    list[at.pair_starts + segments->dialogues] = (int32_t)pairs;
    sort_by_speaker(list, at, row, c->speakers);
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
    for (size_t m = 0; m < NN_MODALITIES; ++m)
        if (store->config.uses[m]) batch->x[m] = rt_view_at(lists, at.x[m]);
}

static st_status check_extent(const nn_batch_store *store, const nn_segments *part, st_error *error)
{
    const nn_extent *e = &store->extent;
    if (part->dialogues <= e->dialogues && part->rows <= e->rows && part->pairs <= e->pairs &&
        part->longest <= e->longest)
        return ST_OK;
    return st_fail(error, ST_FAILED,
                   "a batch of %zu dialogues, %zu utterances (longest %zu, sum of squared lengths %zu) exceeds the "
                   "planned extent: %zu, %zu (%zu, %zu)",
                   part->dialogues, part->rows, part->longest, part->pairs, e->dialogues, e->rows, e->longest,
                   e->pairs);
}

static st_status check_speakers(const nn_config *c, const ds_batch *whole, size_t first, size_t first_row,
                                const nn_segments *part, st_error *error)
{
    size_t row = 0;
    for (size_t b = 0; b < part->dialogues; ++b) {
        const ds_dialogue dialogue = ds_batch_dialogue(whole, first + b, first_row + row, c->dims);
        for (size_t i = 0; i < dialogue.rows; ++i, ++row) {
            const int32_t speaker = ds_speaker_of(&dialogue, i);
            if (speaker < 0 || (size_t)speaker > c->speakers)
                return st_fail(error, ST_FAILED,
                               "utterance %zu of the batch has speaker %d, but the model has %zu speakers", row,
                               (int)speaker, c->speakers);
        }
    }
    return ST_OK;
}

st_status nn_batch_upload(nn_batch_store *store, rt_context *rt, const ds_batch *whole, size_t first, size_t count,
                          size_t rows_before, nn_batch *batch)
{
    size_t first_row = 0;
    *batch = (nn_batch){.segments.dialogues = count};
    for (size_t b = 0; b < first; ++b) first_row += ds_batch_length(whole, b);
    for (size_t b = first; b < first + count; ++b) {
        const size_t L = ds_batch_length(whole, b);
        batch->segments.rows += L;
        batch->segments.pairs += L * L;
        if (L > batch->segments.longest) batch->segments.longest = L;
    }
    batch->first_row = rows_before + first_row;
    ST_FORWARD(check_extent(store, &batch->segments, rt_error(rt)));
    ST_FORWARD(check_speakers(&store->config, whole, first, first_row, &batch->segments, rt_error(rt)));
    const layout at = layout_of(count, batch->segments.rows, &store->config);
    void *host = NULL;
    ST_FORWARD(rt_upload_open(store->upload, &host));
    rt_phase_begin(rt, "fill a batch");
    fill(&store->config, host, at, whole, first, first_row, &batch->segments);
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
