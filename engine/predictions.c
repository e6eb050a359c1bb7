#include "engine/predictions.h"

#include <stdlib.h>
#include <string.h>

#include "engine/json.h"
#include "base/outfile.h"
#include "base/text.h"
#include "model/training/metrics.h"

static const char *const columns[] = {"dialogue", "utterance", "speaker", "label", "prediction"};
static const char *const student_columns[NN_MODALITIES] = {"text_prediction", "audio_prediction", "visual_prediction"};

/* One utterance with what the model says of it. */
typedef struct prediction_row {
    size_t dialogue, utterance;
    const float *probabilities;           /* [C] */
    const float *students[NN_MODALITIES]; /* [C], NULL for a modality that is not used */
} prediction_row;

static const nn_config *config_of(const en_predictions *p)
{
    return nn_safsd_config(p->model);
}

static const char *predicted(const en_predictions *p, const float *probabilities)
{
    return p->class_names[nn_most_probable(probabilities, config_of(p)->classes)];
}

/* The name of an utterance's label, or NULL. */
static const char *label_of(const en_predictions *p, size_t utterance)
{
    const int32_t label = p->data->labels[utterance];
    return label >= 0 && (size_t)label < config_of(p)->classes ? p->class_names[label] : NULL;
}

st_status en_predictions_check_names(const char *const *class_names, size_t classes, st_error *error)
{
    enum { FIRST = sizeof columns / sizeof *columns };
    for (size_t c = 0; c < classes; ++c)
        for (size_t i = 0; i < FIRST + NN_MODALITIES; ++i) {
            const char *column = i < FIRST ? columns[i] : student_columns[i - FIRST];
            if (strcmp(class_names[c], column) == 0)
                return st_fail(
                    error, ST_USAGE,
                    "class %zu is called \"%s\", as a column of the predictions is: give it another name, with "
                    "[data] classes or import --classes",
                    c, column);
        }
    return ST_OK;
}

/* ---- CSV ---- */

static void put_field(FILE *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; ++text) {
        if (*text == '"') fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

void en_predictions_header(FILE *out, const en_predictions *p, en_table_format format)
{
    if (format != EN_TABLE_CSV) return;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; ++i) fprintf(out, "%s%s", i > 0 ? "," : "", columns[i]);
    for (size_t c = 0; c < config_of(p)->classes; ++c) {
        fputc(',', out);
        put_field(out, p->class_names[c]);
    }
    for (size_t m = 0; m < NN_MODALITIES; ++m)
        if (config_of(p)->uses[m]) fprintf(out, ",%s", student_columns[m]);
    fputc('\n', out);
}

static void put_csv(FILE *out, const en_predictions *p, const prediction_row *row)
{
    const ds_dataset *data = p->data;
    const char *label = label_of(p, row->utterance);
    const char *const fields[] = {data->dialogue_ids[row->dialogue], data->utterance_ids[row->utterance],
                                  data->speaker_names[data->speakers[row->utterance]], label ? label : "",
                                  predicted(p, row->probabilities)};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; ++i) {
        if (i > 0) fputc(',', out);
        put_field(out, fields[i]);
    }
    for (size_t c = 0; c < config_of(p)->classes; ++c) text_print(out, ",%.9g", (double)row->probabilities[c]);
    for (size_t m = 0; m < NN_MODALITIES; ++m) {
        if (!row->students[m]) continue;
        fputc(',', out);
        put_field(out, predicted(p, row->students[m]));
    }
    fputc('\n', out);
}

/* ---- JSON lines ---- */

static st_status put_json(FILE *out, const en_predictions *p, const prediction_row *row, st_error *error)
{
    const ds_dataset *data = p->data;
    const char *label = label_of(p, row->utterance);
    json_t *object = json_pack("{s:o, s:o, s:o, s:o, s:o}", "dialogue", en_json_text(data->dialogue_ids[row->dialogue]),
                               "utterance", en_json_text(data->utterance_ids[row->utterance]), "speaker",
                               en_json_text(data->speaker_names[data->speakers[row->utterance]]), "label",
                               label ? en_json_text(label) : json_null(), "prediction",
                               en_json_text(predicted(p, row->probabilities)));
    for (size_t c = 0; c < config_of(p)->classes; ++c)
        json_object_set_new(object, p->class_names[c], en_json_real((double)row->probabilities[c]));
    for (size_t m = 0; m < NN_MODALITIES; ++m)
        if (row->students[m])
            json_object_set_new(object, student_columns[m], en_json_text(predicted(p, row->students[m])));
    char *line = NULL;
    ST_FORWARD(en_json_line(object, &line, error));
    fputs(line, out);
    free(line);
    return ST_OK;
}

/* Row `at` of N rows: its probabilities and those of the students. */
static prediction_row row_of(const en_predictions *p, const nn_evaluated *evaluated, size_t rows, size_t at)
{
    const nn_config *config = config_of(p);
    prediction_row row = {.probabilities = evaluated->probabilities + at * config->classes};
    size_t student = 0;
    for (size_t m = 0; m < NN_MODALITIES; ++m)
        if (config->uses[m])
            row.students[m] = evaluated->student_probabilities + (student++ * rows + at) * config->classes;
    return row;
}

static st_status put_rows(FILE *out, const en_predictions *p, en_table_format format, ds_split split,
                          const nn_evaluated *evaluated, size_t rows, st_error *error)
{
    size_t at = 0;
    for (size_t d = 0; d < p->data->dialogues; ++d) {
        if (p->data->split[d] != (int32_t)split) continue;
        for (size_t u = p->data->starts[d]; u < p->data->starts[d + 1]; ++u) {
            prediction_row row = row_of(p, evaluated, rows, at++);
            row.dialogue = d;
            row.utterance = u;
            if (format == EN_TABLE_CSV)
                put_csv(out, p, &row);
            else
                ST_FORWARD(put_json(out, p, &row, error));
        }
    }
    return ST_OK;
}

st_status en_predictions_write(FILE *out, const en_predictions *p, en_table_format format, ds_split split,
                               st_error *error)
{
    const nn_config *config = config_of(p);
    size_t rows = 0;
    if (ds_select(p->data, split, NULL, &rows) == 0) return ST_OK;
    const size_t values = rows * config->classes;
    nn_evaluated evaluated = {
        .probabilities = calloc(values, sizeof(float)),
        .student_probabilities = calloc(values * nn_modalities_used(config), sizeof(float)),
    };
    st_status status = ST_OK;
    if (!evaluated.probabilities || !evaluated.student_probabilities)
        status = st_fail(error, ST_FAILED, "out of memory for the predictions of %zu utterances", rows);
    else if ((status = nn_evaluate(p->model, p->data, split, p->evaluator, &evaluated)) == ST_OK)
        status = put_rows(out, p, format, split, &evaluated, rows, error);
    free(evaluated.probabilities);
    free(evaluated.student_probabilities);
    return status;
}

st_status en_predictions_save(const char *path, const en_predictions *p, st_error *error)
{
    outfile file;
    ST_FORWARD(outfile_open(&file, path, error));
    st_status status = ST_OK;
    en_predictions_header(file.stream, p, EN_TABLE_CSV);
    ST_TRY(en_predictions_write(file.stream, p, EN_TABLE_CSV, DS_TEST, error));
    status = outfile_finish(&file, error);
done:
    outfile_close(&file);
    return status;
}
