#include "app/summary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/print.h"
#include "base/text.h"

enum { NAME_COLUMNS = 18, CLASS_COLUMNS = 20, COUNT_COLUMNS = 37 /* of a class, beside its name */ };

void summary_line(const char *name, const char *text)
{
    fputs("  ", stdout);
    print_padded(stdout, name, NAME_COLUMNS - 2, false);
    fputs("  ", stdout);
    print_wrapped(stdout, NAME_COLUMNS + 2, NAME_COLUMNS + 2, text);
}

/* ---- data sets ---- */

static const char *const split_names[DS_SPLITS] = {"train", "valid", "test"};

static void print_splits(const ds_dataset *data)
{
    puts("\n  split  dialogues  utterances  unlabelled  shortest    mean  longest");
    for (int split = 0; split < DS_SPLITS; ++split) {
        size_t dialogues = 0, utterances = 0, unlabelled = 0, shortest = 0, longest = 0;
        for (size_t d = 0; d < data->dialogues; ++d) {
            if (data->split[d] != split) continue;
            const size_t length = data->starts[d + 1] - data->starts[d];
            if (dialogues == 0 || length < shortest) shortest = length;
            if (length > longest) longest = length;
            ++dialogues;
            utterances += length;
            for (size_t u = data->starts[d]; u < data->starts[d + 1]; ++u) unlabelled += data->labels[u] < 0;
        }
        if (dialogues == 0)
            printf("  %-5s  %9d  %10d\n", split_names[split], 0, 0);
        else
            text_print(stdout, "  %-5s  %9zu  %10zu  %10zu  %8zu  %6.1f  %7zu\n", split_names[split], dialogues,
                       utterances, unlabelled, shortest, (double)utterances / (double)dialogues, longest);
    }
}

static void print_modality(const char *name, const float *x, size_t utterances, size_t width)
{
    double sum = 0, squares = 0, least = INFINITY, most = -INFINITY;
    const size_t count = utterances * width;
    size_t finite = 0;
    for (size_t i = 0; i < count; ++i) {
        if (!isfinite(x[i])) continue;
        ++finite;
        sum += (double)x[i];
        if ((double)x[i] < least) least = (double)x[i];
        if ((double)x[i] > most) most = (double)x[i];
    }
    const double mean = sum / (double)finite;
    for (size_t i = 0; i < count; ++i)
        if (isfinite(x[i])) squares += ((double)x[i] - mean) * ((double)x[i] - mean);
    if (finite > 0)
        text_print(stdout, "  %-8s  %5zu  %10.4g  %10.4g  %10.4g  %10.4g\n", name, width, mean,
                   sqrt(squares / (double)finite), least, most);
    else
        printf("  %-8s  %5zu\n", name, width);
    if (finite < count)
        printf("  %8s  %zu value%s not finite\n", "", count - finite, count - finite == 1 ? " is" : "s are");
}

static void print_modalities(const ds_dataset *data)
{
    static const char *const names[DS_MODALITIES] = {"text", "audio", "visual"};
    puts("\n  modality  width        mean   deviation       least        most");
    for (int m = 0; m < DS_MODALITIES; ++m) {
        if (data->dims[m] == 0 || data->utterances == 0)
            printf("  %-8s  %5d  absent\n", names[m], 0);
        else
            print_modality(names[m], data->x[m], data->utterances, data->dims[m]);
    }
}

/* As wide as the names need, where the line has room. */
static size_t class_column(const ds_dataset *data)
{
    const size_t most =
        print_columns(stdout) > COUNT_COLUMNS + CLASS_COLUMNS ? print_columns(stdout) - COUNT_COLUMNS : CLASS_COLUMNS;
    size_t width = CLASS_COLUMNS;
    for (size_t c = 0; c < data->classes; ++c)
        if (print_width(data->class_names[c]) > width) width = print_width(data->class_names[c]);
    return width < most ? width : most;
}

static void print_classes(const ds_dataset *data)
{
    const size_t width = class_column(data);
    printf("\n  label  %-*s     train    valid     test\n", (int)width, "class");
    for (size_t c = 0; c < data->classes; ++c) {
        size_t counts[DS_SPLITS] = {0};
        for (size_t d = 0; d < data->dialogues; ++d)
            for (size_t u = data->starts[d]; u < data->starts[d + 1]; ++u)
                counts[data->split[d]] += data->labels[u] == (int32_t)c;
        printf("  %5zu  ", c);
        print_padded(stdout, data->class_names[c], width, false);
        printf("  %8zu %8zu %8zu\n", counts[DS_TRAIN], counts[DS_VALID], counts[DS_TEST]);
    }
}

static void print_speakers(const ds_dataset *data)
{
    char text[512] = "";
    for (size_t s = 0; s < data->speaker_count; ++s) {
        const size_t used = strlen(text);
        const size_t length = strlen(data->speaker_names[s]);
        if (used + length + 8 > sizeof text) {
            memcpy(text + used, ", ...", 6);
            break;
        }
        snprintf(text + used, sizeof text - used, "%s%s", used ? ", " : "", data->speaker_names[s]);
    }
    printf("\n  %zu speaker%s: ", data->speaker_count, data->speaker_count == 1 ? "" : "s");
    print_wrapped(stdout, 16, 16, text);
}

static void print_layout(const ds_dataset *data)
{
    fputs("  fields: ", stdout);
    print_wrapped(stdout, 10, 4, data->layout);
    if (data->ambiguous_layout)
        print_wrapped(stdout, 0, 2, "  another order of fields fits as well; this one is the first that does");
}

