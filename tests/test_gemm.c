/* Matrix products of every provider against double sums, element by element.
 *
 * All matrices of a case lie in one buffer at odd offsets with gaps between rows; what surrounds them is filled with
 * NaN of known bits, and the whole buffer is compared afterwards: a product that reads a neighbour becomes NaN, one
 * that writes to it is seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/buffer.h"
#include "runtime/gemm.h"
#include "runtime/context.h"
#include "runtime/gemm_clblast.h"
#include "runtime/launch.h"
#include "runtime/profile.h"
#include "reference/gemm.h"

/* Largest error as a part of the sum of absolute values. */
static const double TOLERANCE = 1e-6;
static const uint32_t fill_bits = 0x7fc00bad;

enum { GUARD = 67 };

typedef struct setting {
    const char *name, *provider;
    size_t vector_width, group_size, largest_block; /* as in rt_options */
    bool profile;
} setting;

typedef struct product {
    bool transpose_a, transpose_b;
    size_t m, n, k, gap;
    float beta;
    bool bias;
    size_t sums; /* of the last so many rows of op(A); 0: none */
} product;

typedef struct rig {
    st_error error;
    rt_device_list devices;
    rt_context *rt;
    long live_objects;
    rt_arena *arena;
    rt_view view;
    size_t elements;
    float *before, *after;
    uint64_t random;
} rig;

static bool small_device(void)
{
    return getenv("SAFSD_TEST_SMALL") != NULL;
}

#define OK(r, call)                                                                                                    \
    do {                                                                                                               \
        if ((call) != ST_OK) fail_msg("%s", (r)->error.text);                                                          \
    } while (0)

static void open_rig(rig *r, const setting *s, size_t elements)
{
    *r = (rig){.elements = elements, .random = 1};
    const char *selector = getenv("SAFSD_CL_DEVICE");
    size_t chosen = 0;
    OK(r, rt_device_list_create(&r->devices, &r->error));
    OK(r, rt_device_select(&r->devices, selector ? selector : "auto", &chosen, &r->error));
    const rt_options options = {.gemm = s->provider,
                                .vector_width = s->vector_width,
                                .group_size = s->group_size,
                                .largest_block = s->largest_block,
                                .profile = s->profile,
                                .live_objects = &r->live_objects};
    OK(r, rt_context_create(&r->rt, &r->devices.items[chosen], &options, &r->error));
    OK(r, rt_arena_create(&r->arena, r->rt, "test"));
    OK(r, rt_arena_take(r->arena, "test", elements, &r->view));
    OK(r, rt_arena_commit(r->arena));
    r->before = calloc(elements, sizeof(float));
    r->after = calloc(elements, sizeof(float));
    assert_non_null(r->before);
    assert_non_null(r->after);
}

static void close_rig(rig *r)
{
    rt_arena_destroy(&r->arena);
    rt_context_destroy(&r->rt);
    rt_device_list_destroy(&r->devices);
    free(r->before);
    free(r->after);
    assert_int_equal(r->live_objects, 0);
}

static float random_float(rig *r)
{
    r->random = r->random * 6364136223846793005u + 1442695040888963407u;
    return (float)((double)(r->random >> 33) / 1073741824.0 - 1.0);
}

/* A matrix with random content at the next free place of the buffer; `filled` false leaves the NaN. */
static size_t place(rig *r, size_t *used, size_t rows, size_t columns, size_t ld, bool filled)
{
    const size_t at = *used;
    *used = at + (rows - 1) * ld + columns + GUARD;
    if (*used > r->elements) fail_msg("the test's buffer of %zu elements is too small", r->elements);
    for (size_t row = 0; filled && row < rows; ++row)
        for (size_t i = 0; i < columns; ++i) r->before[at + row * ld + i] = random_float(r);
    return at;
}

