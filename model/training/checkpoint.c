#include "model/training/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/json_text.h"
#include "data/file_kind.h"
#include "model/training/checkpoint_names.h"
#include "model/training/class_tables.h"
#include "model/training/config_json.h"

struct nn_checkpoint_storage {
    json_t *classes, *speakers; /* they own the names */
    const char **class_names, **speaker_names;
    ds_statistics statistics;
    nn_class_tables tables;
};

/* ---- metadata ---- */

static st_status required(const nn_checkpoint *c, const char *key, const char **text, st_error *error)
{
    *text = sf_metadata(c->file, key);
    return *text ? ST_OK : st_fail(error, ST_FAILED, "%s: the metadata '%s' are missing", sf_path(c->file), key);
}

static st_status read_names(const nn_checkpoint *c, const char *key, size_t count, json_t **list, const char ***names,
                            st_error *error)
{
    const char *text = NULL;
    ST_FORWARD(required(c, key, &text, error));
    *list = json_text_read(text, 0, NULL);
    *names = calloc(count + 1, sizeof **names);
    if (!*names) return st_fail(error, ST_FAILED, "out of memory for the names in %s", sf_path(c->file));
    bool complete = json_array_size(*list) == count;
    for (size_t i = 0; complete && i < count; ++i) {
        (*names)[i] = json_string_value(json_array_get(*list, i));
        complete = (*names)[i] != NULL;
    }
    if (complete) return ST_OK;
    return st_fail(error, ST_FAILED, "%s: the metadata '%s' must list the %zu names of the model", sf_path(c->file),
                   key, count);
}

static st_status read_about(nn_checkpoint *c, st_error *error)
{
    nn_checkpoint_about *a = &c->about;
    nn_checkpoint_storage *own = c->storage;
    const char *model = NULL, *epoch = NULL, *select = sf_metadata(c->file, "select");
    a->configuration = sf_metadata(c->file, "configuration");
    ST_FORWARD(required(c, "program", &a->program, error));
    ST_FORWARD(required(c, "selection", &a->selection, error));
    ST_FORWARD(required(c, "epoch", &epoch, error));
    a->epoch = (size_t)strtoull(epoch, NULL, 10);
    if (select && !nn_select_of(select, &a->select))
        return st_fail(error, ST_FAILED, "%s: its run selects by \"%.64s\", which this version does not support",
                       sf_path(c->file), select);
    ST_FORWARD(required(c, "model", &model, error));
    ST_FORWARD(nn_config_from_json(&a->config, model, sf_path(c->file), error));
    ST_FORWARD(read_names(c, "classes", a->config.classes, &own->classes, &own->class_names, error));
    ST_FORWARD(read_names(c, "speakers", a->config.speakers, &own->speakers, &own->speaker_names, error));
    a->class_names = own->class_names;
    a->speaker_names = own->speaker_names;
    return ST_OK;
}

static st_status read_count(const nn_checkpoint *c, const json_t *progress, const char *key, uint64_t most,
                            uint64_t *count, st_error *error)
{
    const json_t *found = json_object_get(progress, key);
    if (!json_is_integer(found) || json_integer_value(found) < 0 || (uint64_t)json_integer_value(found) > most)
        return st_fail(error, ST_FAILED, "%s: the run's progress has no valid '%s'", sf_path(c->file), key);
    *count = (uint64_t)json_integer_value(found);
    return ST_OK;
}

static st_status read_progress(nn_checkpoint *c, const char *text, st_error *error)
{
    st_status status = ST_OK;
    json_t *progress = json_text_read(text, 0, NULL);
    uint64_t step = 0, epoch = 0, batch = 0, updates = 0, skipped = 0;
    ST_TRY(read_count(c, progress, "step", UINT32_MAX, &step, error));
    ST_TRY(read_count(c, progress, "epoch", UINT32_MAX, &epoch, error));
    ST_TRY(read_count(c, progress, "batch", UINT32_MAX, &batch, error));
    ST_TRY(read_count(c, progress, "updates", UINT32_MAX, &updates, error));
    ST_TRY(read_count(c, progress, "skipped", UINT32_MAX, &skipped, error));
    c->progress = (nn_progress){.step = (uint32_t)step,
                                .epoch = (size_t)epoch,
                                .batch = (size_t)batch,
                                .updates = (uint32_t)updates,
                                .skipped = (uint32_t)skipped};
done:
    json_decref(progress);
    return status;
}

