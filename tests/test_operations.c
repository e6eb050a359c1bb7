#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/checks/operations.h"
#include "runtime/program.h"
#include "tests/support/harness.h"
#include "reference/operations.h"

/* ---- which operations there are ---- */

static bool covered(const char *kernel)
{
    for (const nn_operation *const *o = nn_operations; *o; ++o)
        for (const char *const *k = (*o)->kernels; *k; ++k)
            if (strcmp(*k, kernel) == 0) return true;
    return false;
}

static void coverage_case(th_case *t, const void *user)
{
    (void)user;
    rt_program *program = NULL;
    TH_OK(t, rt_program_create(&program, t->rt, NULL, ""));
    size_t listed = 0, missing = 0;
    for (size_t i = 0; i < rt_program_kernels(program); ++i) {
        const char *name = rt_kernel_name(program, i);
        if (!covered(name) && missing++ == 0) print_error("kernel %s belongs to no operation\n", name);
    }
    for (const nn_operation *const *o = nn_operations; *o; ++o)
        for (const char *const *k = (*o)->kernels; *k; ++k, ++listed)
            if (!rt_program_kernel(program, *k) && missing++ == 0) print_error("there is no kernel %s\n", *k);
    const size_t kernels = rt_program_kernels(program);
    rt_program_destroy(&program);
    assert_int_equal(missing, 0);
    assert_int_equal(listed, kernels); /* each in one operation */
}

static void test_every_kernel_has_its_operation(void **state)
{
    th_run_once(state, coverage_case, NULL);
}

static const nn_op_tensor *tensor_named(const nn_operation *o, const char *name)
{
    const size_t at = nn_op_tensor_at(o, name);
    return at < NN_OP_MOST_TENSORS ? &o->tensors[at] : NULL;
}

/* What a table of tensors promises. */
static void test_tables(void **state)
{
    (void)state;
    for (const nn_operation *const *o = nn_operations; *o; ++o) {
        size_t tensors = 0;
        for (const nn_op_tensor *t = (*o)->tensors; t->name; ++t, ++tensors) {
            const bool written = t->role != NN_OP_INPUT && t->role != NN_OP_SCRATCH;
            assert_ptr_equal(tensor_named(*o, t->name), t); /* no name twice */
            assert_true(!written || t->kernel);
            assert_true(!t->gradient_of || tensor_named(*o, t->gradient_of));
            if (t->fill == NN_OP_WORDS || !written)
                assert_true(t->limit == 0.0);
            else
                assert_true(t->limit > 0.0 && t->limit <= TH_GRADIENT);
        }
        assert_in_range(tensors, 1, NN_OP_MOST_TENSORS);
        assert_true((*o)->shape_count > 0 && (*o)->shapes[0].brief);
        /* Every kernel writes a tensor that is looked at, or works on matrices of a product. */
        for (const char *const *k = (*o)->kernels; *k; ++k) {
            bool named = false;
            for (const nn_op_tensor *t = (*o)->tensors; t->name; ++t)
                named = named || (t->kernel && strstr(t->kernel, *k));
            if (!named) fail_msg("no tensor names the kernel %s", *k);
        }
    }
}

/* ---- elements; the tests of each operation try them in every setting ---- */

typedef struct choice {
    const nn_operation *operation;
    const nn_op_shape *shape;
} choice;

static void upload_tensors(th_case *t, nn_op_run *run, const ref_case *expected)
{
    for (size_t i = 0; run->operation->tensors[i].name; ++i) {
        const nn_op_tensor *tensor = &run->operation->tensors[i];
        const size_t elements = tensor->elements(run->shape);
        if (!nn_op_filled(tensor, run->shape)) {
            run->views[i] = th_output(t, elements);
        } else if (tensor->fill == NN_OP_WORDS) {
            uint32_t *words = (uint32_t *)th_ints(t, elements);
            for (size_t e = 0; e < elements; ++e) words[e] = (uint32_t)expected->values[i][e];
            run->views[i] = th_upload(t, words, elements);
        } else {
            run->views[i] = th_upload_doubles(t, expected->values[i], elements);
        }
    }
}

static void launch(th_case *t, const nn_op_run *run)
{
    TH_OK_GEMM(t, run->operation->forward(run));
    if (run->operation->backward) TH_OK_GEMM(t, run->operation->backward(run));
}

static void expect_tensor(th_case *t, const nn_op_run *run, const ref_case *expected, size_t i)
{
    const nn_op_tensor *tensor = &run->operation->tensors[i];
    const size_t elements = tensor->elements(run->shape);
    char name[96];
    snprintf(name, sizeof name, "%s: %s, shape %zu", run->operation->name, tensor->name,
             (size_t)(run->shape - run->operation->shapes));
    if (tensor->fill != NN_OP_WORDS) {
        th_expect(t, name, run->views[i], expected->values[i], elements, tensor->limit);
        return;
    }
    uint32_t *words = (uint32_t *)th_ints(t, elements);
    TH_OK(t, rt_read(t->rt, run->views[i], words, elements));
    for (size_t w = 0; w < elements; ++w) {
        const uint32_t care = (uint32_t)expected->care[i][w], should = (uint32_t)expected->values[i][w] & care;
        if ((words[w] & care) != should)
            fail_msg("[%s] %s: word %zu is %08x instead of %08x", t->setting->name, name, w,
                     (unsigned)(words[w] & care), (unsigned)should);
    }
}

