/* safsd-cl predict: emotion and probabilities of every utterance. */
#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "base/outfile.h"
#include "engine/predictions.h"
#include "app/scoring.h"

/* --format, else by the ending of the file, else CSV. */
static st_status choose_format(const opt_line *line, en_table_format *format, st_error *error)
{
    static const char *const words[] = {"csv", "jsonl", NULL};
    static const char *const json_endings[] = {".jsonl", ".ndjson", ".json"};
    const char *path = opt_value(line, "out");
    size_t chosen = 0;
    for (size_t i = 0; path && i < sizeof json_endings / sizeof *json_endings; ++i) {
        const size_t length = strlen(path), ending = strlen(json_endings[i]);
        if (length >= ending && strcmp(path + length - ending, json_endings[i]) == 0) chosen = 1;
    }
    ST_FORWARD(opt_choice(line, "format", words, &chosen, error));
    *format = chosen == 1 ? EN_TABLE_JSON_LINES : EN_TABLE_CSV;
    return ST_OK;
}

static st_status write_parts(FILE *out, const en_scoring *scoring, en_table_format format)
{
    const en_predictions predictions = {scoring->model, &scoring->evaluator, scoring->data, scoring->class_names};
    en_predictions_header(out, &predictions, format);
    for (ds_split split = DS_TRAIN; split < DS_SPLITS; ++split)
        if (en_scoring_includes(scoring, split))
            ST_FORWARD(en_predictions_write(out, &predictions, format, split, scoring->error));
    return ST_OK;
}

static st_status run(app_state *app, const opt_line *line)
{
    app_scoring command = {0};
    const en_scoring *scoring = &command.scoring;
    outfile file = {NULL, NULL, NULL};
    en_table_format format = EN_TABLE_CSV;
    const char *path = opt_value(line, "out");
    const bool to_file = path && strcmp(path, "-") != 0;
    ST_FORWARD(choose_format(line, &format, &app->error));
    st_status status = ST_OK;
    if (to_file) ST_TRY(outfile_open(&file, path, &app->error));
    ST_TRY(app_scoring_open(&command, app, line));
    ST_TRY(write_parts(to_file ? file.stream : stdout, scoring, format));
    if (to_file) ST_TRY(outfile_finish(&file, &app->error));
    app_progress_say(&app->progress, "predicted %s of the data set%s%s", en_part_name(scoring->part),
                     to_file ? " into " : "", to_file ? path : "");
done:
    outfile_close(&file);
    app_scoring_close(&command);
    return status;
}

static const opt_option options[] = {
    SCORING_OPTIONS,
    {"out", 'o', "OUT", "where to write (default: standard output)"},
    {"format", 0, "FORMAT", "csv or jsonl (default: by the ending of --out, else csv)"},
    {NULL, 0, NULL, NULL},
};

const app_command cmd_predict = {
    .name = "predict",
    .synopsis = "CHECKPOINT [--config FILE] [--data FILE] [--out OUT]",
    .summary = "emotion and probabilities of every utterance",
    .description = "Writes one line per utterance: dialogue, utterance, speaker, label (empty where there is none), "
                   "prediction, the probability of every class, and what each modality's student predicts. The data "
                   "need no labels.",
    .example = "  safsd-cl predict runs/demo/best.safetensors --out predictions.csv\n"
               "  safsd-cl predict runs/demo/best.safetensors --format jsonl --data new.pkl\n",
    .options = options,
    .least_operands = 1,
    .most_operands = 1,
    .run = run,
};