/* ---- this program's own tensors ---- */

static st_status own_tensor(const nn_checkpoint *c, const char *name, sf_dtype dtype, size_t rank,
                            const uint64_t *shape, const sf_tensor **tensor, st_error *error)
{
    *tensor = sf_find(c->file, name);
    if (*tensor && (*tensor)->dtype == dtype && sf_has_shape(*tensor, rank, shape)) return ST_OK;
    return st_fail(error, ST_FAILED, "%s: the checkpoint's tensor '%s' %s", sf_path(c->file), name,
                   *tensor ? "does not have the type and shape that its model needs" : "is missing");
}

static st_status read_table(const nn_checkpoint *c, const char *name, size_t rank, const uint64_t *shape, float *values,
                            st_error *error)
{
    const sf_tensor *tensor = NULL;
    ST_FORWARD(own_tensor(c, name, SF_F32, rank, shape, &tensor, error));
    sf_read_floats(tensor, 0, tensor->elements, values);
    return ST_OK;
}

static st_status read_tables(nn_checkpoint *c, st_error *error)
{
    const uint64_t C = c->about.config.classes, square[2] = {C, C};
    nn_class_tables *tables = &c->storage->tables;
    ST_FORWARD(nn_class_tables_allocate(tables, C, error));
    ST_FORWARD(read_table(c, NN_CLASS_WEIGHTS, 1, &C, tables->memory, error));
    ST_FORWARD(read_table(c, NN_ALPHA, 1, &C, tables->memory + C, error));
    ST_FORWARD(read_table(c, NN_SIMILARITY, 2, square, tables->memory + 2 * C, error));
    c->about.tables = tables->tables;
    return ST_OK;
}

static st_status read_statistics(nn_checkpoint *c, st_error *error)
{
    static const char *const means[] = {NN_MEAN "t", NN_MEAN "a", NN_MEAN "v"};
    static const char *const deviations[] = {NN_DEVIATION "t", NN_DEVIATION "a", NN_DEVIATION "v"};
    size_t dims[NN_MODALITIES] = {0};
    bool any = false;
    for (size_t m = 0; m < NN_MODALITIES; ++m) {
        const sf_tensor *tensor = sf_find(c->file, means[m]);
        if (tensor) dims[m] = tensor->elements;
        any = any || tensor;
    }
    if (!any) return ST_OK;
    ds_statistics *statistics = &c->storage->statistics;
    ST_FORWARD(ds_statistics_create(statistics, dims, error));
    for (size_t m = 0; m < NN_MODALITIES; ++m) {
        const uint64_t width = dims[m];
        if (width == 0) continue;
        ST_FORWARD(read_table(c, means[m], 1, &width, statistics->mean[m], error));
        ST_FORWARD(read_table(c, deviations[m], 1, &width, statistics->deviation[m], error));
    }
    c->about.statistics = statistics;
    return ST_OK;
}

/* Reads the bytes of `name` unchanged: doubles and 64-bit counts must be exact. */
static st_status read_exactly(const nn_checkpoint *c, const char *name, sf_dtype dtype, size_t rank,
                              const uint64_t *shape, void *values, st_error *error)
{
    const sf_tensor *tensor = NULL;
    ST_FORWARD(own_tensor(c, name, dtype, rank, shape, &tensor, error));
    if (tensor->bytes > 0) memcpy(values, tensor->data, tensor->bytes);
    return ST_OK;
}

