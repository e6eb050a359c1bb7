#include "bench/kernels.h"

#include <stdlib.h>
#include <string.h>

#include "data/philox.h"
#include "model/layers/attention.h"
#include "model/network/batch.h"
#include "model/layers/column_sums.h"
#include "model/layers/dropout.h"
#include "model/layers/embedding.h"
#include "model/layers/gate.h"
#include "model/layers/gcn.h"
#include "model/layers/gelu.h"
#include "model/layers/head.h"
#include "model/layers/layernorm.h"
#include "model/layers/losses.h"
#include "model/network/dropout_masks.h"
#include "model/layers/relu.h"
#include "runtime/launch.h"

enum { WIDE = 6 };

/* What the operations work on, all of one problem's size. */
typedef struct operands {
    rt_context *rt;
    const bench_problem *problem;
    rt_arena *arena;
    nn_batch_store store;
    nn_batch batch;
    nn_dropout_masks masks;
    rt_view wide[WIDE];                                                /* [N, H] */
    rt_view graph[3];                                                  /* [M, N, G] */
    rt_view head[2];                                                   /* [N, M*2G] */
    rt_view probabilities, scratch;                                    /* of attention; of whatever runs */
    rt_view rows[2], columns[4], gates[2], positional_encoding, table; /* [N], [2G], [M, N], [longest, H], [S + 1, H] */
    rt_view student_logits[4], logits[4], terms, losses, per_class, similarity;
    nn_params params;
    nn_optimizer optimizer;
} operands;

static size_t elements_of(const operands *o)
{
    return o->batch.segments.rows * o->problem->config.hidden;
}

static nn_matrix wide(const operands *o, size_t i)
{
    return nn_dense(o->wide[i], o->batch.segments.rows, o->problem->config.hidden);
}

static nn_dropout_mask mask_of(const operands *o)
{
    return nn_dropout_masks_encoder(&o->masks, 0, 0, NN_SITE_CONTEXT);
}

/* ---- operations ---- */

static st_status masks_draw(operands *o)
{
    return nn_dropout_masks_draw(&o->masks, o->rt, &o->batch, 0);
}

static nn_dropout dropout_of(const operands *o)
{
    return (nn_dropout){elements_of(o), mask_of(o), o->wide[1]};
}

static st_status dropout_forward(operands *o)
{
    const nn_dropout layer = dropout_of(o);
    return nn_dropout_forward(o->rt, o->wide[2], &layer, o->wide[0]);
}

static st_status dropout_backward(operands *o)
{
    const nn_dropout layer = dropout_of(o);
    return nn_dropout_backward(o->rt, &(nn_dropout_gradient){.dx = o->wide[2]}, &layer, o->wide[0]);
}

static nn_gelu gelu_of(const operands *o)
{
    return (nn_gelu){elements_of(o), mask_of(o), o->wide[0]};
}

static st_status gelu_forward(operands *o)
{
    const nn_gelu layer = gelu_of(o);
    return nn_gelu_forward(o->rt, o->wide[1], &layer, layer.u);
}

static st_status gelu_backward(operands *o)
{
    const nn_gelu layer = gelu_of(o);
    return nn_gelu_backward(o->rt, &(nn_gelu_gradient){o->wide[2], o->wide[3]}, &layer, o->wide[1]);
}

static nn_relu relu_of(const operands *o)
{
    return (nn_relu){elements_of(o), mask_of(o), o->wide[0]};
}

static st_status relu_forward(operands *o)
{
    const nn_relu layer = relu_of(o);
    return nn_relu_forward(o->rt, o->wide[1], &layer, o->wide[0]);
}

static st_status relu_backward(operands *o)
{
    const nn_relu layer = relu_of(o);
    return nn_relu_backward(o->rt, &(nn_relu_gradient){.dx = o->wide[2]}, &layer, o->wide[1]);
}

static nn_gate gate_of(const operands *o)
{
    return (nn_gate){NN_GATE_LEARNED, o->wide[0], o->wide[1]};
}

static st_status gate_forward(operands *o)
{
    const nn_gate layer = gate_of(o);
    return nn_gate_forward(o->rt, wide(o, 2), &layer, layer.x, layer.z);
}

static st_status gate_backward(operands *o)
{
    const nn_gate layer = gate_of(o);
    return nn_gate_backward(o->rt, &(nn_gate_gradient){.dx = o->wide[3], .dz = o->wide[4]}, &layer, wide(o, 2));
}

