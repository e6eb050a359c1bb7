#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "model/training/checkpoint.h"
#include "base/json_text.h"
#include "model/training/checkpoint_gates.h"
#include "data/file_kind.h"
#include "model/training/checkpoint_names.h"
#include "model/training/config_json.h"
#include "runtime/host_map.h"

typedef struct saver {
    sf_writer *writer;
    const nn_params *params;
    const nn_checkpoint_about *about;
    const nn_run_state *state; /* NULL: only parameters */
    st_error *error;
} saver;

/* ---- metadata ---- */

/* Takes ownership of the text; NULL means out of memory. */
static st_status put_json(saver *s, const char *key, char *text)
{
    if (!text) return st_fail(s->error, ST_FAILED, "out of memory for the metadata of a checkpoint");
    const st_status status = sf_writer_metadata(s->writer, key, text, s->error);
    free(text);
    return status;
}

static st_status put_names(saver *s, const char *key, const char *const *names, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; ++i) json_array_append_new(list, json_string(names[i]));
    char *text = json_array_size(list) == count ? json_text_print(list, 0) : NULL;
    json_decref(list);
    return put_json(s, key, text);
}

static st_status put_number(saver *s, const char *key, uint64_t number)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, number);
    return sf_writer_metadata(s->writer, key, digits, s->error);
}

static st_status put_state(saver *s)
{
    const nn_progress *p = &s->state->progress;
    json_t *progress =
        json_pack("{s:I, s:I, s:I, s:I, s:I}", "step", (json_int_t)p->step, "epoch", (json_int_t)p->epoch, "batch",
                  (json_int_t)p->batch, "updates", (json_int_t)p->updates, "skipped", (json_int_t)p->skipped);
    char *text = progress ? json_text_print(progress, 0) : NULL;
    json_decref(progress);
    ST_FORWARD(put_json(s, "progress", text));
    return sf_writer_metadata(s->writer, "recipe", s->state->fingerprint, s->error);
}

static st_status put_metadata(saver *s)
{
    const nn_checkpoint_about *a = s->about;
    char *model = NULL;
    ST_FORWARD(sf_writer_metadata(s->writer, "format", DS_CHECKPOINT_FORMAT, s->error));
    ST_FORWARD(sf_writer_metadata(s->writer, "program", SAFSD_VERSION, s->error));
    ST_FORWARD(sf_writer_metadata(s->writer, "selection", a->selection, s->error));
    if (a->select != NN_SELECT_WEIGHTED_F1)
        ST_FORWARD(sf_writer_metadata(s->writer, "select", nn_select_name(a->select), s->error));
    ST_FORWARD(put_number(s, "epoch", a->epoch));
    ST_FORWARD(put_names(s, "classes", a->class_names, a->config.classes));
    ST_FORWARD(put_names(s, "speakers", a->speaker_names, a->config.speakers));
    ST_FORWARD(nn_config_to_json(&a->config, &model, s->error));
    ST_FORWARD(put_json(s, "model", model));
    if (s->state) ST_FORWARD(put_state(s));
    if (!a->configuration) return ST_OK;
    return sf_writer_metadata(s->writer, "configuration", a->configuration, s->error);
}

/* ---- declarations ---- */

static st_status declare(saver *s, const char *name, sf_dtype dtype, size_t rank, const uint64_t *shape)
{
    return sf_writer_tensor(s->writer, name, dtype, rank, shape, s->error);
}

static st_status declare_params(saver *s, const char *prefix)
{
    for (size_t i = 0; i < s->params->count; ++i) {
        const nn_param *item = &s->params->items[i];
        char name[NN_TENSOR_NAME];
        uint64_t shape[3] = {item->shape[0], item->shape[1], item->shape[2]};
        snprintf(name, sizeof name, "%s%s", prefix, item->name);
        ST_FORWARD(declare(s, name, SF_F32, item->rank, shape));
    }
    return ST_OK;
}

static st_status declare_statistics(saver *s)
{
    const ds_statistics *statistics = s->about->statistics;
    for (size_t m = 0; statistics && m < NN_MODALITIES; ++m) {
        const uint64_t width = statistics->dims[m];
        char name[NN_TENSOR_NAME];
        if (width == 0) continue;
        snprintf(name, sizeof name, NN_MEAN "%c", nn_modality_letter(m));
        ST_FORWARD(declare(s, name, SF_F32, 1, &width));
        snprintf(name, sizeof name, NN_DEVIATION "%c", nn_modality_letter(m));
        ST_FORWARD(declare(s, name, SF_F32, 1, &width));
    }
    return ST_OK;
}

