#include "model/training/run_fingerprint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/json_text.h"
#include "base/text.h"
#include "data/fingerprint.h"
#include "model/training/config_json.h"
#include "runtime/gemm.h"

/* ---- writing ---- */

static json_t *floats_to_json(const float *values, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; ++i) json_array_append_new(list, json_real((double)values[i]));
    return list;
}

/* Properties of the machine that change results. */
static json_t *machine_to_json(rt_context *rt, const ds_dataset *data)
{
    char digits[20];
    snprintf(digits, sizeof digits, "%016" PRIx64, ds_fingerprint(data));
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s}", "program", SAFSD_VERSION, "gemm", rt_gemm_provider(rt),
                     "gemm_parameters", rt_gemm_parameters(rt), "vector_width", (json_int_t)rt_vector_width(rt),
                     "row_group", (json_int_t)rt_row_group(rt), "data", digits);
}

/* The devices of a batch: their number determines the shares, their capabilities the order of sums. */
static json_t *replicas_to_json(const nn_run_fingerprint_parts *p)
{
    json_t *list = json_array();
    for (size_t w = 0; w < p->replica_count; ++w)
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I}", "gemm", rt_gemm_provider(p->replicas[w]),
                                              "gemm_parameters", rt_gemm_parameters(p->replicas[w]), "vector_width",
                                              (json_int_t)rt_vector_width(p->replicas[w]), "row_group",
                                              (json_int_t)rt_row_group(p->replicas[w])));
    return json_pack("{s:o}", "workers", list);
}

static json_t *training_to_json(const nn_run_fingerprint_parts *p)
{
    const nn_adam *adam = p->adam;
    const nn_schedule *schedule = p->schedule;
    const bool cosine = schedule->form == NN_SCHEDULE_COSINE;
    return json_pack("{s:I, s:I, s:f, s:f, s:f, s:f, s:s, s:f, s:f, s:s, s:I, s:I}", "batch", (json_int_t)p->batch,
                     "micro_batch", (json_int_t)p->micro_batch, "beta1", adam->beta1, "beta2", adam->beta2, "eps",
                     adam->eps, "weight_decay", adam->weight_decay, "optimizer", adam->decoupled ? "adamw" : "adam",
                     "clip", adam->clip, "lr", schedule->lr, "schedule", cosine ? "cosine" : "constant", "warmup",
                     (json_int_t)schedule->warmup, "steps", (json_int_t)(cosine ? schedule->steps : 0));
}

static json_t *evaluation_to_json(const nn_evaluator *e)
{
    static const char *const words[] = {
        [NN_GCN_EXPECTED] = "expected", [NN_GCN_SAMPLE] = "sample", [NN_GCN_MEAN] = "mean"};
    return json_pack("{s:s, s:I}", "gcn_eval", words[e->mode], "repetitions",
                     (json_int_t)(e->mode == NN_GCN_MEAN ? e->repetitions : 1));
}

static json_t *tables_to_json(const nn_loss_tables *t, size_t C)
{
    return json_pack("{s:o, s:o, s:o}", "class_weights", floats_to_json(t->class_weights, C), "alpha",
                     floats_to_json(t->alpha, C), "similarity", floats_to_json(t->similarity, C * C));
}

/* Moves the members of `part` to the end of `whole`. */
static bool append(json_t *whole, json_t *part)
{
    const bool done = part && json_object_update(whole, part) == 0;
    json_decref(part);
    return done;
}

st_status nn_run_fingerprint_write(char **text, rt_context *rt, const nn_run_fingerprint_parts *parts)
{
    char *model = NULL;
    *text = NULL;
    ST_FORWARD(nn_config_to_json(parts->config, &model, rt_error(rt)));
    json_t *fingerprint = json_object();
    const bool complete =
        append(fingerprint, machine_to_json(rt, parts->data)) && append(fingerprint, replicas_to_json(parts)) &&
        append(fingerprint, json_text_read(model, 0, NULL)) && append(fingerprint, training_to_json(parts)) &&
        append(fingerprint, evaluation_to_json(parts->evaluator)) &&
        append(fingerprint, tables_to_json(&parts->tables, parts->config->classes));
    if (complete) *text = json_text_print(fingerprint, 0);
    json_decref(fingerprint);
    free(model);
    return *text ? ST_OK : st_fail(rt_error(rt), ST_FAILED, "out of memory for the fingerprint of the run");
}

/* ---- reading ---- */

/* Prints a value for a sentence, a text without quotes. */
static void print_value(const json_t *value, char *text, size_t room)
{
    char *json = NULL;
    if (!value)
        snprintf(text, room, "nothing");
    else if (json_is_string(value))
        snprintf(text, room, "%s", json_string_value(value));
    else if (json_is_real(value))
        text_format(text, room, "%.9g", json_real_value(value));
    else
        json = json_text_print(value, JSON_ENCODE_ANY);
    if (json) snprintf(text, room, "%s", json);
    free(json);
}

bool nn_run_fingerprint_value(const char *fingerprint, const char *key, char *value, size_t room)
{
    json_t *object = fingerprint ? json_text_read(fingerprint, 0, NULL) : NULL;
    const json_t *found = json_object_get(object, key);
    if (found) print_value(found, value, room);
    json_decref(object);
    return found != NULL;
}

static st_status compare(json_t *old, json_t *now, const char *where, st_error *error)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(now, key, value)
    {
        const json_t *before = json_object_get(old, key);
        if (before && json_equal(before, value)) continue;
        char then_text[240], now_text[240];
        print_value(before, then_text, sizeof then_text);
        print_value(value, now_text, sizeof now_text);
        return st_fail(error, ST_USAGE,
                       "%s was computed with %s = %s, and now it is %s: a resumed run must give the same numbers as an"
                       " uninterrupted one; restore the setting, or start a new run",
                       where, key, then_text, now_text);
    }
    return ST_OK;
}

st_status nn_run_fingerprint_compare(const char *old, const char *now, const char *where, st_error *error)
{
    json_t *before = json_text_read(old, JSON_REJECT_DUPLICATES, NULL),
           *after = json_text_read(now, JSON_REJECT_DUPLICATES, NULL);
    const st_status status =
        json_is_object(before) && json_is_object(after)
            ? compare(before, after, where, error)
            : st_fail(error, ST_FAILED, "%s: the fingerprint of the run is not a JSON object", where);
    json_decref(before);
    json_decref(after);
    return status;
}