static rt_gemm_call make(rig *r, const product *p, size_t *used)
{
    for (size_t i = 0; i < r->elements; ++i) memcpy(&r->before[i], &fill_bits, sizeof fill_bits);
    const size_t a_rows = p->transpose_a ? p->k : p->m, a_columns = p->transpose_a ? p->m : p->k;
    const size_t b_rows = p->transpose_b ? p->n : p->k, b_columns = p->transpose_b ? p->k : p->n;
    rt_gemm_call call = {.transpose_a = p->transpose_a,
                         .transpose_b = p->transpose_b,
                         .m = p->m,
                         .n = p->n,
                         .k = p->k,
                         .lda = a_columns + p->gap,
                         .ldb = b_columns + 2 * p->gap,
                         .ldc = p->n + 3 * p->gap,
                         .beta = p->beta};
    *used = GUARD;
    call.a = rt_view_at(r->view, place(r, used, a_rows, a_columns, call.lda, true));
    call.b = rt_view_at(r->view, place(r, used, b_rows, b_columns, call.ldb, true));
    call.c = rt_view_at(r->view, place(r, used, p->m, p->n, call.ldc, p->beta != 0.0f));
    if (p->bias) call.bias = rt_view_at(r->view, place(r, used, 1, p->n, p->n, true));
    if (!p->sums) return call;
    call.sums = rt_view_at(r->view, place(r, used, 1, p->sums, p->sums, p->beta != 0.0f));
    call.sums_from = p->m - p->sums;
    return call;
}

static void describe(char *text, size_t size, const char *provider, const product *p)
{
    snprintf(text, size, "%s %c%c %zu x %zu x %zu, gap %zu, beta %g%s, %zu sums", provider, p->transpose_a ? 'T' : 'N',
             p->transpose_b ? 'T' : 'N', p->m, p->n, p->k, p->gap, (double)p->beta, p->bias ? ", bias" : "", p->sums);
}

static void compare(const rig *r, const rt_gemm_call *call, const product *p, size_t used)
{
    char text[160];
    describe(text, sizeof text, rt_gemm_provider(r->rt), p);
    const size_t base = r->view.at, c_at = call->c.at - base;
    const ref_gemm g = {call->transpose_a,
                        call->transpose_b,
                        call->m,
                        call->n,
                        call->k,
                        r->before + (call->a.at - base),
                        r->before + (call->b.at - base),
                        r->before + c_at,
                        call->lda,
                        call->ldb,
                        call->ldc,
                        (double)call->beta,
                        p->bias ? r->before + (call->bias.at - base) : NULL};
    const size_t sums_at = p->sums ? call->sums.at - base : used;
    for (size_t i = 0; i < used; ++i) {
        const size_t row = i < c_at ? p->m : (i - c_at) / call->ldc, column = i < c_at ? 0 : (i - c_at) % call->ldc;
        const double found = (double)r->after[i];
        double magnitude = 0.0;
        if (row < p->m && column < p->n) {
            const double expected = ref_gemm_element(&g, row, column, &magnitude);
            if (!(fabs(found - expected) <= TOLERANCE * magnitude))
                fail_msg("%s: C[%zu, %zu] is %.9g, expected %.9g", text, row, column, found, expected);
        } else if (i >= sums_at && i < sums_at + p->sums) {
            const size_t summed = call->sums_from + i - sums_at;
            const double expected = ref_gemm_row_sum(&g, summed, (double)r->before[i], &magnitude);
            if (!(fabs(found - expected) <= TOLERANCE * magnitude))
                fail_msg("%s: the sum of row %zu is %.9g, expected %.9g", text, summed, found, expected);
        } else if (memcmp(&r->before[i], &r->after[i], sizeof(float)) != 0) {
            fail_msg("%s: element %zu of the buffer, outside C at %zu, was written", text, i, c_at);
        }
    }
}

static void run(rig *r, const product *p)
{
    size_t used = 0;
    const rt_gemm_call call = make(r, p, &used);
    OK(r, rt_write(r->rt, r->view, r->before, used));
    OK(r, rt_gemm(r->rt, &call));
    OK(r, rt_read(r->rt, r->view, r->after, used));
    compare(r, &call, p, used);
}

static void plan(rig *r, const product *products, size_t count)
{
    rt_planning(r->rt, true);
    for (size_t i = 0; i < count; ++i)
        for (int turned = 0; turned < 4; ++turned) {
            product p = products[i];
            p.transpose_a = turned & 1;
            p.transpose_b = turned & 2;
            const rt_gemm_call call = {.transpose_a = p.transpose_a,
                                       .transpose_b = p.transpose_b,
                                       .m = p.m,
                                       .n = p.n,
                                       .k = p.k,
                                       .a = r->view,
                                       .b = r->view,
                                       .c = r->view,
                                       .lda = p.transpose_a ? p.m : p.k,
                                       .ldb = p.transpose_b ? p.k : p.n,
                                       .ldc = p.n};
            OK(r, rt_gemm(r->rt, &call));
        }
    rt_planning(r->rt, false);
    OK(r, rt_gemm_reserve(r->rt));
}

