#include "model/training/class_tables.h"

#include <stdlib.h>
#include <string.h>

st_status nn_class_tables_allocate(nn_class_tables *made, size_t classes, st_error *error)
{
    made->classes = classes;
    made->memory = calloc(2 * classes + classes * classes, sizeof *made->memory);
    if (!made->memory) return st_fail(error, ST_FAILED, "out of memory for the loss's tables of %zu classes", classes);
    made->tables = (nn_loss_tables){made->memory, made->memory + classes, made->memory + 2 * classes};
    return ST_OK;
}

void nn_class_tables_destroy(nn_class_tables *made)
{
    free(made->memory);
    memset(made, 0, sizeof *made);
}

static st_status check_count(const char *what, size_t count, size_t classes, st_error *error)
{
    if (count == classes) return ST_OK;
    return st_fail(error, ST_USAGE, "%s, but the data have %zu classes: it lists %zu", what, classes, count);
}

static st_status check_counts(const nn_class_options *o, size_t classes, st_error *error)
{
    if (o->weights == NN_WEIGHTS_LIST)
        ST_FORWARD(
            check_count("the list of class weights needs one number per class", o->weight_count, classes, error));
    if (o->alpha == NN_ALPHA_LIST)
        ST_FORWARD(check_count("the list alpha needs one number per class", o->alpha_count, classes, error));
    if (o->similarity)
        ST_FORWARD(check_count("the similarity matrix needs one row per class", o->similarity_classes, classes, error));
    return ST_OK;
}

static float weight_of(const nn_class_options *o, const double *frequencies, size_t c)
{
    switch (o->weights) {
    case NN_WEIGHTS_LIST:
        return (float)o->weight_list[c];
    case NN_WEIGHTS_INVERSE_FREQUENCY:
        return frequencies[c] > 0 ? (float)(1 / frequencies[c]) : 0.0f;
    case NN_WEIGHTS_NONE:
        break;
    }
    return 1.0f;
}

st_status nn_class_tables_create(nn_class_tables *made, const nn_class_options *o, const double *frequencies,
                                 size_t classes, st_error *error)
{
    memset(made, 0, sizeof *made);
    ST_FORWARD(check_counts(o, classes, error));
    ST_FORWARD(nn_class_tables_allocate(made, classes, error));
    float *weights = made->memory, *alpha = weights + classes, *similarity = alpha + classes;
    for (size_t c = 0; c < classes; ++c) {
        weights[c] = weight_of(o, frequencies, c);
        alpha[c] =
            o->alpha == NN_ALPHA_LIST ? (float)o->alpha_list[c] : (float)((1 - frequencies[c]) / ((double)classes - 1));
        for (size_t other = 0; other < classes; ++other)
            similarity[c * classes + other] =
                o->similarity ? (float)o->similarity[c * classes + other] : (c == other ? 1.0f : 0.0f);
    }
    return ST_OK;
}
