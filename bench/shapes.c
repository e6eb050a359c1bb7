#include "bench/shapes.h"

#include <stdlib.h>
#include <string.h>

#include "data/philox.h"

static const int32_t iemocap_lengths[] = {34, 54, 63, 24, 45, 52, 37, 32, 63, 38, 28, 40, 60, 65, 51, 66};
static const int32_t meld_lengths[] = {5, 11, 14, 1, 8, 11, 6, 4, 14, 6, 3, 7, 13, 15, 10, 15};
static const int32_t longest_lengths[] = {NN_LONGEST_DIALOGUE};

const bench_shape bench_shapes[] = {
    {"iemocap", iemocap_lengths, 16, {1024, 1582, 342}, 6, 2, NN_GATE_LEARNED, 1.0},
    {"meld", meld_lengths, 16, {1024, 300, 342}, 7, 9, NN_GATE_IDENTITY, 0.1},
    {"longest", longest_lengths, 1, {1024, 1582, 342}, 6, 2, NN_GATE_LEARNED, 1.0},
    {NULL, NULL, 0, {0}, 0, 0, NN_GATE_OFF, 0},
};

/* What the two corpora share (docs/model.md 1 and 8). */
enum { HEADS = 8, LAYERS = 1, GCN_LAYERS = 4, SEED = 1, SPEAKERS_SITE = 16, LABELS_SITE = 17 };

static nn_config config_of(const bench_shape *shape, size_t hidden)
{
    nn_config config = {.hidden = hidden,
                        .graph_hidden = hidden,
                        .ffn = hidden,
                        .heads = HEADS,
                        .layers = LAYERS,
                        .gcn_layers = GCN_LAYERS,
                        .classes = shape->classes,
                        .speakers = shape->speakers,
                        .gate = shape->gate,
                        .dropout = 0.5,
                        .gcn_mask = 0.5,
                        .seed = SEED,
                        .lambda_ce = 1,
                        .lambda_saf = 1,
                        .lambda_kl = shape->lambda_kl,
                        .gamma = 2,
                        .temperature = 1,
                        .saf_form = NN_SAF_SOFT,
                        .teacher_gradient = true};
    for (size_t m = 0; m < NN_MODALITIES; ++m) {
        config.uses[m] = true;
        config.dims[m] = shape->dims[m];
    }
    return config;
}

static st_status make_tables(bench_problem *p, st_error *error)
{
    double frequencies[16];
    for (size_t c = 0; c < p->config.classes; ++c) frequencies[c] = 1.0 / (double)p->config.classes;
    return nn_class_tables_create(&p->tables, &(nn_class_options){.weights = NN_WEIGHTS_NONE, .alpha = NN_ALPHA_AUTO},
                                  frequencies, p->config.classes, error);
}

static ds_stream stream_of(uint32_t site)
{
    return (ds_stream){SEED, DS_SITE_SYNTH + site, 0};
}

static st_status make_batch(bench_problem *p, const bench_shape *shape, st_error *error)
{
    ds_batch *b = &p->batch;
    b->lengths = malloc(p->extent.dialogues * sizeof *b->lengths);
    b->speakers = malloc(p->extent.rows * sizeof *b->speakers);
    b->labels = malloc(p->extent.rows * sizeof *b->labels);
    bool complete = b->lengths && b->speakers && b->labels;
    for (size_t m = 0; m < NN_MODALITIES; ++m) {
        b->x[m] = malloc(p->extent.rows * shape->dims[m] * sizeof(float));
        complete = complete && b->x[m];
    }
    if (!complete) return st_fail(error, ST_FAILED, "out of memory for a batch of %zu utterances", p->extent.rows);
    b->dialogues = p->extent.dialogues;
    b->rows = p->extent.rows;
    for (size_t d = 0; d < b->dialogues; ++d) b->lengths[d] = shape->lengths[d % shape->dialogues];
    for (size_t r = 0; r < b->rows; ++r) {
        b->speakers[r] = (int32_t)(ds_philox_word(stream_of(SPEAKERS_SITE), r) % shape->speakers);
        b->labels[r] = (int32_t)(ds_philox_word(stream_of(LABELS_SITE), r) % shape->classes);
    }
    for (size_t m = 0; m < NN_MODALITIES; ++m)
        ds_fill_normal(stream_of((uint32_t)m), 0, b->x[m], b->rows * shape->dims[m]);
    return ST_OK;
}

static nn_extent extent_of(const bench_case *what)
{
    const bench_shape *shape = what->shape;
    nn_extent extent = {.dialogues = what->dialogues ? what->dialogues : shape->dialogues};
    for (size_t d = 0; d < extent.dialogues; ++d) {
        const size_t L = (size_t)shape->lengths[d % shape->dialogues];
        extent.rows += L;
        extent.pairs += L * L;
        if (L > extent.longest) extent.longest = L;
    }
    return extent;
}

st_status bench_problem_create(bench_problem *p, const bench_case *what, st_error *error)
{
    memset(p, 0, sizeof *p);
    p->config = config_of(what->shape, what->hidden);
    p->extent = extent_of(what);
    p->training = what->training;
    st_status status = nn_config_check(&p->config, error);
    if (status == ST_OK) status = make_tables(p, error);
    if (status == ST_OK) status = make_batch(p, what->shape, error);
    if (status != ST_OK) bench_problem_destroy(p);
    return status;
}

void bench_problem_destroy(bench_problem *p)
{
    nn_class_tables_destroy(&p->tables);
    free(p->batch.lengths);
    free(p->batch.speakers);
    free(p->batch.labels);
    for (size_t m = 0; m < NN_MODALITIES; ++m) free(p->batch.x[m]);
    memset(p, 0, sizeof *p);
}

nn_safsd_options bench_model_options(const bench_problem *p)
{
    return (nn_safsd_options){p->config, p->tables.tables, p->extent, p->training};
}

st_status bench_model_create(nn_safsd **model, rt_context *rt, const bench_problem *p)
{
    const nn_safsd_options options = bench_model_options(p);
    ST_FORWARD(nn_safsd_create(model, rt, &options));
    const st_status status = nn_params_initialise(nn_safsd_params(*model), p->config.seed);
    if (status != ST_OK) nn_safsd_destroy(model);
    return status;
}
