#include "model/checks/golden.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "data/file_kind.h"
#include "model/training/config_json.h"
#include "model/network/safsd.h"

/* Limits of docs/model.md 12 for float32. */
static const double LIMIT_ACTIVATION = 1e-5, LIMIT_GRADIENT = 1e-4, LIMIT_PARAMETER = 1e-4, LIMIT_KEY_BIAS = 1e-3;

typedef struct golden_case {
    rt_context *rt;
    st_error *error;
    const char *path;
    sf_file *file;
    nn_config config;
    nn_adam adam;
    double lr;
    bool train;
    size_t steps;
    nn_evaluation evaluation;
    float *tables; /* class weights, alpha, similarity */
    ds_batch batch;
    nn_extent extent;
    nn_safsd *model;
    nn_golden_report *report;
    void *user;
    nn_golden_summary *summary;
} golden_case;

/* ---- reading the case ---- */

static st_status no_case(const golden_case *g, const char *what)
{
    return st_fail(g->error, ST_FAILED, "%s is no golden case that can be run: %s", g->path, what);
}

typedef struct json_reader {
    const json_t *object;
    const char *missing; /* first key that was absent or of the wrong type */
} json_reader;

static double number(json_reader *r, const char *key)
{
    const json_t *value = json_object_get(r->object, key);
    if (!json_is_number(value) && !r->missing) r->missing = key;
    return json_number_value(value);
}

static size_t whole(json_reader *r, const char *key)
{
    const json_t *value = json_object_get(r->object, key);
    if ((!json_is_integer(value) || json_integer_value(value) < 0) && !r->missing) r->missing = key;
    return json_is_integer(value) && json_integer_value(value) > 0 ? (size_t)json_integer_value(value) : 0;
}

/* Index of the string at `key` among `words`. */
static int word(json_reader *r, const char *key, const char *const *words, int count)
{
    const char *text = json_string_value(json_object_get(r->object, key));
    for (int i = 0; text && i < count; ++i)
        if (strcmp(text, words[i]) == 0) return i;
    if (!r->missing) r->missing = key;
    return 0;
}

/* "sample" or "mean:R"; a case that says nothing is evaluated with expected masks. */
static void read_evaluation(json_reader *r, nn_evaluation *evaluation)
{
    const json_t *value = json_object_get(r->object, "gcn_eval");
    const char *text = json_string_value(value);
    int end = 0;
    *evaluation = (nn_evaluation){.mode = NN_GCN_EXPECTED, .repetitions = 1};
    if (!value || (text && strcmp(text, "expected") == 0)) return;
    if (text && strcmp(text, "sample") == 0) {
        evaluation->mode = NN_GCN_SAMPLE;
    } else if (text && sscanf(text, "mean:%4zu%n", &evaluation->repetitions, &end) == 1 && !text[end] &&
               evaluation->repetitions > 0) {
        evaluation->mode = NN_GCN_MEAN;
    } else if (!r->missing) {
        r->missing = "gcn_eval";
    }
}

static void read_run(json_reader *r, golden_case *g)
{
    static const char *const optimizers[] = {"adam", "adamw"};
    static const char *const modes[] = {"train", "eval"};
    g->lr = number(r, "lr");
    g->adam = (nn_adam){.beta1 = number(r, "beta1"),
                        .beta2 = number(r, "beta2"),
                        .eps = number(r, "eps"),
                        .weight_decay = number(r, "weight_decay"),
                        .decoupled = word(r, "optimizer", optimizers, 2) == 1};
    g->train = word(r, "mode", modes, 2) == 0;
    g->steps = whole(r, "steps");
    read_evaluation(r, &g->evaluation);
}

static st_status read_config(golden_case *g)
{
    const char *format = sf_metadata(g->file, "format"), *text = sf_metadata(g->file, "config");
    if (!format || strcmp(format, DS_GOLDEN_FORMAT) != 0 || !text)
        return no_case(g, "its metadata have no format = safsd-golden-1, or no config");
    ST_FORWARD(nn_config_from_json(&g->config, text, g->path, g->error));
    json_t *object = json_text_read(text, 0, NULL);
    json_reader reader = {object, NULL};
    read_run(&reader, g);
    st_status status = ST_OK;
    if (reader.missing) {
        char what[128];
        snprintf(what, sizeof what, "config key \"%s\" is missing or of a wrong kind", reader.missing);
        status = no_case(g, what);
    }
    json_decref(object);
    ST_FORWARD(status);
    if (g->train && g->steps == 0) return no_case(g, "mode train needs at least one step");
    return ST_OK;
}

