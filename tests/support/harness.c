#include "tests/support/harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/device.h"

enum {
    GUARD = 67, /* odd, and more than the widest vector: an ignored offset or a whole vector too many shows */
    BLOCK_STEP = 64,
};
static const uint32_t guard_bits = 0x7fc0dead;
static const uint32_t fill_bits = 0x7fc00bad;

typedef struct th_buffer {
    struct th_buffer *next;
    rt_arena *arena;
    rt_view base;
    size_t elements;
    size_t front, total; /* elements of the guard before it; of all three */
} th_buffer;

typedef struct th_memory {
    struct th_memory *next;
    void *bytes;
} th_memory;

/* The first is the device's own; the others are vectors of every width, groups of one, groups that nothing divides, and
 * what a GPU would be given. */
static const th_setting settings[] = {
    {"default", 0, 0, 0, false},       {"VW=4, group=7", 4, 7, 0, false},     {"VW=1", 1, 0, 0, false},
    {"VW=1, group=7", 1, 7, 0, false}, {"VW=2, group=3", 2, 3, 0, false},     {"VW=8, group=3", 8, 3, 0, false},
    {"group=1", 0, 1, 0, false},       {"VW=4, group=128", 4, 128, 0, false},
};
enum { SMALL_SETTINGS = 2 }; /* the first, which a slow device visits */
enum { SETTINGS = sizeof settings / sizeof settings[0] };

typedef struct rig {
    rt_device_list devices;
    size_t device;
    st_error error;
    rt_context *contexts[SETTINGS]; /* opened when first needed */
    rt_context *own;                /* of th_run_in */
    long live_objects;
    th_case current;
} rig;

bool th_small(void)
{
    return getenv("SAFSD_TEST_SMALL") != NULL;
}

int th_open(void **state)
{
    rig *r = calloc(1, sizeof *r);
    if (!r) return -1;
    *state = r;
    const char *selector = getenv("SAFSD_CL_DEVICE");
    if (rt_device_list_create(&r->devices, &r->error) != ST_OK ||
        rt_device_select(&r->devices, selector ? selector : "auto", &r->device, &r->error) != ST_OK) {
        print_error("%s\n", r->error.text);
        return -1;
    }
    print_message("device: %s\n", r->devices.items[r->device].name);
    return 0;
}

/* Frees what the current case made. A failed case has jumped out of its body; its remains are freed here too. */
static void clear_case(rig *r)
{
    for (th_buffer *b = r->current.buffers, *next = NULL; b; b = next) {
        next = b->next;
        rt_arena_destroy(&b->arena);
        free(b);
    }
    for (th_memory *m = r->current.memory, *next = NULL; m; m = next) {
        next = m->next;
        free(m->bytes);
        free(m);
    }
    r->current = (th_case){.live_objects = &r->live_objects};
}

int th_close(void **state)
{
    rig *r = *state;
    clear_case(r);
    rt_context_destroy(&r->own);
    for (size_t i = 0; i < SETTINGS; ++i) rt_context_destroy(&r->contexts[i]);
    rt_device_list_destroy(&r->devices);
    const long left = r->live_objects;
    free(r);
    *state = NULL;
    if (left) print_error("%ld OpenCL objects are left\n", left);
    return left ? -1 : 0;
}

static void check_guards(th_case *t)
{
    for (const th_buffer *b = t->buffers; b; b = b->next) {
        uint32_t *bits = (uint32_t *)th_ints(t, b->total);
        TH_OK(t, rt_read(t->rt, b->base, bits, b->total));
        for (size_t i = 0; i < b->total; ++i)
            if ((i < b->front || i >= b->front + b->elements) && bits[i] != guard_bits)
                fail_msg("[%s] element %ld of a buffer of %zu was written", t->setting->name, (long)i - (long)b->front,
                         b->elements);
    }
}