/* Every combination of sizes around the edges of a tile, transposition, beta, bias and sums; planned by the largest. */
static void run_edges(rig *r, size_t mr, size_t nr)
{
    const size_t ms[] = {1, mr - 1, mr, mr + 1, 3 * mr + 5}, ns[] = {1, nr - 1, nr, nr + 1, 2 * nr + 3};
    const size_t ks[] = {1, 7, 16, 17, 41};
    const float betas[] = {0.0f, 1.0f, 0.5f};
    const product largest = {.m = ms[4], .n = ns[4], .k = ks[4]};
    plan(r, &largest, 1);
    unsigned turn = 0; /* goes through beta, bias and gap with periods that no other loop shares */
    for (size_t m = 0; m < 5; ++m)
        for (size_t n = 0; n < 5; ++n)
            for (size_t k = 0; k < 5; ++k)
                for (int t = 0; t < 4; ++t, ++turn) {
                    if (small_device() && turn % 7) continue;
                    product p = {t & 1, t & 2, ms[m], ns[n], ks[k], turn % 11 % 3, betas[turn % 3], turn % 7 < 3, 0};
                    if (rt_gemm_gives_sums(r->rt)) p.sums = turn % 13 % (p.m + 1);
                    run(r, &p);
                }
}

/* Sizes that reach every limit of the packing: parts of a deep sum, several blocks of a long row, skinny operands. */
static void run_large(rig *r)
{
    const product all[] = {
        {.m = 61, .n = 67, .k = 3001, .beta = 0.5f, .bias = true, .sums = 61},
        {.m = 45, .n = 70, .k = 1537, .gap = 1, .bias = true, .sums = 40},
        {.m = 50, .n = 35, .k = 1400, .beta = 1.0f},
        {.m = 301, .n = 259, .k = 131, .gap = 5, .sums = 200},
        {.m = 29, .n = 4511, .k = 37, .bias = true},
        {.m = 4511, .n = 7, .k = 19, .gap = 3, .beta = 1.0f, .sums = 4511},
        {.m = 1, .n = 2048, .k = 1},
        {.m = 7, .n = 600, .k = 143},
        {.m = 143, .n = 6, .k = 600, .bias = true},
        {.m = 1, .n = 1, .k = 2050},
    };
    const size_t count = sizeof all / sizeof all[0];
    plan(r, all, count);
    for (size_t i = 0; i < count; ++i)
        for (int t = 0; t < 4; ++t) {
            product p = all[i];
            p.transpose_a = t & 1;
            p.transpose_b = t & 2;
            run(r, &p);
        }
}

/* Rows and columns of a tile of the own kernels. */
static size_t tile_rows(const rig *r)
{
    const size_t width = rt_vector_width(r->rt);
    return width == 16 ? 12 : width >= 4 ? 6 : 4;
}

static size_t tile_columns(const rig *r)
{
    return 2 * rt_vector_width(r->rt);
}

static void test_panel(void **state)
{
    const setting *s = *state;
    rig r;
    open_rig(&r, s, small_device() ? 20000 : 600000);
    assert_string_equal(rt_gemm_provider(r.rt), "panel");
    run_edges(&r, tile_rows(&r), tile_columns(&r));
    if (!small_device()) run_large(&r);
    close_rig(&r);
}

/* A and B fill blocks of their own to the last element: a memory checker sees what is read beyond. */
static void tight_blocks(const setting *s, size_t m, size_t n, size_t k)
{
    rig r;
    open_rig(&r, s, 4096);
    const product p = {.m = m, .n = n, .k = k};
    plan(&r, &p, 1);
    rt_arena *arenas[2] = {NULL, NULL};
    rt_gemm_call call = {.m = m, .n = n, .k = k, .c = r.view, .ldc = n};
    OK(&r, rt_arena_create(&arenas[0], r.rt, "A"));
    OK(&r, rt_arena_take(arenas[0], "A", m * k, &call.a));
    OK(&r, rt_arena_commit(arenas[0]));
    OK(&r, rt_arena_create(&arenas[1], r.rt, "B"));
    OK(&r, rt_arena_take(arenas[1], "B", n * k, &call.b));
    OK(&r, rt_arena_commit(arenas[1]));
    for (size_t i = 0; i < n * k; ++i) r.before[i] = 1.0f;
    OK(&r, rt_write(r.rt, call.a, r.before, m * k));
    OK(&r, rt_write(r.rt, call.b, r.before, n * k));
    for (int t = 0; t < 4; ++t) {
        call.transpose_a = t & 1;
        call.transpose_b = t & 2;
        call.lda = call.transpose_a ? m : k;
        call.ldb = call.transpose_b ? k : n;
        OK(&r, rt_gemm(r.rt, &call));
        OK(&r, rt_read(r.rt, r.view, r.after, m * n));
        for (size_t i = 0; i < m * n; ++i) assert_true(r.after[i] == (float)k);
    }
    rt_arena_destroy(&arenas[0]);
    rt_arena_destroy(&arenas[1]);
    close_rig(&r);
}

