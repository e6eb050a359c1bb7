/* A step beside a host BLAS: how long everything but the matrix products of a step takes on the device, compared with
 * the time that the BLAS needs for exactly these products, turn by turn in one run.
 *
 *     step_blas [--device SEL] [--shape iemocap] [--mode train|eval] [--hidden H] [--dialogues N] [--repeat R]
 *
 * The BLAS works on a copy of the model's memory: every matrix lies where the step has it, so that both find the same
 * operands in caches. It adds no bias and gives no sums. Between the two there is a pause: threads of a BLAS spin for
 * some hundredths of a second after a product, and would take cores from the first kernels of the step.
 * OPENBLAS_CORETYPE chooses OpenBLAS's kernels; those it took are printed.
 */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include "base/clock.h"
#include "base/text.h"
#include "bench/gemm.h"
#include "bench/step.h"
#include "runtime/context.h"
#include "data/philox.h"

enum { MOST_BLOCKS = 64, MOST_ROUNDS = 256, SHOWN = 16 };

typedef struct settings {
    const char *device;
    bench_case what;
    size_t rounds;
} settings;

/* ---- the BLAS on a copy of the model's memory ---- */

typedef struct replica {
    const rt_block *blocks[MOST_BLOCKS];
    float *memory[MOST_BLOCKS];
    size_t elements[MOST_BLOCKS];
    size_t count;
} replica;

/* The copy's number of a block, which gets at least `elements`; MOST_BLOCKS where there are too many. */
static size_t place_of(replica *r, rt_view view, size_t elements)
{
    size_t i = 0;
    while (i < r->count && r->blocks[i] != view.block) ++i;
    if (i == MOST_BLOCKS) return i;
    if (i == r->count) r->blocks[r->count++] = view.block;
    if (view.at + elements > r->elements[i]) r->elements[i] = view.at + elements;
    return i;
}

static st_status make_replica(replica *r, const bench_trace *trace, st_error *error)
{
    for (size_t i = 0; i < trace->count; ++i) {
        const rt_gemm_call *c = &trace->calls[i];
        const size_t a = place_of(r, c->a, (c->transpose_a ? c->k : c->m) * c->lda);
        const size_t b = place_of(r, c->b, (c->transpose_b ? c->n : c->k) * c->ldb);
        if (a == MOST_BLOCKS || b == MOST_BLOCKS || place_of(r, c->c, c->m * c->ldc) == MOST_BLOCKS)
            return st_fail(error, ST_FAILED, "the model has more than %d blocks of memory", (int)MOST_BLOCKS);
    }
    for (size_t i = 0; i < r->count; ++i) {
        r->memory[i] = malloc(r->elements[i] * sizeof(float));
        if (!r->memory[i]) return st_fail(error, ST_FAILED, "out of memory for a copy of the model's memory");
        /* a product of 1024 terms keeps the size of its operands, so that nothing grows or dies along the step */
        ds_fill_uniform((ds_stream){1, DS_SITE_SYNTH, (uint32_t)i}, 0, r->memory[i], r->elements[i], 0.3);
    }
    return ST_OK;
}

static void destroy_replica(replica *r)
{
    for (size_t i = 0; i < r->count; ++i) free(r->memory[i]);
    *r = (replica){.count = 0};
}

static float *pointer(replica *r, rt_view view)
{
    return r->memory[place_of(r, view, 0)] + view.at;
}

static double multiply_all(replica *r, const bench_trace *trace)
{
    const double begin = clock_seconds();
    for (size_t i = 0; i < trace->count; ++i) {
        const rt_gemm_call *c = &trace->calls[i];
        cblas_sgemm(CblasRowMajor, c->transpose_a ? CblasTrans : CblasNoTrans,
                    c->transpose_b ? CblasTrans : CblasNoTrans, (int)c->m, (int)c->n, (int)c->k, 1.0f, pointer(r, c->a),
                    (int)c->lda, pointer(r, c->b), (int)c->ldb, c->beta, pointer(r, c->c), (int)c->ldc);
    }
    return clock_seconds() - begin;
}

