#include "model/layers/gcn.h"

#include <math.h>

#include "runtime/launch.h"
#include "tests/support/batch.h"
#include "reference/gcn.h"

typedef struct shape {
    size_t modalities, graph;
    const int32_t *lengths;
    size_t dialogues;
    double p;      /* of the mask; < 0: no mask */
    double scale;  /* of the mask */
    bool in_place; /* dx is dx_next */
} shape;

typedef struct rig {
    th_dialogues d;
    size_t nodes, elements; /* M*N, M*N*G */
    th_tensor x, weight, bias, dx_next;
    double *x_next, *u, *s, *dx;
    nn_gcn device;
    ref_gcn host;
} rig;

static rig make_rig(th_case *t, const shape *s)
{
    rig r = {.d = th_batch(t, s->lengths, s->dialogues)};
    r.nodes = s->modalities * r.d.segments.rows;
    r.elements = r.nodes * s->graph;
    r.x = th_normal(t, r.elements, 1, 1.0);
    r.weight = th_normal(t, 2 * s->graph, 2, 0.8 / sqrt((double)s->graph)); /* gates neither linear nor saturated */
    r.bias = th_constant(t, 1, 0.3);
    r.dx_next = th_normal(t, r.elements, 4, 1.0);
    r.x_next = th_doubles(t, r.elements);
    r.dx = th_doubles(t, r.elements);
    r.u = th_doubles(t, r.nodes);
    r.s = th_doubles(t, r.nodes);
    double *kept = NULL;
    nn_dropout_mask mask = {.scale = (float)s->scale};
    if (s->p >= 0.0) {
        kept = th_doubles(t, r.elements);
        mask.bits = th_mask(t, r.elements, s->p, 5, kept);
    }
    r.device = (nn_gcn){
        .modalities = s->modalities,
        .graph = s->graph,
        .keep = mask,
        .weight = r.weight.view,
        .bias = r.bias.view,
        .x = r.x.view,
        .u = th_output(t, r.nodes),
        .s = th_output(t, r.nodes),
        .scratch = th_output(t, nn_gcn_scratch(s->modalities, r.d.segments.rows, r.d.segments.pairs, s->graph))};
    r.host =
        (ref_gcn){NULL, s->modalities, s->graph, r.x.value, r.weight.value, r.bias.value, kept, (double)mask.scale};
    return r;
}

static void backward(th_case *t, rig *r, const shape *s, float beta)
{
    const rt_view dx_next = th_upload_doubles(t, r->dx_next.value, r->elements);
    const rt_view dx = s->in_place ? dx_next : th_output(t, r->elements);
    const th_tensor before = th_normal(t, 2 * s->graph + 1, 6, 1.0);
    const rt_view dweight = beta != 0.0f ? before.view : th_output(t, 2 * s->graph + 1);
    const rt_view dbias = rt_view_at(dweight, 2 * s->graph);
    TH_OK(t, nn_gcn_backward(t->rt, &(nn_gcn_gradient){dx, dweight, dbias, beta}, &r->device, dx_next));
    ref_gcn_backward(r->dx, before.value, before.value + 2 * s->graph, r->u, r->s, &r->host, r->dx_next.value,
                     (double)beta);
    th_expect(t, "dx", dx, r->dx, r->elements, TH_ACTIVATION);
    th_expect(t, "dweight", dweight, before.value, 2 * s->graph, TH_ACTIVATION);
    th_expect(t, "dbias", dbias, before.value + 2 * s->graph, 1, TH_GRADIENT); /* one sum that nearly cancels */
    th_expect(t, "x after backward", r->device.x, r->x.value, r->elements, TH_EXACT);
}

