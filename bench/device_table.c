#include "bench/device_table.h"

#include <math.h>
#include <string.h>

#include "bench/result_json.h"
#include "base/print.h"
#include "base/text.h"

enum { LABEL = 35, COLUMN = 11, SIDE_BY_SIDE = 4 };

/* Columns first to last - 1 of root's devices, and the row in hand. */
typedef struct sheet {
    FILE *out;
    const json_t *devices;
    size_t first, last;
} sheet;

static const json_t *entry_of(const sheet *s, size_t i)
{
    return json_array_get(s->devices, i);
}

static void print_cell(FILE *out, double value)
{
    char text[RECORD_DIGITS];
    fprintf(out, "%*s", COLUMN, record_digits(text, value));
}

static void begin_row(const sheet *s, const char *label)
{
    fputs("  ", s->out);
    print_padded(s->out, label, LABEL - 2, false);
}

static void print_title(const sheet *s, const char *title)
{
    fputc('\n', s->out);
    const size_t width = print_width(title);
    print_plain(s->out, title, PRINT_COLUMNS);
    if (width >= LABEL) fputc('\n', s->out);
    fprintf(s->out, "%*s", width < LABEL ? LABEL - (int)width : LABEL, "");
    for (size_t i = s->first; i < s->last; ++i)
        fprintf(s->out, "%*s", COLUMN, record_text(json_object_get(entry_of(s, i), "device"), "selector"));
    fputc('\n', s->out);
}

static void print_legend(FILE *out, const json_t *devices)
{
    char text[512];
    fprintf(out, "%zu devices compared, the others with the first\n\n", json_array_size(devices));
    for (size_t i = 0; i < json_array_size(devices); ++i) {
        const json_t *entry = json_array_get(devices, i), *device = json_object_get(entry, "device");
        fprintf(out, "%5s  ", record_text(device, "selector"));
        print_wrapped(out, 7, 7, record_text(device, "name"));
        text_format(text, sizeof text, "%s, driver %s; GEMM %s, vectors of %.0f floats",
                    record_text(device, "platform_name"), record_text(device, "driver"),
                    record_text(entry, "gemm_provider"), record_real(entry, "vector_width"));
        fputs("       ", out);
        print_wrapped(out, 7, 7, text);
    }
}

/* ---- rows ---- */

/* A row whose number is object[key] times `scale`, the object found in every device's entry. */
typedef const json_t *finder(const json_t *entry, const char *where, const char *label);

static void print_row(const sheet *s, const char *name, finder *find, const char *where, const char *label,
                      const char *key, double scale)
{
    begin_row(s, name);
    for (size_t i = s->first; i < s->last; ++i)
        print_cell(s->out, scale * record_real(find(entry_of(s, i), where, label), key));
    fputc('\n', s->out);
}

static const json_t *find_move(const json_t *entry, const char *where, const char *label)
{
    const json_t *moves = json_object_get(json_object_get(entry, where), "moves");
    for (size_t i = 0; i < json_array_size(moves); ++i)
        if (strcmp(record_text(json_array_get(moves, i), "name"), label) == 0) return json_array_get(moves, i);
    return NULL;
}

static const json_t *find_inner(const json_t *entry, const char *where, const char *label)
{
    const json_t *outer = json_object_get(entry, where);
    return label ? json_object_get(outer, label) : outer;
}

static void print_transfers(const sheet *s)
{
    const json_t *transfers = json_object_get(entry_of(s, 0), "transfers"),
                 *moves = json_object_get(transfers, "moves");
    if (!transfers) return;
    print_title(s, "memory");
    for (size_t i = 0; i < json_array_size(moves); ++i) {
        char label[RECORD_LABEL];
        const char *name = record_text(json_array_get(moves, i), "name");
        snprintf(label, sizeof label, "%.32s, GB/s", name);
        print_row(s, label, find_move, "transfers", name, "gb_per_second", 1);
    }
    print_row(s, "bandwidth (the best), GB/s", find_inner, "transfers", NULL, "bandwidth_gb_per_second", 1);
    print_row(s, "a kernel and the wait for it, us", find_inner, "transfers", "launch", "median", 1e6);
    print_row(s, "one kernel of many, us", find_inner, "transfers", "pipelined_launch", "median", 1e6);
}

