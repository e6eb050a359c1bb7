/* safsd-cl inspect: what a file holds. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "base/json_text.h"
#include "base/print.h"
#include "base/text.h"
#include "app/selections.h"
#include "app/summary.h"
#include "data/file_kind.h"
#include "data/pickle.h"
#include "model/training/checkpoint.h"

/* ---- checkpoints ---- */

static void print_names(const char *what, const char *const *names, size_t count)
{
    char text[2048] = "";
    for (size_t i = 0; i < count; ++i) {
        const size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s", i ? ", " : "", names[i]);
    }
    summary_line(what, text);
}

static void print_sizes(const nn_config *config)
{
    static const char *const gates[] = {"learned", "identity", "off"};
    char text[512] = "";
    for (size_t m = 0; m < NN_MODALITIES; ++m) {
        const size_t used = strlen(text);
        if (config->uses[m])
            snprintf(text + used, sizeof text - used, "%s%c %zu", used ? ", " : "", nn_modality_letter(m),
                     config->dims[m]);
    }
    summary_line("features", text);
    snprintf(text, sizeof text,
             "hidden %zu, graph %zu, feed-forward %zu, %zu heads, %zu layer(s), %zu graph layers, gate %s",
             config->hidden, config->graph_hidden, config->ffn, config->heads, config->layers, config->gcn_layers,
             gates[config->gate]);
    summary_line("model", text);
    text_format(text, sizeof text, "dropout %g, graph mask %g, seed %llu", config->dropout, config->gcn_mask,
                (unsigned long long)config->seed);
    summary_line("training", text);
}

static void print_history(const nn_history *history)
{
    char text[256];
    static const char *const names[DS_SPLITS] = {"", "valid", "test-best"};
    for (ds_split split = DS_VALID; split <= DS_TEST; ++split) {
        const long epoch = nn_history_best(history, split);
        if (epoch == NN_NO_EPOCH) continue;
        const nn_metrics here = nn_history_metrics(history, (size_t)epoch, split);
        const nn_metrics test = nn_history_metrics(history, (size_t)epoch, DS_TEST);
        text_format(text, sizeof text, "epoch %ld, %s; weighted F1 %.2f there, %.2f on the test part", epoch + 1,
                    app_select_words(history->select), 100 * here.weighted.f1, 100 * test.weighted.f1);
        summary_line(names[split], text);
    }
}

static st_status inspect_checkpoint(const char *path, st_error *error)
{
    nn_checkpoint *checkpoint = NULL;
    char text[256];
    uint64_t elements = 0;
    ST_FORWARD(nn_checkpoint_open(&checkpoint, path, error));
    const nn_checkpoint_about *about = &checkpoint->about;
    for (size_t i = 0; i < sf_count(checkpoint->file); ++i) {
        const sf_tensor *tensor = sf_at(checkpoint->file, i);
        if (strncmp(tensor->name, "safsd.", 6) != 0 && strncmp(tensor->name, "optimizer.", 10) != 0)
            elements += tensor->elements;
    }
    snprintf(text, sizeof text, "after epoch %zu, selection %s, %llu parameters, written by %.64s", about->epoch,
             about->selection, (unsigned long long)elements, about->program);
    summary_line("checkpoint", text);
    print_sizes(&about->config);
    print_names("classes", about->class_names, about->config.classes);
    print_names("speakers", about->speaker_names, about->config.speakers);
    summary_line("features", about->statistics ? "standardised; mean and deviation are in the file" : "as they are");
    if (checkpoint->resumable) {
        snprintf(text, sizeof text, "yes: %zu epochs and %u steps are done", checkpoint->progress.epoch,
                 (unsigned)checkpoint->progress.step);
        summary_line("resumable", text);
        print_history(&checkpoint->history);
    }
    nn_checkpoint_close(&checkpoint);
    return ST_OK;
}

/* ---- golden cases and other tensors ---- */

static void print_config(const char *text)
{
    json_t *config = json_text_read(text, 0, NULL);
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(config, key, value)
    {
        char *shown = json_text_print(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
        summary_line(key, shown ? shown : "");
        free(shown);
    }
    json_decref(config);
}

static void inspect_tensors(const sf_file *file, ds_file_kind kind)
{
    if (kind == DS_FILE_GOLDEN) {
        puts("golden case");
        print_config(sf_metadata(file, "config") ? sf_metadata(file, "config") : "{}");
    } else {
        puts(kind == DS_FILE_WEIGHTS ? "weights with the published names" : "tensors of another origin");
        summary_metadata(file);
    }
    putchar('\n');
    summary_tensors(file);
}

/* ---- data sets ---- */

static st_status inspect_data(const char *path, st_error *error)
{
    ds_dataset *data = NULL;
    const ds_load_options unchecked = {.unused = {true, true, true}}; /* what is not finite is counted, not refused */
    ST_FORWARD(ds_load(&data, path, &unchecked, error));
    summary_data(data);
    ds_destroy(&data);
    return ST_OK;
}

/* Shows how a pickle is built as well, where it is no data set. */
static st_status inspect_pickle(app_state *app, const char *path)
{
    ds_pickle *pickle = NULL;
    st_error reason = {.status = ST_OK};
    ST_FORWARD(ds_pickle_open(&pickle, path, &app->error));
    const st_status status = inspect_data(path, &reason);
    if (status != ST_OK || app->verbose) summary_value(ds_pickle_root(pickle));
    ds_pickle_close(&pickle);
    return status == ST_OK ? ST_OK : st_fail(&app->error, status, "%s", reason.text);
}

static st_status inspect_safetensors(app_state *app, const char *path)
{
    sf_file *file = NULL;
    st_status status = ST_OK;
    ST_FORWARD(sf_open(&file, path, SF_VERIFY, &app->error));
    const ds_file_kind kind = ds_file_kind_of(file);
    if (kind == DS_FILE_DATA)
        status = inspect_data(path, &app->error);
    else if (kind == DS_FILE_CHECKPOINT)
        status = inspect_checkpoint(path, &app->error);
    else
        inspect_tensors(file, kind);
    if (status == ST_OK && app->verbose && (kind == DS_FILE_DATA || kind == DS_FILE_CHECKPOINT)) {
        putchar('\n');
        summary_tensors(file);
    }
    sf_close(&file);
    return status;
}

static st_status run(app_state *app, const opt_line *line)
{
    for (size_t i = 0; i < line->operand_count; ++i) {
        const char *path = line->operands[i];
        bool tensors = false;
        printf("%s%s\n", i > 0 ? "\n" : "", path);
        ST_FORWARD(ds_file_is_safetensors(path, &tensors, &app->error));
        ST_FORWARD(tensors ? inspect_safetensors(app, path) : inspect_pickle(app, path));
    }
    return ST_OK;
}

static const opt_option options[] = {{NULL, 0, NULL, NULL}};

const app_command cmd_inspect = {
    .name = "inspect",
    .synopsis = "FILE...",
    .summary = "describe a data set, a checkpoint or a golden case",
    .description = "Says what a file holds: the splits, features, classes and speakers of a data set (a pickle or a "
                   "container), the model and progress of a checkpoint, configuration and tensors of a golden case. "
                   "--verbose lists tensors everywhere. Nothing in a pickle is ever run.",
    .example = "  safsd-cl inspect iemocap.pkl\n  safsd-cl inspect runs/demo/best.safetensors\n",
    .options = options,
    .least_operands = 1,
    .most_operands = SIZE_MAX,
    .run = run,
};