static void both_case(th_case *t, const void *user)
{
    const shape *s = user;
    rig r = make_rig(t, s);
    r.device.segments = &r.d.segments;
    r.host.dialogues = &r.d.host;
    const rt_view x_next = th_output(t, r.elements);
    TH_OK(t, nn_gcn_forward(t->rt, x_next, &r.device, r.x.view));
    ref_gcn_forward(r.x_next, r.u, r.s, &r.host);
    th_expect(t, "u", r.device.u, r.u, r.nodes, TH_ACTIVATION);
    th_expect(t, "s", r.device.s, r.s, r.nodes, TH_ACTIVATION);
    th_expect(t, "x_next", x_next, r.x_next, r.elements, TH_ACTIVATION);
    backward(t, &r, s, 0.0f);
    backward(t, &r, s, 1.0f);
}

static const int32_t mixed[] = {1, 2, 15, 16, 17, 33};

/* How many of them: a slow device is given the first few. */
static size_t wanted(size_t dialogues)
{
    return th_small() ? 3 : dialogues;
}

static void test_widths(void **state)
{
    static const size_t widths[] = {1, 7, 15, 16, 17, 33, 64, 65};
    const size_t count = th_small() ? 1 : sizeof widths / sizeof *widths;
    for (size_t i = 0; i < count; ++i) {
        const shape s = {.modalities = i % 3 + 1,
                         .graph = widths[i],
                         .lengths = mixed,
                         .dialogues = wanted(6),
                         .p = 0.5,
                         .scale = 1.0,
                         .in_place = i % 2 != 0};
        th_run(state, both_case, &s);
    }
}

static void test_modalities(void **state)
{
    for (size_t m = th_small() ? 3 : 1; m <= 3; ++m) {
        const shape masked = {
            .modalities = m, .graph = 20, .lengths = mixed, .dialogues = wanted(4), .p = 0.5, .scale = 1.0};
        const shape expected = {
            .modalities = m, .graph = 19, .lengths = mixed, .dialogues = wanted(4), .p = -1.0, .scale = 0.5};
        th_run(state, both_case, &masked);
        th_run(state, both_case, &expected);
    }
}

static void test_scaled_mask(void **state)
{
    const shape s = {.modalities = 2,
                     .graph = 9,
                     .lengths = mixed,
                     .dialogues = wanted(4),
                     .p = 0.25,
                     .scale = 1.5,
                     .in_place = true};
    th_run(state, both_case, &s);
}

/* One utterance: with one modality no node has an edge, with three there are edges between the modalities alone. */
static void test_single_utterances(void **state)
{
    static const int32_t ones[] = {1, 1, 1};
    for (size_t m = 1; m <= 3; ++m) {
        const shape s = {.modalities = m, .graph = 5, .lengths = ones, .dialogues = 3, .p = 0.5, .scale = 1.0};
        th_run(state, both_case, &s);
    }
}

static void test_long_dialogues(void **state)
{
    static const int32_t corpus[] = {110, 3, 65}, longest[] = {512};
    const shape long_ones = {.modalities = 3, .graph = 40, .lengths = corpus, .dialogues = 3, .p = 0.5, .scale = 1.0};
    const shape limit = {.modalities = 1, .graph = 18, .lengths = longest, .dialogues = 1, .p = 0.5, .scale = 1.0};
    if (th_small()) skip();
    th_run(state, both_case, &long_ones);
    th_run(state, both_case, &limit);
}

