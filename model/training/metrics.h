/* Classification metrics over labelled rows (docs/model.md 10), computed from the confusion matrix.
 *
 * A confusion matrix is C * C counts, row = true class, column = prediction. All metrics are fractions in 0 .. 1; files
 * and reports show percent. 0/0 is 0. These functions cannot fail.
 */
#ifndef SAFSD_MODEL_TRAINING_METRICS_H
#define SAFSD_MODEL_TRAINING_METRICS_H

#include <stddef.h>
#include <stdint.h>

typedef struct nn_scores {
    double precision, recall, f1;
} nn_scores;

typedef struct nn_class_metrics {
    nn_scores scores;
    uint64_t support;   /* rows of this class */
    uint64_t predicted; /* rows predicted as this class */
} nn_class_metrics;

typedef struct nn_metrics {
    uint64_t rows; /* labelled rows */
    double accuracy;
    nn_scores weighted; /* mean over classes, weighted by support; .f1 is the headline metric */
    nn_scores macro;    /* mean over the classes that occur as a label or a prediction, as in scikit-learn */
} nn_metrics;

/* The most probable class of a row; the first of equals. */
size_t nn_most_probable(const float *probabilities, size_t classes);

/* Adds rows [N] with probabilities (or logits) [N, C] to `confusion` [C, C]; rows with label -1 are not counted. */
void nn_confusion_add(uint64_t *confusion, size_t classes, const int32_t *labels, const float *probabilities,
                      size_t rows);

/* Metrics of a confusion matrix; `per_class` is [C], or NULL if not used. */
nn_metrics nn_metrics_of(const uint64_t *confusion, size_t classes, nn_class_metrics *per_class);

#endif
