#include "app/bench_page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/bench_record.h"
#include "app/outfile.h"

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>safsd-cl bench</title>\n<style>\n"
    ":root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --faint: #d0d7de; --bar: #2f6f9f; --dot: "
    "#b4532a; }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "  :root { --ink: #e6edf3; --paper: #10151b; --faint: #3a434d; --bar: #6cb0de; --dot: #f0a070; }\n}\n"
    "body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);\n"
    "       max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }\n"
    "svg { width: 100%; height: auto; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }\n"
    ".bar { fill: var(--bar); } .dot { fill: var(--dot); } .roof { fill: none; stroke: var(--bar); stroke-width: 2; }\n"
    ".grid { stroke: var(--faint); stroke-width: 1; }\n"
    "table { border-collapse: collapse; } td, th { padding: 0.15rem 0.8rem 0.15rem 0; text-align: right; }\n"
    "td:first-child, th:first-child { text-align: left; }\n</style>\n</head>\n<body>\n<h1>safsd-cl bench</h1>\n";

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

/* ---- bars: one group per case of steps, one bar per device ---- */

enum { BAR_LEFT = 330, BAR_ROOM = 400, BAR_HEIGHT = 20, BAR_STEP = 26, TITLE_HEIGHT = 30 };

static const json_t *step_named(const json_t *entry, const char *label)
{
    char other[RECORD_LABEL];
    const json_t *steps = json_object_get(entry, "step");
    for (size_t i = 0; i < json_array_size(steps); ++i)
        if (strcmp(record_case_label(other, json_array_get(steps, i)), label) == 0) return json_array_get(steps, i);
    return NULL;
}

static void write_group(FILE *out, const json_t *devices, const char *label)
{
    double most = 0;
    const size_t count = json_array_size(devices);
    for (size_t i = 0; i < count; ++i)
        most = larger(most, record_real(step_named(json_array_get(devices, i), label), "utterances_per_second"));
    fprintf(out, "<svg viewBox=\"0 0 900 %zu\" role=\"img\">\n<text x=\"0\" y=\"18\" font-weight=\"bold\">%s</text>\n",
            TITLE_HEIGHT + BAR_STEP * count, label);
    for (size_t i = 0; i < count; ++i) {
        const json_t *entry = json_array_get(devices, i), *step = step_named(entry, label);
        const double rate = record_real(step, "utterances_per_second");
        const size_t y = TITLE_HEIGHT + BAR_STEP * i;
        const double width = most > 0 ? BAR_ROOM * rate / most : 0;
        fprintf(out, "<text x=\"0\" y=\"%zu\">", y + 15);
        escape(out, name_of(entry));
        fprintf(out,
                "</text>\n<rect class=\"bar\" x=\"%d\" y=\"%zu\" width=\"%.1f\" height=\"%d\"/>\n"
                "<text x=\"%.1f\" y=\"%zu\">%.1f (%.2f of GEMM)</text>\n",
                BAR_LEFT, y, width, BAR_HEIGHT, BAR_LEFT + width + 6, y + 15, rate,
                record_real(step, "gemm_roofline_fraction"));
    }
    fputs("</svg>\n", out);
}

static void write_bars(FILE *out, const json_t *devices)
{
    char label[RECORD_LABEL];
    const json_t *steps = json_object_get(json_array_get(devices, 0), "step");
    if (json_array_size(steps) == 0) return;
    fputs("<h2>Steps</h2>\n<p>Utterances a second.</p>\n", out);
    for (size_t i = 0; i < json_array_size(steps); ++i)
        write_group(out, devices, record_case_label(label, json_array_get(steps, i)));
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
        fprintf(out, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>\n", x, x, PLOT_TOP,
                PLOT_TOP + PLOT_HEIGHT);
        fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g</text>\n", x, PLOT_TOP + PLOT_HEIGHT + 18,
                pow(10, d));
    }
    for (double d = p->y0; d <= p->y1; d += 1) {
        const double y = place_y(p, pow(10, d));
        fprintf(out, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>\n", PLOT_LEFT,
                PLOT_LEFT + PLOT_WIDTH, y, y);
        fprintf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n", PLOT_LEFT - 6, y + 4, pow(10, d));
    }
    fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">FLOP per byte (GFLOP/s upwards)</text>\n",
            PLOT_LEFT + PLOT_WIDTH / 2, PLOT_TOP + PLOT_HEIGHT + 36);
}

static void write_dot(FILE *out, const plot *p, const char *label, double intensity, double gflops)
{
    if (!(gflops > 0 && intensity > 0)) return;
    fprintf(out, "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>", place_x(p, intensity),
            place_y(p, gflops));
    escape(out, label);
    fprintf(out, ": %.1f GFLOP/s at %.1f FLOP per byte</title></circle>\n", gflops, intensity);
}

