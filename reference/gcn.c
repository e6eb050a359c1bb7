#include "reference/gcn.h"

#include <math.h>
#include <stdbool.h>

/* A node: modality m of row r. */
typedef struct node {
    size_t m, r;
} node;

static size_t at(const ref_gcn *g, node n, size_t c)
{
    return (n.m * g->dialogues->rows + n.r) * g->graph + c;
}

static double keep(const ref_gcn *g, node n, size_t c)
{
    return g->kept ? g->kept[at(g, n, c)] * g->scale : g->scale;
}

static double h(const ref_gcn *g, node n, size_t c)
{
    return g->x[at(g, n, c)] * keep(g, n, c);
}

/* The dot product of h with one half of the weight. */
static double half(const ref_gcn *g, node n, const double *weight)
{
    double sum = 0.0;
    for (size_t c = 0; c < g->graph; ++c) sum += weight[c] * h(g, n, c);
    return sum;
}

/* Edges join different utterances of a modality, and different modalities of an utterance, within a dialogue. */
static bool is_edge(const ref_gcn *g, node i, node j)
{
    if (g->dialogues->dialogue_of[i.r] != g->dialogues->dialogue_of[j.r]) return false;
    return i.m == j.m ? i.r != j.r : i.r == j.r;
}

static double degree(const ref_gcn *g, node n)
{
    const size_t length = ref_length(g->dialogues, (size_t)g->dialogues->dialogue_of[n.r]);
    return (double)(length - 1 + g->modalities - 1);
}

typedef void visitor(void *state, const ref_gcn *g, node target, node source);

static void visit_edges(const ref_gcn *g, visitor *work, void *state)
{
    const size_t rows = g->dialogues->rows, nodes = g->modalities * rows;
    for (size_t i = 0; i < nodes; ++i)
        for (size_t j = 0; j < nodes; ++j) {
            const node target = {i / rows, i % rows}, source = {j / rows, j % rows};
            if (is_edge(g, target, source)) work(state, g, target, source);
        }
}

static double gate_of(const ref_gcn *g, const double *u, const double *s, node i, node j)
{
    return tanh(u[i.m * g->dialogues->rows + i.r] + s[j.m * g->dialogues->rows + j.r]);
}

typedef struct forward_state {
    double *x_next;
    const double *u, *s;
} forward_state;

static void forward_edge(void *state, const ref_gcn *g, node i, node j)
{
    const forward_state *f = state;
    const double a = gate_of(g, f->u, f->s, i, j) / degree(g, i);
    for (size_t c = 0; c < g->graph; ++c) f->x_next[at(g, i, c)] += a * h(g, j, c);
}

void ref_gcn_forward(double *x_next, double *u, double *s, const ref_gcn *g)
{
    const size_t rows = g->dialogues->rows, nodes = g->modalities * rows;
    for (size_t n = 0; n < nodes; ++n) {
        u[n] = half(g, (node){n / rows, n % rows}, g->weight);
        s[n] = half(g, (node){n / rows, n % rows}, g->weight + g->graph) + g->bias[0];
    }
    for (size_t e = 0; e < nodes * g->graph; ++e) x_next[e] = g->x[e];
    forward_state state = {x_next, u, s};
    visit_edges(g, forward_edge, &state);
}

typedef struct backward_state {
    double *dx, *dweight, *dbias;
    const double *u, *s, *dx_next;
} backward_state;

static void backward_edge(void *state, const ref_gcn *g, node i, node j)
{
    const backward_state *b = state;
    const double gate = gate_of(g, b->u, b->s, i, j);
    double da = 0.0;
    for (size_t c = 0; c < g->graph; ++c) da += b->dx_next[at(g, i, c)] * h(g, j, c);
    const double dz = da * (1.0 - gate * gate) / degree(g, i);
    b->dbias[0] += dz;
    for (size_t c = 0; c < g->graph; ++c) {
        b->dweight[c] += dz * h(g, i, c);
        b->dweight[g->graph + c] += dz * h(g, j, c);
        b->dx[at(g, i, c)] += keep(g, i, c) * dz * g->weight[c];
        b->dx[at(g, j, c)] +=
            keep(g, j, c) * (dz * g->weight[g->graph + c] + gate / degree(g, i) * b->dx_next[at(g, i, c)]);
    }
}

void ref_gcn_backward(double *dx, double *dweight, double *dbias, const double *u, const double *s, const ref_gcn *g,
                      const double *dx_next, double beta)
{
    for (size_t c = 0; c < 2 * g->graph; ++c) dweight[c] = beta == 0.0 ? 0.0 : beta * dweight[c];
    dbias[0] = beta == 0.0 ? 0.0 : beta * dbias[0];
    for (size_t e = 0; e < g->modalities * g->dialogues->rows * g->graph; ++e) dx[e] = dx_next[e];
    backward_state state = {dx, dweight, dbias, u, s, dx_next};
    visit_edges(g, backward_edge, &state);
}

static size_t square_at(const ref_gcn *g, node i, node j)
{
    const size_t dialogue = (size_t)g->dialogues->dialogue_of[i.r], first = (size_t)g->dialogues->starts[dialogue];
    return ref_square_at(g->dialogues, g->modalities, dialogue, i.m, i.r - first, j.r - first);
}

typedef struct gates_state {
    double *a, *dz, *du, *ds;
    const double *u, *s, *dx_next;
} gates_state;

static void coefficient_edge(void *state, const ref_gcn *g, node i, node j)
{
    const gates_state *e = state;
    if (i.m == j.m) e->a[square_at(g, i, j)] = gate_of(g, e->u, e->s, i, j) / degree(g, i);
}

void ref_gcn_coefficients(double *a, const double *u, const double *s, const ref_gcn *g)
{
    gates_state state = {.a = a, .u = u, .s = s};
    for (size_t e = 0; e < g->modalities * g->dialogues->pairs; ++e) a[e] = 0.0;
    visit_edges(g, coefficient_edge, &state);
}

static void gate_edge(void *state, const ref_gcn *g, node i, node j)
{
    const gates_state *e = state;
    const double gate = gate_of(g, e->u, e->s, i, j);
    double da = 0.0;
    for (size_t c = 0; c < g->graph; ++c) da += e->dx_next[at(g, i, c)] * h(g, j, c);
    const double dz = da * (1.0 - gate * gate) / degree(g, i);
    if (i.m == j.m) e->dz[square_at(g, i, j)] = dz;
    e->du[i.m * g->dialogues->rows + i.r] += dz;
    e->ds[j.m * g->dialogues->rows + j.r] += dz;
}

void ref_gcn_gates_backward(double *dz, double *du, double *ds, const double *u, const double *s, const ref_gcn *g,
                            const double *dx_next)
{
    gates_state state = {.dz = dz, .du = du, .ds = ds, .u = u, .s = s, .dx_next = dx_next};
    for (size_t e = 0; e < g->modalities * g->dialogues->pairs; ++e) dz[e] = 0.0;
    for (size_t n = 0; n < g->modalities * g->dialogues->rows; ++n) du[n] = ds[n] = 0.0;
    visit_edges(g, gate_edge, &state);
}
