/* What launches say of themselves, against the table of operations. */
#include <math.h>
#include <string.h>

#include "model/checks/operations.h"
#include "model/checks/selftest.h"
#include "runtime/profile.h"
#include "tests/support/harness.h"

static rt_context *open_profiled(const th_case *t)
{
    rt_context *rt = NULL;
    const rt_options options = {.profile = true};
    TH_OK(t, rt_context_create(&rt, rt_device(t->rt), &options, rt_error(t->rt)));
    return rt;
}

/* ---- operations ---- */

/* Of everything but transfers since the last reset. */
static rt_work launched(const th_case *t, rt_context *rt)
{
    const rt_profile_line *lines = NULL;
    size_t count = 0;
    rt_work sum = {0, 0};
    TH_OK(t, rt_profile_read(rt, &lines, &count));
    for (size_t i = 0; i < count; ++i) {
        const char *name = lines[i].name;
        if (strcmp(name, "upload") == 0 || strcmp(name, "download") == 0 || strcmp(name, "zero") == 0 ||
            strcmp(name, "copy") == 0)
            continue;
        sum.bytes += lines[i].work.bytes;
        sum.flops += lines[i].work.flops;
    }
    return sum;
}

/* Bytes of the numbers, or of the words, that an operation reads and writes in all its shapes. */
static double tensors_of(const nn_operation *operation, bool words)
{
    double elements = 0;
    for (size_t s = 0; s < operation->shape_count; ++s)
        for (const nn_op_tensor *t = operation->tensors; t->name; ++t)
            if (t->role != NN_OP_SCRATCH && words == (t->fill == NN_OP_WORDS))
                elements += (double)t->elements(&operation->shapes[s]);
    return 4.0 * elements;
}

/* What the products cost that an operation makes, forward and backward: those of blocks, each of
 * 2 * sum(L^2) * slices * width, and the three of a linear layer. */
static double products_of(const nn_operation *operation)
{
    static const struct {
        const char *name;
        double products;
        bool heads; /* the slices cut the width */
    } all[] = {{"segment_matmul", 3, true}, {"attention", 6, true}, {"gcn", 3, false}};
    double flops = 0;
    for (size_t s = 0; strcmp(operation->name, "linear") == 0 && s < operation->shape_count; ++s) {
        const nn_op_shape *shape = &operation->shapes[s];
        flops += 3.0 * 2.0 * (double)(nn_op_rows(shape) * shape->width * shape->depth);
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) {
        if (strcmp(all[i].name, operation->name) != 0) continue;
        for (size_t s = 0; s < operation->shape_count; ++s) {
            const nn_op_shape *shape = &operation->shapes[s];
            const double width = (double)(all[i].heads ? shape->width : shape->width * shape->slices);
            flops += 2.0 * all[i].products * (double)nn_op_pairs(shape) * width;
        }
    }
    return flops;
}

/* Launches move the tensors of their operation at least once, and not many times; masks are read in part. */
static void operations_case(th_case *t, const void *user)
{
    (void)user;
    rt_context *rt = open_profiled(t);
    for (const nn_operation *const *o = nn_operations; *o; ++o) {
        nn_selftest_summary summary = {0};
        const char *name = (*o)->name;
        const double numbers = tensors_of(*o, false), words = tensors_of(*o, true);
        rt_profile_reset(rt);
        const rt_work before = rt_work_done(rt);
        TH_OK(t, nn_selftest(rt, &(nn_selftest_options){.answers = nn_known_answers, .operation = name}, &summary));
        const rt_work work = launched(t, rt), after = rt_work_done(rt);
        if (work.bytes < 0.95 * numbers || work.bytes > 5 * (numbers + words) || work.bytes <= 0)
            fail_msg("%s: its launches say that they move %g bytes, but its tensors are %g", name, work.bytes, numbers);
        assert_true(after.bytes - before.bytes > work.bytes * (1 - 1e-9)); /* and what went up and down */
        assert_true(fabs(after.flops - before.flops - work.flops) <= 1e-9 * work.flops);
        if (strcmp(name, "gemm") == 0)
            assert_true(work.flops > 0);
        else if (work.flops != products_of(*o))
            fail_msg("%s: its launches say %g FLOP instead of %g", name, work.flops, products_of(*o));
    }
    rt_context_destroy(&rt);
}

static void test_operations(void **state)
{
    th_run_once(state, operations_case, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_operations)};
    return cmocka_run_group_tests(tests, th_open, th_close);
}