/* The first of the two sums over nodes by itself, at more chunks of nodes than a small batch has. */
static void partials_case(th_case *t, const void *user)
{
    (void)user;
    enum { NODES = 23, GRAPH = 6, CHUNK = 8, CHUNKS = 3 };
    const th_tensor h = th_normal(t, NODES * GRAPH, 1, 1.0), du = th_normal(t, NODES, 2, 1.0),
                    ds = th_normal(t, NODES, 3, 1.0);
    double expected[CHUNKS][2][GRAPH] = {{{0.0}}};
    for (size_t n = 0; n < NODES; ++n)
        for (size_t c = 0; c < GRAPH; ++c) {
            expected[n / CHUNK][0][c] += du.value[n] * h.value[n * GRAPH + c];
            expected[n / CHUNK][1][c] += ds.value[n] * h.value[n * GRAPH + c];
        }
    const rt_view partials = th_output(t, CHUNKS * 2 * GRAPH);
    TH_OK(t, RT_LAUNCH(t->rt, "gcn_weight_partials", rt_groups(1, CHUNKS, 1, rt_row_group(t->rt)), RT_VIEW(partials),
                       RT_VIEW(h.view), RT_VIEW(du.view), RT_VIEW(ds.view), RT_UINT(NODES), RT_UINT(GRAPH),
                       RT_UINT(CHUNK)));
    th_expect(t, "partials", partials, &expected[0][0][0], CHUNKS * 2 * GRAPH, TH_ACTIVATION);
}

static void test_partials(void **state)
{
    th_run(state, partials_case, NULL);
}

/* ---- the reference's own gradients ---- */

typedef struct loss_of {
    const ref_gcn *layer;
    const double *weights;
    double *x_next, *u, *s;
} loss_of;

static double loss(const void *user)
{
    const loss_of *l = user;
    ref_gcn_forward(l->x_next, l->u, l->s, l->layer);
    return th_dot(l->weights, l->x_next, l->layer->modalities * l->layer->dialogues->rows * l->layer->graph);
}

static void gradient_case(th_case *t, const void *user)
{
    const shape *s = user;
    rig r = make_rig(t, s);
    r.host.dialogues = &r.d.host;
    double *dweight = th_doubles(t, 2 * s->graph), *dbias = th_doubles(t, 1);
    ref_gcn_forward(r.x_next, r.u, r.s, &r.host);
    ref_gcn_backward(r.dx, dweight, dbias, r.u, r.s, &r.host, r.dx_next.value, 0.0);
    const loss_of l = {&r.host, r.dx_next.value, r.x_next, r.u, r.s};
    th_expect_gradient("x", r.x.value, r.elements, r.dx, loss, &l);
    th_expect_gradient("weight", r.weight.value, 2 * s->graph, dweight, loss, &l);
    th_expect_gradient("bias", r.bias.value, 1, dbias, loss, &l);
}

static void test_reference_gradients(void **state)
{
    static const int32_t lengths[] = {1, 3, 4};
    for (size_t m = 1; m <= 3; ++m) {
        const shape s = {.modalities = m, .graph = 3, .lengths = lengths, .dialogues = 3, .p = 0.3, .scale = 1.0};
        th_run_once(state, gradient_case, &s);
    }
}

/* Items that work alone on single floats loop most: over a long dialogue, wide nodes, and more nodes than one launch of
 * the bias takes. */
static void test_loops_within_their_bound(void **state)
{
    if (th_small()) return;
    static const th_setting alone = {"VW=1, group=1", 1, 1, 0, false};
    static const int32_t longest[] = {NN_LONGEST_DIALOGUE};
    static int32_t single[RT_MOST_LOOPS / 3 + 100];
    for (size_t i = 0; i < sizeof single / sizeof *single; ++i) single[i] = 1;
    const shape wide = {.modalities = 1, .graph = 600, .lengths = longest, .dialogues = 1, .p = -1.0, .scale = 0.5};
    const shape many = {.modalities = 3,
                        .graph = 1,
                        .lengths = single,
                        .dialogues = sizeof single / sizeof *single,
                        .p = -1.0,
                        .scale = 0.5};
    th_run_in(state, &alone, both_case, &wide);
    th_run_in(state, &alone, both_case, &many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_gradients), cmocka_unit_test(test_partials),
        cmocka_unit_test(test_single_utterances),   cmocka_unit_test(test_widths),
        cmocka_unit_test(test_modalities),          cmocka_unit_test(test_scaled_mask),
        cmocka_unit_test(test_long_dialogues),      cmocka_unit_test(test_loops_within_their_bound),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
