/* GEMM providers against a host BLAS, in one run: GFLOP/s by shape and transposition.
 *
 *     gemm_bench [--device SEL] [--rounds N] [--hot] [--clblast] [M N K ...]
 *
 * The contenders take turns, so that what disturbs the machine disturbs them all. A turn is a chain of products, of
 * which the first are not timed: threads that wake together may share a core for a while. The operands of every
 * product are others, taken from pools larger than a cache, as in a training step (--hot: always the same). Figures
 * are medians, by the wall clock and by processor time (2 FLOPs x m x n x k over seconds per core in use): the second
 * is what a machine shared with other work can be judged by. Results are compared with the BLAS's while timing.
 */
#include <cblas.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <time.h>

#include "runtime/context.h"
#include "runtime/buffer.h"
#include "base/clock.h"
#include "base/text.h"
#include "runtime/gemm.h"

enum {
    MOST_ROUNDS = 400,
    MOST_CONTENDERS = 3,
    CHAIN = 4, /* products timed in a turn */
    POOL = 24 << 20,
    AFTER_BLAS = 100000000, /* ns until its threads no longer spin, which takes a core from what comes next */
};
static const double SETTLE = 0.06; /* s until threads that woke together have a core each */

typedef struct shape {
    size_t m, n, k;
} shape;

/* The products of the model: at H = 1024 with the rows of IEMOCAP one projection, those of one source, the gradients of
 * each, and audio's embedding; few rows, small widths, classes. */
static const shape model_shapes[] = {
    {752, 1024, 1024}, {1024, 1024, 752}, {752, 2048, 1024}, {752, 1024, 2048}, {2048, 1024, 752}, {752, 3072, 1024},
    {752, 1024, 3072}, {3072, 1024, 752}, {1024, 1582, 752}, {144, 1024, 1024}, {752, 256, 256},   {752, 128, 128},
    {143, 128, 128},   {752, 6, 6144},    {6, 6144, 752},    {752, 6144, 6},
};

typedef struct contender {
    const char *name;
    rt_context *rt; /* NULL: the host BLAS */
    rt_arena *arena;
    rt_view a, b, c;
    float *host_c;
    double wall[MOST_ROUNDS], processor[MOST_ROUNDS];
} contender;

typedef struct bench {
    st_error error;
    rt_device_list devices;
    contender contenders[MOST_CONTENDERS];
    size_t count, rounds, cores;
    bool hot;
    float *a, *b;
} bench;

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, ascending);
    return values[count / 2];
}

static st_status add_provider(bench *s, const rt_device_info *device, const char *name)
{
    contender *c = &s->contenders[s->count++];
    const rt_options options = {.gemm = name};
    c->name = name;
    ST_FORWARD(rt_context_create(&c->rt, device, &options, &s->error));
    ST_FORWARD(rt_arena_create(&c->arena, c->rt, "benchmark"));
    ST_FORWARD(rt_arena_take(c->arena, "A", POOL, &c->a));
    ST_FORWARD(rt_arena_take(c->arena, "B", POOL, &c->b));
    ST_FORWARD(rt_arena_take(c->arena, "C", POOL, &c->c));
    ST_FORWARD(rt_arena_commit(c->arena));
    ST_FORWARD(rt_write(c->rt, c->a, s->a, POOL));
    ST_FORWARD(rt_write(c->rt, c->b, s->b, POOL));
    return rt_zero(c->rt, c->c, POOL);
}

static void fill(float *values, uint64_t seed)
{
    for (size_t i = 0; i < POOL; ++i) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        values[i] = (float)((double)(seed >> 33) / 1073741824.0 - 1.0);
    }
}

/* The place of turn `turn` in a pool, for a matrix of `elements`. */
static size_t place(size_t turn, size_t elements)
{
    return elements >= POOL ? 0 : turn * elements % (POOL - elements) / 64 * 64;
}

static rt_gemm_call call_of(const contender *c, const shape *s, int turned, size_t turn)
{
    const bool ta = turned & 2, tb = turned & 1;
    return (rt_gemm_call){.transpose_a = ta,
                          .transpose_b = tb,
                          .m = s->m,
                          .n = s->n,
                          .k = s->k,
                          .a = rt_view_at(c->a, place(turn, s->m * s->k)),
                          .b = rt_view_at(c->b, place(turn, s->n * s->k)),
                          .c = rt_view_at(c->c, place(turn, s->m * s->n)),
                          .lda = ta ? s->m : s->k,
                          .ldb = tb ? s->k : s->n,
                          .ldc = s->n};
}