static st_status declare_state(saver *s)
{
    const uint64_t C = s->about->config.classes, epochs = s->state->history->epochs;
    ST_FORWARD(declare(s, NN_HISTORY_LOSSES, SF_F64, 3, (const uint64_t[]){epochs, DS_SPLITS, NN_SPLIT_LOSSES}));
    ST_FORWARD(declare(s, NN_HISTORY_CONFUSION, SF_I64, 4, (const uint64_t[]){epochs, DS_SPLITS, C, C}));
    ST_FORWARD(declare(s, NN_EPOCH_SUMS, SF_F64, 1, (const uint64_t[]){NN_SPLIT_LOSSES}));
    ST_FORWARD(declare_params(s, NN_MOMENT_1));
    return declare_params(s, NN_MOMENT_2);
}

static st_status declare_all(saver *s)
{
    const uint64_t C = s->about->config.classes, square[2] = {C, C};
    ST_FORWARD(declare_params(s, ""));
    ST_FORWARD(nn_gates_declare(s->writer, s->params, s->error));
    ST_FORWARD(declare(s, NN_CLASS_WEIGHTS, SF_F32, 1, &C));
    ST_FORWARD(declare(s, NN_ALPHA, SF_F32, 1, &C));
    ST_FORWARD(declare(s, NN_SIMILARITY, SF_F32, 2, square));
    ST_FORWARD(declare_statistics(s));
    return s->state ? declare_state(s) : ST_OK;
}

/* ---- data, in the order of the declarations ---- */

static st_status put(saver *s, const void *data, size_t bytes)
{
    return sf_writer_data(s->writer, data, bytes, s->error);
}

static st_status put_view(saver *s, rt_view view, size_t elements)
{
    rt_host_map map;
    ST_FORWARD(rt_map_read(s->params->rt, view, elements, &map));
    const st_status written = put(s, map.host, elements * sizeof(float));
    const st_status closed = rt_unmap(s->params->rt, &map);
    return written == ST_OK ? closed : written;
}

static st_status put_tables(saver *s)
{
    const size_t C = s->about->config.classes;
    ST_FORWARD(put(s, s->about->tables.class_weights, C * sizeof(float)));
    ST_FORWARD(put(s, s->about->tables.alpha, C * sizeof(float)));
    return put(s, s->about->tables.similarity, C * C * sizeof(float));
}

static st_status put_statistics(saver *s)
{
    const ds_statistics *statistics = s->about->statistics;
    for (size_t m = 0; statistics && m < NN_MODALITIES; ++m) {
        if (statistics->dims[m] == 0) continue;
        ST_FORWARD(put(s, statistics->mean[m], statistics->dims[m] * sizeof(float)));
        ST_FORWARD(put(s, statistics->deviation[m], statistics->dims[m] * sizeof(float)));
    }
    return ST_OK;
}

static st_status put_run(saver *s)
{
    const nn_history *history = s->state->history;
    const size_t C = history->classes, entries = history->epochs * DS_SPLITS;
    ST_FORWARD(put(s, history->losses, entries * sizeof *history->losses));
    ST_FORWARD(put(s, history->confusion, entries * C * C * sizeof *history->confusion));
    ST_FORWARD(put(s, &s->state->progress.sums, sizeof s->state->progress.sums));
    for (size_t i = 0; i < s->params->count; ++i)
        ST_FORWARD(put_view(s, s->params->items[i].moment1, s->params->items[i].elements));
    for (size_t i = 0; i < s->params->count; ++i)
        ST_FORWARD(put_view(s, s->params->items[i].moment2, s->params->items[i].elements));
    return ST_OK;
}

static st_status put_data(saver *s)
{
    for (size_t i = 0; i < s->params->count; ++i)
        ST_FORWARD(put_view(s, s->params->items[i].value, s->params->items[i].elements));
    ST_FORWARD(nn_gates_write(s->writer, s->params, s->error));
    ST_FORWARD(put_tables(s));
    ST_FORWARD(put_statistics(s));
    return s->state ? put_run(s) : ST_OK;
}

st_status nn_checkpoint_save(const char *path, const nn_params *params, const nn_checkpoint_about *about,
                             const nn_run_state *state)
{
    st_status status = ST_OK;
    saver s = {.params = params, .about = about, .state = state, .error = rt_error(params->rt)};
    ST_TRY(sf_writer_create(&s.writer, path, s.error));
    ST_TRY(put_metadata(&s));
    ST_TRY(declare_all(&s));
    ST_TRY(put_data(&s));
    ST_TRY(sf_writer_finish(s.writer, s.error));
done:
    sf_writer_destroy(&s.writer);
    return status;
}