static void print_blas(void)
{
#ifdef SAFSD_HAVE_OPENBLAS_CORENAME
    printf("%s, kernels for %s\n", openblas_get_config(), openblas_get_corename());
#else
    puts("a host BLAS");
#endif
}

/* ---- rounds ---- */

static void pause_for_threads(void)
{
    (void)thrd_sleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
}

typedef struct rounds {
    double blas[MOST_ROUNDS], step[MOST_ROUNDS], gemm[MOST_ROUNDS], other[MOST_ROUNDS], kernels[MOST_ROUNDS];
    double ratio[MOST_ROUNDS]; /* other by blas, of one round */
    size_t count;
    bench_profile last;
} rounds;

static st_status run_rounds(rounds *all, size_t count, rt_context *rt, bench_worker *worker, replica *r,
                            const bench_trace *trace)
{
    multiply_all(r, trace);
    ST_FORWARD(bench_worker_once(worker));
    for (size_t i = 0; i < count; ++i) {
        pause_for_threads();
        ST_FORWARD(bench_profile_once(&all->last, rt, worker));
        all->blas[i] = multiply_all(r, trace);
        all->step[i] = all->last.seconds;
        all->gemm[i] = all->last.gemm_seconds;
        all->kernels[i] = all->last.kernel_seconds;
        all->other[i] = bench_profile_other(&all->last);
        all->ratio[i] = all->other[i] / all->blas[i];
    }
    all->count = count;
    return ST_OK;
}

static void print_line(const char *what, double *samples, size_t count, double flops)
{
    const bench_stats s = bench_stats_of(samples, count);
    text_print(stdout, "%-44s %8.1f %8.1f %8.1f", what, 1e3 * s.median, 1e3 * s.p10, 1e3 * s.p90);
    if (flops > 0) text_print(stdout, "  %6.1f", flops / s.median * 1e-9);
    putchar('\n');
}

static void print_rounds(rounds *all, const bench_trace *trace)
{
    const double flops = bench_trace_flops(trace);
    text_print(stdout, "%zu matrix products, %.4f TFLOP a step; %zu rounds\n\n", trace->count, flops * 1e-12,
               all->count);
    printf("%-44s %8s %8s %8s  %6s\n", "milliseconds", "median", "p10", "p90", "GFLOP/s");
    print_line("host BLAS, the step's matrix products", all->blas, all->count, flops);
    print_line("step, profiled, by the clock", all->step, all->count, flops);
    print_line("  its matrix products on the device", all->gemm, all->count, flops);
    print_line("  everything else: the step less these", all->other, all->count, 0);
    print_line("  of it, other kernels on the device", all->kernels, all->count, 0);
    const bench_stats ratio = bench_stats_of(all->ratio, all->count);
    text_print(stdout, "\neverything but matrix products, as a part of the host BLAS's time: %.3f (%.3f to %.3f)\n",
               ratio.median, ratio.p10, ratio.p90);
    printf("\nlast step                            ms  launches\n");
    for (size_t i = 0; i < all->last.count && i < SHOWN; ++i)
        text_print(stdout, "%-30s %8.2f  %8llu\n", all->last.lines[i].name, 1e3 * all->last.lines[i].seconds,
                   (unsigned long long)all->last.lines[i].launches);
}

