/* Loading, saving and predicting of the library. */
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "data/finite.h"
#include "engine/data_source.h"
#include "model/training/metrics.h"

/* ---- loading and saving ---- */

static int out_of_memory(st_error *slot, safsd_error *error)
{
    st_fail(slot, ST_FAILED, "out of memory for a model");
    return api_conclude(slot, error);
}

/* The configuration that the checkpoint carries, or the one that is given in its place. */
static st_status read_configuration(safsd_model *model, const nn_checkpoint *checkpoint, const char *config,
                                    st_error *error)
{
    const cfg_overrides none = {NULL, 0};
    if (config) return cfg_load_text(&model->config, config, "config", NULL, none, error);
    if (checkpoint->own)
        return cfg_load_text(&model->config, checkpoint->about.configuration, sf_path(checkpoint->file), NULL, none,
                             error);
    return st_fail(error, ST_USAGE, "%s carries no configuration: give the one that it was trained with",
                   sf_path(checkpoint->file));
}

int safsd_model_load(safsd_model **model, safsd_device *device, const char *path, const char *config,
                     safsd_error *error)
{
    if (!model || !device || !path)
        return api_refuse(error, "safsd_model_load: %s is NULL", !model ? "model" : !device ? "device" : "path");
    st_error *slot = &device->error;
    nn_checkpoint *checkpoint = NULL;
    safsd_model *loaded = calloc(1, sizeof *loaded);
    if (!loaded) return out_of_memory(slot, error);
    loaded->device = device;
    st_status status = nn_checkpoint_open(&checkpoint, path, slot);
    if (status == ST_OK) status = read_configuration(loaded, checkpoint, config, slot);
    if (status == ST_OK) status = en_model_open(&loaded->model, checkpoint, &loaded->config, slot);
    if (status == ST_OK) status = en_model_check(&loaded->model, api_context(device));
    if (status == ST_OK) {
        *model = loaded;
        return api_conclude(slot, error);
    }
    if (!loaded->model.checkpoint) nn_checkpoint_close(&checkpoint);
    safsd_model_free(&loaded);
    return api_conclude(slot, error);
}

int safsd_model_save(const safsd_model *model, const char *path, safsd_error *error)
{
    if (!model || !path) return api_refuse(error, "safsd_model_save: %s is NULL", model ? "path" : "model");
    st_error *slot = &model->device->error;
    if (!model->model.network)
        st_fail(slot, ST_DEVICE, "the weights are no longer on the device: load the model again");
    else
        (void)en_model_save(&model->model, path);
    return api_conclude(slot, error);
}

void safsd_model_free(safsd_model **model)
{
    if (!model || !*model) return;
    en_model_close(&(*model)->model);
    cfg_destroy(&(*model)->config);
    free(*model);
    *model = NULL;
}

int safsd_model_info(const safsd_model *model, char **json, safsd_error *error)
{
    if (!model || !json) return api_refuse(error, "safsd_model_info: %s is NULL", model ? "json" : "model");
    st_error *slot = &model->device->error;
    char *text = NULL;
    if (en_model_info(&model->model, &text, slot) == ST_OK) *json = text;
    return api_conclude(slot, error);
}

/* ---- predicting ---- */

/* What a split gives, before its rows take their places. */
typedef struct split_rows {
    size_t rows;
    float *probabilities, *students, *logits;
} split_rows;

static void free_rows(split_rows *r)
{
    free(r->probabilities);
    free(r->students);
    free(r->logits);
}

/* The rows of a split stand one after another; in the caller's buffers every utterance has its own place. */
static void place_rows(const safsd_predictions *p, const ds_dataset *data, ds_split split, const split_rows *r,
                       size_t classes, size_t modalities)
{
    const size_t bytes = classes * sizeof(float);
    size_t at = 0;
    for (size_t d = 0; d < data->dialogues; ++d) {
        if (data->split[d] != (int32_t)split) continue;
        for (size_t u = data->starts[d]; u < data->starts[d + 1]; ++u, ++at) {
            const float *row = r->probabilities + at * classes;
            if (p->prediction) p->prediction[u] = (int32_t)nn_most_probable(row, classes);
            if (p->probabilities) memcpy(p->probabilities + u * classes, row, bytes);
            if (p->logits) memcpy(p->logits + u * classes, r->logits + at * classes, bytes);
            for (size_t m = 0; p->students && m < modalities; ++m)
                memcpy(p->students + (m * data->utterances + u) * classes, r->students + (m * r->rows + at) * classes,
                       bytes);
        }
    }
}

static st_status predict_split(en_model *model, const ds_dataset *data, ds_split split, const safsd_predictions *p,
                               st_error *error)
{
    const size_t classes = model->network_config.classes, modalities = nn_modalities_used(&model->network_config);
    split_rows r = {.rows = 0};
    if (ds_select(data, split, NULL, &r.rows) == 0) return ST_OK;
    r.probabilities = calloc(r.rows * classes, sizeof(float));
    if (p->students) r.students = calloc(r.rows * classes * modalities, sizeof(float));
    if (p->logits) r.logits = calloc(r.rows * classes, sizeof(float));
    nn_evaluated evaluated = {
        .probabilities = r.probabilities, .student_probabilities = r.students, .logits = r.logits};
    st_status status = ST_OK;
    if (!r.probabilities || (p->students && !r.students) || (p->logits && !r.logits))
        status = st_fail(error, ST_FAILED, "out of memory for the predictions of %zu utterances", r.rows);
    else
        status = nn_evaluate(model->network, data, split, &model->evaluator, &evaluated);
    if (status == ST_OK) place_rows(p, data, split, &r, classes, modalities);
    free_rows(&r);
    return status;
}

/* Features that the model uses have to be finite, or are replaced as its configuration says. */
static st_status make_finite(const safsd_model *model, ds_dataset *data, st_error *error)
{
    ds_load_options checks = {.classes = 0};
    en_data_checks(&checks, &model->config.data);
    for (size_t m = 0; m < NN_MODALITIES; ++m) checks.unused[m] = !model->model.network_config.uses[m];
    return ds_make_finite(data, NULL, checks.unused, checks.nonfinite, error);
}

int safsd_predict(safsd_model *model, const safsd_data *data, safsd_predictions *predictions, safsd_error *error)
{
    static const bool all[DS_SPLITS] = {true, true, true};
    safsd_predictions p;
    if (!model || !data) return api_refuse(error, "safsd_predict: %s is NULL", model ? "data" : "model");
    if (!api_options(&p, sizeof p, predictions, "safsd_predictions", error)) return SAFSD_USAGE;
    st_error *slot = &model->device->error;
    ds_dataset *own = NULL;
    st_status status = ds_share(&own, data->set, slot);
    if (status == ST_OK) status = make_finite(model, own, slot);
    if (status == ST_OK) status = en_model_match(&model->model, own, all, NULL, slot);
    if (status == ST_OK) status = en_model_load(&model->model, api_context(model->device), own, NULL);
    for (ds_split split = DS_TRAIN; split < DS_SPLITS && status == ST_OK; ++split)
        status = predict_split(&model->model, own, split, &p, slot);
    ds_destroy(&own);
    return api_conclude(slot, error);
}
