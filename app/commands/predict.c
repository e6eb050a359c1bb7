/* safsd-cl predict: emotion and probabilities of every utterance. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "app/app.h"
#include "base/outfile.h"
#include "base/text.h"
#include "engine/predictions.h"
#include "app/scoring.h"

/* Whether a name ends in one of `endings`, in large or small letters. */
static bool ends_in(const char *path, const char *const *endings)
{
    for (; *endings; ++endings) {
        const size_t length = strlen(path), ending = strlen(*endings);
        if (length >= ending && text_same_word(path + length - ending, *endings)) return true;
    }
    return false;
}

/* A device or a pipe has no ending to go by. */
static bool is_file(const char *path)
{
    struct stat about;
    return stat(path, &about) != 0 || S_ISREG(about.st_mode);
}

/* --format, else by the ending of the file; CSV for standard output, devices and pipes. */
static st_status choose_format(const opt_line *line, en_table_format *format, st_error *error)
{
    static const char *const words[] = {"csv", "jsonl", NULL};
    static const char *const csv[] = {".csv", NULL}, *const json[] = {".jsonl", ".ndjson", ".json", NULL};
    const char *path = opt_value(line, "out");
    size_t chosen = 0;
    const bool to_file = path && strcmp(path, "-") != 0 && is_file(path);
    if (to_file && !opt_has(line, "format") && !ends_in(path, csv) && !ends_in(path, json))
        return st_fail(
            error, ST_USAGE,
            "--out %.512s: its ending says no format, which is .csv, or .jsonl, .ndjson or .json; choose one "
            "with --format csv or --format jsonl",
            path);
    if (to_file && ends_in(path, json)) chosen = 1;
    ST_FORWARD(opt_choice(line, "format", words, &chosen, error));
    *format = chosen == 1 ? EN_TABLE_JSON_LINES : EN_TABLE_CSV;
    return ST_OK;
}

static st_status write_parts(FILE *out, const en_scoring *scoring, en_table_format format)
{
    const en_predictions predictions = {scoring->model.network, &scoring->model.evaluator, scoring->data,
                                        scoring->data->class_names};
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
    {"format", 0, "csv|jsonl", "how to write (default: by the ending of --out; csv on standard output)"},
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
