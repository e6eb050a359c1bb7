/* A confusion matrix with its names, and its classification report as JSON. */
#ifndef SAFSD_ENGINE_CLASSIFICATION_REPORT_H
#define SAFSD_ENGINE_CLASSIFICATION_REPORT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

typedef struct en_confusion {
    const uint64_t *counts; /* [C, C], row = true class, column = prediction */
    size_t classes;
    const char *const *names; /* [C] */
} en_confusion;

/* {"accuracy", "weighted_f1", "macro_f1", "classes": [{"name", "precision", "recall", "f1", "support"}],
 * "confusion": [[...]]}, metrics in percent; NULL where memory is exhausted. */
json_t *en_report_json(en_confusion confusion);

#endif
