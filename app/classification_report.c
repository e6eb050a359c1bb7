#include "app/classification_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "base/text.h"
#include "model/training/metrics.h"

/* ---- report ---- */

enum { LEAST_NAME = 12, SCORE_COLUMNS = 44 /* of a row of the report, behind the name */ };

static size_t name_column(en_confusion confusion)
{
    size_t width = LEAST_NAME;
    for (size_t c = 0; c < confusion.classes; ++c) {
        const size_t name = print_width(confusion.names[c]);
        if (name > width) width = name;
    }
    const size_t columns = print_columns(stdout);
    const size_t most = columns > SCORE_COLUMNS + LEAST_NAME ? columns - SCORE_COLUMNS : LEAST_NAME;
    return width < most ? width : most;
}

static void print_scores(const char *name, size_t width, nn_scores scores, uint64_t support)
{
    print_padded(stdout, name, width, true);
    text_print(stdout, "  %9.2f  %9.2f  %9.2f  %8" PRIu64 "\n", 100 * scores.precision, 100 * scores.recall,
               100 * scores.f1, support);
}

static void print_report(en_confusion confusion, nn_metrics metrics, const nn_class_metrics *per_class)
{
    const size_t width = name_column(confusion);
    print_padded(stdout, "in percent", width, true);
    puts("  precision     recall   f1-score   support\n");
    for (size_t c = 0; c < confusion.classes; ++c)
        print_scores(confusion.names[c], width, per_class[c].scores, per_class[c].support);
    putchar('\n');
    print_padded(stdout, "accuracy", width, true);
    text_print(stdout, "  %9s  %9s  %9.2f  %8" PRIu64 "\n", "", "", 100 * metrics.accuracy, metrics.rows);
    print_scores("macro avg", width, metrics.macro, metrics.rows);
    print_scores("weighted avg", width, metrics.weighted, metrics.rows);
}

/* ---- confusion matrix ---- */

static size_t digits_of(uint64_t number)
{
    size_t digits = 1;
    for (; number >= 10; number /= 10) ++digits;
    return digits;
}

enum { LEAST_COUNT = 5, SIDE_BY_SIDE = 3 };

/* Of one column: wide enough for its counts and its name. */
static size_t own_width(en_confusion confusion, size_t column)
{
    size_t width = print_width(confusion.names[column]);
    if (width < LEAST_COUNT) width = LEAST_COUNT;
    for (size_t r = 0; r < confusion.classes; ++r) {
        const size_t digits = digits_of(confusion.counts[r * confusion.classes + column]);
        if (digits > width) width = digits;
    }
    return width;
}

/* The width of every column: 0 where all classes fit side by side in their own. Else one that all share, with names cut
 * where all classes, or else three of them, would not fit side by side. */
static size_t shared_width(en_confusion confusion, size_t label)
{
    size_t counts = LEAST_COUNT, widest = LEAST_COUNT, sum = 0;
    for (size_t i = 0; i < confusion.classes * confusion.classes; ++i) {
        const size_t digits = digits_of(confusion.counts[i]);
        if (digits > counts) counts = digits;
    }
    for (size_t c = 0; c < confusion.classes; ++c) {
        const size_t width = own_width(confusion, c);
        if (width > widest) widest = width;
        sum += width + 2;
    }
    const size_t room = print_columns(stdout) - label, share = room / confusion.classes;
    if (sum <= room) return 0;
    const size_t fitting = (share > LEAST_COUNT + 2 ? share : room / SIDE_BY_SIDE) - 2;
    const size_t width = widest < fitting ? widest : fitting;
    return width > counts ? width : counts;
}

static void print_cell(en_confusion confusion, size_t row, size_t column, size_t width)
{
    char text[24];
    const bool marked = row == column && print_in_colour(stdout);
    snprintf(text, sizeof text, "%" PRIu64, confusion.counts[row * confusion.classes + column]);
    fputs(marked ? "  \033[1m" : "  ", stdout);
    print_padded(stdout, text, width, true);
    if (marked) fputs("\033[0m", stdout);
}

static void print_confusion(en_confusion confusion)
{
    const size_t label = name_column(confusion), shared = shared_width(confusion, label);
    const size_t fitting = shared > 0 ? (print_columns(stdout) - label) / (shared + 2) : confusion.classes;
    const size_t panel = fitting > 0 ? fitting : 1;
    puts("\nconfusion matrix: rows are labels, columns are predictions");
    for (size_t first = 0; first < confusion.classes; first += panel) {
        const size_t last = confusion.classes - first < panel ? confusion.classes : first + panel;
        putchar('\n');
        print_padded(stdout, "", label, true);
        for (size_t c = first; c < last; ++c) {
            fputs("  ", stdout);
            print_padded(stdout, confusion.names[c], shared > 0 ? shared : own_width(confusion, c), true);
        }
        putchar('\n');
        for (size_t r = 0; r < confusion.classes; ++r) {
            print_padded(stdout, confusion.names[r], label, true);
            for (size_t c = first; c < last; ++c)
                print_cell(confusion, r, c, shared > 0 ? shared : own_width(confusion, c));
            putchar('\n');
        }
    }
}

st_status report_print(en_confusion confusion, st_error *error)
{
    nn_class_metrics *per_class = calloc(confusion.classes, sizeof *per_class);
    if (!per_class) return st_fail(error, ST_FAILED, "out of memory while writing the report");
    const nn_metrics metrics = nn_metrics_of(confusion.counts, confusion.classes, per_class);
    if (metrics.rows == 0) {
        puts("There is no labelled utterance to compare with.");
    } else {
        print_report(confusion, metrics, per_class);
        print_confusion(confusion);
    }
    free(per_class);
    return ST_OK;
}