/* A tensor of the case with `elements` elements, or the sentence that it is missing. */
static st_status find_input(const golden_case *g, const char *name, size_t elements, const sf_tensor **tensor)
{
    *tensor = sf_find(g->file, name);
    char what[160];
    if (!*tensor) {
        snprintf(what, sizeof what, "tensor %s is missing", name);
        return no_case(g, what);
    }
    if (!sf_is_convertible((*tensor)->dtype)) {
        snprintf(what, sizeof what, "tensor %s has the type %s, which is not read", name,
                 sf_dtype_name((*tensor)->dtype));
        return no_case(g, what);
    }
    if ((*tensor)->elements == elements) return ST_OK;
    snprintf(what, sizeof what, "tensor %s has %zu elements, not %zu", name, (*tensor)->elements, elements);
    return no_case(g, what);
}

static st_status read_floats(const golden_case *g, const char *name, size_t elements, float *values)
{
    const sf_tensor *tensor = NULL;
    ST_FORWARD(find_input(g, name, elements, &tensor));
    sf_read_floats(tensor, 0, elements, values);
    return ST_OK;
}

static st_status read_ints(const golden_case *g, const char *name, size_t elements, int32_t *values)
{
    const sf_tensor *tensor = NULL;
    ST_FORWARD(find_input(g, name, elements, &tensor));
    return sf_read_int32(tensor, 0, elements, values, g->error);
}

static st_status measure_extent(golden_case *g)
{
    g->extent = (nn_extent){.dialogues = g->batch.dialogues};
    for (size_t b = 0; b < g->batch.dialogues; ++b) {
        if (g->batch.lengths[b] <= 0 || g->batch.lengths[b] > NN_LONGEST_DIALOGUE)
            return no_case(g, "a dialogue length is not between 1 and 512");
        const size_t L = (size_t)g->batch.lengths[b];
        g->extent.rows += L;
        g->extent.pairs += L * L;
        if (L > g->extent.longest) g->extent.longest = L;
    }
    g->batch.rows = g->extent.rows;
    return ST_OK;
}

static st_status check_labels(const golden_case *g)
{
    for (size_t r = 0; r < g->batch.rows; ++r)
        if (g->batch.labels[r] < -1 || g->batch.labels[r] >= (int64_t)g->config.classes)
            return no_case(g, "a label is out of range");
    return ST_OK;
}

static st_status read_batch(golden_case *g)
{
    const sf_tensor *lengths = sf_find(g->file, "batch/lengths");
    if (!lengths || lengths->elements == 0) return no_case(g, "tensor batch/lengths is missing");
    g->batch.dialogues = lengths->elements;
    g->batch.lengths = malloc(lengths->elements * sizeof(int32_t));
    if (!g->batch.lengths) return no_case(g, "out of memory");
    ST_FORWARD(read_ints(g, "batch/lengths", lengths->elements, g->batch.lengths));
    ST_FORWARD(measure_extent(g));
    g->batch.speakers = malloc(g->batch.rows * sizeof(int32_t));
    g->batch.labels = malloc(g->batch.rows * sizeof(int32_t));
    if (!g->batch.speakers || !g->batch.labels) return no_case(g, "out of memory");
    ST_FORWARD(read_ints(g, "batch/speakers", g->batch.rows, g->batch.speakers));
    ST_FORWARD(read_ints(g, "batch/labels", g->batch.rows, g->batch.labels));
    ST_FORWARD(check_labels(g));
    for (size_t m = 0; m < NN_MODALITIES; ++m) {
        if (!g->config.uses[m]) continue;
        const size_t elements = g->batch.rows * g->config.dims[m];
        const char name[] = {'b', 'a', 't', 'c', 'h', '/', 'x', '_', nn_modality_letter(m), '\0'};
        g->batch.x[m] = malloc(elements * sizeof(float));
        if (!g->batch.x[m]) return no_case(g, "out of memory");
        ST_FORWARD(read_floats(g, name, elements, g->batch.x[m]));
    }
    return ST_OK;
}

static st_status read_tables(golden_case *g)
{
    const size_t C = g->config.classes;
    g->tables = malloc((2 * C + C * C) * sizeof *g->tables);
    if (!g->tables) return no_case(g, "out of memory");
    ST_FORWARD(read_floats(g, "loss/class_weights", C, g->tables));
    ST_FORWARD(read_floats(g, "loss/alpha", C, g->tables + C));
    return read_floats(g, "loss/similarity", C * C, g->tables + 2 * C);
}

static st_status create_model(golden_case *g)
{
    const size_t C = g->config.classes;
    const nn_safsd_options options = {.config = g->config,
                                      .tables = {g->tables, g->tables + C, g->tables + 2 * C},
                                      .extent = g->extent,
                                      .training = g->train};
    ST_FORWARD(nn_safsd_create(&g->model, g->rt, &options));
    const nn_params *params = nn_safsd_params(g->model);
    for (size_t i = 0; i < params->count; ++i) {
        const nn_param *p = &params->items[i];
        char name[128];
        snprintf(name, sizeof name, "param/%s", p->name);
        float *values = malloc(p->elements * sizeof *values);
        if (!values) return no_case(g, "out of memory");
        st_status status = read_floats(g, name, p->elements, values);
        if (status == ST_OK) status = rt_write(g->rt, p->value, values, p->elements);
        free(values);
        ST_FORWARD(status);
    }
    return ST_OK;
}

