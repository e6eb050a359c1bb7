#include "model/training/config_json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/json_text.h"

static const char *const gate_words[] = {
    [NN_GATE_LEARNED] = "learned", [NN_GATE_IDENTITY] = "identity", [NN_GATE_OFF] = "off"};
static const char *const form_words[] = {
    [NN_SAF_SOFT] = "soft", [NN_SAF_TRUE_CLASS] = "true_class", [NN_SAF_PUBLISHED] = "published"};
static const char *const letters[NN_MODALITIES] = {"t", "a", "v"};

enum { GATES = sizeof gate_words / sizeof *gate_words, FORMS = sizeof form_words / sizeof *form_words };

/* ---- writing ---- */

static json_t *seed_to_json(uint64_t seed)
{
    if (seed <= INT64_MAX) return json_integer((json_int_t)seed);
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, seed);
    return json_string(digits);
}

static json_t *modalities_to_json(const nn_config *c)
{
    json_t *list = json_array();
    for (size_t m = 0; m < NN_MODALITIES; ++m)
        if (c->uses[m]) json_array_append_new(list, json_string(letters[m]));
    return list;
}

st_status nn_config_to_json(const nn_config *c, char **text, st_error *error)
{
    json_t *object =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:{s:I, s:I, s:I}, s:s, s:f, s:f, s:f, s:b, s:f, s:s, "
                  "s:f, s:f, s:f,"
                  " s:o}",
                  "hidden", (json_int_t)c->hidden, "graph_hidden", (json_int_t)c->graph_hidden, "ffn",
                  (json_int_t)c->ffn, "heads", (json_int_t)c->heads, "layers", (json_int_t)c->layers, "gcn_layers",
                  (json_int_t)c->gcn_layers, "classes", (json_int_t)c->classes, "speakers", (json_int_t)c->speakers,
                  "modalities", modalities_to_json(c), "dims", "t", (json_int_t)c->dims[0], "a", (json_int_t)c->dims[1],
                  "v", (json_int_t)c->dims[2], "gate", gate_words[c->gate], "dropout", c->dropout, "gcn_mask",
                  c->gcn_mask, "temperature", c->temperature, "teacher_gradient", (int)c->teacher_gradient, "gamma",
                  c->gamma, "saf_form", form_words[c->saf_form], "lambda_ce", c->lambda_ce, "lambda_saf", c->lambda_saf,
                  "lambda_kl", c->lambda_kl, "seed", seed_to_json(c->seed));
    *text = object ? json_text_print(object, 0) : NULL;
    json_decref(object);
    return *text ? ST_OK : st_fail(error, ST_FAILED, "out of memory for the model's description");
}

/* ---- reading ---- */

typedef struct reader {
    const json_t *object;
    const char *where;
    st_error *error;
    st_status status; /* the first failure; later reads do nothing */
} reader;

static const json_t *member(reader *r, const char *key)
{
    if (r->status != ST_OK) return NULL;
    const json_t *value = json_object_get(r->object, key);
    if (!value)
        r->status = st_fail(r->error, ST_FAILED, "%s: '%s' is missing from the model's description", r->where, key);
    return value;
}

static void wrong(reader *r, const char *key, const char *wanted)
{
    r->status = st_fail(r->error, ST_FAILED, "%s: '%s' in the model's description must be %s", r->where, key, wanted);
}

static void read_size(reader *r, const char *key, size_t *value)
{
    const json_t *found = member(r, key);
    if (!found) return;
    if (!json_is_integer(found) || json_integer_value(found) < 0 || json_integer_value(found) > INT32_MAX)
        wrong(r, key, "an integer of at least 0");
    else
        *value = (size_t)json_integer_value(found);
}

static void read_real(reader *r, const char *key, double *value)
{
    const json_t *found = member(r, key);
    if (!found) return;
    if (!json_is_number(found))
        wrong(r, key, "a number");
    else
        *value = json_number_value(found);
}

