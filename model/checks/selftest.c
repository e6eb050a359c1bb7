#include "model/checks/selftest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/checks/operations.h"
#include "runtime/gemm.h"

/* One operation in one shape. */
typedef struct test_case {
    const nn_selftest_options *options;
    nn_selftest_summary *summary;
    st_error missed; /* the first miss of the whole test */
    nn_op_run run;
    rt_arena *arena;
    nn_batch_store store;
    uint32_t *host; /* room for the largest tensor */
} test_case;

/* The largest deviation of a tensor, and where it is. */
typedef struct deviation {
    double value;
    size_t element;
    uint32_t actual, expected;
} deviation;

static double number(uint32_t bits)
{
    float value = 0.0f;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

static double root_mean_square(const nn_known_answer *answer)
{
    const size_t stride = nn_answer_stride(answer->elements);
    double sum = 0.0, count = 0.0;
    for (size_t k = 0; k * stride < answer->elements; ++k) {
        const double expected = number(answer->bits[k]);
        if (isnan(expected)) continue;
        sum += expected * expected;
        count += 1.0;
    }
    return count > 0.0 ? sqrt(sum / count) : 0.0;
}

/* Of one float: nothing may be written where a NaN is expected. */
static double deviation_of(double actual, double expected, double size)
{
    if (isnan(expected)) return isnan(actual) ? 0.0 : INFINITY;
    if (!isfinite(actual)) return INFINITY;
    const double difference = fabs(actual - expected);
    return difference == 0.0 ? 0.0 : difference / fmax(fabs(expected), size);
}

static deviation compare(const nn_known_answer *answer, const uint32_t *actual)
{
    const size_t stride = nn_answer_stride(answer->elements);
    const double size = answer->care ? 0.0 : root_mean_square(answer);
    deviation worst = {-1.0, 0, 0, 0};
    for (size_t k = 0; k * stride < answer->elements; ++k) {
        const uint32_t is = actual[k * stride], expected = answer->bits[k];
        const double value = answer->care ? (((is ^ expected) & answer->care[k]) == 0 ? 0.0 : INFINITY)
                                          : deviation_of(number(is), number(expected), size);
        if (value > worst.value) worst = (deviation){value, k * stride, is, expected};
    }
    return worst;
}

static const nn_known_answer *answer_of(const test_case *t, const char *tensor, size_t shape)
{
    for (const nn_known_answer *a = t->options->answers; a->operation; ++a)
        if (a->shape == shape && strcmp(a->operation, t->run.operation->name) == 0 && strcmp(a->tensor, tensor) == 0)
            return a;
    return NULL;
}

/* The kernels of a matrix product are those of its provider. */
static const char *kernel_of(const test_case *t, const nn_op_tensor *tensor)
{
    if (strcmp(t->run.operation->name, "gemm") != 0) return tensor->kernel;
    return strcmp(rt_gemm_provider(t->run.rt), "panel") == 0 ? "gemm_panel_pack or gemm_panel"
                                                             : "of the library's products or gemm_bias";
}

static void record_miss(test_case *t, const nn_selftest_line *line, const deviation *worst, bool words)
{
    const char *device = rt_device(t->run.rt)->name;
    ++t->summary->missed;
    if (line->meaning)
        st_fail(&t->missed, ST_CHECK, "%s computes wrongly: %s (kernel %s, operation %s, tensor %s)", device,
                line->meaning, line->kernel, line->operation, line->tensor);
    else if (words)
        st_fail(&t->missed, ST_CHECK,
                "%s computes wrongly: kernel %s drew the bits %08x instead of %08x (operation %s, tensor %s, word %zu)",
                device, line->kernel, (unsigned)worst->actual, (unsigned)worst->expected, line->operation, line->tensor,
                worst->element);
    else
        st_fail(&t->missed, ST_CHECK,
                "%s computes wrongly: kernel %s deviates by %.2e, limit %.0e (operation %s, tensor %s, element %zu: "
                "%.9g instead of %.9g)",
                device, line->kernel, line->deviation, line->limit, line->operation, line->tensor, worst->element,
                number(worst->actual), number(worst->expected));
}

static st_status check_tensor(test_case *t, const nn_op_tensor *tensor, rt_view view, size_t shape)
{
    const size_t elements = tensor->elements(t->run.shape);
    const nn_known_answer *answer = answer_of(t, tensor->name, shape);
    if (!answer || answer->elements != elements)
        return st_fail(rt_error(t->run.rt), ST_FAILED, "the program carries no answer for %s of %s in shape %zu",
                       tensor->name, t->run.operation->name, shape);
    ST_FORWARD(rt_read(t->run.rt, view, t->host, elements));
    const deviation worst = compare(answer, t->host);
    const nn_selftest_line line = {.operation = t->run.operation->name,
                                   .tensor = tensor->name,
                                   .kernel = kernel_of(t, tensor),
                                   .meaning = tensor->meaning,
                                   .shape = shape,
                                   .deviation = worst.value,
                                   .limit = tensor->limit};
    nn_selftest_summary *summary = t->summary;
    ++summary->tensors;
    if (worst.value > tensor->limit) record_miss(t, &line, &worst, answer->care != NULL);
    const double part = worst.value == 0.0 ? 0.0 : worst.value / tensor->limit;
    if (part > summary->worst || summary->tensors == 1) {
        summary->worst = part;
        snprintf(summary->worst_tensor, sizeof summary->worst_tensor, "%s: %s", line.operation, line.tensor);
    }
    if (t->options->report) t->options->report(t->options->user, &line);
    return ST_OK;
}

/* ---- one case ---- */

static st_status plan(test_case *t)
{
    const nn_op_shape *shape = t->run.shape;
    size_t most = 1;
    ST_FORWARD(rt_arena_create(&t->arena, t->run.rt, "the self-test"));
    for (size_t i = 0; t->run.operation->tensors[i].name; ++i) {
        const nn_op_tensor *tensor = &t->run.operation->tensors[i];
        const size_t elements = tensor->elements(shape);
        if (elements > most) most = elements;
        ST_FORWARD(rt_arena_take(t->arena, tensor->name, elements, &t->run.views[i]));
    }
    t->host = malloc(most * sizeof *t->host);
    if (!t->host) return st_fail(rt_error(t->run.rt), ST_FAILED, "out of memory for the self-test");
    return rt_arena_commit(t->arena);
}

/* Inputs as the operation reads them; outputs as nobody wrote them. */
static st_status upload(test_case *t)
{
    for (size_t i = 0; t->run.operation->tensors[i].name; ++i) {
        const nn_op_tensor *tensor = &t->run.operation->tensors[i];
        const size_t elements = tensor->elements(t->run.shape);
        if (tensor->role == NN_OP_SCRATCH) continue;
        for (size_t e = 0; e < elements; ++e) t->host[e] = NN_OP_UNWRITTEN;
        if (nn_op_filled(tensor, t->run.shape)) nn_op_values(t->run.operation, t->run.shape, i, t->host);
        ST_FORWARD(rt_write(t->run.rt, t->run.views[i], t->host, elements));
    }
    return nn_op_batch_upload(&t->run, &t->store);
}

static st_status launch(const test_case *t)
{
    const nn_operation *operation = t->run.operation;
    ST_FORWARD(operation->forward(&t->run));
    return operation->backward ? operation->backward(&t->run) : ST_OK;
}

static st_status plan_products(test_case *t)
{
    rt_planning(t->run.rt, true);
    const st_status status = launch(t);
    rt_planning(t->run.rt, false);
    return status == ST_OK ? rt_gemm_reserve(t->run.rt) : status;
}

static st_status run_case(test_case *t, size_t shape)
{
    st_status status = ST_OK;
    ST_TRY(plan(t));
    ST_TRY(upload(t));
    ST_TRY(plan_products(t));
    ST_TRY(launch(t));
    for (size_t i = 0; t->run.operation->tensors[i].name; ++i) {
        const nn_op_role role = t->run.operation->tensors[i].role;
        if (role != NN_OP_INPUT && role != NN_OP_SCRATCH)
            ST_TRY(check_tensor(t, &t->run.operation->tensors[i], t->run.views[i], shape));
    }
done:
    nn_batch_store_destroy(&t->store);
    rt_arena_destroy(&t->arena);
    free(t->host);
    t->host = NULL;
    return status;
}

st_status nn_selftest(rt_context *rt, const nn_selftest_options *options, nn_selftest_summary *summary)
{
    *summary = (nn_selftest_summary){.kernels = 0};
    test_case test = {.options = options, .summary = summary};
    for (const nn_operation *const *o = nn_operations; *o; ++o) {
        if (options->operation && strcmp(options->operation, (*o)->name) != 0) continue;
        for (const char *const *kernel = (*o)->kernels; *kernel; ++kernel) ++summary->kernels;
        for (size_t shape = 0; shape < (*o)->shape_count; ++shape) {
            if (options->brief && !(*o)->shapes[shape].brief) continue;
            test.run = (nn_op_run){.rt = rt, .operation = *o, .shape = &(*o)->shapes[shape]};
            ST_FORWARD(run_case(&test, shape));
        }
    }
    if (summary->missed == 0) return ST_OK;
    return st_fail(rt_error(rt), ST_CHECK, "%s", test.missed.text);
}
