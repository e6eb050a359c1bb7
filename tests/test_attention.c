#include "model/layers/attention.h"

#include <math.h>

#include "reference/attention.h"
#include "tests/support/batch.h"

typedef struct shape {
    size_t heads, d; /* H = heads * d */
    const int32_t *lengths;
    size_t dialogues;
    double p;    /* of the mask; < 0: no mask, scale 1 */
    size_t gap;  /* unused elements between two rows of q, k, v and the gradients */
    bool scaled; /* no mask, but a scale */
} shape;

/* Everything one case needs, on the device and for the reference. */
typedef struct rig {
    th_dialogues d;
    size_t width, squares;
    th_matrix q, k, v, dcontext;
    double *context, *probabilities, *dq, *dk, *dv;
    nn_attention device;
    ref_attention host;
} rig;

static rig make_rig(th_case *t, const shape *s)
{
    rig r = {.d = th_batch(t, s->lengths, s->dialogues), .width = s->heads * s->d};
    const size_t rows = r.d.segments.rows, ld = r.width + s->gap;
    r.squares = nn_attention_probabilities(r.d.segments.pairs, s->heads);
    r.q = th_normal_matrix(t, rows, r.width, ld, 1, 1.0);
    r.k = th_normal_matrix(t, rows, r.width, ld + 1, 2, 1.0);
    r.v = th_normal_matrix(t, rows, r.width, ld, 3, 1.0);
    r.dcontext = th_normal_matrix(t, rows, r.width, ld, 4, 1.0);
    r.context = th_doubles(t, rows * r.width);
    r.dq = th_doubles(t, rows * r.width);
    r.dk = th_doubles(t, rows * r.width);
    r.dv = th_doubles(t, rows * r.width);
    r.probabilities = th_doubles(t, r.squares);

    nn_dropout_mask mask = NN_NO_MASK;
    double *kept = NULL;
    if (s->p >= 0.0) {
        kept = th_doubles(t, rows * s->heads * NN_LONGEST_DIALOGUE);
        mask.bits = th_mask(t, rows * s->heads * NN_LONGEST_DIALOGUE, s->p, 5, kept);
        mask.scale = (float)(1.0 / (1.0 - s->p));
    } else if (s->scaled) {
        mask.scale = 0.625f;
    }
    r.device = (nn_attention){.heads = s->heads,
                              .mask = mask,
                              .in = {r.q.matrix, r.k.matrix, r.v.matrix},
                              .probabilities = th_output(t, r.squares),
                              .scratch = th_output(t, nn_attention_scratch(r.d.segments.pairs, s->heads))};
    r.host = (ref_attention){NULL, r.width, s->heads, r.q.value, r.k.value, r.v.value, kept, (double)mask.scale};
    return r;
}

static void forward(th_case *t, rig *r, const shape *s)
{
    const nn_matrix context = th_output_matrix(t, r->d.segments.rows, r->width, r->width + s->gap);
    r->device.segments = &r->d.segments;
    r->host.dialogues = &r->d.host;
    TH_OK(t, nn_attention_forward(t->rt, context, &r->device, r->device.in));
    ref_attention_forward(r->context, r->probabilities, &r->host);
    th_expect(t, "probabilities", r->device.probabilities, r->probabilities, r->squares, TH_ACTIVATION);
    th_expect_matrix(t, "context", context, r->context, TH_ACTIVATION);
}

static void both_case(th_case *t, const void *user)
{
    const shape *s = user;
    rig r = make_rig(t, s);
    forward(t, &r, s);
    const size_t rows = r.d.segments.rows, ld = r.width + s->gap;
    const nn_attention_gradient g = {th_output_matrix(t, rows, r.width, ld), th_output_matrix(t, rows, r.width, ld + 2),
                                     th_output_matrix(t, rows, r.width, ld)};
    TH_OK(t, nn_attention_backward(t->rt, &g, &r.device, r.dcontext.matrix));
    ref_attention_backward(r.dq, r.dk, r.dv, r.probabilities, &r.host, r.dcontext.value);
    th_expect(t, "probabilities after backward", r.device.probabilities, r.probabilities, r.squares, TH_ACTIVATION);
    th_expect_matrix(t, "dv", g.dv, r.dv, TH_ACTIVATION);
    th_expect_matrix(t, "dq", g.dq, r.dq, TH_ACTIVATION);
    th_expect_matrix(t, "dk", g.dk, r.dk, TH_ACTIVATION);
}

static const int32_t mixed[] = {1, 2, 15, 16, 17, 33, 5};

/* How many of them: a slow device is given the first few. */
static size_t wanted(size_t dialogues)
{
    return th_small() ? 3 : dialogues;
}

static void test_widths(void **state)
{
    static const size_t widths[] = {1, 7, 12, 16, 17, 25, 64, 128};
    const size_t count = th_small() ? 2 : sizeof widths / sizeof *widths;
    for (size_t i = 0; i < count; ++i) {
        const shape s = {
            .heads = i % 3 + 1, .d = widths[i], .lengths = mixed, .dialogues = wanted(7), .p = 0.5, .gap = i % 2 * 3};
        th_run(state, both_case, &s);
    }
}

