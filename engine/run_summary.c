#include "engine/run_summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_text.h"
#include "engine/json.h"

en_confusion en_epoch_confusion(const nn_history *history, const char *const *class_names, long epoch, ds_split split)
{
    return (en_confusion){nn_history_confusion(history, (size_t)epoch, split), history->classes, class_names};
}

static json_t *part_json(const en_run_summary *run, long epoch, ds_split split)
{
    const nn_history *history = nn_trainer_history(run->trainer);
    if (nn_history_metrics(history, (size_t)epoch, split).rows == 0) return json_null();
    return en_report_json(en_epoch_confusion(history, run->class_names, epoch, split));
}

static json_t *selection_json(const en_run_summary *run, ds_split by)
{
    const long epoch = nn_history_best(nn_trainer_history(run->trainer), by);
    if (epoch == NN_NO_EPOCH) return json_null();
    return json_pack("{s:I, s:o, s:o}", "epoch", (json_int_t)epoch + 1, "valid", part_json(run, epoch, DS_VALID),
                     "test", part_json(run, epoch, DS_TEST));
}

/* Seeds go up to 2^64 - 1, the integers of a JSON library to 2^63 - 1. */
static json_t *seed_json(uint64_t seed)
{
    char text[24];
    if (seed <= INT64_MAX) return json_integer((json_int_t)seed);
    snprintf(text, sizeof text, "%" PRIu64, seed);
    return json_string(text);
}

st_status en_summary_save(const en_run_summary *run, const en_directory *directory, st_error *error)
{
    const nn_progress *progress = nn_trainer_progress(run->trainer);
    json_t *selection =
        json_pack("{s:o, s:o}", "valid", selection_json(run, DS_VALID), "test_best", selection_json(run, DS_TEST));
    json_t *summary = json_pack(
        "{s:s, s:o, s:o, s:b, s:b, s:I, s:I, s:I, s:I, s:o, s:f, s:o}", "program", "safsd-cl " SAFSD_VERSION, "name",
        en_json_text(run->config->experiment.name), "seed", seed_json(run->config->experiment.seed), "finished",
        run->finished, "stopped_early", nn_trainer_stopped_early(run->trainer), "epochs", (json_int_t)progress->epoch,
        "steps", (json_int_t)progress->step, "skipped_steps", (json_int_t)progress->skipped, "parameters",
        (json_int_t)nn_safsd_params(nn_trainer_model(run->trainer))->elements, "selection", selection, "seconds",
        run->seconds, "device", en_json_device(rt_device(run->devices[0])));
    json_object_set_new(summary, "select", json_string(nn_select_name(nn_trainer_history(run->trainer)->select)));
    json_t *devices = json_array();
    for (size_t d = 0; d < run->device_count; ++d)
        json_array_append_new(devices, en_json_device(rt_device(run->devices[d])));
    if (json_object_set_new(summary, "devices", devices) != 0)
        return st_fail(error, ST_FAILED, "out of memory for the summary");
    char *text = NULL;
    ST_FORWARD(en_json_pretty(summary, &text, error));
    const st_status status = en_directory_write(directory, "summary.json", text, error);
    free(text);
    return status;
}

double en_summary_seconds(const en_directory *directory)
{
    char path[EN_PATH_SIZE];
    json_t *summary = json_text_read_file(en_directory_file(directory, "summary.json", path), 0, NULL);
    const double seconds = json_number_value(json_object_get(summary, "seconds"));
    json_decref(summary);
    return seconds;
}