static st_status read_run(nn_checkpoint *c, const char *progress, st_error *error)
{
    ST_FORWARD(required(c, "recipe", &c->fingerprint, error));
    ST_FORWARD(read_progress(c, progress, error));
    const uint64_t C = c->about.config.classes, epochs = c->progress.epoch;
    const uint64_t losses[] = {epochs, DS_SPLITS, NN_SPLIT_LOSSES}, confusion[] = {epochs, DS_SPLITS, C, C};
    const sf_tensor *tensor = NULL;
    ST_FORWARD(own_tensor(c, NN_HISTORY_LOSSES, SF_F64, 3, losses, &tensor, error)); /* before its size is used */
    nn_history_create(&c->history, C);
    c->history.select = c->about.select;
    for (uint64_t e = 0; e < epochs; ++e) ST_FORWARD(nn_history_extend(&c->history, error));
    ST_FORWARD(read_exactly(c, NN_HISTORY_LOSSES, SF_F64, 3, losses, c->history.losses, error));
    ST_FORWARD(read_exactly(c, NN_HISTORY_CONFUSION, SF_I64, 4, confusion, c->history.confusion, error));
    ST_FORWARD(read_exactly(c, NN_EPOCH_SUMS, SF_F64, 1, losses + 2, &c->progress.sums, error));
    c->resumable = true;
    return ST_OK;
}

static st_status read_own(nn_checkpoint *c, st_error *error)
{
    if (!sf_has_checksum(c->file))
        return st_fail(error, ST_CHECK, "%s has no checksum: it is damaged, or another program rewrote it",
                       sf_path(c->file));
    ST_FORWARD(read_about(c, error));
    ST_FORWARD(read_tables(c, error));
    ST_FORWARD(read_statistics(c, error));
    const char *progress = sf_metadata(c->file, "progress");
    return progress ? read_run(c, progress, error) : ST_OK;
}

/* Other files of this program hold no weights; anything else is read as published weights. */
static st_status check_kind(const sf_file *file, ds_file_kind kind, st_error *error)
{
    if (kind == DS_FILE_DATA)
        return st_fail(error, ST_FAILED, "%s is a data set, not a checkpoint: name it with --data, or [data] path",
                       sf_path(file));
    if (kind == DS_FILE_GOLDEN)
        return st_fail(error, ST_FAILED, "%s is a golden case, not a checkpoint: use it with `verify`", sf_path(file));
    return ST_OK;
}

st_status nn_checkpoint_open(nn_checkpoint **checkpoint, const char *path, st_error *error)
{
    st_status status = ST_OK;
    *checkpoint = NULL;
    nn_checkpoint *c = calloc(1, sizeof *c);
    if (c) c->storage = calloc(1, sizeof *c->storage);
    if (!c || !c->storage) {
        free(c);
        return st_fail(error, ST_FAILED, "out of memory while opening %s", path);
    }
    ST_TRY(sf_open(&c->file, path, SF_VERIFY, error));
    const ds_file_kind kind = ds_file_kind_of(c->file);
    c->own = kind == DS_FILE_CHECKPOINT;
    ST_TRY(check_kind(c->file, kind, error));
    if (c->own) ST_TRY(read_own(c, error));
    if (!c->own) ST_TRY(sf_drop_prefixes(c->file, c->dropped, sizeof c->dropped, error));
    *checkpoint = c;
    c = NULL;
done:
    nn_checkpoint_close(&c);
    return status;
}

void nn_checkpoint_close(nn_checkpoint **checkpoint)
{
    nn_checkpoint *c = *checkpoint;
    if (!c) return;
    json_decref(c->storage->classes);
    json_decref(c->storage->speakers);
    free(c->storage->class_names);
    free(c->storage->speaker_names);
    ds_statistics_destroy(&c->storage->statistics);
    nn_class_tables_destroy(&c->storage->tables);
    nn_history_destroy(&c->history);
    free(c->storage);
    sf_close(&c->file);
    free(c);
    *checkpoint = NULL;
}