static void open_context(rig *r, rt_context **context, const th_setting *setting)
{
    if (*context) return;
    const char *cache = getenv("SAFSD_CL_CACHE");
    const rt_options options = {.gemm = getenv("SAFSD_TEST_GEMM"),
                                .cache_programs = cache && strcmp(cache, "always") == 0,
                                .vector_width = setting->vector_width,
                                .group_size = setting->group_size,
                                .largest_block = setting->largest_block,
                                .separate_memory = setting->separate_memory,
                                .live_objects = &r->live_objects};
    if (rt_context_create(context, &r->devices.items[r->device], &options, &r->error) != ST_OK)
        fail_msg("[%s] %s", setting->name, r->error.text);
}

static void run_in(rig *r, rt_context **context, const th_setting *setting, th_body *body, const void *user)
{
    clear_case(r);
    st_clear(&r->error);
    open_context(r, context, setting);
    r->current.rt = *context;
    r->current.setting = setting;
    body(&r->current, user);
    TH_OK(&r->current, rt_finish(r->current.rt));
    check_guards(&r->current);
    clear_case(r);
}

void th_run(void **state, th_body *body, const void *user)
{
    rig *r = *state;
    for (size_t i = 0; i < SETTINGS; ++i)
        if (!th_small() || i < SMALL_SETTINGS) run_in(r, &r->contexts[i], &settings[i], body, user);
}

void th_run_once(void **state, th_body *body, const void *user)
{
    rig *r = *state;
    run_in(r, &r->contexts[0], &settings[0], body, user);
}

void th_run_in(void **state, const th_setting *setting, th_body *body, const void *user)
{
    rig *r = *state;
    clear_case(r);
    rt_context_destroy(&r->own);
    run_in(r, &r->own, setting, body, user);
    rt_context_destroy(&r->own);
}

void th_ok(const th_case *t, st_status status, const char *call, const char *file, int line)
{
    if (status == ST_OK) return;
    print_error("[%s] %s: %s\n", t->setting->name, call, rt_error(t->rt)->text);
    _fail(file, line);
}

/* ---- host memory ---- */

static void *host_memory(th_case *t, size_t elements, size_t size)
{
    th_memory *m = calloc(1, sizeof *m);
    void *bytes = calloc(elements ? elements : 1, size);
    if (!m || !bytes) {
        free(m);
        free(bytes);
        fail_msg("out of memory for %zu elements", elements);
        return NULL;
    }
    *m = (th_memory){t->memory, bytes};
    t->memory = m;
    return bytes;
}

double *th_doubles(th_case *t, size_t elements)
{
    return host_memory(t, elements, sizeof(double));
}

float *th_floats(th_case *t, size_t elements)
{
    return host_memory(t, elements, sizeof(float));
}

int32_t *th_ints(th_case *t, size_t elements)
{
    return host_memory(t, elements, sizeof(int32_t));
}

double *th_copy(th_case *t, const double *values, size_t elements)
{
    double *copy = th_doubles(t, elements);
    if (elements) memcpy(copy, values, elements * sizeof *copy);
    return copy;
}

uint64_t th_random(uint64_t *state) /* splitmix64 */
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

double th_uniform(uint64_t *state)
{
    return ((double)(th_random(state) >> 12) + 0.5) * 0x1p-52;
}

double th_gauss(uint64_t *state)
{
    const double radius = sqrt(-2.0 * log(th_uniform(state)));
    return radius * cos(6.283185307179586 * th_uniform(state));
}

/* ---- device buffers ---- */

/* Sizes of a buffer and its guards. A simulator sees what leaves a block of memory, so there the tensor ends with its
 * block: blocks are whole multiples of BLOCK_STEP elements. */
static void divide(th_buffer *b)
{
    b->front = GUARD;
    if (th_small()) b->front = GUARD + BLOCK_STEP - (GUARD + b->elements) % BLOCK_STEP;
    b->total = b->front + b->elements + (th_small() ? 0 : GUARD);
}

