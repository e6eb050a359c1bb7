#include "bench/result_page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/result_json.h"
#include "base/outfile.h"
#include "base/text.h"

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>safsd-cl bench</title>\n<style>\n"
    ":root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --faint: #d0d7de; --bar: #2f6f9f; --dot: "
    "#b4532a; }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "  :root { --ink: #e6edf3; --paper: #10151b; --faint: #3a434d; --bar: #6cb0de; --dot: #f0a070; }\n}\n"
    "body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);\n"
    "       max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }\n"
    "h1, h2, h3 { line-height: 1.25; overflow-wrap: anywhere; } h3 { margin: 1.2rem 0 0.3rem; font-size: 1rem; }\n"
    ".bars { display: grid; grid-template-columns: minmax(0, 19rem) 1fr; gap: 0.25rem 1rem; align-items: center; }\n"
    ".bars > span { overflow-wrap: anywhere; line-height: 1.25; }\n"
    ".track { display: flex; align-items: center; gap: 0.5rem; white-space: nowrap; }\n"
    ".track i { background: var(--bar); height: 1.1rem; min-width: 2px; }\n"
    "@media (max-width: 40rem) { .bars { grid-template-columns: 1fr; gap: 0; } .track { margin-bottom: 0.6rem; } }\n"
    ".wide { overflow-x: auto; max-width: 100%; background-color: var(--paper); background-repeat: no-repeat;\n"
    "  background-size: 2.5rem 100%, 2.5rem 100%, 0.8rem 100%, 0.8rem 100%;\n"
    "  background-position: 0 0, 100% 0, 0 0, 100% 0; background-attachment: local, local, scroll, scroll;\n"
    "  background-image: linear-gradient(to right, var(--paper) 60%, transparent),\n"
    "    linear-gradient(to left, var(--paper) 60%, transparent),\n"
    "    linear-gradient(to right, var(--faint), transparent), linear-gradient(to left, var(--faint), transparent); }\n"
    ".hint { display: none; margin: 0.3rem 0; font-size: 0.85rem; }\n"
    "@media (max-width: 44rem) { .hint { display: block; } }\n"
    ".figures td:last-child { font-weight: 600; } .figures td:first-child { width: 22rem; max-width: 60vw; }\n"
    "time { white-space: nowrap; } small { opacity: 0.75; }\n"
    "svg { display: block; width: 100%; min-width: 40rem; height: auto; }\n"
    "svg text { fill: var(--ink); font: 14px system-ui, sans-serif; }\n"
    ".dot { fill: var(--dot); } .box { fill: none; stroke: var(--dot); stroke-width: 2; }\n"
    ".roof { fill: none; stroke: var(--bar); stroke-width: 2; } .grid { stroke: var(--faint); stroke-width: 1; }\n"
    "table { border-collapse: collapse; } td, th { padding: 0.15rem 0 0.15rem 1rem; text-align: right;\n"
    "  white-space: nowrap; font-variant-numeric: tabular-nums; }\n"
    "td:first-child, th:first-child { text-align: left; padding-left: 0; }\n"
    "td:first-child { white-space: normal; overflow-wrap: break-word; min-width: 8rem; }\n"
    "summary { cursor: pointer; margin: 0.6rem 0; }\n"
    ".names td, .names th { text-align: left; }\n"
    "tr.case th { padding-top: 0.9rem; border-bottom: 1px solid var(--faint); }\n"
    "</style>\n</head>\n<body>\n<h1>safsd-cl bench</h1>\n";

/* What is wider than a small screen scrolls in a frame of its own, with a line that says so. */
static const char wide_begin[] = "<p class=\"hint\">Scroll sideways where it is cut &rarr;</p>\n"
                                 "<div class=\"wide\" role=\"region\" aria-label=\"scrolls sideways\" tabindex=\"0\">";
static const char wide_end[] = "</div>\n";

static void escape(FILE *out, const char *text)
{
    for (; *text; ++text) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

static const char *name_of(const json_t *entry)
{
    return record_text(json_object_get(entry, "device"), "name");
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static const char *selector_of(const json_t *entry)
{
    return record_text(json_object_get(entry, "device"), "selector");
}

/* Version and time of the run, as it wrote them. */
static void write_origin(FILE *out, const json_t *root)
{
    const char *date = record_text(root, "date");
    fputs("<p>Measured by ", out);
    escape(out, record_text(root, "program"));
    fputs(" ", out);
    escape(out, record_text(root, "version"));
    if (*date) {
        fputs(" on <time>", out);
        escape(out, date);
        fputs("</time>", out);
    }
    fputs(".</p>\n", out);
}

static void write_devices(FILE *out, const json_t *devices)
{
    fprintf(out, "%s<table class=\"names\">\n<tr><th>device</th><th>driver</th><th>GEMM</th><th>units</th></tr>\n",
            wide_begin);
    for (size_t i = 0; i < json_array_size(devices); ++i) {
        const json_t *entry = json_array_get(devices, i), *device = json_object_get(entry, "device");
        fprintf(out, "<tr><td>%s ", selector_of(entry));
        escape(out, name_of(entry));
        fputs("</td><td>", out);
        escape(out, record_text(device, "platform_name"));
        fputs(" ", out);
        escape(out, record_text(device, "driver"));
        text_print(out, "</td><td>%s</td><td>%.0f</td></tr>\n", record_text(entry, "gemm_provider"),
                   record_real(device, "compute_units"));
    }
    fprintf(out, "</table>%s", wide_end);
}

/* ---- bars: one per device, or the number alone where there is nothing to compare ---- */

enum { FULL_BAR = 62 /* percent of its room, the rest is for the number */ };

static void write_bar(FILE *out, const char *selector, const char *name, double value, double most, const char *remark)
{
    char digits[RECORD_DIGITS];
    fprintf(out, "<span>%s ", selector);
    escape(out, name);
    text_print(out, "</span><span class=\"track\"><i style=\"width: %.1f%%\"></i>%s%s</span>\n",
               most > 0 && value > 0 ? FULL_BAR * value / most : 0, record_digits(digits, value), remark);
}

/* One number of a device's entry. */
typedef double (*number_of)(const json_t *entry, const char *label);

static void write_bars(FILE *out, const json_t *devices, const char *title, number_of number, const char *label)
{
    double most = 0;
    const size_t count = json_array_size(devices);
    for (size_t i = 0; i < count; ++i) most = larger(most, number(json_array_get(devices, i), label));
    if (!(most > 0)) return;
    if (count == 1) {
        char digits[RECORD_DIGITS];
        fprintf(out, "<table class=\"figures\"><tr><td>%s</td><td>%s</td></tr></table>\n", title,
                record_digits(digits, most));
        return;
    }
    fprintf(out, "<h3>%s</h3>\n<div class=\"bars\">\n", title);
    for (size_t i = 0; i < count; ++i) {
        const json_t *entry = json_array_get(devices, i);
        write_bar(out, selector_of(entry), name_of(entry), number(entry, label), most, "");
    }
    fputs("</div>\n", out);
}

static double bandwidth_of(const json_t *entry, const char *label)
{
    (void)label;
    return record_real(json_object_get(entry, "transfers"), "bandwidth_gb_per_second");
}

/* GB/s of one move; microseconds of a launch; seconds of a first step; GFLOP/s of the best product. */
static double move_of(const json_t *entry, const char *label)
{
    const json_t *moves = json_object_get(json_object_get(entry, "transfers"), "moves");
    for (size_t i = 0; i < json_array_size(moves); ++i)
        if (strcmp(record_text(json_array_get(moves, i), "name"), label) == 0)
            return record_real(json_array_get(moves, i), "gb_per_second");
    return 0;
}

static double launch_of(const json_t *entry, const char *label)
{
    return 1e6 * record_real(json_object_get(json_object_get(entry, "transfers"), label), "median");
}

static double cold_of(const json_t *entry, const char *label)
{
    return record_real(json_object_get(entry, "start"), label);
}

static double warm_of(const json_t *entry, const char *label)
{
    return record_real(json_object_get(json_object_get(entry, "start"), label), "median");
}

static double best_of(const json_t *entry, const char *label)
{
    double best = 0;
    const json_t *gemm = json_object_get(entry, "gemm");
    (void)label;
    for (size_t i = 0; i < json_array_size(gemm); ++i)
        best = larger(best, record_real(json_array_get(gemm, i), "best_gflops"));
    return best;
}

static double rate_of(const json_t *entry, const char *label)
{
    return record_real(record_case(json_object_get(entry, "step"), label), "utterances_per_second");
}

static void write_steps(FILE *out, const json_t *devices, const json_t *together)
{
    char label[RECORD_LABEL];
    const json_t *steps = json_object_get(json_array_get(devices, 0), "step");
    if (json_array_size(steps) == 0) return;
    fputs("<h2>Steps</h2>\n<p>Utterances a second.</p>\n", out);
    for (size_t i = 0; i < json_array_size(steps); ++i) {
        record_case_label(label, json_array_get(steps, i));
        write_bars(out, devices, label, rate_of, label);
    }
    if (!together) return;
    fputs("<h2>All devices as one</h2>\n<p>Utterances a second, training one model.</p>\n", out);
    steps = json_object_get(together, "step");
    for (size_t i = 0; i < json_array_size(steps); ++i) {
        const json_t *step = json_array_get(steps, i);
        const double rate = record_real(step, "utterances_per_second");
        double most = rate;
        record_case_label(label, step);
        for (size_t k = 0; k < json_array_size(devices); ++k)
            most = larger(most, rate_of(json_array_get(devices, k), label));
        fprintf(out, "<h3>%s</h3>\n<div class=\"bars\">\n", label);
        for (size_t k = 0; k < json_array_size(devices); ++k) {
            const json_t *entry = json_array_get(devices, k);
            write_bar(out, selector_of(entry), name_of(entry), rate_of(entry, label), most, " alone");
        }
        write_bar(out, "", "together", rate, most, "");
        fputs("</div>\n", out);
    }
}

static void write_parts(FILE *out, const json_t *devices)
{
    char label[RECORD_LABEL];
    const json_t *start = json_object_get(json_array_get(devices, 0), "start");
    if (start) {
        fputs("<h2>First step</h2>\n<p>Seconds from the command to the end of its first step: ", out);
        fprintf(out, "%s.</p>\n", record_case_label(label, start));
        write_bars(out, devices, "cold: no compiled kernel kept", cold_of, "cold_seconds");
        write_bars(out, devices, "warm: kernels kept", warm_of, "warm");
    }
    if (json_object_get(json_array_get(devices, 0), "transfers")) {
        fputs("<h2>Memory and launches</h2>\n", out);
        write_bars(out, devices, "bandwidth of kernels and copies, GB/s", bandwidth_of, NULL);
        write_bars(out, devices, "upload, GB/s", move_of, "upload");
        write_bars(out, devices, "download, GB/s", move_of, "download");
        write_bars(out, devices, "a kernel and the wait for it, microseconds", launch_of, "launch");
        write_bars(out, devices, "one kernel of many, microseconds", launch_of, "pipelined_launch");
    }
    if (best_of(json_array_get(devices, 0), NULL) > 0) {
        fputs("<h2>Matrix products</h2>\n", out);
        write_bars(out, devices, "best of the model's shapes, GFLOP/s", best_of, NULL);
    }
}

/* ---- roofline: FLOP a byte against FLOP a second, both logarithmic ---- */

typedef struct plot {
    double x0, x1, y0, y1; /* decades */
} plot;

enum { PLOT_LEFT = 60, PLOT_TOP = 10, PLOT_WIDTH = 820, PLOT_HEIGHT = 360 };

static double place_x(const plot *p, double intensity)
{
    return PLOT_LEFT + PLOT_WIDTH * (log10(intensity) - p->x0) / (p->x1 - p->x0);
}

static double place_y(const plot *p, double gflops)
{
    return PLOT_TOP + PLOT_HEIGHT * (1 - (log10(gflops) - p->y0) / (p->y1 - p->y0));
}

static void write_grid(FILE *out, const plot *p)
{
    for (double d = p->x0; d <= p->x1; d += 1) {
        const double x = place_x(p, pow(10, d));
        text_print(out, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>\n", x, x, PLOT_TOP,
                   PLOT_TOP + PLOT_HEIGHT);
        text_print(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g</text>\n", x, PLOT_TOP + PLOT_HEIGHT + 18,
                   pow(10, d));
    }
    for (double d = p->y0; d <= p->y1; d += 1) {
        const double y = place_y(p, pow(10, d));
        text_print(out, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>\n", PLOT_LEFT,
                   PLOT_LEFT + PLOT_WIDTH, y, y);
        text_print(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n", PLOT_LEFT - 6, y + 4, pow(10, d));
    }
    fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">FLOP per byte (GFLOP/s upwards)</text>\n",
            PLOT_LEFT + PLOT_WIDTH / 2, PLOT_TOP + PLOT_HEIGHT + 36);
}

/* One operation of the roofline. */
typedef void (*dot_writer)(FILE *out, const plot *p, const char *kind, const char *label, double intensity,
                           double gflops);

/* What lies outside the plot stands on its edge. */
static void write_dot(FILE *out, const plot *p, const char *kind, const char *label, double intensity, double gflops)
{
    if (!(gflops > 0 && intensity > 0)) return;
    const double x = fmin(fmax(log10(intensity), p->x0), p->x1), y = fmin(fmax(log10(gflops), p->y0), p->y1);
    text_print(out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>", kind, place_x(p, pow(10, x)),
               place_y(p, pow(10, y)));
    escape(out, label);
    text_print(out, ": %.1f GFLOP/s at %.1f FLOP per byte</title></circle>\n", gflops, intensity);
}

/* The same as a row of numbers. */
static void write_dot_row(FILE *out, const plot *p, const char *kind, const char *label, double intensity,
                          double gflops)
{
    (void)p;
    (void)kind;
    if (!(gflops > 0 && intensity > 0)) return;
    fputs("<tr><td>", out);
    escape(out, label);
    text_print(out, "</td><td>%.1f</td><td>%.1f</td></tr>\n", intensity, gflops);
}

static double intensity_of_product(const json_t *p)
{
    const double m = record_real(p, "m"), n = record_real(p, "n"), k = record_real(p, "k");
    return 2 * m * n * k / (4 * (m * k + k * n + m * n));
}

static void write_dots(FILE *out, const plot *p, const json_t *entry, dot_writer write)
{
    char label[RECORD_LABEL];
    const json_t *gemm = json_object_get(entry, "gemm"), *kernels = json_object_get(entry, "kernels");
    for (size_t i = 0; i < json_array_size(gemm); ++i) {
        const json_t *products = json_object_get(json_array_get(gemm, i), "products");
        for (size_t k = 0; k < json_array_size(products); ++k) {
            const json_t *product = json_array_get(products, k);
            write(out, p, "dot", record_product_label(label, product), intensity_of_product(product),
                  record_real(product, "gflops"));
        }
    }
    for (size_t i = 0; i < json_array_size(kernels); ++i) {
        const json_t *operations = json_object_get(json_array_get(kernels, i), "operations");
        for (size_t k = 0; k < json_array_size(operations); ++k) {
            const json_t *o = json_array_get(operations, k);
            write(out, p, "box", record_text(o, "name"), record_real(o, "gflops") / record_real(o, "gb_per_second"),
                  record_real(o, "gflops"));
        }
    }
}

static void write_roofline(FILE *out, const json_t *entry)
{
    const double peak = best_of(entry, NULL);
    const double bandwidth = record_real(json_object_get(entry, "transfers"), "bandwidth_gb_per_second");
    if (!(peak > 0 && bandwidth > 0)) return;
    const double top = ceil(log10(peak));
    const plot p = {-1, 3, top - 3, top};
    const double corner = peak / bandwidth, low = fmax(pow(10, p.x0), pow(10, p.y0) / bandwidth);
    fprintf(out, "<h2>Roofline of %s ", selector_of(entry));
    escape(out, name_of(entry));
    text_print(out,
               "</h2>\n<p>%.3g GB/s and %.3g GFLOP/s. Dots are matrix products, rings other operations that multiply; "
               "one above the line works within caches.</p>\n",
               bandwidth, peak);
    fprintf(out, "%s<svg viewBox=\"0 0 900 %d\" role=\"img\">\n", wide_begin, PLOT_TOP + PLOT_HEIGHT + 44);
    write_grid(out, &p);
    text_print(out, "<polyline class=\"roof\" points=\"%.1f,%.1f %.1f,%.1f %.1f,%.1f\"/>\n", place_x(&p, low),
               place_y(&p, low * bandwidth), place_x(&p, corner), place_y(&p, peak), place_x(&p, 1000),
               place_y(&p, peak));
    write_dots(out, &p, entry, write_dot);
    fprintf(out,
            "</svg>%s<details><summary>The same in numbers</summary>\n<table>\n<tr><th>operation</th>"
            "<th>FLOP per byte</th><th>GFLOP/s</th></tr>\n",
            wide_end);
    write_dots(out, &p, entry, write_dot_row);
    fputs("</table></details>\n", out);
}

/* ---- every time as a table, one column per device ---- */

typedef struct wanted {
    const char *label;
    const json_t *found;
} wanted;

static void match(void *user, const char *label, const json_t *stats)
{
    wanted *w = user;
    if (!w->found && strcmp(w->label, label) == 0) w->found = stats;
}

typedef struct table {
    FILE *out;
    const json_t *devices;
    char heading[RECORD_LABEL]; /* of the rows in hand: what stands before ": " in their labels */
} table;

static void write_row(void *user, const char *label, const json_t *stats)
{
    table *t = user;
    char digits[RECORD_DIGITS];
    const char *colon = strstr(label, ": "), *name = colon ? colon + 2 : label;
    char heading[RECORD_LABEL] = "";
    (void)stats;
    if (colon)
        snprintf(heading, sizeof heading, "%.*s", (int)(colon - label), label);
    else if (t->heading[0]) /* behind what belongs to a case there are only steps */
        snprintf(heading, sizeof heading, "steps");
    if (strcmp(heading, t->heading) != 0) {
        memcpy(t->heading, heading, sizeof heading);
        fprintf(t->out, "<tr class=\"case\"><th colspan=\"%zu\">", json_array_size(t->devices) + 1);
        escape(t->out, t->heading);
        fputs("</th></tr>\n", t->out);
    }
    fputs("<tr><td>", t->out);
    escape(t->out, name);
    fputs("</td>", t->out);
    for (size_t i = 0; i < json_array_size(t->devices); ++i) {
        wanted w = {label, NULL};
        record_walk(json_array_get(t->devices, i), match, &w);
        char low[RECORD_DIGITS], high[RECORD_DIGITS];
        fprintf(t->out, "<td>%s <small>%s to %s</small></td>",
                record_digits(digits, 1e3 * record_real(w.found, "median")),
                record_digits(low, 1e3 * record_real(w.found, "p10")),
                record_digits(high, 1e3 * record_real(w.found, "p90")));
    }
    fputs("</tr>\n", t->out);
}

static void write_times(FILE *out, const json_t *devices)
{
    table t = {.out = out, .devices = devices};
    fprintf(out,
            "<h2>Times</h2>\n<p>Milliseconds: the median, and from the 10th to the 90th percentile.</p>\n"
            "%s<table>\n<tr><th></th>",
            wide_begin);
    for (size_t i = 0; i < json_array_size(devices); ++i)
        fprintf(out, "<th>%s</th>", selector_of(json_array_get(devices, i)));
    fputs("</tr>\n", out);
    record_walk(json_array_get(devices, 0), write_row, &t);
    fprintf(out, "</table>%s", wide_end);
}

st_status page_write(const char *path, const json_t *root, st_error *error)
{
    outfile file;
    const json_t *devices = json_object_get(root, "devices");
    ST_FORWARD(outfile_open(&file, path, error));
    fputs(head, file.stream);
    write_origin(file.stream, root);
    write_devices(file.stream, devices);
    write_steps(file.stream, devices, json_object_get(root, "together"));
    write_parts(file.stream, devices);
    for (size_t i = 0; i < json_array_size(devices); ++i) write_roofline(file.stream, json_array_get(devices, i));
    write_times(file.stream, devices);
    fputs("</body>\n</html>\n", file.stream);
    const st_status status = outfile_finish(&file, error);
    outfile_close(&file);
    return status;
}