void summary_data(const ds_dataset *data)
{
    printf("  %zu dialogues, %zu utterances, %zu classes\n", data->dialogues, data->utterances, data->classes);
    if (data->layout) print_layout(data);
    if (data->unlisted > 0) printf("  %zu dialogues stand in no list of the file and were left out\n", data->unlisted);
    if (data->passed_over) {
        fputs("  passed over, no part of a data set: ", stdout);
        print_wrapped(stdout, 38, 4, data->passed_over);
    }
    print_splits(data);
    print_modalities(data);
    print_classes(data);
    print_speakers(data);
}

/* ---- safetensors ---- */

void summary_name(const char *name, size_t most)
{
    const size_t length = strlen(name);
    if (length <= most)
        print_plain(stdout, name, most);
    else
        printf("~%s", name + length - most + 1);
}

void summary_metadata(const sf_file *file)
{
    enum { VALUE_COLUMNS = 240 };
    for (size_t i = 0; i < sf_metadata_count(file); ++i) {
        const char *key = NULL;
        const char *value = sf_metadata_at(file, i, &key);
        char cut[VALUE_COLUMNS + 8];
        snprintf(cut, sizeof cut, "%.*s%s", VALUE_COLUMNS, value, strlen(value) > VALUE_COLUMNS ? " ..." : "");
        summary_line(key, cut);
    }
}

void summary_tensors(const sf_file *file)
{
    enum { SHAPE_COLUMNS = 18, LEFT_COLUMNS = 2 + 4 + 2 + SHAPE_COLUMNS + 2 };
    for (size_t i = 0; i < sf_count(file); ++i) {
        const sf_tensor *tensor = sf_at(file, i);
        char shape[SF_RANK * 24] = "";
        for (size_t d = 0; d < tensor->rank; ++d) {
            const size_t used = strlen(shape);
            snprintf(shape + used, sizeof shape - used, "%s%llu", d ? " x " : "", (unsigned long long)tensor->shape[d]);
        }
        printf("  %-4s  ", sf_dtype_name(tensor->dtype));
        print_padded(stdout, shape, SHAPE_COLUMNS, false);
        fputs("  ", stdout);
        summary_name(tensor->name, PRINT_COLUMNS - LEFT_COLUMNS);
        putchar('\n');
    }
}

/* ---- pickles ---- */

enum { LABEL_BYTES = 160 }; /* of a key; what is longer is cut */

static bool is_collection(const ds_value *value)
{
    return value->kind == DS_LIST || value->kind == DS_TUPLE || value->kind == DS_SET || value->kind == DS_DICT;
}

/* What entry i of a collection is called: the key of a dict as text, else its number. */
static void label_of(const ds_value *value, size_t i, char *label, size_t size)
{
    const ds_value *key = value->kind == DS_DICT ? value->as.list.items[2 * i] : NULL;
    if (!key)
        snprintf(label, size, "%zu", i);
    else if (ds_value_text(key, label, size) == SIZE_MAX)
        ds_value_describe(key, label, size);
}

/* The entries from `first` on, which are like those shown; of a dict their keys, as many as fit a few lines. */
static void print_rest(const ds_value *value, size_t first, size_t entries, size_t indent)
{
    char text[320], label[LABEL_BYTES];
    size_t used = (size_t)snprintf(text, sizeof text, "... and %zu more", entries - first);
    for (size_t i = first; value->kind == DS_DICT && i < entries; ++i) {
        label_of(value, i, label, sizeof label);
        if (used + strlen(label) + 8 > sizeof text) {
            snprintf(text + used, sizeof text - used, ", ...");
            break;
        }
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i == first ? ": " : ", ", label);
    }
    printf("%*s", (int)indent, "");
    print_wrapped(stdout, indent, indent, text);
}

/* Whole up to `depth` DEEPEST; one entry stands for those of a collection, but all keys of the dict at the top are
 * fields with a line each, and the first fields are shown whole. */
static void print_value(const ds_value *value, size_t depth, const char *label, bool whole)
{
    enum { DEEPEST = 3, MOST_FIELDS = 16, LABEL_COLUMNS = 40 };
    char text[256], key[LABEL_BYTES];
    const size_t indent = 2 + 2 * depth;
    printf("%*s", (int)indent, "");
    print_plain(stdout, label, LABEL_COLUMNS);
    fputs(": ", stdout);
    const size_t used = print_width(label) < LABEL_COLUMNS ? print_width(label) : LABEL_COLUMNS;
    print_wrapped(stdout, indent + used + 2, indent + 2, ds_value_describe(value, text, sizeof text));
    if (!is_collection(value) || depth == DEEPEST || !whole) return;
    const bool pairs = value->kind == DS_DICT;
    const size_t entries = value->as.list.count / (pairs ? 2 : 1);
    const size_t most = depth > 0 ? 1 : pairs ? entries : MOST_FIELDS;
    for (size_t i = 0; i < entries && i < most; ++i) {
        label_of(value, i, key, sizeof key);
        print_value(value->as.list.items[pairs ? 2 * i + 1 : i], depth + 1, key, i < MOST_FIELDS);
    }
    if (entries > most) print_rest(value, most, entries, indent + 2);
}

void summary_value(const ds_value *value)
{
    print_value(value, 0, "pickle", true);
}