/* A buffer whose guards and contents are written from `values`, or all NaN. */
static rt_view new_buffer(th_case *t, const void *values, size_t elements)
{
    th_buffer *b = calloc(1, sizeof *b);
    if (!b) fail_msg("out of memory");
    b->next = t->buffers;
    b->elements = elements;
    t->buffers = b;
    divide(b);
    TH_OK(t, rt_arena_create(&b->arena, t->rt, "a test"));
    TH_OK(t, rt_arena_take(b->arena, "a test's tensor", b->total, &b->base));
    TH_OK(t, rt_arena_commit(b->arena));
    uint32_t *bits = malloc(b->total * sizeof *bits);
    if (!bits) fail_msg("out of memory");
    for (size_t i = 0; i < b->total; ++i) bits[i] = i < b->front || i >= b->front + elements ? guard_bits : fill_bits;
    if (values && elements) memcpy(bits + b->front, values, elements * sizeof *bits);
    const st_status status = rt_write(t->rt, b->base, bits, b->total);
    free(bits);
    TH_OK(t, status);
    return rt_view_at(b->base, b->front);
}

rt_view th_output(th_case *t, size_t elements)
{
    return new_buffer(t, NULL, elements);
}

rt_view th_upload(th_case *t, const void *values, size_t elements)
{
    return new_buffer(t, values, elements);
}

rt_view th_upload_doubles(th_case *t, const double *values, size_t elements)
{
    float *rounded = th_floats(t, elements);
    for (size_t i = 0; i < elements; ++i) rounded[i] = (float)values[i];
    return th_upload(t, rounded, elements);
}

static double *normal_values(th_case *t, size_t elements, uint64_t seed, double scale)
{
    double *values = th_doubles(t, elements);
    for (size_t i = 0; i < elements; ++i) values[i] = (double)(float)(scale * th_gauss(&seed));
    return values;
}

th_tensor th_normal(th_case *t, size_t elements, uint64_t seed, double scale)
{
    double *values = normal_values(t, elements, seed, scale);
    return (th_tensor){values, th_upload_doubles(t, values, elements), elements};
}

th_tensor th_constant(th_case *t, size_t elements, double value)
{
    double *values = th_doubles(t, elements);
    for (size_t i = 0; i < elements; ++i) values[i] = (double)(float)value;
    return (th_tensor){values, th_upload_doubles(t, values, elements), elements};
}

/* Elements from the first of the first row to the last of the last. */
static size_t matrix_extent(size_t rows, size_t columns, size_t ld)
{
    return rows ? (rows - 1) * ld + columns : 0;
}

th_matrix th_normal_matrix(th_case *t, size_t rows, size_t columns, size_t ld, uint64_t seed, double scale)
{
    double *values = normal_values(t, rows * columns, seed, scale);
    const size_t extent = matrix_extent(rows, columns, ld);
    float *spread = th_floats(t, extent);
    for (size_t i = 0; i < extent; ++i) memcpy(&spread[i], &fill_bits, sizeof fill_bits);
    for (size_t r = 0; r < rows; ++r)
        for (size_t c = 0; c < columns; ++c) spread[r * ld + c] = (float)values[r * columns + c];
    return (th_matrix){values, {th_upload(t, spread, extent), rows, columns, ld}};
}

nn_matrix th_output_matrix(th_case *t, size_t rows, size_t columns, size_t ld)
{
    return (nn_matrix){th_output(t, matrix_extent(rows, columns, ld)), rows, columns, ld};
}

rt_view th_mask(th_case *t, size_t elements, double p, uint64_t seed, double *kept)
{
    const size_t words = (elements + 31) / 32;
    uint32_t *bits = (uint32_t *)th_ints(t, words);
    for (size_t e = 0; e < words * 32; ++e) {
        const bool keep = th_uniform(&seed) >= p;
        if (keep) bits[e >> 5] |= (uint32_t)1 << (e & 31);
        if (e < elements) kept[e] = keep ? 1.0 : 0.0;
    }
    return th_upload(t, bits, words);
}

/* ---- comparisons ---- */

float *th_fetch(th_case *t, rt_view view, size_t elements)
{
    float *values = th_floats(t, elements);
    if (elements) TH_OK(t, rt_read(t->rt, view, values, elements));
    return values;
}

static double root_mean_square(const double *x, size_t elements)
{
    double sum = 0.0;
    for (size_t i = 0; i < elements; ++i) sum += isfinite(x[i]) ? x[i] * x[i] : 0.0;
    return elements ? sqrt(sum / (double)elements) : 0.0;
}