/* The second has a last slice that is copied float by float, the third panels that lack one row or column. */
static void test_tight_blocks(void **state)
{
    rig r;
    open_rig(&r, *state, 1);
    const size_t rows = tile_rows(&r), columns = tile_columns(&r);
    close_rig(&r);
    tight_blocks(*state, 13, 35, 64);
    tight_blocks(*state, 64, 64, 7);
    tight_blocks(*state, 2 * rows - 1, 2 * columns - 1, 7);
}

/* Blocks of 16 KiB: the depth of a part gives way until both packed operands fit. */
static void test_small_blocks(void **state)
{
    const setting *s = *state;
    rig r;
    open_rig(&r, s, s->largest_block / sizeof(float));
    const product p = {.m = 13, .n = 20, .k = 90, .beta = 0.5f, .bias = true, .sums = 13};
    const product wide = {.m = 2, .n = 200, .k = 9};
    plan(&r, &p, 1);
    plan(&r, &wide, 1);
    run(&r, &p);
    run(&r, &wide);
    rt_planning(r.rt, true);
    const rt_gemm_call huge = {
        .m = 1, .n = 5000, .k = 1, .a = r.view, .b = r.view, .c = r.view, .lda = 1, .ldb = 5000, .ldc = 5000};
    assert_int_equal(rt_gemm(r.rt, &huge), ST_DEVICE);
    assert_non_null(strstr(r.error.text, "too large"));
    close_rig(&r);
}

static bool is_bias_source(const char *name)
{
    return strcmp(name, "gemm_bias.cl") == 0;
}

/* The kernel that lays the bias for CLBlast, by itself: simulators skip the library. */
static void test_bias(void **state)
{
    enum { ROWS = 3, COLUMNS = 37, LD = 41, C = 11, BIAS = 300 };
    rig r;
    open_rig(&r, *state, 512);
    rt_program *program = NULL;
    OK(&r, rt_program_create(&program, r.rt, is_bias_source, ""));
    const float betas[] = {0.0f, 0.5f};
    for (size_t b = 0; b < 2; ++b) {
        for (size_t i = 0; i < r.elements; ++i) memcpy(&r.before[i], &fill_bits, sizeof fill_bits);
        for (size_t i = 0; i < COLUMNS; ++i) r.before[BIAS + i] = random_float(&r);
        for (size_t i = 0; b && i < (size_t)ROWS * LD; ++i) r.before[C + i] = random_float(&r);
        OK(&r, rt_write(r.rt, r.view, r.before, r.elements));
        const rt_arg arguments[] = {RT_VIEW(rt_view_at(r.view, C)), RT_VIEW(rt_view_at(r.view, BIAS)), RT_UINT(COLUMNS),
                                    RT_UINT(LD), RT_FLOAT(betas[b])};
        OK(&r, rt_launch_kernel(r.rt, rt_program_kernel(program, "gemm_bias"), rt_groups(COLUMNS, ROWS, 1, 1),
                                arguments, sizeof arguments / sizeof arguments[0]));
        OK(&r, rt_read(r.rt, r.view, r.after, r.elements));
        for (size_t i = 0; i < r.elements; ++i) {
            const size_t row = i < C ? ROWS : (i - C) / LD, column = i < C ? 0 : (i - C) % LD;
            if (row < ROWS && column < COLUMNS) {
                const double old = b ? (double)betas[b] * (double)r.before[i] : 0.0;
                assert_true(fabs((double)r.after[i] - (old + (double)r.before[BIAS + column])) <= 1e-6);
            } else {
                assert_memory_equal(&r.before[i], &r.after[i], sizeof(float));
            }
        }
    }
    rt_program_destroy(&program);
    close_rig(&r);
}