static void read_word(reader *r, const char *key, const char *const *words, size_t count, int *value)
{
    const json_t *found = member(r, key);
    if (!found) return;
    for (size_t i = 0; i < count; ++i) {
        if (!json_is_string(found) || strcmp(json_string_value(found), words[i]) != 0) continue;
        *value = (int)i;
        return;
    }
    wrong(r, key, "one of the words that this program supports");
}

static void read_seed(reader *r, uint64_t *seed)
{
    const json_t *found = member(r, "seed");
    if (!found) return;
    if (json_is_integer(found)) {
        *seed = (uint64_t)json_integer_value(found);
        return;
    }
    const char *digits = json_string_value(found);
    char *end = NULL;
    errno = 0;
    if (digits) *seed = strtoull(digits, &end, 10);
    if (!digits || errno != 0 || *end != '\0' || end == digits) wrong(r, "seed", "an integer");
}

static void read_modalities(reader *r, nn_config *c)
{
    const json_t *list = member(r, "modalities"), *dims = member(r, "dims");
    if (!dims) return;
    if (!json_is_array(list)) wrong(r, "modalities", "a list of t, a, v");
    for (size_t i = 0; i < json_array_size(list) && r->status == ST_OK; ++i) {
        const char *letter = json_string_value(json_array_get(list, i));
        size_t m = 0;
        while (m < NN_MODALITIES && (!letter || strcmp(letter, letters[m]) != 0)) ++m;
        if (m == NN_MODALITIES)
            wrong(r, "modalities", "a list of t, a, v");
        else
            c->uses[m] = true;
    }
    reader sizes = *r;
    sizes.object = dims;
    for (size_t m = 0; m < NN_MODALITIES; ++m)
        if (c->uses[m]) read_size(&sizes, letters[m], &c->dims[m]);
    r->status = sizes.status;
}

static void read_switch(reader *r, const char *key, bool *value)
{
    const json_t *found = member(r, key);
    if (!found) return;
    if (!json_is_boolean(found))
        wrong(r, key, "true or false");
    else
        *value = json_is_true(found);
}

static void read_all(reader *r, nn_config *c)
{
    int gate = 0, form = 0;
    read_size(r, "hidden", &c->hidden);
    read_size(r, "graph_hidden", &c->graph_hidden);
    read_size(r, "ffn", &c->ffn);
    read_size(r, "heads", &c->heads);
    read_size(r, "layers", &c->layers);
    read_size(r, "gcn_layers", &c->gcn_layers);
    read_size(r, "classes", &c->classes);
    read_size(r, "speakers", &c->speakers);
    read_modalities(r, c);
    read_word(r, "gate", gate_words, GATES, &gate);
    read_real(r, "dropout", &c->dropout);
    read_real(r, "gcn_mask", &c->gcn_mask);
    read_real(r, "temperature", &c->temperature);
    read_switch(r, "teacher_gradient", &c->teacher_gradient);
    read_real(r, "gamma", &c->gamma);
    read_word(r, "saf_form", form_words, FORMS, &form);
    read_real(r, "lambda_ce", &c->lambda_ce);
    read_real(r, "lambda_saf", &c->lambda_saf);
    read_real(r, "lambda_kl", &c->lambda_kl);
    read_seed(r, &c->seed);
    c->gate = (nn_gate_kind)gate;
    c->saf_form = (nn_saf_form)form;
}

st_status nn_config_from_json(nn_config *config, const char *text, const char *where, st_error *error)
{
    json_error_t why;
    json_t *object = json_text_read(text, JSON_REJECT_DUPLICATES, &why);
    memset(config, 0, sizeof *config);
    if (!json_is_object(object)) {
        json_decref(object);
        return st_fail(error, ST_FAILED, "%s: the model's description is not a JSON object: %s", where, why.text);
    }
    reader r = {object, where, error, ST_OK};
    read_all(&r, config);
    json_decref(object);
    if (r.status == ST_OK && nn_config_check(config, error) != ST_OK) {
        st_prefix(error, "%s", where);
        r.status = ST_FAILED;
    }
    return r.status;
}
