#include "model/training/diagnose.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

typedef struct search {
    nn_safsd *model;
    float *values; /* size of the largest tensor */
    char *phrase;
    size_t room;
    bool found;
} search;

static void look(search *s, const char *what, const char *name, size_t elements)
{
    for (size_t i = 0; i < elements && !s->found; ++i) {
        if (isfinite(s->values[i])) continue;
        const double value =
            isnan(s->values[i]) ? (double)NAN : (double)s->values[i]; /* some C libraries print a sign before nan */
        text_format(s->phrase, s->room, "%s%s, where element %zu is %g", what, name, i, value);
        s->found = true;
    }
}

static st_status look_at_params(search *s, bool gradients)
{
    const nn_params *params = nn_safsd_params(s->model);
    for (size_t i = 0; i < params->count && !s->found; ++i) {
        const nn_param *item = &params->items[gradients ? params->count - 1 - i : i];
        ST_FORWARD(rt_read(params->rt, gradients ? item->gradient : item->value, s->values, item->elements));
        look(s, gradients ? "the gradient of " : "the parameter ", item->name, item->elements);
    }
    return ST_OK;
}

/* Checks an activation of every modality in use. */
static st_status look_at_modalities(search *s, nn_activation which, const char *what, size_t elements)
{
    const nn_config *c = nn_safsd_config(s->model);
    for (size_t m = 0; m < NN_MODALITIES && !s->found; ++m) {
        if (!c->uses[m]) continue;
        const char letter[2] = {nn_modality_letter(m), '\0'};
        ST_FORWARD(nn_safsd_read(s->model, which, (nn_modality)m, s->values));
        look(s, what, letter, elements);
    }
    return ST_OK;
}

static st_status look_at_activations(search *s, size_t rows)
{
    const nn_config *c = nn_safsd_config(s->model);
    ST_FORWARD(look_at_modalities(s, NN_FUSED, "the fused features of modality ", rows * c->hidden));
    ST_FORWARD(look_at_modalities(s, NN_STUDENT_LOGITS, "the student's logits of modality ", rows * c->classes));
    if (s->found) return ST_OK;
    ST_FORWARD(nn_safsd_read(s->model, NN_GRAPH, NN_TEXT, s->values));
    look(s, "the features of the last graph layer", "", nn_modalities_used(c) * rows * c->graph_hidden);
    if (s->found) return ST_OK;
    ST_FORWARD(nn_safsd_read(s->model, NN_LOGITS, NN_TEXT, s->values));
    look(s, "the teacher's logits", "", rows * c->classes);
    return ST_OK;
}

static size_t largest_tensor(nn_safsd *model, size_t rows)
{
    const nn_params *params = nn_safsd_params(model);
    const nn_config *c = nn_safsd_config(model);
    const size_t wide = nn_modalities_used(c) * c->graph_hidden;
    size_t largest = rows * (wide > c->hidden ? wide : c->hidden);
    if (rows * c->classes > largest) largest = rows * c->classes;
    for (size_t i = 0; i < params->count; ++i)
        if (params->items[i].elements > largest) largest = params->items[i].elements;
    return largest;
}

st_status nn_find_nonfinite(nn_safsd *model, size_t rows, bool whole, char *phrase, size_t room)
{
    st_status status = ST_OK;
    search s = {.model = model, .phrase = phrase, .room = room};
    snprintf(phrase, room, "no tensor");
    s.values = malloc(largest_tensor(model, rows) * sizeof *s.values);
    if (!s.values)
        return st_fail(rt_error(nn_safsd_params(model)->rt), ST_FAILED,
                       "out of memory while looking for a value that is not finite");
    ST_TRY(look_at_params(&s, false));
    if (whole && !s.found) ST_TRY(look_at_activations(&s, rows));
    if (!s.found) ST_TRY(look_at_params(&s, true));
done:
    free(s.values);
    return status;
}

/* The largest magnitude among the features that the model uses. */
static double largest_feature(const ds_dataset *data, const nn_config *config, size_t *modality)
{
    float largest = 0;
    for (size_t m = 0; m < NN_MODALITIES; ++m) {
        if (!config->uses[m]) continue;
        for (size_t i = 0; i < data->utterances * data->dims[m]; ++i) {
            if (!(fabsf(data->x[m][i]) > largest)) continue;
            largest = fabsf(data->x[m][i]);
            *modality = m;
        }
    }
    return (double)largest;
}

const char *nn_divergence_advice(char advice[NN_ADVICE_SIZE], const ds_dataset *data, const nn_config *config,
                                 bool standardised, uint32_t updates)
{
    static const char *const names[NN_MODALITIES] = {"text", "audio", "visual"};
    const double huge = 1e4; /* features with mean 0 and deviation 1 are far below */
    size_t modality = 0;
    const double largest = largest_feature(data, config, &modality);
    if (largest > huge && !standardised)
        text_format(advice, NN_ADVICE_SIZE, "the %s features reach %.3g: standardise them with standardize = true",
                    names[modality], largest);
    else if (largest > huge)
        text_format(advice, NN_ADVICE_SIZE, "the standardised %s features reach %.3g: look for outliers in the data",
                    names[modality], largest);
    else if (updates == 0)
        snprintf(advice, NN_ADVICE_SIZE,
                 "there was no update before, so the learning rate is not the cause: check the data and the loss");
    else
        snprintf(advice, NN_ADVICE_SIZE, "use a lower learning rate or clipping");
    return advice;
}