static void host_product(const bench *s, const rt_gemm_call *p, size_t a, size_t b, float *c)
{
    cblas_sgemm(CblasRowMajor, p->transpose_a ? CblasTrans : CblasNoTrans, p->transpose_b ? CblasTrans : CblasNoTrans,
                (int)p->m, (int)p->n, (int)p->k, 1.0f, s->a + a, (int)p->lda, s->b + b, (int)p->ldb, 0.0f, c,
                (int)p->ldc);
}

/* Products first .. first+count-1, or always the one in place 0. */
static st_status products(bench *s, contender *c, const shape *size, int turned, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; ++i) {
        const size_t at = s->hot ? 0 : i;
        const rt_gemm_call call = call_of(c, size, turned, at);
        if (c->rt)
            ST_FORWARD(rt_gemm(c->rt, &call));
        else
            host_product(s, &call, place(at, size->m * size->k), place(at, size->n * size->k),
                         c->host_c + place(at, size->m * size->n));
    }
    return c->rt ? rt_finish(c->rt) : ST_OK;
}

static st_status take_turn(bench *s, contender *c, const shape *size, int turned, size_t round)
{
    const size_t first = round * (CHAIN + 1);
    const double settled = clock_seconds() + SETTLE;
    while (clock_seconds() < settled) ST_FORWARD(products(s, c, size, turned, first, 1));
    const double wall = clock_seconds(), processor = clock_processor_seconds();
    ST_FORWARD(products(s, c, size, turned, first + 1, CHAIN));
    c->wall[round] = (clock_seconds() - wall) / CHAIN;
    c->processor[round] = (clock_processor_seconds() - processor) / CHAIN;
    if (!c->rt) (void)thrd_sleep(&(struct timespec){.tv_nsec = AFTER_BLAS}, NULL);
    return ST_OK;
}

/* Largest difference of a provider's result from the BLAS's, in units of sqrt(k). */
static st_status compare(bench *s, contender *c, const shape *size, int turned)
{
    const size_t elements = size->m * size->n;
    float *ours = malloc(elements * sizeof *ours), *theirs = malloc(elements * sizeof *theirs);
    st_status status = ST_OK;
    if (!ours || !theirs) {
        status = st_fail(&s->error, ST_FAILED, "out of memory");
        goto done;
    }
    ST_TRY(products(s, c, size, turned, 0, 1));
    ST_TRY(rt_read(c->rt, c->c, ours, elements));
    const rt_gemm_call call = call_of(c, size, turned, 0);
    host_product(s, &call, 0, 0, theirs);
    for (size_t i = 0; i < elements; ++i)
        if (!(fabs((double)ours[i] - (double)theirs[i]) < 1e-5 * sqrt((double)size->k) + 1e-5)) {
            status = st_fail(&s->error, ST_CHECK, "%s differs from the BLAS at element %zu: %g, %g", c->name, i,
                             (double)ours[i], (double)theirs[i]);
            break;
        }
done:
    free(ours);
    free(theirs);
    (void)thrd_sleep(&(struct timespec){.tv_nsec = AFTER_BLAS}, NULL);
    return status;
}

static st_status measure(bench *s, const shape *size, int turned)
{
    for (size_t i = 0; i < s->count; ++i) {
        contender *c = &s->contenders[i];
        if (!c->rt) continue;
        const rt_gemm_call call = call_of(c, size, turned, 0);
        rt_planning(c->rt, true);
        ST_FORWARD(rt_gemm(c->rt, &call));
        rt_planning(c->rt, false);
        ST_FORWARD(rt_gemm_reserve(c->rt));
        ST_FORWARD(compare(s, c, size, turned));
    }
    for (size_t round = 0; round < s->rounds; ++round)
        for (size_t i = 0; i < s->count; ++i) ST_FORWARD(take_turn(s, &s->contenders[i], size, turned, round));
    return ST_OK;
}