static void test_without_mask(void **state)
{
    const shape plain = {.heads = 2, .d = 12, .lengths = mixed, .dialogues = wanted(7), .p = -1.0};
    shape scaled = plain;
    scaled.scaled = true;
    th_run(state, both_case, &plain);
    th_run(state, both_case, &scaled);
}

static void test_mask_that_keeps_all(void **state)
{
    const shape s = {.heads = 3, .d = 5, .lengths = mixed, .dialogues = wanted(7), .p = 0.0};
    th_run(state, both_case, &s);
}

static void test_one_row(void **state)
{
    static const int32_t one[] = {1};
    const shape s = {.heads = 1, .d = 1, .lengths = one, .dialogues = 1, .p = 0.5};
    th_run(state, both_case, &s);
}

static void test_long_dialogues(void **state)
{
    static const int32_t corpus[] = {110, 3, 65}, longest[] = {512};
    const shape long_ones = {.heads = 8, .d = 16, .lengths = corpus, .dialogues = 3, .p = 0.1};
    const shape limit = {.heads = 1, .d = 20, .lengths = longest, .dialogues = 1, .p = 0.5};
    if (th_small()) skip();
    th_run(state, both_case, &long_ones);
    th_run(state, both_case, &limit);
}

/* Scores of several hundred, exact in float: exp overflows unless the largest is taken off first. */
static void large_scores_case(th_case *t, const void *user)
{
    rig r = make_rig(t, user);
    const size_t elements = r.d.segments.rows * r.width;
    double *values[2] = {r.q.value, r.k.value};
    for (size_t i = 0; i < elements; ++i)
        for (int side = 0; side < 2; ++side) values[side][i] = round(values[side][i] * 8.0);
    r.device.in.q = nn_dense(th_upload_doubles(t, r.q.value, elements), r.d.segments.rows, r.width);
    r.device.in.k = nn_dense(th_upload_doubles(t, r.k.value, elements), r.d.segments.rows, r.width);
    forward(t, &r, user);
}

static void test_large_scores(void **state)
{
    const shape s = {.heads = 2, .d = 16, .lengths = mixed, .dialogues = wanted(7), .p = -1.0};
    th_run(state, large_scores_case, &s);
}

/* A NaN in one row of q, of the second dialogue, stays in that row's head; one in a row of k, of the third, reaches the
 * whole dialogue. */
static void nan_case(th_case *t, const void *user)
{
    rig r = make_rig(t, user);
    const size_t elements = r.d.segments.rows * r.width;
    r.q.value[1 * r.width + 1] = (double)NAN;
    r.k.value[17 * r.width + r.width - 1] = (double)NAN;
    r.device.in.q = nn_dense(th_upload_doubles(t, r.q.value, elements), r.d.segments.rows, r.width);
    r.device.in.k = nn_dense(th_upload_doubles(t, r.k.value, elements), r.d.segments.rows, r.width);
    forward(t, &r, user);
}

static void test_nan(void **state)
{
    const shape s = {.heads = 2, .d = 9, .lengths = mixed, .dialogues = wanted(7), .p = -1.0};
    th_run(state, nan_case, &s);
}

/* ---- the reference's own gradients ---- */

typedef struct loss_of {
    const ref_attention *attention;
    const double *weights;
    double *context, *probabilities;
} loss_of;

static double loss(const void *user)
{
    const loss_of *l = user;
    ref_attention_forward(l->context, l->probabilities, l->attention);
    return th_dot(l->weights, l->context, l->attention->dialogues->rows * l->attention->width);
}

static void gradient_case(th_case *t, const void *user)
{
    rig r = make_rig(t, user);
    r.host.dialogues = &r.d.host;
    ref_attention_forward(r.context, r.probabilities, &r.host);
    ref_attention_backward(r.dq, r.dk, r.dv, r.probabilities, &r.host, r.dcontext.value);
    const size_t elements = r.d.segments.rows * r.width;
    const loss_of l = {&r.host, r.dcontext.value, th_doubles(t, elements), th_doubles(t, r.squares)};
    th_expect_gradient("q", r.q.value, elements, r.dq, loss, &l);
    th_expect_gradient("k", r.k.value, elements, r.dk, loss, &l);
    th_expect_gradient("v", r.v.value, elements, r.dv, loss, &l);
}

static void test_reference_gradients(void **state)
{
    static const int32_t lengths[] = {1, 4, 6};
    const shape s = {.heads = 2, .d = 3, .lengths = lengths, .dialogues = 3, .p = 0.4};
    th_run_once(state, gradient_case, &s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_gradients),
        cmocka_unit_test(test_one_row),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_without_mask),
        cmocka_unit_test(test_mask_that_keeps_all),
        cmocka_unit_test(test_long_dialogues),
        cmocka_unit_test(test_large_scores),
        cmocka_unit_test(test_nan),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
