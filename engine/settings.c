#include "engine/settings.h"

#include <stdlib.h>

static const char *const modality_names[DS_MODALITIES] = {"text", "audio", "visual"};

static nn_gate_kind gate_of(cfg_gate gate)
{
    switch (gate) {
    case CFG_GATE_IDENTITY:
        return NN_GATE_IDENTITY;
    case CFG_GATE_OFF:
        return NN_GATE_OFF;
    default:
        return NN_GATE_LEARNED;
    }
}

static nn_saf_form saf_form_of(cfg_saf_form form)
{
    switch (form) {
    case CFG_SAF_TRUE_CLASS:
        return NN_SAF_TRUE_CLASS;
    case CFG_SAF_PUBLISHED:
        return NN_SAF_PUBLISHED;
    default:
        return NN_SAF_SOFT;
    }
}

static nn_gcn_eval gcn_eval_of(cfg_gcn_mode mode)
{
    switch (mode) {
    case CFG_GCN_SAMPLE:
        return NN_GCN_SAMPLE;
    case CFG_GCN_MEAN:
        return NN_GCN_MEAN;
    default:
        return NN_GCN_EXPECTED;
    }
}

static nn_select select_of(cfg_select select)
{
    switch (select) {
    case CFG_SELECT_MACRO_F1:
        return NN_SELECT_MACRO_F1;
    case CFG_SELECT_ACCURACY:
        return NN_SELECT_ACCURACY;
    case CFG_SELECT_LOSS:
        return NN_SELECT_LOSS;
    default:
        return NN_SELECT_WEIGHTED_F1;
    }
}

ds_unknown en_settings_unknown(const cfg_config *config)
{
    switch (config->data.unknown_speakers) {
    case CFG_UNKNOWN_PADDING:
        return DS_UNKNOWN_PADDING;
    case CFG_UNKNOWN_POSITION:
        return DS_UNKNOWN_POSITION;
    default:
        return DS_UNKNOWN_REFUSE;
    }
}

static const unsigned modality_bits[DS_MODALITIES] = {CFG_TEXT, CFG_AUDIO, CFG_VISUAL};

unsigned en_settings_modalities(const nn_config *model)
{
    unsigned bits = 0;
    for (int m = 0; m < DS_MODALITIES; ++m)
        if (model->uses[m]) bits |= modality_bits[m];
    return bits;
}

static st_status choose_modalities(nn_config *model, unsigned wanted, const ds_dataset *data, st_error *error)
{
    for (int m = 0; m < DS_MODALITIES; ++m) {
        model->uses[m] = wanted == CFG_MODALITIES_AUTO ? data->dims[m] > 0 : (wanted & modality_bits[m]) != 0;
        model->dims[m] = model->uses[m] ? data->dims[m] : 0;
        if (model->uses[m] && data->dims[m] == 0)
            return st_fail(error, ST_USAGE, "[data] modalities asks for %s features, which the data set does not have",
                           modality_names[m]);
    }
    return ST_OK;
}

st_status en_settings_model(nn_config *model, const cfg_config *config, const ds_dataset *data, st_error *error)
{
    const cfg_model *sizes = &config->model;
    const cfg_loss *loss = &config->loss;
    *model = (nn_config){
        .hidden = (size_t)sizes->hidden,
        .graph_hidden = (size_t)sizes->graph_hidden,
        .ffn = (size_t)sizes->ffn,
        .heads = (size_t)sizes->heads,
        .layers = (size_t)sizes->layers,
        .gcn_layers = (size_t)sizes->gcn_layers,
        .classes = data->classes,
        .speakers = data->speaker_count,
        .gate = gate_of(sizes->gate),
        .dropout = sizes->dropout,
        .gcn_mask = sizes->gcn_mask,
        .seed = config->experiment.seed,
        .lambda_ce = loss->lambda_ce,
        .lambda_saf = loss->lambda_saf,
        .lambda_kl = loss->lambda_kl,
        .gamma = loss->gamma,
        .temperature = loss->temperature,
        .saf_form = saf_form_of(loss->saf_form),
        .teacher_gradient = loss->teacher_gradient,
    };
    ST_FORWARD(choose_modalities(model, config->data.modalities, data, error));
    return nn_config_check(model, error);
}

st_status en_settings_tables(nn_class_tables *tables, const cfg_config *config, const ds_dataset *data, st_error *error)
{
    const cfg_loss *loss = &config->loss;
    const nn_class_options options = {
        .weights = loss->class_weights.form == CFG_WEIGHTS_LIST                ? NN_WEIGHTS_LIST
                   : loss->class_weights.form == CFG_WEIGHTS_INVERSE_FREQUENCY ? NN_WEIGHTS_INVERSE_FREQUENCY
                                                                               : NN_WEIGHTS_NONE,
        .alpha = loss->alpha.form == CFG_ALPHA_LIST ? NN_ALPHA_LIST : NN_ALPHA_AUTO,
        .weight_list = loss->class_weights.list.items,
        .weight_count = loss->class_weights.list.count,
        .alpha_list = loss->alpha.list.items,
        .alpha_count = loss->alpha.list.count,
        .similarity = loss->similarity.rows,
        .similarity_classes = loss->similarity.classes,
    };
    double *frequencies = calloc(data->classes, sizeof *frequencies);
    if (!frequencies) return st_fail(error, ST_FAILED, "out of memory while counting classes");
    ds_class_frequencies(data, frequencies);
    const st_status status = nn_class_tables_create(tables, &options, frequencies, data->classes, error);
    free(frequencies);
    return status;
}

void en_settings_trainer(nn_trainer_options *options, const cfg_config *config)
{
    const cfg_train *train = &config->train;
    options->epochs = (size_t)train->epochs;
    options->batch = (size_t)train->batch;
    options->micro_batch = (size_t)train->micro_batch;
    options->adam = (nn_adam){.beta1 = train->beta1,
                              .beta2 = train->beta2,
                              .eps = train->eps,
                              .weight_decay = train->weight_decay,
                              .decoupled = train->optimizer == CFG_OPTIMIZER_ADAMW,
                              .clip = train->clip};
    options->schedule = train->schedule == CFG_SCHEDULE_COSINE ? NN_SCHEDULE_COSINE : NN_SCHEDULE_CONSTANT;
    options->lr = train->lr;
    options->warmup = (size_t)train->warmup;
    options->patience = (size_t)train->patience;
    options->select = select_of(train->select);
    options->nonfinite = train->nonfinite == CFG_NONFINITE_SKIP ? NN_NONFINITE_SKIP : NN_NONFINITE_STOP;
    options->gcn_eval = gcn_eval_of(config->model.gcn_eval.mode);
    options->evaluate_train = train->evaluate_train;
    options->repetitions = (size_t)config->model.gcn_eval.repetitions;
    options->checkpoint_every = (size_t)train->checkpoint_every;
}

size_t en_settings_part(const cfg_config *config)
{
    return (size_t)(config->train.micro_batch > 0 ? config->train.micro_batch : config->train.batch);
}

nn_evaluator en_settings_evaluator(const cfg_config *config, nn_loss_tables tables)
{
    return (nn_evaluator){.mode = gcn_eval_of(config->model.gcn_eval.mode),
                          .repetitions = (size_t)config->model.gcn_eval.repetitions,
                          .batch = (size_t)config->train.batch,
                          .part = en_settings_part(config),
                          .tables = tables};
}
