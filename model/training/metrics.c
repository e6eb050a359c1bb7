#include "model/training/metrics.h"

size_t nn_most_probable(const float *probabilities, size_t classes)
{
    size_t best = 0;
    for (size_t c = 1; c < classes; ++c)
        if (probabilities[c] > probabilities[best]) best = c;
    return best;
}

void nn_confusion_add(uint64_t *confusion, size_t classes, const int32_t *labels, const float *probabilities,
                      size_t rows)
{
    for (size_t n = 0; n < rows; ++n) {
        if (labels[n] < 0) continue;
        ++confusion[(size_t)labels[n] * classes + nn_most_probable(probabilities + n * classes, classes)];
    }
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

/* F1 = 2PR / (P + R) in counts: twice the correct rows, divided by the rows of the class plus the rows predicted as the
 * class. */
static nn_class_metrics class_metrics(const uint64_t *confusion, size_t classes, size_t c)
{
    nn_class_metrics m = {.support = 0};
    for (size_t other = 0; other < classes; ++other) {
        m.support += confusion[c * classes + other];
        m.predicted += confusion[other * classes + c];
    }
    const double right = (double)confusion[c * classes + c];
    m.scores.precision = ratio(right, (double)m.predicted);
    m.scores.recall = ratio(right, (double)m.support);
    m.scores.f1 = ratio(2 * right, (double)m.support + (double)m.predicted);
    return m;
}

static void add_scores(nn_scores *sum, const nn_scores *scores, double weight)
{
    sum->precision += weight * scores->precision;
    sum->recall += weight * scores->recall;
    sum->f1 += weight * scores->f1;
}

static void divide_scores(nn_scores *sum, double by)
{
    sum->precision = ratio(sum->precision, by);
    sum->recall = ratio(sum->recall, by);
    sum->f1 = ratio(sum->f1, by);
}

nn_metrics nn_metrics_of(const uint64_t *confusion, size_t classes, nn_class_metrics *per_class)
{
    nn_metrics metrics = {.rows = 0};
    uint64_t right = 0;
    size_t occurring = 0;
    for (size_t c = 0; c < classes; ++c) {
        const nn_class_metrics m = class_metrics(confusion, classes, c);
        metrics.rows += m.support;
        right += confusion[c * classes + c];
        add_scores(&metrics.weighted, &m.scores, (double)m.support);
        if (m.support + m.predicted > 0) {
            ++occurring;
            add_scores(&metrics.macro, &m.scores, 1);
        }
        if (per_class) per_class[c] = m;
    }
    divide_scores(&metrics.weighted, (double)metrics.rows);
    divide_scores(&metrics.macro, (double)occurring);
    metrics.accuracy = ratio((double)right, (double)metrics.rows);
    return metrics;
}