static void elements_case(th_case *t, const void *user)
{
    const choice *c = user;
    nn_op_run run = {.rt = t->rt, .operation = c->operation, .shape = c->shape};
    nn_batch_store store;
    ref_case expected;
    ref_case_create(&expected, c->operation, c->shape);
    upload_tensors(t, &run, &expected);
    TH_OK(t, nn_op_batch_upload(&run, &store));
    launch(t, &run);
    TH_OK(t, rt_finish(t->rt));
    assert_true(ref_case_forward(&expected) && ref_case_backward(&expected));
    for (size_t i = 0; c->operation->tensors[i].name; ++i)
        if (expected.values[i] && c->operation->tensors[i].role != NN_OP_INPUT) expect_tensor(t, &run, &expected, i);
    ref_case_destroy(&expected);
    nn_batch_store_destroy(&store);
}

static void test_elements(void **state)
{
    for (const nn_operation *const *o = nn_operations; *o; ++o)
        for (size_t s = 0; s < (*o)->shape_count; ++s) {
            const choice c = {*o, &(*o)->shapes[s]};
            if (!th_small() || (*o)->shapes[s].brief) th_run_once(state, elements_case, &c);
        }
}

/* Vectors of widths that no other test takes, one context for all operations. */
static void all_elements_case(th_case *t, const void *user)
{
    (void)user;
    for (const nn_operation *const *o = nn_operations; *o; ++o)
        for (size_t s = 0; s < (*o)->shape_count; ++s) {
            const choice c = {*o, &(*o)->shapes[s]};
            if ((*o)->shapes[s].brief) elements_case(t, &c);
        }
}

static void test_other_widths(void **state)
{
    static const th_setting widths[] = {{"VW=2", 2, 0, 0, false}, {"VW=8", 8, 0, 0, false}};
    if (th_small()) skip();
    for (size_t i = 0; i < sizeof widths / sizeof *widths; ++i) th_run_in(state, &widths[i], all_elements_case, NULL);
}

/* ---- gradients of the references against signed differences ---- */

/* The loss: outputs weighed by their incoming gradients, or where nothing comes in the first element of `losses`. */
static double loss(const void *user)
{
    ref_case *c = (ref_case *)user;
    const nn_op_tensor *tensors = c->operation->tensors;
    bool incoming = false;
    double sum = 0.0;
    ref_case_forward(c);
    for (size_t i = 0; tensors[i].name; ++i) {
        if (tensors[i].role != NN_OP_INPUT || !tensors[i].gradient_of) continue;
        incoming = true;
        sum += th_dot(c->values[i], ref_value(c, tensors[i].gradient_of), tensors[i].elements(c->shape));
    }
    return incoming ? sum : ref_value(c, "losses")[0];
}

static void check_gradients(ref_case *c)
{
    const nn_op_tensor *tensors = c->operation->tensors;
    for (size_t i = 0; tensors[i].name; ++i) {
        if (tensors[i].role == NN_OP_INPUT || !tensors[i].gradient_of) continue;
        assert_true(ref_case_forward(c) && ref_case_backward(c));
        const size_t elements = tensors[i].elements(c->shape);
        if (isnan(c->values[i][0])) continue; /* of an input that this shape does not read */
        double *gradient = malloc(elements * sizeof *gradient);
        assert_non_null(gradient);
        memcpy(gradient, c->values[i], elements * sizeof *gradient); /* the loss computes it again */
        char name[96];
        snprintf(name, sizeof name, "%s: %s", c->operation->name, tensors[i].gradient_of);
        th_expect_gradient(name, ref_value(c, tensors[i].gradient_of), elements, gradient, loss, c);
        free(gradient);
    }
}

/* Few elements, far from the kinks of the rectifier. */
static void test_gradients(void **state)
{
    (void)state;
    static const int32_t lengths[] = {1, 3};
    for (const nn_operation *const *o = nn_operations; *o; ++o)
        for (size_t s = 0; s < (*o)->shape_count; ++s) {
            nn_op_shape shape = (*o)->shapes[s];
            if (shape.add) continue;
            shape.lengths = lengths;
            shape.dialogues = 2;
            shape.width = 2 * (shape.slices ? shape.slices : 2);
            nn_operation small = **o;
            small.shapes = &shape;
            ref_case c;
            ref_case_create(&c, &small, &shape);
            check_gradients(&c);
            ref_case_destroy(&c);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),       cmocka_unit_test(test_every_kernel_has_its_operation),
        cmocka_unit_test(test_gradients),    cmocka_unit_test(test_elements),
        cmocka_unit_test(test_other_widths),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
