/* Classification report and confusion matrix in the layout of scikit-learn, in percent, and the same as JSON. */
#ifndef SAFSD_APP_REPORT_H
#define SAFSD_APP_REPORT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct app_confusion {
    const uint64_t *counts; /* [C, C], row = true class, column = prediction */
    size_t classes;
    const char *const *names; /* [C] */
} app_confusion;

/* Both on stdout, within 80 columns; a matrix that is wider is cut into several under one another. */
st_status report_print(app_confusion confusion, st_error *error);

/* {"accuracy", "weighted_f1", "macro_f1", "classes": [{"name", "precision", "recall", "f1", "support"}],
 * "confusion": [[...]]}; NULL where memory is exhausted. */
json_t *report_json(app_confusion confusion);

#endif
