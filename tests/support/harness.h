/* What every kernel test stands on: contexts in several settings, guarded device buffers, comparisons.
 *
 *     static void case_of_one_size(th_case *t, const void *user)
 *     {
 *         const th_tensor x = th_normal(t, n, 1, 1.0);
 *         const rt_view y = th_output(t, n);
 *         TH_OK(t, nn_thing_forward(t->rt, y, x.view, n));
 *         double *expected = th_doubles(t, n);
 *         ref_thing_forward(expected, x.value, n);
 *         th_expect(t, "y", y, expected, n, TH_ROUNDING);
 *     }
 *     static void test_sizes(void **state) { th_run(state, case_of_one_size, &size); }
 *     ... cmocka_run_group_tests(tests, th_open, th_close);
 *
 * th_run calls the case once in every setting of vector width and group size, on the device of SAFSD_CL_DEVICE
 * (default `auto`), with the GEMM provider of SAFSD_TEST_GEMM (default: the device's). With SAFSD_CL_CACHE=always
 * kernels are compiled once for all programs, where the driver keeps none. Device buffers lie between guards at an odd
 * offset; outputs and guards start as NaN of known bits.
 * At the end of a case all guards must be untouched; th_close checks that no OpenCL object is left.
 */
#ifndef SAFSD_TESTS_SUPPORT_HARNESS_H
#define SAFSD_TESTS_SUPPORT_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/glossary.h"
#include "runtime/buffer.h"
#include "runtime/context.h"
#include "runtime/gemm.h"

/* Largest |x - expected| as a part of max(|expected|, RMS of expected). */
#define TH_EXACT 0.0       /* copies and selections */
#define TH_ROUNDING 2e-6   /* a handful of float operations */
#define TH_ACTIVATION 1e-5 /* sums over a row, layers: docs/model.md 12 */
#define TH_GRADIENT 1e-4   /* gradients of whole layers: docs/model.md 12 */

typedef struct th_setting {
    const char *name;
    size_t vector_width, group_size, largest_block; /* as in rt_options */
    bool separate_memory;
} th_setting;

/* One test case in one setting; what it makes lives until it ends. */
typedef struct th_case {
    rt_context *rt;
    const th_setting *setting;
    const long *live_objects; /* OpenCL objects created and not yet released */
    struct th_buffer *buffers;
    struct th_memory *memory;
} th_case;

/* Group fixtures. */
int th_open(void **state);
int th_close(void **state);

/* True where SAFSD_TEST_SMALL is set: the device is slow (a simulator), large sizes are left out. */
bool th_small(void);

typedef void th_body(th_case *t, const void *user);
/* In every setting (in two, where th_small); th_run_once in the device's own setting alone. */
void th_run(void **state, th_body *body, const void *user);
void th_run_once(void **state, th_body *body, const void *user);
/* In a setting of the test's own, on a context opened for it alone. */
void th_run_in(void **state, const th_setting *setting, th_body *body, const void *user);

/* Fails the test with the context's error sentence. */
#define TH_OK(t, call) th_ok((t), (call), #call, __FILE__, __LINE__)
void th_ok(const th_case *t, st_status status, const char *call, const char *file, int line);

/* The same for a call that contains matrix products: plans it, reserves the scratch, runs it. */
#define TH_OK_GEMM(t, call)                                                                                            \
    do {                                                                                                               \
        rt_planning((t)->rt, true);                                                                                    \
        TH_OK((t), (call));                                                                                            \
        rt_planning((t)->rt, false);                                                                                   \
        TH_OK((t), rt_gemm_reserve((t)->rt));                                                                          \
        TH_OK((t), (call));                                                                                            \
    } while (0)

/* ---- host memory ---- */
double *th_doubles(th_case *t, size_t elements); /* zeroed */
float *th_floats(th_case *t, size_t elements);
int32_t *th_ints(th_case *t, size_t elements);
double *th_copy(th_case *t, const double *values, size_t elements);

/* Repeatable numbers: integers, (0, 1), normal. */
uint64_t th_random(uint64_t *state);
double th_uniform(uint64_t *state);
double th_gauss(uint64_t *state);

/* ---- device buffers ---- */
rt_view th_output(th_case *t, size_t elements);                               /* filled with NaN */
rt_view th_upload(th_case *t, const void *values, size_t elements);           /* 4-byte elements */
rt_view th_upload_doubles(th_case *t, const double *values, size_t elements); /* rounded to float */

/* A tensor on the device and, in double, the very same numbers on the host. */
typedef struct th_tensor {
    double *value;
    rt_view view;
    size_t elements;
} th_tensor;
th_tensor th_normal(th_case *t, size_t elements, uint64_t seed, double scale);
th_tensor th_constant(th_case *t, size_t elements, double value);

/* The same as matrix whose rows lie `ld` apart; the gaps hold the NaN of outputs. `value` is dense. */
typedef struct th_matrix {
    double *value;
    nn_matrix matrix;
} th_matrix;
th_matrix th_normal_matrix(th_case *t, size_t rows, size_t columns, size_t ld, uint64_t seed, double scale);
nn_matrix th_output_matrix(th_case *t, size_t rows, size_t columns, size_t ld);

/* Random bits of `elements` elements, kept with probability 1 - p, as cl/dropout_mask.cl draws them; `kept` gets 0 or
 * 1. The unused bits of the last word are random too. */
rt_view th_mask(th_case *t, size_t elements, double p, uint64_t seed, double *kept);

/* ---- comparisons: fail the test, naming the tensor, the element and both numbers ---- */
void th_expect(th_case *t, const char *what, rt_view view, const double *expected, size_t elements, double tolerance);
/* `expected` is dense; the gaps between the rows must be untouched. */
void th_expect_matrix(th_case *t, const char *what, nn_matrix matrix, const double *expected, double tolerance);
void th_expect_bits(th_case *t, const char *what, rt_view view, const uint32_t *expected, size_t elements);
/* NaN fill untouched: for outputs that must not be written. */
void th_expect_untouched(th_case *t, const char *what, rt_view view, size_t elements);
float *th_fetch(th_case *t, rt_view view, size_t elements);

/* Checks a reference's gradient `dx` of `loss` at `x`, element by element, sign included, by central differences in
 * double. `x` is changed and restored. */
typedef double th_loss(const void *user);
void th_expect_gradient(const char *what, double *x, size_t elements, const double *dx, th_loss *loss,
                        const void *user);
/* sum of a*b: the loss whose gradient with respect to b is a. */
double th_dot(const double *a, const double *b, size_t elements);

#endif