static double intensity_of_product(const json_t *p)
{
    const double m = record_real(p, "m"), n = record_real(p, "n"), k = record_real(p, "k");
    return 2 * m * n * k / (4 * (m * k + k * n + m * n));
}

static void write_dots(FILE *out, const plot *p, const json_t *entry)
{
    char label[RECORD_LABEL];
    const json_t *gemm = json_object_get(entry, "gemm"), *kernels = json_object_get(entry, "kernels");
    for (size_t i = 0; i < json_array_size(gemm); ++i) {
        const json_t *products = json_object_get(json_array_get(gemm, i), "products");
        for (size_t k = 0; k < json_array_size(products); ++k) {
            const json_t *product = json_array_get(products, k);
            write_dot(out, p, record_product_label(label, product), intensity_of_product(product),
                      record_real(product, "gflops"));
        }
    }
    for (size_t i = 0; i < json_array_size(kernels); ++i) {
        const json_t *operations = json_object_get(json_array_get(kernels, i), "operations");
        for (size_t k = 0; k < json_array_size(operations); ++k) {
            const json_t *o = json_array_get(operations, k);
            write_dot(out, p, record_text(o, "name"), record_real(o, "gflops") / record_real(o, "gb_per_second"),
                      record_real(o, "gflops"));
        }
    }
}

static double best_of(const json_t *entry)
{
    double best = 0;
    const json_t *gemm = json_object_get(entry, "gemm");
    for (size_t i = 0; i < json_array_size(gemm); ++i)
        best = larger(best, record_real(json_array_get(gemm, i), "best_gflops"));
    return best;
}

static void write_roofline(FILE *out, const json_t *entry)
{
    const double peak = best_of(entry);
    const double bandwidth = record_real(json_object_get(entry, "transfers"), "bandwidth_gb_per_second");
    if (!(peak > 0 && bandwidth > 0)) return;
    const double top = ceil(log10(peak));
    const plot p = {-1, 3, top - 3, top};
    const double corner = peak / bandwidth, low = fmax(pow(10, p.x0), pow(10, p.y0) / bandwidth);
    fputs("<h2>Roofline of ", out);
    escape(out, name_of(entry));
    fprintf(out,
            "</h2>\n<p>%.1f GB/s and %.1f GFLOP/s; one dot per matrix product and per operation of the model.</p>\n",
            bandwidth, peak);
    fprintf(out, "<svg viewBox=\"0 0 900 %d\" role=\"img\">\n", PLOT_TOP + PLOT_HEIGHT + 44);
    write_grid(out, &p);
    fprintf(out, "<polyline class=\"roof\" points=\"%.1f,%.1f %.1f,%.1f %.1f,%.1f\"/>\n", place_x(&p, low),
            place_y(&p, low * bandwidth), place_x(&p, corner), place_y(&p, peak), place_x(&p, 1000), place_y(&p, peak));
    write_dots(out, &p, entry);
    fputs("</svg>\n", out);
}

/* ---- every time as a table ---- */

static void write_row(void *user, const char *label, const json_t *stats)
{
    FILE *out = user;
    fputs("<tr><td>", out);
    escape(out, label);
    fprintf(out, "</td><td>%.3f</td><td>%.3f</td><td>%.3f</td></tr>\n", 1e3 * record_real(stats, "median"),
            1e3 * record_real(stats, "p10"), 1e3 * record_real(stats, "p90"));
}

static void write_times(FILE *out, const json_t *entry)
{
    fputs("<h2>Times on ", out);
    escape(out, name_of(entry));
    fputs("</h2>\n<table>\n<tr><th>milliseconds</th><th>median</th><th>p10</th><th>p90</th></tr>\n", out);
    record_walk(entry, write_row, out);
    fputs("</table>\n", out);
}

st_status page_write(const char *path, const json_t *root, st_error *error)
{
    app_outfile file;
    const json_t *devices = json_object_get(root, "devices");
    ST_FORWARD(app_outfile_open(&file, path, error));
    fputs(head, file.stream);
    write_bars(file.stream, devices);
    for (size_t i = 0; i < json_array_size(devices); ++i) write_roofline(file.stream, json_array_get(devices, i));
    for (size_t i = 0; i < json_array_size(devices); ++i) write_times(file.stream, json_array_get(devices, i));
    fputs("</body>\n</html>\n", file.stream);
    const st_status status = app_outfile_finish(&file, error);
    app_outfile_close(&file);
    return status;
}
