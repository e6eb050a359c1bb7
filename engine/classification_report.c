#include "engine/classification_report.h"

#include <stdlib.h>

#include "engine/json.h"
#include "model/training/metrics.h"

/* null where nothing was compared. */
static json_t *percent(nn_metrics metrics, double fraction)
{
    return metrics.rows > 0 ? json_real(100 * fraction) : json_null();
}

json_t *en_report_json(en_confusion confusion)
{
    nn_class_metrics *per_class = calloc(confusion.classes, sizeof *per_class);
    if (!per_class) return NULL;
    const nn_metrics metrics = nn_metrics_of(confusion.counts, confusion.classes, per_class);
    json_t *classes = json_array(), *matrix = json_array();
    for (size_t c = 0; c < confusion.classes; ++c) {
        const nn_scores scores = per_class[c].scores;
        json_array_append_new(classes, json_pack("{s:o, s:o, s:o, s:o, s:I}", "name", en_json_text(confusion.names[c]),
                                                 "precision", percent(metrics, scores.precision), "recall",
                                                 percent(metrics, scores.recall), "f1", percent(metrics, scores.f1),
                                                 "support", (json_int_t)per_class[c].support));
        json_t *row = json_array();
        for (size_t p = 0; p < confusion.classes; ++p)
            json_array_append_new(row, json_integer((json_int_t)confusion.counts[c * confusion.classes + p]));
        json_array_append_new(matrix, row);
    }
    free(per_class);
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "accuracy", percent(metrics, metrics.accuracy), "weighted_f1",
                     percent(metrics, metrics.weighted.f1), "macro_f1", percent(metrics, metrics.macro.f1), "classes",
                     classes, "confusion", matrix);
}