/* The library's kernels alarm the simulator's checks and are slow there. */
static void test_clblast(void **state)
{
    if (small_device()) skip();
    rig r;
    open_rig(&r, *state, 600000);
    assert_string_equal(rt_gemm_provider(r.rt), "clblast");
    run_edges(&r, 8, 16);
    size_t used = 0;
    const product summed = {.m = 3, .n = 4, .k = 5, .sums = 3};
    const rt_gemm_call call = make(&r, &summed, &used);
    assert_int_equal(rt_gemm(r.rt, &call), ST_FAILED);
    assert_non_null(strstr(r.error.text, "does not compute sums"));
    close_rig(&r);
}

/* The path that large products take, with copies of the operands in the scratch, forced for small ones. */
static void test_clblast_indirect(void **state)
{
    if (small_device()) skip();
    rig r;
    open_rig(&r, *state, 600000);
    const char *const names[] = {"XGEMM_MIN_INDIRECT_SIZE"};
    const size_t values[] = {1}, usual[] = {896};
    OK(&r, rt_gemm_clblast_override(r.rt, "GemmRoutine", 1, names, values));
    const product first = {.m = 200, .n = 130, .k = 90};
    plan(&r, &first, 1);
    assert_true(rt_gemm_scratch_bytes(r.rt) >= (200 * 90 + 130 * 90) * sizeof(float));
    run_edges(&r, 8, 16);
    OK(&r, rt_gemm_clblast_override(r.rt, "GemmRoutine", 1, names, usual));
    assert_int_equal(rt_gemm_clblast_override(r.rt, "Xgemm", 1, names, values), ST_DEVICE);
    assert_non_null(strstr(r.error.text, "CLBlastMissingOverrideParameter"));
    close_rig(&r);
}

/* Calls that must be refused, each with its sentence, and those that do nothing. */
static void test_refused(void **state)
{
    rig r;
    open_rig(&r, *state, 4096);
    const product p = {.m = 20, .n = 10, .k = 30};
    size_t used = 0;
    const rt_gemm_call good = make(&r, &p, &used);
    struct {
        rt_gemm_call call;
        const char *sentence;
    } bad[] = {
        {good, "are reserved: plan it"}, {good, "inner size 0"},       {good, "matrix A of a product has rows"},
        {good, "matrix B of a product"}, {good, "matrix C of a prod"}, {good, "without matrix A"},
        {good, "matrix bias"},           {good, "exceeds 2^31"},       {good, "sums from row 20 on"},
        {good, "matrix sums"},
    };
    bad[1].call.k = 0;
    bad[2].call.lda = 29;
    bad[3].call.b = rt_view_at(r.view, 4096 - 299);
    bad[4].call.ldc = 1000;
    bad[5].call.a.block = NULL;
    bad[6].call.bias = rt_view_at(r.view, 4096 - 9);
    bad[7].call.ldb = (size_t)1 << 31;
    bad[8].call.sums = r.view;
    bad[8].call.sums_from = 20;
    bad[9].call.sums = rt_view_at(r.view, 4096 - 19);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
        st_clear(&r.error);
        assert_int_equal(rt_gemm(r.rt, &bad[i].call), ST_FAILED);
        if (!strstr(r.error.text, bad[i].sentence)) fail_msg("'%s' lacks '%s'", r.error.text, bad[i].sentence);
    }
    OK(&r, rt_write(r.rt, r.view, r.before, 4096));
    rt_gemm_call empty = good;
    empty.m = 0;
    OK(&r, rt_gemm(r.rt, &empty));
    empty = good;
    empty.n = 0;
    OK(&r, rt_gemm(r.rt, &empty));
    OK(&r, rt_read(r.rt, r.view, r.after, 4096));
    assert_memory_equal(r.before, r.after, 4096 * sizeof(float));
    close_rig(&r);
}

static void test_unknown_provider(void **state)
{
    (void)state;
    st_error error = {0};
    rt_device_list devices = {0};
    size_t chosen = 0;
    rt_context *rt = NULL;
    const rt_options options = {.gemm = "abacus"};
    assert_int_equal(rt_device_list_create(&devices, &error), ST_OK);
    assert_int_equal(rt_device_select(&devices, "auto", &chosen, &error), ST_OK);
    assert_int_equal(rt_context_create(&rt, &devices.items[chosen], &options, &error), ST_USAGE);
    assert_non_null(strstr(error.text, "abacus"));
    assert_null(rt);
    rt_device_list_destroy(&devices);
}