static void print_start(const sheet *s)
{
    char label[RECORD_LABEL], title[RECORD_LABEL + 32];
    const json_t *start = json_object_get(entry_of(s, 0), "start");
    if (!start) return;
    snprintf(title, sizeof title, "command to first step, s: %s", record_case_label(label, start));
    print_title(s, title);
    print_row(s, "cold: no compiled kernel kept", find_inner, "start", NULL, "cold_seconds", 1);
    print_row(s, "warm: kernels kept", find_inner, "start", "warm", "median", 1);
}

/* ---- lists of cases ---- */

static const json_t *find_product(const json_t *entry, const char *where, const char *label)
{
    char other[RECORD_LABEL];
    const json_t *products = json_object_get(record_case(json_object_get(entry, "gemm"), where), "products");
    for (size_t i = 0; i < json_array_size(products); ++i)
        if (strcmp(record_product_label(other, json_array_get(products, i)), label) == 0)
            return json_array_get(products, i);
    return NULL;
}

static const json_t *find_operation(const json_t *entry, const char *where, const char *label)
{
    const json_t *operations = json_object_get(record_case(json_object_get(entry, "kernels"), where), "operations");
    for (size_t i = 0; i < json_array_size(operations); ++i)
        if (strcmp(record_text(json_array_get(operations, i), "name"), label) == 0)
            return json_object_get(json_array_get(operations, i), "seconds");
    return NULL;
}

static const json_t *find_step(const json_t *entry, const char *where, const char *label)
{
    const json_t *step = record_case(json_object_get(entry, "step"), where);
    return label ? json_object_get(step, label) : step;
}

static void print_products(const sheet *s, const json_t *of_case)
{
    char where[RECORD_LABEL], label[RECORD_LABEL], title[RECORD_LABEL + 32];
    const json_t *products = json_object_get(of_case, "products");
    snprintf(title, sizeof title, "matrix products, GFLOP/s: %s", record_case_label(where, of_case));
    print_title(s, title);
    for (size_t i = 0; i < json_array_size(products); ++i) {
        record_product_label(label, json_array_get(products, i));
        print_row(s, label, find_product, where, label, "gflops", 1);
    }
}

static void print_operations(const sheet *s, const json_t *of_case)
{
    char where[RECORD_LABEL], title[RECORD_LABEL + 32];
    const json_t *operations = json_object_get(of_case, "operations");
    snprintf(title, sizeof title, "operations, ms: %s", record_case_label(where, of_case));
    print_title(s, title);
    for (size_t i = 0; i < json_array_size(operations); ++i) {
        const char *name = record_text(json_array_get(operations, i), "name");
        print_row(s, name, find_operation, where, name, "median", 1e3);
    }
}

/* Relative to the first device's loss: 0 is as good as it gets, so that it is no missing number. */
static void print_deviation(const sheet *s, const char *where)
{
    const double reference = record_real(find_step(entry_of(s, 0), where, NULL), "loss");
    begin_row(s, "loss off by");
    for (size_t i = s->first; i < s->last; ++i) {
        const json_t *step = find_step(entry_of(s, i), where, NULL);
        if (step && json_is_number(json_object_get(step, "loss")))
            text_print(s->out, "%*.1e", COLUMN, fabs(record_real(step, "loss") / reference - 1));
        else
            fprintf(s->out, "%*s", COLUMN, "-");
    }
    fputc('\n', s->out);
}

