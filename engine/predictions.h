/* Predictions as a table: one utterance a line, as CSV or as JSON lines.
 *
 * Columns: dialogue, utterance, speaker, label (empty or null where there is none), prediction, the probability of
 * every class under its name, and the prediction of each modality's student as text_prediction, audio_prediction,
 * visual_prediction. */
#ifndef SAFSD_ENGINE_PREDICTIONS_H
#define SAFSD_ENGINE_PREDICTIONS_H

#include <stdio.h>

#include "model/training/evaluate.h"

typedef enum en_table_format { EN_TABLE_CSV, EN_TABLE_JSON_LINES } en_table_format;

typedef struct en_predictions {
    nn_safsd *model;
    const nn_evaluator *evaluator;
    const ds_dataset *data;
    const char *const *class_names; /* [C] */
} en_predictions;

/* ST_USAGE where a class has the name of another column. */
st_status en_predictions_check_names(const char *const *class_names, size_t classes, st_error *error);

/* The line of column names; nothing for JSON lines. */
void en_predictions_header(FILE *out, const en_predictions *predictions, en_table_format format);

/* Evaluates the utterances of `split` and writes them in file order. */
st_status en_predictions_write(FILE *out, const en_predictions *predictions, en_table_format format, ds_split split,
                               st_error *error);

/* The test part as a CSV file that appears by rename. */
st_status en_predictions_save(const char *path, const en_predictions *predictions, st_error *error);

#endif