static void count_flops(void *user, const rt_gemm_call *call)
{
    *(double *)user += 2.0 * (double)call->m * (double)call->n * (double)call->k;
}

static void test_observe(void **state)
{
    rig r;
    open_rig(&r, *state, 4096);
    const product p = {.m = 20, .n = 10, .k = 30};
    double flops = 0.0;
    rt_gemm_observe(r.rt, count_flops, &flops);
    plan(&r, &p, 1);
    assert_true(flops == 4 * 12000.0); /* one of each transposition */
    run(&r, &p);
    assert_true(flops == 5 * 12000.0);
    rt_gemm_observe(r.rt, NULL, NULL);
    run(&r, &p);
    assert_true(flops == 5 * 12000.0);
    close_rig(&r);
}

/* The line "gemm" counts the floating-point operations and takes all the time; the same call gives the same bits. */
static void test_profile_and_repeat(void **state)
{
    const setting *s = *state;
    if (small_device() && strcmp(s->provider, "clblast") == 0) skip();
    rig r;
    open_rig(&r, s, 20000);
    const product p = {.m = 70, .n = 50, .k = 60, .beta = 0.0f, .bias = true};
    plan(&r, &p, 1);
    size_t used = 0;
    const rt_gemm_call call = make(&r, &p, &used);
    OK(&r, rt_write(r.rt, r.view, r.before, used));
    rt_profile_reset(r.rt);
    OK(&r, rt_gemm(r.rt, &call));
    const rt_profile_line *lines = NULL;
    size_t count = 0;
    OK(&r, rt_profile_read(r.rt, &lines, &count));
    assert_int_equal(count, 1);
    assert_string_equal(lines[0].name, "gemm");
    assert_true(lines[0].work.flops == 2.0 * 70 * 50 * 60);
    assert_true(lines[0].seconds > 0.0 && lines[0].launches > 0);
    OK(&r, rt_read(r.rt, r.view, r.after, used));
    compare(&r, &call, &p, used);
    memcpy(r.before, r.after, used * sizeof(float));
    OK(&r, rt_gemm(r.rt, &call));
    OK(&r, rt_read(r.rt, r.view, r.after, used));
    assert_memory_equal(r.before, r.after, used * sizeof(float));
    close_rig(&r);
}

int main(void)
{
    static setting panel[] = {
        {.name = "panel", .provider = "panel"},
        {.name = "panel, VW=1, group=1", .provider = "panel", .vector_width = 1, .group_size = 1},
        {.name = "panel, VW=2", .provider = "panel", .vector_width = 2},
        {.name = "panel, VW=4, group=7", .provider = "panel", .vector_width = 4, .group_size = 7},
        {.name = "panel, VW=8", .provider = "panel", .vector_width = 8},
        {.name = "panel, VW=16, group=1", .provider = "panel", .vector_width = 16, .group_size = 1},
    };
    static setting tight = {.provider = "panel", .largest_block = 16384};
    static setting clblast = {.provider = "clblast"};
    static setting profiled[] = {{.provider = "panel", .profile = true}, {.provider = "clblast", .profile = true}};
    enum { PANEL = sizeof panel / sizeof panel[0], OTHERS = 10 };
    struct CMUnitTest tests[PANEL + OTHERS] = {{0}};
    for (size_t i = 0; i < PANEL; ++i) tests[i] = (struct CMUnitTest){panel[i].name, test_panel, NULL, NULL, &panel[i]};
    const struct CMUnitTest others[OTHERS] = {
        {"panel, tight blocks", test_tight_blocks, NULL, NULL, &panel[0]},
        {"panel, small blocks", test_small_blocks, NULL, NULL, &tight},
        {"panel, refused calls", test_refused, NULL, NULL, &panel[0]},
        {"unknown provider", test_unknown_provider, NULL, NULL, NULL},
        {"panel, observer", test_observe, NULL, NULL, &panel[0]},
        {"panel, profile", test_profile_and_repeat, NULL, NULL, &profiled[0]},
        {"clblast, profile", test_profile_and_repeat, NULL, NULL, &profiled[1]},
        {"clblast, bias", test_bias, NULL, NULL, &panel[0]},
        {"clblast", test_clblast, NULL, NULL, &clblast},
        {"clblast, indirect", test_clblast_indirect, NULL, NULL, &clblast},
    };
    memcpy(tests + PANEL, others, sizeof others);
    return cmocka_run_group_tests_name("gemm", tests, NULL, NULL);
}