static void print_speed(const sheet *s, const char *where)
{
    const double reference = record_real(find_step(entry_of(s, 0), where, NULL), "utterances_per_second");
    begin_row(s, "times as fast as the first");
    for (size_t i = s->first; i < s->last; ++i)
        print_cell(s->out, record_real(find_step(entry_of(s, i), where, NULL), "utterances_per_second") / reference);
    fputc('\n', s->out);
}

static void print_step(const sheet *s, const json_t *of_case)
{
    char where[RECORD_LABEL], title[RECORD_LABEL + 32];
    snprintf(title, sizeof title, "steps: %s", record_case_label(where, of_case));
    print_title(s, title);
    print_row(s, "utterances/s", find_step, where, NULL, "utterances_per_second", 1);
    print_row(s, "ms a step", find_step, where, "seconds", "median", 1e3);
    print_speed(s, where);
    print_row(s, "of the best product's rate", find_step, where, NULL, "gemm_roofline_fraction", 1);
    print_row(s, "first step in this process, s", find_step, where, NULL, "first_step_seconds", 1);
    print_row(s, "device memory, MiB", find_step, where, NULL, "device_mib", 1);
    print_deviation(s, where);
}

static void print_list(const sheet *s, const char *key, void (*print)(const sheet *, const json_t *))
{
    const json_t *list = json_object_get(entry_of(s, 0), key);
    for (size_t i = 0; i < json_array_size(list); ++i) print(s, json_array_get(list, i));
}

void devices_print(FILE *out, const json_t *root)
{
    const json_t *devices = json_object_get(root, "devices");
    const size_t count = json_array_size(devices);
    print_legend(out, devices);
    for (size_t first = 0; first < count; first += SIDE_BY_SIDE) {
        const size_t last = first + SIDE_BY_SIDE < count ? first + SIDE_BY_SIDE : count;
        const sheet s = {out, devices, first, last};
        print_transfers(&s);
        print_start(&s);
        print_list(&s, "gemm", print_products);
        print_list(&s, "kernels", print_operations);
        print_list(&s, "step", print_step);
    }
}

/* ---- as one ---- */

/* Utterances a second of all devices, each alone. */
static double rate_of_all(const json_t *devices, const char *where)
{
    double sum = 0;
    for (size_t i = 0; i < json_array_size(devices); ++i)
        sum += record_real(find_step(json_array_get(devices, i), where, NULL), "utterances_per_second");
    return sum;
}

void devices_print_together(FILE *out, const json_t *root)
{
    char where[RECORD_LABEL];
    const json_t *together = json_object_get(root, "together"), *steps = json_object_get(together, "step");
    const json_t *devices = json_object_get(root, "devices"), *names = json_object_get(together, "devices");
    if (!together) return;
    fputs("\none model on ", out);
    for (size_t i = 0; i < json_array_size(names); ++i)
        fprintf(out, "%s%s", i > 0 ? " + " : "", json_string_value(json_array_get(names, i)));
    fprintf(out, "\n%*s%9s%9s%9s%8s%10s\n", LABEL, "", "ms a step", "utt/s", "x first", "of all", "loss off");
    for (size_t i = 0; i < json_array_size(steps); ++i) {
        const json_t *step = json_array_get(steps, i);
        record_case_label(where, step);
        const json_t *alone = find_step(json_array_get(devices, 0), where, NULL);
        const double rate = record_real(step, "utterances_per_second");
        fputs("  ", out);
        print_padded(out, where, LABEL - 2, false);
        text_print(out, "%9.1f%9.1f%9.2f%8.2f%10.1e\n", 1e3 * record_median(step), rate,
                   rate / record_real(alone, "utterances_per_second"), rate / rate_of_all(devices, where),
                   fabs(record_real(step, "loss") / record_real(alone, "loss") - 1));
    }
    fputs("  of all: as a part of the sum of what each does alone; devices that share cores\n"
          "  or memory cannot reach 1\n",
          out);
}