static nn_layernorm norm_of(const operands *o)
{
    return (nn_layernorm){.rows = o->batch.segments.rows,
                          .columns = o->problem->config.hidden,
                          .gain = o->columns[0],
                          .bias = o->columns[1],
                          .x = o->wide[0],
                          .mean = o->rows[0],
                          .rstd = o->rows[1],
                          .scratch = o->scratch};
}

static st_status layernorm_forward(operands *o)
{
    const nn_layernorm norm = norm_of(o);
    return nn_layernorm_forward(o->rt, o->wide[1], &norm, norm.x);
}

static st_status layernorm_backward(operands *o)
{
    const nn_layernorm norm = norm_of(o);
    const nn_layernorm_gradient gradient = {
        .dx = o->wide[2], .y = o->wide[3], .dgain = o->columns[2], .dbias = o->columns[3]};
    return nn_layernorm_backward(o->rt, &gradient, &norm, o->wide[1]);
}

static st_status column_sums(operands *o)
{
    return nn_column_sums(o->rt, o->columns[2], o->scratch, wide(o, 0), 0);
}

static nn_embedding embedding_of(const operands *o)
{
    return (nn_embedding){.segments = &o->batch.segments,
                          .speakers = &o->batch.speakers,
                          .columns = o->problem->config.hidden,
                          .table = o->table,
                          .table_rows = o->problem->config.speakers + 1,
                          .positional_encoding = o->positional_encoding,
                          .scratch = o->scratch};
}

static st_status embedding_forward(operands *o)
{
    const nn_embedding layer = embedding_of(o);
    return nn_embedding_forward(o->rt, o->wide[1], &layer, o->wide[0]);
}

static st_status embedding_backward(operands *o)
{
    const nn_embedding layer = embedding_of(o);
    return nn_embedding_backward(o->rt, &(nn_embedding_gradient){.dtable = o->table}, &layer, o->wide, NN_MODALITIES);
}

static nn_attention attention_of(const operands *o)
{
    return (nn_attention){.segments = &o->batch.segments,
                          .heads = o->problem->config.heads,
                          .mask = nn_dropout_masks_encoder(&o->masks, 0, 0, NN_SITE_ATTENTION),
                          .in = {wide(o, 0), wide(o, 1), wide(o, 2)},
                          .probabilities = o->probabilities,
                          .scratch = o->scratch};
}

static st_status attention_forward(operands *o)
{
    const nn_attention attention = attention_of(o);
    return nn_attention_forward(o->rt, wide(o, 3), &attention, attention.in);
}

static st_status attention_backward(operands *o)
{
    const nn_attention attention = attention_of(o);
    const nn_attention_gradient gradient = {wide(o, 3), wide(o, 4), wide(o, 5)};
    return nn_attention_backward(o->rt, &gradient, &attention, wide(o, 0));
}

static nn_gcn gcn_of(const operands *o)
{
    return (nn_gcn){.segments = &o->batch.segments,
                    .modalities = NN_MODALITIES,
                    .graph = o->problem->config.graph_hidden,
                    .keep = nn_dropout_masks_graph(&o->masks, 0),
                    .weight = o->columns[0],
                    .bias = o->columns[1],
                    .x = o->graph[0],
                    .u = o->gates[0],
                    .s = o->gates[1],
                    .scratch = o->scratch};
}

static st_status gcn_forward(operands *o)
{
    const nn_gcn layer = gcn_of(o);
    return nn_gcn_forward(o->rt, o->graph[1], &layer, layer.x);
}

static st_status gcn_backward(operands *o)
{
    const nn_gcn layer = gcn_of(o);
    const nn_gcn_gradient gradient = {.dx = o->graph[2], .dweight = o->columns[2], .dbias = o->columns[3]};
    return nn_gcn_backward(o->rt, &gradient, &layer, o->graph[1]);
}

static nn_head head_of(const operands *o)
{
    return (nn_head){o->batch.segments.rows, NN_MODALITIES, o->problem->config.graph_hidden,
                     nn_dropout_masks_head(&o->masks), o->head[0]};
}

static st_status head_forward(operands *o)
{
    const nn_head layer = head_of(o);
    return nn_head_forward(o->rt, layer.y, &layer, o->graph[0], o->graph[1]);
}

static st_status head_backward(operands *o)
{
    const nn_head layer = head_of(o);
    return nn_head_backward(o->rt, &(nn_head_gradient){o->graph[0], o->graph[1]}, &layer, o->head[1]);
}