/* ---- comparing ---- */

static void judge(golden_case *g, const nn_golden_line *line)
{
    const bool holds = line->present && line->error <= line->limit;
    nn_golden_summary *s = g->summary;
    ++s->tensors;
    if (!holds && s->missed++ == 0) {
        if (!line->present)
            st_fail(g->error, ST_CHECK, "%s: the expected tensor expect/%s is lacking or of another size", g->path,
                    line->tensor);
        else if (isnan(line->error))
            st_fail(g->error, ST_CHECK, "%s: expect/%s is not finite, there or as computed", g->path, line->tensor);
        else
            st_fail(g->error, ST_CHECK, "%s: expect/%s differs by %.2e, more than %.0e", g->path, line->tensor,
                    line->error, line->limit);
    }
    const double part = isnan(line->error) ? INFINITY : line->error / line->limit; /* not a number: nothing is worse */
    if (line->present && !(part <= s->worst)) {
        s->worst = part;
        snprintf(s->worst_tensor, sizeof s->worst_tensor, "%s", line->tensor);
    }
    if (g->report) g->report(g->user, line);
}

/* floor: f of docs/model.md 12. A number that is not finite, computed or expected, makes the error NaN. */
static double error_of(const float *x, const float *reference, size_t elements, double floor_norm)
{
    double difference = 0, norm = 0;
    for (size_t i = 0; i < elements; ++i) {
        const double d = (double)x[i] - (double)reference[i];
        difference += d * d;
        norm += (double)reference[i] * (double)reference[i];
    }
    if (!isfinite(difference) || !isfinite(norm)) return NAN;
    const double scale = fmax(sqrt(norm), floor_norm);
    if (scale > 0) return sqrt(difference) / scale;
    return difference > 0 ? INFINITY : 0;
}

static st_status compare(golden_case *g, const char *tensor, const float *x, size_t elements, double limit,
                         double floor_norm)
{
    char name[128];
    snprintf(name, sizeof name, "expect/%s", tensor);
    const sf_tensor *expected = sf_find(g->file, name);
    nn_golden_line line = {tensor, NAN, limit, expected && expected->elements == elements};
    if (line.present) {
        float *reference = malloc((elements ? elements : 1) * sizeof *reference);
        if (!reference) return no_case(g, "out of memory");
        sf_read_floats(expected, 0, elements, reference);
        line.error = error_of(x, reference, elements, floor_norm);
        free(reference);
    }
    judge(g, &line);
    return ST_OK;
}

static st_status compare_activation(golden_case *g, const char *tensor, nn_activation which, nn_modality m,
                                    size_t elements)
{
    float *values = malloc(elements * sizeof *values);
    if (!values) return no_case(g, "out of memory");
    st_status status = nn_safsd_read(g->model, which, m, values);
    if (status == ST_OK) status = compare(g, tensor, values, elements, LIMIT_ACTIVATION, 0);
    free(values);
    return status;
}

static st_status compare_activations(golden_case *g)
{
    const nn_config *c = &g->config;
    const size_t N = g->batch.rows;
    ST_FORWARD(compare_activation(g, "logits", NN_LOGITS, NN_TEXT, N * c->classes));
    for (size_t m = 0; m < NN_MODALITIES; ++m) {
        if (!c->uses[m]) continue;
        char name[16];
        snprintf(name, sizeof name, "logits_%c", nn_modality_letter(m));
        ST_FORWARD(compare_activation(g, name, NN_STUDENT_LOGITS, (nn_modality)m, N * c->classes));
        snprintf(name, sizeof name, "fused.%c", nn_modality_letter(m));
        ST_FORWARD(compare_activation(g, name, NN_FUSED, (nn_modality)m, N * c->hidden));
    }
    return compare_activation(g, "gcn", NN_GRAPH, NN_TEXT, nn_modalities_used(c) * N * c->graph_hidden);
}

static bool is_key_bias(const char *name)
{
    static const char suffix[] = "linear_k.bias";
    const size_t n = strlen(name), k = sizeof suffix - 1;
    return n >= k && strcmp(name + n - k, suffix) == 0;
}

