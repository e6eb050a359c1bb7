#include "model/checks/product.h"

#include <math.h>
#include <stdlib.h>

#include "data/philox.h"

enum { ROWS = 24, COLUMNS = 64, SITE_A = 37, SITE_B = 38, SITE_BIAS = 39 };

typedef struct product {
    rt_context *rt;
    rt_gemm_call call;
    rt_arena *arena;
    float *a, *b, *bias, *row; /* on the host: the operands, one row of C */
    size_t a_elements, b_elements;
} product;

static st_status allocate(product *p)
{
    rt_gemm_call *call = &p->call;
    const bool biased = call->bias.block != NULL;
    p->a_elements = (call->transpose_a ? call->k : call->m) * call->lda;
    p->b_elements = (call->transpose_b ? call->n : call->k) * call->ldb;
    p->a = malloc(p->a_elements * sizeof *p->a);
    p->b = malloc(p->b_elements * sizeof *p->b);
    p->bias = calloc(call->n, sizeof *p->bias);
    p->row = malloc(call->n * sizeof *p->row);
    if (!p->a || !p->b || !p->bias || !p->row)
        return st_fail(rt_error(p->rt), ST_FAILED, "out of memory for the check of a product of %zu x %zu x %zu",
                       call->m, call->n, call->k);
    ST_FORWARD(rt_arena_create(&p->arena, p->rt, "the check of a matrix product"));
    ST_FORWARD(rt_arena_take(p->arena, "matrix A", p->a_elements, &call->a));
    ST_FORWARD(rt_arena_take(p->arena, "matrix B", p->b_elements, &call->b));
    ST_FORWARD(rt_arena_take(p->arena, "matrix C", call->m * call->ldc, &call->c));
    if (biased) ST_FORWARD(rt_arena_take(p->arena, "bias", call->n, &call->bias));
    return rt_arena_commit(p->arena);
}

static st_status fill(product *p)
{
    const rt_gemm_call *call = &p->call;
    ds_fill_uniform((ds_stream){1, DS_SITE_SYNTH + SITE_A, 0}, 0, p->a, p->a_elements, 1.0);
    ds_fill_uniform((ds_stream){1, DS_SITE_SYNTH + SITE_B, 0}, 0, p->b, p->b_elements, 1.0);
    ST_FORWARD(rt_write(p->rt, call->a, p->a, p->a_elements));
    ST_FORWARD(rt_write(p->rt, call->b, p->b, p->b_elements));
    for (size_t j = 0; j < call->n; ++j) p->row[j] = NAN; /* which must not be read, and not stay */
    for (size_t i = 0; i < call->m; ++i)
        ST_FORWARD(rt_write(p->rt, rt_view_at(call->c, i * call->ldc), p->row, call->n));
    if (!call->bias.block) return ST_OK;
    ds_fill_uniform((ds_stream){1, DS_SITE_SYNTH + SITE_BIAS, 0}, 0, p->bias, call->n, 1.0);
    return rt_write(p->rt, call->bias, p->bias, call->n);
}

static st_status multiply(product *p)
{
    rt_planning(p->rt, true);
    const st_status planned = rt_gemm(p->rt, &p->call);
    rt_planning(p->rt, false);
    ST_FORWARD(planned);
    ST_FORWARD(rt_gemm_reserve(p->rt));
    return rt_gemm(p->rt, &p->call);
}

static double expected_at(const product *p, size_t i, size_t j)
{
    const rt_gemm_call *call = &p->call;
    double sum = (double)p->bias[j];
    for (size_t k = 0; k < call->k; ++k)
        sum += (double)p->a[call->transpose_a ? k * call->lda + i : i * call->lda + k] *
               (double)p->b[call->transpose_b ? j * call->ldb + k : k * call->ldb + j];
    return sum;
}

/* Place `at` of `count` that are spread over all `of`, the first and the last among them. */
static size_t spread(size_t at, size_t count, size_t of)
{
    return count > 1 ? at * (of - 1) / (count - 1) : 0;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static st_status report(const product *p, size_t i, size_t j)
{
    const rt_gemm_call *call = &p->call;
    return st_fail(
        rt_error(p->rt), ST_CHECK,
        "%s computes the largest matrix product of this run wrongly: element (%zu, %zu) of %c%c %zu x %zu x %zu "
        "is %.9g instead of %.9g, though small products are right: another GEMM (--set runtime.gemm=) or "
        "driver may be right",
        rt_device(p->rt)->name, i, j, call->transpose_a ? 'T' : 'N', call->transpose_b ? 'T' : 'N', call->m, call->n,
        call->k, (double)p->row[j], expected_at(p, i, j));
}

/* Some sixteen times what float32 sums of so many products of random factors deviate. */
static st_status compare(product *p)
{
    const rt_gemm_call *call = &p->call;
    const double limit = 2e-7 * (double)call->k + 1e-5;
    const size_t rows = smaller(ROWS, call->m), columns = smaller(COLUMNS, call->n);
    for (size_t r = 0; r < rows; ++r) {
        const size_t i = spread(r, rows, call->m);
        ST_FORWARD(rt_read(p->rt, rt_view_at(call->c, i * call->ldc), p->row, call->n));
        for (size_t j = 0; j < call->n; ++j)
            if (!isfinite(p->row[j])) return report(p, i, j);
        for (size_t c = 0; c < columns; ++c) {
            const size_t j = spread(c, columns, call->n);
            if (fabs((double)p->row[j] - expected_at(p, i, j)) > limit) return report(p, i, j);
        }
    }
    return ST_OK;
}

st_status nn_product_check(rt_context *rt, const rt_gemm_call *shape)
{
    if (!shape) return ST_OK;
    product p = {.rt = rt, .call = *shape};
    st_status status = ST_OK;
    p.call.beta = 0.0f;
    p.call.sums.block = NULL; /* which not every provider takes */
    ST_TRY(allocate(&p));
    ST_TRY(fill(&p));
    ST_TRY(multiply(&p));
    ST_TRY(compare(&p));
done:
    rt_arena_destroy(&p.arena);
    free(p.a);
    free(p.b);
    free(p.bias);
    free(p.row);
    return status;
}