static void print(bench *s, const shape *size, int turned)
{
    const double giga = 2e-9 * (double)size->m * (double)size->n * (double)size->k;
    printf("%5zu %5zu %5zu %c%c ", size->m, size->n, size->k, turned & 2 ? 'T' : 'N', turned & 1 ? 'T' : 'N');
    for (size_t i = 0; i < s->count; ++i) {
        contender *c = &s->contenders[i];
        text_print(stdout, "  %8.1f %8.1f", giga / median(c->wall, s->rounds),
                   giga * (double)s->cores / median(c->processor, s->rounds));
    }
    printf("\n");
    fflush(stdout);
}

static st_status run(bench *s, const char *selector, bool clblast, const shape *shapes, size_t count)
{
    static const int turns[] = {1, 0, 2}; /* NT forward, NN and TN backward */
    size_t chosen = 0;
    ST_FORWARD(rt_device_list_create(&s->devices, &s->error));
    ST_FORWARD(rt_device_select(&s->devices, selector, &chosen, &s->error));
    const rt_device_info *device = &s->devices.items[chosen];
    s->cores = device->compute_units;
    ST_FORWARD(add_provider(s, device, "panel"));
    if (clblast) ST_FORWARD(add_provider(s, device, "clblast"));
    s->contenders[s->count++] = (contender){.name = "host BLAS", .host_c = calloc(POOL, sizeof(float))};
    if (!s->contenders[s->count - 1].host_c) return st_fail(&s->error, ST_FAILED, "out of memory");
#ifdef SAFSD_HAVE_OPENBLAS_CORENAME
    printf("host BLAS: OpenBLAS, kernels for %s\n", openblas_get_corename());
#endif
    printf("%s\n\nGFLOP/s, median by wall clock and by processor time\n    m     n     k    ", device->name);
    for (size_t i = 0; i < s->count; ++i) printf("  %17s", s->contenders[i].name);
    printf("\n");
    for (size_t i = 0; i < count; ++i)
        for (size_t t = 0; t < 3; ++t) {
            ST_FORWARD(measure(s, &shapes[i], turns[t]));
            print(s, &shapes[i], turns[t]);
        }
    return ST_OK;
}

int main(int argc, char **argv)
{
    static bench s = {.rounds = 10};
    const char *selector = "auto";
    bool clblast = false;
    shape own[64];
    size_t own_count = 0;
    for (int i = 1; i < argc; ++i) {
        if (strcmp(argv[i], "--hot") == 0)
            s.hot = true;
        else if (strcmp(argv[i], "--clblast") == 0)
            clblast = true;
        else if (strcmp(argv[i], "--device") == 0 && i + 1 < argc)
            selector = argv[++i];
        else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
            s.rounds = strtoul(argv[++i], NULL, 10);
        else if (i + 2 < argc && own_count < sizeof own / sizeof own[0]) {
            own[own_count++] =
                (shape){strtoul(argv[i], NULL, 10), strtoul(argv[i + 1], NULL, 10), strtoul(argv[i + 2], NULL, 10)};
            i += 2;
        } else {
            fprintf(stderr, "usage: gemm_bench [--device SEL] [--rounds N] [--hot] [--clblast] [M N K ...]\n");
            return ST_USAGE;
        }
    }
    if (s.rounds < 1 || s.rounds > MOST_ROUNDS) s.rounds = MOST_ROUNDS;
    s.a = malloc(POOL * sizeof(float));
    s.b = malloc(POOL * sizeof(float));
    st_status status = s.a && s.b ? ST_OK : st_fail(&s.error, ST_FAILED, "out of memory");
    if (status == ST_OK) {
        fill(s.a, 1);
        fill(s.b, 2);
        status = run(&s, selector, clblast, own_count ? own : model_shapes,
                     own_count ? own_count : sizeof model_shapes / sizeof model_shapes[0]);
    }
    if (status != ST_OK) fprintf(stderr, "gemm_bench: %s\n", s.error.text);
    for (size_t i = 0; i < s.count; ++i) {
        rt_arena_destroy(&s.contenders[i].arena);
        rt_context_destroy(&s.contenders[i].rt);
        free(s.contenders[i].host_c);
    }
    rt_device_list_destroy(&s.devices);
    free(s.a);
    free(s.b);
    return (int)status;
}
