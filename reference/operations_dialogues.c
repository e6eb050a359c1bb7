/* Operations within dialogues. */
#include <stdlib.h>
#include <string.h>

#include "model/layers/gcn.h"
#include "reference/attention.h"
#include "reference/segment_matmul.h"
#include "reference/gcn.h"
#include "reference/operations_list.h"

static ref_strided strided_of(const ref_case *c, const char *name)
{
    return (ref_strided){V(name), c->shape->width, c->shape->width / c->shape->slices};
}

static void segment_matmul(ref_case *c)
{
    const size_t slices = c->shape->slices, columns = c->shape->width / slices;
    ref_segment_matmul_nt(V("nt"), strided_of(c, "x"), strided_of(c, "y"), &c->dialogues, slices, columns, NN_OP_ALPHA);
    ref_segment_matmul_nn(strided_of(c, "nn"), V("nt"), strided_of(c, "y"), &c->dialogues, slices, columns,
                          ref_beta(c));
    ref_segment_matmul_tn(strided_of(c, "tn"), V("nt"), strided_of(c, "x"), &c->dialogues, slices, columns,
                          ref_beta(c));
}

static ref_attention attention_of(const ref_case *c, const double *keep)
{
    return (ref_attention){&c->dialogues, c->shape->width,    c->shape->slices, V("q"), V("k"), V("v"),
                           keep,          (double)NN_OP_SCALE};
}

static void attention_forward(ref_case *c)
{
    double *keep = ref_kept(c, ref_rows(c) * c->shape->slices * NN_LONGEST_DIALOGUE);
    const ref_attention attention = attention_of(c, keep);
    ref_attention_forward(V("context"), V("probabilities"), &attention);
    free(keep);
}

static void attention_backward(ref_case *c)
{
    double *keep = ref_kept(c, ref_rows(c) * c->shape->slices * NN_LONGEST_DIALOGUE);
    const ref_attention attention = attention_of(c, keep);
    ref_attention_backward(V("dq"), V("dk"), V("dv"), V("probabilities"), &attention, V("dcontext"));
    free(keep);
}

static ref_gcn graph_of(const ref_case *c, const double *keep)
{
    return (ref_gcn){&c->dialogues, c->shape->slices,   c->shape->width, V("x"), V("weight"), V("bias"),
                     keep,          (double)NN_OP_SCALE};
}

static void graph_forward(ref_case *c)
{
    double *keep = ref_kept(c, c->shape->slices * ref_flat(c));
    const ref_gcn layer = graph_of(c, keep);
    ref_gcn_forward(V("x_next"), V("u"), V("s"), &layer);
    ref_gcn_coefficients(V("a"), V("u"), V("s"), &layer);
    free(keep);
}

static void graph_backward(ref_case *c)
{
    const size_t G = c->shape->width, nodes = c->shape->slices * ref_rows(c);
    double *keep = ref_kept(c, nodes * G);
    const ref_gcn layer = graph_of(c, keep);
    ref_gcn_backward(V("dx"), V("dweight"), V("dbias"), V("u"), V("s"), &layer, V("dx_next"), ref_beta(c));
    ref_gcn_gates_backward(V("dz"), V("du"), V("ds"), V("u"), V("s"), &layer, V("dx_next"));
    memset(V("partials"), 0, nn_op_elements(c->operation, c->shape, "partials") * sizeof(double));
    for (size_t n = 0; n < nodes; ++n)
        for (size_t k = 0; k < G; ++k) {
            double *partial = V("partials") + n / NN_GCN_CHUNK * 2 * G;
            const double h = V("x")[n * G + k] * (keep ? keep[n * G + k] : 1.0) * (double)NN_OP_SCALE;
            partial[k] += V("du")[n] * h;
            partial[G + k] += V("ds")[n] * h;
        }
    free(keep);
}

const ref_operation ref_dialogue_operations[] = {
    {"segment_matmul", segment_matmul, NULL},
    {"attention", attention_forward, attention_backward},
    {"gcn", graph_forward, graph_backward},
    {NULL, NULL, NULL},
};