static nn_losses losses_of(const operands *o)
{
    const size_t N = o->batch.segments.rows;
    return (nn_losses){.rows = N,
                       .modalities = NN_MODALITIES,
                       .classes = o->problem->config.classes,
                       .settings = nn_loss_settings_of(&o->problem->config),
                       .counts = {(double)N, N, N},
                       .labels = o->batch.labels,
                       .per_class = o->per_class,
                       .similarity = o->similarity,
                       .log_p = o->logits[1],
                       .log_tau = o->logits[2],
                       .student_log_p = o->student_logits[1],
                       .student_log_tau = o->student_logits[2],
                       .terms = o->terms};
}

static st_status losses(operands *o)
{
    const nn_losses losses = losses_of(o);
    const nn_losses_gradient gradient = {o->logits[3], o->student_logits[3]};
    ST_FORWARD(nn_losses_teacher(o->rt, &losses, o->logits[0]));
    return nn_losses_forward_backward(o->rt, o->losses, &gradient, &losses, o->student_logits[0], 0);
}

/* One repetition of a sampled evaluation. */
static st_status losses_mean(operands *o)
{
    const nn_losses losses = losses_of(o);
    return nn_losses_teacher_add(o->rt, o->logits[1], o->logits[2], &losses, o->logits[0], 2, false);
}

static st_status optimizer(operands *o)
{
    const nn_adam adam = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 1e-5};
    return nn_optimizer_step(&o->optimizer, &adam, 1e-4);
}

/* ---- the list ---- */