static st_status measure(const settings *given, rt_context *rt, const bench_problem *problem)
{
    bench_worker worker;
    bench_trace trace;
    replica copy = {.count = 0};
    rounds *all = calloc(1, sizeof *all);
    if (!all) return st_fail(rt_error(rt), ST_FAILED, "out of memory for the rounds");
    bench_trace_begin(&trace, rt);
    st_status status = bench_worker_create(&worker, rt, problem);
    const st_status traced = bench_trace_end(&trace, rt);
    if (status == ST_OK) status = traced;
    if (status != ST_OK) goto done;
    ST_TRY(make_replica(&copy, &trace, rt_error(rt)));
    ST_TRY(run_rounds(all, given->rounds, rt, &worker, &copy, &trace));
    printf("%s, GEMM provider %s, beside ", rt_device(rt)->name, rt_gemm_provider(rt));
    print_blas();
    printf("%s, %s, H = %zu, %zu dialogues, %zu utterances\n", given->what.shape->name,
           given->what.training ? "training step" : "evaluation", given->what.hidden, problem->batch.dialogues,
           problem->batch.rows);
    print_rounds(all, &trace);
done:
    bench_worker_destroy(&worker);
    bench_trace_destroy(&trace);
    destroy_replica(&copy);
    free(all);
    return status;
}

/* ---- the program ---- */

static st_status read_count(const char *name, const char *text, size_t most, size_t *value, st_error *error)
{
    char *end = NULL;
    const unsigned long read = strtoul(text, &end, 10);
    if (end == text || *end || read == 0 || read > most)
        return st_fail(error, ST_USAGE, "%s %s: give a number between 1 and %zu", name, text, most);
    *value = read;
    return ST_OK;
}

static st_status read_setting(settings *s, const char *name, const char *text, st_error *error)
{
    if (strcmp(name, "--device") == 0) {
        s->device = text;
        return ST_OK;
    }
    if (strcmp(name, "--hidden") == 0) return read_count(name, text, 1 << 16, &s->what.hidden, error);
    if (strcmp(name, "--dialogues") == 0) return read_count(name, text, 1 << 16, &s->what.dialogues, error);
    if (strcmp(name, "--repeat") == 0) return read_count(name, text, MOST_ROUNDS, &s->rounds, error);
    if (strcmp(name, "--mode") == 0) {
        s->what.training = strcmp(text, "eval") != 0;
        return s->what.training && strcmp(text, "train") != 0
                   ? st_fail(error, ST_USAGE, "--mode is train or eval, not %s", text)
                   : ST_OK;
    }
    if (strcmp(name, "--shape") != 0) return st_fail(error, ST_USAGE, "there is no option %s", name);
    for (const bench_shape *shape = bench_shapes; shape->name; ++shape) {
        if (strcmp(shape->name, text) != 0) continue;
        s->what.shape = shape;
        return ST_OK;
    }
    return st_fail(error, ST_USAGE, "there is no shape %s", text);
}

static st_status open_and_measure(const settings *given, st_error *error)
{
    rt_device_list list = {NULL, 0};
    rt_context *rt = NULL;
    bench_problem problem = {.training = false};
    size_t chosen = 0;
    st_status status = ST_OK;
    ST_TRY(rt_device_list_create(&list, error));
    ST_TRY(rt_device_select(&list, given->device, &chosen, error));
    ST_TRY(rt_context_create(&rt, &list.items[chosen], &(rt_options){.profile = true}, error));
    ST_TRY(bench_problem_create(&problem, &given->what, error));
    ST_TRY(measure(given, rt, &problem));
done:
    bench_problem_destroy(&problem);
    rt_context_destroy(&rt);
    rt_device_list_destroy(&list);
    return status;
}

int main(int argc, char **argv)
{
    st_error error = {.status = ST_OK};
    settings given = {"auto", {&bench_shapes[0], 1024, 0, true}, 9};
    st_status status = argc % 2 == 1 ? ST_OK : st_fail(&error, ST_USAGE, "every option takes a value");
    for (int i = 1; status == ST_OK && i + 1 < argc; i += 2)
        status = read_setting(&given, argv[i], argv[i + 1], &error);
    if (status == ST_OK) status = open_and_measure(&given, &error);
    if (status != ST_OK) fprintf(stderr, "step_blas: %s\n", error.text);
    return (int)status;
}
