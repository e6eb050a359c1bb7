#include "app/outcome.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/json.h"
#include "base/print.h"
#include "app/report.h"

static app_confusion confusion_of(const app_outcome *outcome, long epoch, ds_split split)
{
    const nn_history *history = nn_trainer_history(outcome->trainer);
    return (app_confusion){nn_history_confusion(history, (size_t)epoch, split), history->classes, outcome->class_names};
}

/* ---- on the terminal ---- */

static void print_selection(const app_outcome *outcome, const char *name, long epoch, ds_split split,
                            const char *remark)
{
    if (epoch == NN_NO_EPOCH) return;
    const nn_metrics metrics = nn_history_metrics(nn_trainer_history(outcome->trainer), (size_t)epoch, split);
    printf("%-10s  %5ld  %8.2f  %11.2f  %8.2f   %s\n", name, epoch + 1, 100 * metrics.accuracy,
           100 * metrics.weighted.f1, 100 * metrics.macro.f1, remark);
}

st_status outcome_print(const app_outcome *outcome, st_error *error)
{
    const nn_history *history = nn_trainer_history(outcome->trainer);
    const long valid = nn_history_best(history, DS_VALID), test = nn_history_best(history, DS_TEST);
    const ds_split shown = test == NN_NO_EPOCH ? DS_VALID : DS_TEST;
    if (valid == NN_NO_EPOCH && test == NN_NO_EPOCH) {
        puts("no labelled utterance outside the training part: there is nothing to report");
        return ST_OK;
    }
    printf("%-10s  %5s  %8s  %11s  %8s   (%s part, in percent)\n", "selection", "epoch", "accuracy", "weighted F1",
           "macro F1", shown == DS_TEST ? "test" : "validation");
    print_selection(outcome, "valid", valid, shown, "trust this one");
    print_selection(outcome, "test-best", test, DS_TEST, "what most papers print");
    if (valid == NN_NO_EPOCH)
        print_wrapped(stdout, 0, 0,
                      "\nThere is no validation part: the epoch is chosen on the test part, which flatters the model. "
                      "Hold dialogues out with [data] valid_fraction or valid_dialogues.");
    const long epoch = valid == NN_NO_EPOCH ? test : valid;
    printf("\n%s part at epoch %ld, selected by the %s part\n\n", shown == DS_TEST ? "test" : "validation", epoch + 1,
           valid == NN_NO_EPOCH ? "test" : "validation");
    return report_print(confusion_of(outcome, epoch, shown), error);
}

/* ---- summary.json ---- */

static json_t *part_json(const app_outcome *outcome, long epoch, ds_split split)
{
    const nn_history *history = nn_trainer_history(outcome->trainer);
    if (nn_history_metrics(history, (size_t)epoch, split).rows == 0) return json_null();
    return report_json(confusion_of(outcome, epoch, split));
}

static json_t *selection_json(const app_outcome *outcome, ds_split by)
{
    const long epoch = nn_history_best(nn_trainer_history(outcome->trainer), by);
    if (epoch == NN_NO_EPOCH) return json_null();
    return json_pack("{s:I, s:o, s:o}", "epoch", (json_int_t)epoch + 1, "valid", part_json(outcome, epoch, DS_VALID),
                     "test", part_json(outcome, epoch, DS_TEST));
}

/* Seeds go up to 2^64 - 1, the integers of a JSON library to 2^63 - 1. */
static json_t *seed_json(uint64_t seed)
{
    char text[24];
    if (seed <= INT64_MAX) return json_integer((json_int_t)seed);
    snprintf(text, sizeof text, "%" PRIu64, seed);
    return json_string(text);
}

st_status outcome_save(const app_outcome *outcome, const en_directory *dir, st_error *error)
{
    const nn_progress *progress = nn_trainer_progress(outcome->trainer);
    json_t *selection = json_pack("{s:o, s:o}", "valid", selection_json(outcome, DS_VALID), "test_best",
                                  selection_json(outcome, DS_TEST));
    json_t *summary = json_pack(
        "{s:s, s:o, s:o, s:b, s:b, s:I, s:I, s:I, s:I, s:o, s:f, s:o}", "program", "safsd-cl " SAFSD_VERSION, "name",
        en_json_text(outcome->config->experiment.name), "seed", seed_json(outcome->config->experiment.seed), "finished",
        outcome->finished, "stopped_early", nn_trainer_stopped_early(outcome->trainer), "epochs",
        (json_int_t)progress->epoch, "steps", (json_int_t)progress->step, "skipped_steps",
        (json_int_t)progress->skipped, "parameters", (json_int_t)outcome->parameters, "selection", selection, "seconds",
        outcome->seconds, "device", en_json_device(rt_device(outcome->devices[0])));
    json_t *devices = json_array();
    for (size_t d = 0; d < outcome->device_count; ++d)
        json_array_append_new(devices, en_json_device(rt_device(outcome->devices[d])));
    if (json_object_set_new(summary, "devices", devices) != 0)
        return st_fail(error, ST_FAILED, "out of memory for the summary");
    char *text = NULL;
    ST_FORWARD(en_json_pretty(summary, &text, error));
    const st_status status = en_directory_write(dir, "summary.json", text, error);
    free(text);
    return status;
}

double outcome_earlier_seconds(const en_directory *dir)
{
    char path[EN_PATH_SIZE];
    json_t *summary = json_load_file(en_directory_file(dir, "summary.json", path), 0, NULL);
    const double seconds = json_number_value(json_object_get(summary, "seconds"));
    json_decref(summary);
    return seconds;
}
