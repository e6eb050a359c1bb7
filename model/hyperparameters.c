#include "model/hyperparameters.h"

nn_loss_settings nn_loss_settings_of(const nn_config *c)
{
    return (nn_loss_settings){.lambda_ce = c->lambda_ce,
                              .lambda_saf = c->lambda_saf,
                              .lambda_kl = c->lambda_kl,
                              .gamma = c->gamma,
                              .temperature = c->temperature,
                              .saf_form = c->saf_form,
                              .teacher_gradient = c->teacher_gradient};
}

size_t nn_modalities_used(const nn_config *config)
{
    size_t count = 0;
    for (size_t m = 0; m < NN_MODALITIES; ++m) count += config->uses[m];
    return count;
}

char nn_modality_letter(size_t modality)
{
    return "tav"[modality];
}

nn_encoder_pair nn_encoder_of(size_t encoder)
{
    static const nn_encoder_pair pairs[NN_ENCODERS] = {
        {NN_TEXT, NN_TEXT},    {NN_AUDIO, NN_TEXT},    {NN_VISUAL, NN_TEXT}, {NN_AUDIO, NN_AUDIO}, {NN_TEXT, NN_AUDIO},
        {NN_VISUAL, NN_AUDIO}, {NN_VISUAL, NN_VISUAL}, {NN_TEXT, NN_VISUAL}, {NN_AUDIO, NN_VISUAL}};
    return pairs[encoder];
}

static st_status check_sizes(const nn_config *c, st_error *error)
{
    if (c->hidden == 0 || c->graph_hidden == 0 || c->ffn == 0)
        return st_fail(error, ST_USAGE, "the model has a width of 0: hidden %zu, graph_hidden %zu, ffn %zu", c->hidden,
                       c->graph_hidden, c->ffn);
    if (c->heads == 0 || c->hidden % c->heads != 0)
        return st_fail(error, ST_USAGE, "heads must divide the hidden width: %zu heads do not divide %zu", c->heads,
                       c->hidden);
    if (c->layers == 0 || c->layers > NN_MOST_LAYERS)
        return st_fail(error, ST_USAGE, "layers must be between 1 and %d, not %zu", (int)NN_MOST_LAYERS, c->layers);
    if (c->gcn_layers > NN_MOST_GCN_LAYERS)
        return st_fail(error, ST_USAGE, "gcn_layers must be at most %d, not %zu", (int)NN_MOST_GCN_LAYERS,
                       c->gcn_layers);
    if (c->classes < 2) return st_fail(error, ST_USAGE, "a classifier needs two classes or more, not %zu", c->classes);
    if (c->speakers == 0) return st_fail(error, ST_USAGE, "the model needs at least one speaker");
    return ST_OK;
}

st_status nn_config_check(const nn_config *c, st_error *error)
{
    if (nn_modalities_used(c) == 0)
        return st_fail(error, ST_USAGE, "no modality is in use: name at least one that the data have");
    for (size_t m = 0; m < NN_MODALITIES; ++m)
        if (c->uses[m] && c->dims[m] == 0)
            return st_fail(error, ST_USAGE, "modality %c is in use but its features have width 0",
                           nn_modality_letter(m));
    ST_FORWARD(check_sizes(c, error));
    if (!(c->dropout >= 0 && c->dropout < 1) || !(c->gcn_mask >= 0 && c->gcn_mask < 1))
        return st_fail(error, ST_USAGE, "dropout %g and gcn_mask %g must be at least 0 and below 1", c->dropout,
                       c->gcn_mask);
    if (!(c->temperature >= 1e-6))
        return st_fail(error, ST_USAGE, "the temperature must be at least 1e-6, not %g", c->temperature);
    if (!(c->gamma >= 0)) return st_fail(error, ST_USAGE, "gamma must be at least 0, not %g", c->gamma);
    return ST_OK;
}