/* NaN is equal to NaN alone, infinity to the same infinity. */
static bool agrees(double actual, double expected, double size, double tolerance)
{
    if (isnan(actual) || isnan(expected)) return isnan(actual) && isnan(expected);
    if (isinf(actual) || isinf(expected)) return isinf(actual) && isinf(expected) && (actual > 0) == (expected > 0);
    return fabs(actual - expected) <= tolerance * fmax(fabs(expected), size);
}

static void expect_rows(th_case *t, const char *what, nn_matrix m, const double *expected, double tolerance)
{
    const size_t extent = matrix_extent(m.rows, m.columns, m.ld);
    const float *actual = th_fetch(t, m.view, extent);
    const double size = root_mean_square(expected, m.rows * m.columns);
    for (size_t i = 0; i < extent; ++i) {
        const size_t r = i / m.ld, c = i % m.ld;
        if (c >= m.columns) {
            uint32_t bits = 0;
            memcpy(&bits, &actual[i], sizeof bits);
            if (bits != fill_bits) fail_msg("[%s] %s: the gap behind row %zu was written", t->setting->name, what, r);
        } else if (!agrees((double)actual[i], expected[r * m.columns + c], size, tolerance)) {
            fail_msg("[%s] %s[%zu, %zu] of [%zu, %zu] is %.9g instead of %.9g, tolerance %.1e of max(that, %.3g)",
                     t->setting->name, what, r, c, m.rows, m.columns, (double)actual[i], expected[r * m.columns + c],
                     tolerance, size);
        }
    }
}

void th_expect(th_case *t, const char *what, rt_view view, const double *expected, size_t elements, double tolerance)
{
    if (elements) expect_rows(t, what, nn_dense(view, 1, elements), expected, tolerance);
}

void th_expect_matrix(th_case *t, const char *what, nn_matrix matrix, const double *expected, double tolerance)
{
    if (matrix.rows && matrix.columns) expect_rows(t, what, matrix, expected, tolerance);
}

void th_expect_bits(th_case *t, const char *what, rt_view view, const uint32_t *expected, size_t elements)
{
    uint32_t *actual = (uint32_t *)th_ints(t, elements);
    if (elements) TH_OK(t, rt_read(t->rt, view, actual, elements));
    for (size_t i = 0; i < elements; ++i)
        if (actual[i] != expected[i])
            fail_msg("[%s] word %zu of %zu of %s is %08x instead of %08x", t->setting->name, i, elements, what,
                     (unsigned)actual[i], (unsigned)expected[i]);
}

void th_expect_untouched(th_case *t, const char *what, rt_view view, size_t elements)
{
    uint32_t *expected = (uint32_t *)th_ints(t, elements);
    for (size_t i = 0; i < elements; ++i) expected[i] = fill_bits;
    th_expect_bits(t, what, view, expected, elements);
}

double th_dot(const double *a, const double *b, size_t elements)
{
    double sum = 0.0;
    for (size_t i = 0; i < elements; ++i) sum += a[i] * b[i];
    return sum;
}

/* Fourth-order central differences: truncation and rounding both stay far below the tolerance. */
void th_expect_gradient(const char *what, double *x, size_t elements, const double *dx, th_loss *loss, const void *user)
{
    static const double tolerance = 1e-6;
    const double size = root_mean_square(dx, elements);
    for (size_t i = 0; i < elements; ++i) {
        const double at = x[i], h = 1e-3 * fmax(1.0, fabs(at));
        double value[4];
        static const double steps[4] = {-2.0, -1.0, 1.0, 2.0};
        for (int k = 0; k < 4; ++k) {
            x[i] = at + steps[k] * h;
            value[k] = loss(user);
        }
        x[i] = at;
        const double slope = (value[0] - 8.0 * value[1] + 8.0 * value[2] - value[3]) / (12.0 * h);
        if (!agrees(dx[i], slope, fmax(size, 1e-3), tolerance))
            fail_msg("the gradient of %s[%zu] is %.12g where differences give %.12g", what, i, dx[i], slope);
    }
}
