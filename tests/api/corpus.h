/* What the tests of the library share: arrays, and calls that have to succeed or to fail. Included after cmocka.h. */
#ifndef SAFSD_TESTS_API_CORPUS_H
#define SAFSD_TESTS_API_CORPUS_H

#include <safsd.h>
#include <stdlib.h>
#include <string.h>

enum { DIALOGUES = 10, LONGEST = 7, CLASSES = 3, SPEAKERS = 2 };
static const size_t widths[3] = {9, 5, 4};
static const char config[] =
    "[experiment]\nseed = 11\n[data]\nstandardize = true\n[model]\nhidden = 16\ngraph_hidden = 16\n"
    "ffn = 16\nheads = 2\ngcn_layers = 2\n[train]\nepochs = 3\nbatch = 4\nlr = 0.003\n";

/* Arrays whose features tell the label. */
typedef struct corpus {
    safsd_arrays arrays;
    int32_t lengths[DIALOGUES], split[DIALOGUES];
    int32_t speakers[DIALOGUES * LONGEST], labels[DIALOGUES * LONGEST];
    float *x[3];
    size_t rows;
} corpus;

static float noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) / (float)(1u << 24) - 0.5f;
}

static void make(corpus *c, uint32_t seed)
{
    const safsd_arrays init = SAFSD_ARRAYS_INIT;
    uint32_t state = seed;
    c->arrays = init;
    c->rows = 0;
    for (int d = 0; d < DIALOGUES; ++d) {
        c->lengths[d] = 1 + (d * 3 + (int)seed) % LONGEST;
        c->split[d] = d < 7 ? 0 : d == 7 ? 1 : 2;
        c->rows += (size_t)c->lengths[d];
    }
    for (size_t u = 0; u < c->rows; ++u) {
        c->speakers[u] = (int32_t)(u % SPEAKERS);
        c->labels[u] = (int32_t)((u * 7 + seed) % CLASSES);
    }
    for (int m = 0; m < 3; ++m) {
        c->x[m] = malloc(c->rows * widths[m] * sizeof(float));
        assert_non_null(c->x[m]);
        for (size_t i = 0; i < c->rows * widths[m]; ++i) c->x[m][i] = noise(&state) + (float)c->labels[i / widths[m]];
        c->arrays.x[m] = c->x[m];
        c->arrays.dims[m] = widths[m];
    }
    c->arrays.lengths = c->lengths;
    c->arrays.dialogues = DIALOGUES;
    c->arrays.speakers = c->speakers;
    c->arrays.labels = c->labels;
    c->arrays.split = c->split;
}

static void drop(corpus *c)
{
    for (int m = 0; m < 3; ++m) free(c->x[m]);
}

#define OK(call)                                                                                                       \
    do {                                                                                                               \
        safsd_error error_ = {0, ""};                                                                                  \
        safsd_error *const error = &error_;                                                                            \
        if ((call) != 0) fail_msg("%s: %s", #call, error->message);                                                    \
        assert_int_equal(error->code, 0);                                                                              \
    } while (0)

/* Fails with this code, and says these words. */
#define FAILS(call, expected, words)                                                                                   \
    do {                                                                                                               \
        safsd_error error_ = {0, ""};                                                                                  \
        safsd_error *const error = &error_;                                                                            \
        assert_int_equal((call), (expected));                                                                          \
        assert_int_equal(error->code, (expected));                                                                     \
        if (!strstr(error->message, words)) fail_msg("'%s' does not say '%s'", error->message, words);                 \
    } while (0)

static safsd_data *wrap(const corpus *c)
{
    safsd_data *data = NULL;
    OK(safsd_data_wrap(&data, &c->arrays, error));
    return data;
}

static safsd_device *device(void)
{
    safsd_device *opened = NULL;
    OK(safsd_open_device(&opened, "auto", error));
    return opened;
}

static float *predict(safsd_model *model, const safsd_data *data, size_t rows)
{
    safsd_predictions p = SAFSD_PREDICTIONS_INIT;
    p.logits = malloc(rows * CLASSES * sizeof(float));
    assert_non_null(p.logits);
    OK(safsd_predict(model, data, &p, error));
    return p.logits;
}

#endif