/* RMS over all gradient elements that the case expects. */
static double gradient_rms(const golden_case *g)
{
    double squares = 0;
    size_t elements = 0;
    for (size_t i = 0; i < sf_count(g->file); ++i) {
        const sf_tensor *t = sf_at(g->file, i);
        if (strncmp(t->name, "expect/grad/", 12) != 0) continue;
        for (size_t e = 0; e < t->elements; ++e) {
            float x = 0;
            sf_read_floats(t, e, 1, &x);
            squares += (double)x * (double)x;
        }
        elements += t->elements;
    }
    return elements ? sqrt(squares / (double)elements) : 0;
}

/* Gradients or updated parameters, one tensor per parameter. */
static st_status compare_parameters(golden_case *g, const char *prefix, bool gradients)
{
    const nn_params *params = nn_safsd_params(g->model);
    const double rms = gradients ? gradient_rms(g) : 0;
    for (size_t i = 0; i < params->count; ++i) {
        const nn_param *p = &params->items[i];
        char name[128];
        snprintf(name, sizeof name, "%s/%s", prefix, p->name);
        float *values = malloc(p->elements * sizeof *values);
        if (!values) return no_case(g, "out of memory");
        const double limit = is_key_bias(p->name) ? LIMIT_KEY_BIAS : gradients ? LIMIT_GRADIENT : LIMIT_PARAMETER;
        st_status status = rt_read(g->rt, gradients ? p->gradient : p->value, values, p->elements);
        if (status == ST_OK)
            status = compare(g, name, values, p->elements, limit, 1e-3 * sqrt((double)p->elements) * rms);
        free(values);
        ST_FORWARD(status);
    }
    return ST_OK;
}

/* ---- running ---- */

static st_status run_training(golden_case *g)
{
    float *history = malloc(4 * g->steps * sizeof *history);
    if (!history) return no_case(g, "out of memory");
    st_status status = ST_OK;
    for (size_t step = 0; step < g->steps; ++step) {
        nn_pending pending;
        nn_step_result result;
        ST_TRY(nn_safsd_gradient(g->model, &g->batch, (uint32_t)step, 0));
        if (step == 0) {
            ST_TRY(compare_activations(g));
            ST_TRY(compare_parameters(g, "grad", true));
        }
        ST_TRY(nn_safsd_update(g->model, &g->adam, g->lr));
        ST_TRY(nn_safsd_result_later(g->model, &pending));
        ST_TRY(nn_safsd_result(g->model, &pending, &result));
        const float losses[4] = {result.loss, result.ce, result.saf, result.kl};
        memcpy(history + 4 * step, losses, sizeof losses);
    }
    ST_TRY(compare(g, "losses", history, 4, LIMIT_ACTIVATION, 0));
    ST_TRY(compare(g, "history", history, 4 * g->steps, LIMIT_ACTIVATION, 0));
    ST_TRY(compare_parameters(g, "param", false));
done:
    free(history);
    return status;
}

static st_status run_evaluation(golden_case *g)
{
    float *probabilities = malloc(g->batch.rows * g->config.classes * sizeof *probabilities);
    if (!probabilities) return no_case(g, "out of memory");
    nn_prediction prediction = {.probabilities = probabilities};
    st_status status = ST_OK;
    ST_TRY(nn_safsd_evaluate(g->model, &g->batch, &g->evaluation, &prediction));
    ST_TRY(compare_activations(g));
    const float losses[4] = {prediction.loss, prediction.ce, prediction.saf, prediction.kl};
    ST_TRY(compare(g, "losses", losses, 4, LIMIT_ACTIVATION, 0));
    if (sf_find(g->file, "expect/probabilities"))
        ST_TRY(compare(g, "probabilities", probabilities, g->batch.rows * g->config.classes, LIMIT_ACTIVATION, 0));
done:
    free(probabilities);
    return status;
}

static void destroy_case(golden_case *g)
{
    nn_safsd_destroy(&g->model);
    free(g->tables);
    free(g->batch.lengths);
    free(g->batch.speakers);
    free(g->batch.labels);
    for (size_t m = 0; m < NN_MODALITIES; ++m) free(g->batch.x[m]);
    sf_close(&g->file);
}

st_status nn_golden_verify(const char *path, rt_context *rt, nn_golden_report *report, void *user,
                           nn_golden_summary *summary)
{
    golden_case g = {.rt = rt, .error = rt_error(rt), .path = path, .report = report, .user = user, .summary = summary};
    *summary = (nn_golden_summary){0};
    st_status status = ST_OK;
    ST_TRY(sf_open(&g.file, path, SF_VERIFY, g.error));
    ST_TRY(read_config(&g));
    ST_TRY(read_batch(&g));
    ST_TRY(read_tables(&g));
    ST_TRY(create_model(&g));
    ST_TRY(g.train ? run_training(&g) : run_evaluation(&g));
    if (summary->missed) status = ST_CHECK;
done:
    destroy_case(&g);
    return status;
}