static const struct operation {
    const char *name;
    st_status (*run)(operands *o);
} operations[] = {
    {"masks_draw", masks_draw},
    {"dropout_forward", dropout_forward},
    {"dropout_backward", dropout_backward},
    {"gelu_forward", gelu_forward},
    {"gelu_backward", gelu_backward},
    {"relu_forward", relu_forward},
    {"relu_backward", relu_backward},
    {"gate_forward", gate_forward},
    {"gate_backward", gate_backward},
    {"layernorm_forward", layernorm_forward},
    {"layernorm_backward", layernorm_backward},
    {"column_sums", column_sums},
    {"embedding_forward", embedding_forward},
    {"embedding_backward", embedding_backward},
    {"attention_forward", attention_forward},
    {"attention_backward", attention_backward},
    {"gcn_forward", gcn_forward},
    {"gcn_backward", gcn_backward},
    {"head_forward", head_forward},
    {"head_backward", head_backward},
    {"losses", losses},
    {"losses_mean", losses_mean},
    {"optimizer_step", optimizer},
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

/* ---- memory ---- */

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t scratch_elements(const operands *o)
{
    const nn_config *c = &o->problem->config;
    const nn_extent *e = &o->problem->extent;
    const size_t widest = 2 * larger(c->hidden, c->graph_hidden);
    size_t most = nn_attention_scratch(e->pairs, c->heads);
    most = larger(most, nn_gcn_scratch(NN_MODALITIES, e->rows, e->pairs, c->graph_hidden));
    most = larger(most, nn_column_sums_scratch(e->rows, widest));
    most = larger(most, nn_layernorm_scratch(e->rows, c->hidden));
    return larger(most, nn_embedding_scratch(e->rows, c->speakers, c->hidden));
}

static st_status take_all(operands *o, rt_view *views, size_t count, size_t elements)
{
    for (size_t i = 0; i < count; ++i) ST_FORWARD(rt_arena_take(o->arena, "operands", elements, &views[i]));
    return ST_OK;
}

static st_status plan(operands *o)
{
    const nn_config *c = &o->problem->config;
    const nn_extent *e = &o->problem->extent;
    const size_t N = e->rows, H = c->hidden, G = c->graph_hidden, M = NN_MODALITIES, C = c->classes;
    ST_FORWARD(take_all(o, o->wide, WIDE, N * H));
    ST_FORWARD(take_all(o, o->graph, 3, M * N * G));
    ST_FORWARD(take_all(o, o->head, 2, N * M * 2 * G));
    ST_FORWARD(take_all(o, &o->probabilities, 1, nn_attention_probabilities(e->pairs, c->heads)));
    ST_FORWARD(take_all(o, &o->scratch, 1, scratch_elements(o)));
    ST_FORWARD(take_all(o, o->rows, 2, N));
    ST_FORWARD(take_all(o, o->columns, 4, 2 * larger(H, G)));
    ST_FORWARD(take_all(o, o->gates, 2, M * N));
    ST_FORWARD(take_all(o, &o->positional_encoding, 1, e->longest * H));
    ST_FORWARD(take_all(o, &o->table, 1, (c->speakers + 1) * H));
    ST_FORWARD(take_all(o, o->student_logits, 4, M * N * C));
    ST_FORWARD(take_all(o, o->logits, 4, N * C));
    ST_FORWARD(take_all(o, &o->terms, 1, 3 * N));
    ST_FORWARD(take_all(o, &o->losses, 1, 4));
    ST_FORWARD(take_all(o, &o->per_class, 1, 2 * C));
    ST_FORWARD(take_all(o, &o->similarity, 1, C * C));
    ST_FORWARD(nn_dropout_masks_plan(&o->masks, o->arena, c, e, true, rt_error(o->rt)));
    ST_FORWARD(nn_batch_store_create(&o->store, o->rt, c, e));
    ST_FORWARD(nn_params_create(&o->params, o->rt, c, true));
    return nn_optimizer_plan(&o->optimizer, &o->params, o->arena);
}

/* Ordinary numbers everywhere: zeros and denormal ones could be faster or slower than what a step meets. */
static st_status fill(operands *o)
{
    const nn_config *c = &o->problem->config;
    for (size_t b = 0; b < rt_arena_blocks(o->arena); ++b) {
        size_t elements = 0;
        const rt_view view = rt_arena_block(o->arena, b, &elements);
        float *values = malloc(elements * sizeof *values);
        if (!values) return st_fail(rt_error(o->rt), ST_FAILED, "out of memory for %zu random numbers", elements);
        ds_fill_uniform((ds_stream){1, DS_SITE_SYNTH, 0}, 0, values, elements, 1.0);
        const st_status status = rt_write(o->rt, view, values, elements);
        free(values);
        ST_FORWARD(status);
    }
    ST_FORWARD(rt_write(o->rt, o->per_class, o->problem->tables.tables.class_weights, c->classes));
    ST_FORWARD(rt_write(o->rt, o->similarity, o->problem->tables.tables.similarity, c->classes * c->classes));
    ST_FORWARD(nn_dropout_masks_commit(&o->masks, o->rt));
    ST_FORWARD(nn_optimizer_set(&o->optimizer, 0, 0));
    ST_FORWARD(nn_params_initialise(&o->params, c->seed));
    for (size_t b = 0; b < rt_arena_blocks(o->params.gradients); ++b) {
        size_t elements = 0;
        const rt_view gradient = rt_arena_block(o->params.gradients, b, &elements);
        const rt_view value = rt_arena_block(o->params.values, b, &elements);
        ST_FORWARD(rt_copy(o->rt, gradient, value, elements));
    }
    ST_FORWARD(nn_batch_store_commit(&o->store));
    return nn_batch_upload(&o->store, o->rt, &o->problem->batch, 0, o->problem->batch.dialogues, 0, &o->batch);
}

/* ---- measuring ---- */

typedef struct call {
    operands *o;
    st_status (*run)(operands *o);
} call;

static st_status run_and_wait(void *user)
{
    const call *c = user;
    ST_FORWARD(c->run(c->o));
    return rt_finish(c->o->rt);
}

st_status bench_kernels_measure(bench_kernels *kernels, rt_context *rt, const bench_problem *problem,
                                bench_effort effort)
{
    operands o = {.rt = rt, .problem = problem};
    st_status status = ST_OK;
    memset(kernels, 0, sizeof *kernels);
    ST_TRY(rt_arena_create(&o.arena, rt, "operands"));
    ST_TRY(plan(&o));
    ST_TRY(nn_params_commit(&o.params));
    ST_TRY(rt_arena_commit(o.arena));
    ST_TRY(fill(&o));
    for (size_t i = 0; i < OPERATIONS; ++i) {
        call what = {&o, operations[i].run};
        bench_kernel *kernel = &kernels->items[kernels->count++];
        const rt_work before = rt_work_done(rt);
        ST_TRY(run_and_wait(&what));
        const rt_work after = rt_work_done(rt);
        *kernel = (bench_kernel){
            .name = operations[i].name, .bytes = after.bytes - before.bytes, .flops = after.flops - before.flops};
        ST_TRY(bench_repeat(&kernel->seconds, effort, run_and_wait, &what));
    }
done:
    nn_batch_store_destroy(&o.store);
    nn_dropout_masks_destroy(&o.masks);
    nn_params_destroy(&o.params);
    rt_arena_destroy(&o.arena);
    return status;
}
