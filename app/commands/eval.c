/* safsd-cl eval: metrics of a checkpoint. */
#include <stdio.h>
#include <stdlib.h>

#include "app/app.h"
#include "engine/json.h"
#include "base/print.h"
#include "base/text.h"
#include "app/classification_report.h"
#include "app/scoring.h"
#include "model/training/metrics.h"
#include "app/selections.h"

/* Losses of the parts together, weighted by utterances, and one confusion matrix. */
static st_status measure(const en_scoring *scoring, nn_split_losses *losses, uint64_t *confusion)
{
    double sums[4] = {0}, utterances = 0;
    for (ds_split split = DS_TRAIN; split < DS_SPLITS; ++split) {
        if (!en_scoring_includes(scoring, split)) continue;
        nn_evaluated evaluated = {.confusion = confusion};
        ST_FORWARD(nn_evaluate(scoring->model.network, scoring->data, split, &scoring->model.evaluator, &evaluated));
        const nn_split_losses *part = &evaluated.losses;
        const double values[4] = {part->loss, part->ce, part->saf, part->kl};
        for (int i = 0; i < 4; ++i)
            if (part->utterances > 0) sums[i] += values[i] * part->utterances;
        utterances += part->utterances;
    }
    if (utterances > 0)
        *losses = (nn_split_losses){sums[0] / utterances, sums[1] / utterances, sums[2] / utterances,
                                    sums[3] / utterances, utterances};
    return ST_OK;
}

/* Losses that count labels do not exist without labels. */
static bool is_labelled(en_confusion confusion)
{
    return nn_metrics_of(confusion.counts, confusion.classes, NULL).rows > 0;
}

static json_t *supervised(en_confusion confusion, double loss)
{
    return is_labelled(confusion) ? en_json_real(loss) : json_null();
}

static st_status print_json(const en_scoring *scoring, const nn_split_losses *losses, en_confusion confusion)
{
    static const char *const parts[] = {"train", "valid", "test", "all"};
    json_t *result = en_report_json(confusion);
    json_object_set_new(result, "split", json_string(parts[scoring->part]));
    json_object_set_new(result, "utterances", json_integer((json_int_t)losses->utterances));
    json_object_set_new(result, "loss", supervised(confusion, losses->loss));
    json_object_set_new(result, "ce", supervised(confusion, losses->ce));
    json_object_set_new(result, "saf", supervised(confusion, losses->saf));
    json_object_set_new(result, "kl", en_json_real(losses->kl));
    char *text = NULL;
    ST_FORWARD(en_json_pretty(result, &text, scoring->error));
    fputs(text, stdout);
    free(text);
    return ST_OK;
}

static st_status print_text(const en_scoring *scoring, const nn_split_losses *losses, en_confusion confusion,
                            const char *path)
{
    const nn_checkpoint_about *about = &scoring->model.checkpoint->about;
    char text[1024];
    if (scoring->model.checkpoint->own)
        snprintf(text, sizeof text, "%.800s: epoch %zu, selection %s (%s)", path, about->epoch, about->selection,
                 app_select_words(about->select));
    else
        snprintf(text, sizeof text, "%.800s: published weights", path);
    print_wrapped(stdout, 0, 0, text);
    const char *part = en_part_name(scoring->part);
    if (is_labelled(confusion))
        text_format(text, sizeof text, "%s of the data set: %.0f utterances, loss %.6g (ce %.6g, saf %.6g, kl %.6g)",
                    part, losses->utterances, losses->loss, losses->ce, losses->saf, losses->kl);
    else
        text_format(text, sizeof text, "%s of the data set: %.0f utterances, loss - (ce -, saf -, kl %.6g)", part,
                    losses->utterances, losses->kl);
    print_wrapped(stdout, 0, 0, text);
    putchar('\n');
    return report_print(confusion, scoring->error);
}

static st_status run(app_state *app, const opt_line *line)
{
    app_scoring command = {0};
    const en_scoring *scoring = &command.scoring;
    nn_split_losses losses = {0};
    uint64_t *counts = NULL;
    st_status status = ST_OK;
    ST_TRY(app_scoring_open(&command, app, line));
    const size_t classes = scoring->model.network_config.classes;
    counts = calloc(classes * classes, sizeof *counts);
    if (!counts) ST_TRY(st_fail(&app->error, ST_FAILED, "out of memory while counting"));
    ST_TRY(measure(scoring, &losses, counts));
    app_progress_clear(&app->progress);
    const en_confusion confusion = {counts, classes, scoring->data->class_names};
    status = opt_has(line, "json") ? print_json(scoring, &losses, confusion)
                                   : print_text(scoring, &losses, confusion, line->operands[0]);
done:
    free(counts);
    app_scoring_close(&command);
    return status;
}

static const opt_option options[] = {
    SCORING_OPTIONS,
    {"json", 0, NULL, "metrics, report and confusion matrix as JSON"},
    {NULL, 0, NULL, NULL},
};

const app_command cmd_eval = {
    .name = "eval",
    .synopsis = "CHECKPOINT [--config FILE] [--data FILE] [--split PART]",
    .summary = "metrics, report and confusion matrix of a checkpoint",
    .description = "Evaluates a checkpoint on a part of its data set, or of another one. A checkpoint of this program "
                   "carries its model, classes and standardisation; weights saved from the published PyTorch code as "
                   "safetensors need --config.",
    .example = "  safsd-cl eval runs/demo/best.safetensors\n"
               "  safsd-cl eval runs/demo/best.safetensors --split valid\n"
               "  safsd-cl eval published.safetensors --config config/iemocap.ini\n",
    .options = options,
    .least_operands = 1,
    .most_operands = 1,
    .run = run,
};
