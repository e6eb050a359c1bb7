/* SAFSD-GLNet, in the order of docs/model.md 2 to 6: each forward stage is followed by its backward stage; the two
 * lists of calls are at the end. Sizes are defined in model/glossary.h. */
#include "model/layers/add.h"
#include "model/layers/embedding.h"
#include "model/layers/gate.h"
#include "model/layers/gcn.h"
#include "model/layers/head.h"
#include "model/layers/linear.h"
#include "model/network/network.h"
#include "model/network/safsd.h"
#include "model/layers/relu.h"

static const rt_view nothing = {NULL, 0};

static nn_encoder_pass encoder_pass(const nn_safsd *s, const nn_pass *pass, float beta)
{
    return (nn_encoder_pass){s->rt, &s->config, &s->params, pass->masks, &pass->batch->segments, &s->d.encoder, beta};
}

static nn_matrix rows_of(const nn_pass *pass, rt_view view, size_t columns)
{
    return nn_dense(view, pass->batch->segments.rows, columns);
}

/* Slice `index` (a modality in use) of a tensor [M, N, columns]. */
static nn_matrix part_of(const nn_pass *pass, rt_view view, size_t index, size_t columns)
{
    return rows_of(pass, rt_view_at(view, index * pass->batch->segments.rows * columns), columns);
}

static st_status linear(const nn_safsd *s, nn_matrix y, const nn_linear_weights *w, nn_matrix x)
{
    const nn_linear layer = nn_linear_of(w, x, s->d.encoder.sums);
    return nn_linear_forward(s->rt, y, &layer, x);
}

/* dx may have no block: it is then not computed. */
static st_status linear_back(const nn_safsd *s, nn_matrix dx, float beta_dx, const nn_linear_weights *w, float beta,
                             nn_matrix x, nn_matrix dy)
{
    const nn_linear layer = nn_linear_of(w, x, s->d.encoder.sums);
    const nn_linear_gradient gradient = nn_linear_gradient_of(w, dx, beta_dx, beta);
    return nn_linear_backward(s->rt, &gradient, &layer, dy);
}

/* ---- docs/model.md 2: U_m = X_m W_mᵀ + PE[position] + E_spk[speaker] ---- */

static nn_embedding speaker_embedding(const nn_safsd *s, const nn_pass *pass)
{
    return (nn_embedding){.segments = &pass->batch->segments,
                          .speakers = &pass->batch->speakers,
                          .columns = s->config.hidden,
                          .table = s->params.speaker_embeddings.value,
                          .table_rows = s->config.speakers + 1,
                          .positional_encoding = s->a.positional_encoding,
                          .scratch = s->d.embedding};
}

static st_status inputs_forward(nn_safsd *s, const nn_pass *pass)
{
    const size_t H = s->config.hidden;
    const nn_embedding embedding = speaker_embedding(s, pass);
    for (size_t i = 0; i < s->used; ++i) {
        const nn_modality m = s->modality[i];
        ST_FORWARD(linear(s, rows_of(pass, s->a.input[m], H), &s->params.input[m],
                          rows_of(pass, pass->batch->x[m], s->config.dims[m])));
        ST_FORWARD(nn_embedding_forward(s->rt, s->a.input[m], &embedding, s->a.input[m]));
    }
    return ST_OK;
}

static st_status inputs_backward(nn_safsd *s, const nn_pass *pass, float beta)
{
    const size_t H = s->config.hidden;
    const nn_embedding embedding = speaker_embedding(s, pass);
    rt_view dy[NN_MODALITIES];
    for (size_t i = 0; i < s->used; ++i) {
        const nn_modality m = s->modality[i];
        dy[i] = s->d.input[m];
        ST_FORWARD(linear_back(s, (nn_matrix){.view = nothing}, 0, &s->params.input[m], beta,
                               rows_of(pass, pass->batch->x[m], s->config.dims[m]), rows_of(pass, dy[i], H)));
    }
    return nn_embedding_backward(s->rt, &(nn_embedding_gradient){s->params.speaker_embeddings.gradient, beta},
                                 &embedding, dy, s->used);
}

/* ---- docs/model.md 3 and 4: encoders, gates, reduction of one target n ---- */

/* The columns of an encoder in the concatenation of its target: the target's own encoder first, then t, a, v. */
static nn_matrix block_of(const nn_safsd *s, const nn_pass *pass, rt_view gated, size_t place)
{
    return nn_columns(rows_of(pass, gated, s->used * s->config.hidden), place * s->config.hidden, s->config.hidden);
}

static rt_view output_of(const nn_safsd *s, const nn_encoder *e)
{
    return e->layers[s->config.layers - 1].out;
}

static nn_gate gate_of(const nn_safsd *s, const nn_encoder *e)
{
    return (nn_gate){s->config.gate, output_of(s, e), e->gate};
}

static st_status target_forward(nn_safsd *s, const nn_pass *pass, nn_modality n)
{
    const nn_encoder_pass encoder = encoder_pass(s, pass, 0);
    const size_t H = s->config.hidden;
    size_t place = 0;
    for (size_t i = 0; i < NN_ENCODERS; ++i) {
        const nn_encoder *e = &s->encoders[i];
        if (!e->layers || e->pair.target != n) continue;
        ST_FORWARD(nn_encoder_forward(&encoder, e, s->a.input[n], s->a.input[e->pair.source]));
        const nn_gate gate = gate_of(s, e);
        if (gate.kind == NN_GATE_LEARNED)
            ST_FORWARD(linear(s, rows_of(pass, gate.z, H), &s->params.gate[i], rows_of(pass, gate.x, H)));
        ST_FORWARD(nn_gate_forward(s->rt, block_of(s, pass, s->a.gated[n], place++), &gate, gate.x, gate.z));
    }
    return linear(s, rows_of(pass, s->a.fused[n], H), &s->params.reduce[n], rows_of(pass, s->a.gated[n], s->used * H));
}

static st_status target_backward(nn_safsd *s, const nn_pass *pass, nn_modality n, float beta)
{
    const nn_encoder_pass encoder = encoder_pass(s, pass, beta);
    const size_t H = s->config.hidden;
    const rt_view dx = s->d.encoder.dx, dz = s->d.encoder.dy;
    ST_FORWARD(linear_back(s, rows_of(pass, s->d.gated, s->used * H), 0, &s->params.reduce[n], beta,
                           rows_of(pass, s->a.gated[n], s->used * H), rows_of(pass, s->d.fused[n], H)));
    size_t place = s->used;
    for (size_t i = NN_ENCODERS; i-- > 0;) {
        const nn_encoder *e = &s->encoders[i];
        if (!e->layers || e->pair.target != n) continue;
        const nn_gate gate = gate_of(s, e);
        ST_FORWARD(
            nn_gate_backward(s->rt, &(nn_gate_gradient){dx, dz, 0}, &gate, block_of(s, pass, s->d.gated, --place)));
        if (gate.kind == NN_GATE_LEARNED)
            ST_FORWARD(linear_back(s, rows_of(pass, dx, H), 1, &s->params.gate[i], beta, rows_of(pass, gate.x, H),
                                   rows_of(pass, dz, H)));
        ST_FORWARD(nn_encoder_backward(&encoder, e, s->d.input[n], s->d.input[e->pair.source]));
    }
    return ST_OK;
}

/* ---- docs/model.md 4: student z_m = drop(relu(F_m)) Wsᵀ + bs ---- */

static nn_relu student_relu(const nn_safsd *s, const nn_pass *pass, nn_modality m)
{
    return (nn_relu){pass->batch->segments.rows * s->config.hidden, nn_dropout_masks_student(pass->masks, m),
                     s->a.student_input[m]};
}

static st_status student_forward(nn_safsd *s, const nn_pass *pass, size_t i)
{
    const nn_modality m = s->modality[i];
    const nn_relu relu = student_relu(s, pass, m);
    ST_FORWARD(nn_relu_forward(s->rt, relu.y, &relu, s->a.fused[m]));
    return linear(s, part_of(pass, s->a.student_logits, i, s->config.classes), &s->params.student[m],
                  rows_of(pass, relu.y, s->config.hidden));
}

/* Overwrites dF_m. */
static st_status student_backward(nn_safsd *s, const nn_pass *pass, size_t i, float beta)
{
    const nn_modality m = s->modality[i];
    const nn_relu relu = student_relu(s, pass, m);
    const nn_matrix dinput = rows_of(pass, s->d.node, s->config.hidden);
    ST_FORWARD(linear_back(s, dinput, 0, &s->params.student[m], beta, rows_of(pass, relu.y, s->config.hidden),
                           part_of(pass, s->d.student_logits, i, s->config.classes)));
    return nn_relu_backward(s->rt, &(nn_relu_gradient){s->d.fused[m], 0}, &relu, dinput.view);
}

/* ---- docs/model.md 5: nodes and graph layers ---- */

static rt_view node_of(const nn_safsd *s, nn_modality m)
{
    return m == NN_TEXT ? s->a.text_node : s->a.fused[m];
}

static nn_embedding graph_embedding(const nn_safsd *s, const nn_pass *pass)
{
    return (nn_embedding){.segments = &pass->batch->segments,
                          .speakers = &pass->batch->speakers,
                          .columns = s->config.hidden,
                          .table = s->params.graph_embeddings.value,
                          .table_rows = s->config.speakers,
                          .scratch = s->d.embedding};
}

static st_status nodes_forward(nn_safsd *s, const nn_pass *pass)
{
    const size_t H = s->config.hidden, G = s->config.graph_hidden;
    const nn_embedding embedding = graph_embedding(s, pass);
    for (size_t i = 0; i < s->used; ++i) {
        const nn_modality m = s->modality[i];
        if (m == NN_TEXT) ST_FORWARD(nn_embedding_forward(s->rt, s->a.text_node, &embedding, s->a.fused[m]));
        ST_FORWARD(linear(s, part_of(pass, s->a.x[0], i, G), &s->params.graph_input, rows_of(pass, node_of(s, m), H)));
    }
    return ST_OK;
}

/* Reads dx^0 from d.x0 and adds to dF_m. */
static st_status nodes_backward(nn_safsd *s, const nn_pass *pass, float beta)
{
    const size_t H = s->config.hidden, G = s->config.graph_hidden;
    const nn_embedding embedding = graph_embedding(s, pass);
    for (size_t i = 0; i < s->used; ++i) {
        const nn_modality m = s->modality[i];
        const nn_matrix dnode = rows_of(pass, s->d.node, H);
        ST_FORWARD(linear_back(s, dnode, 0, &s->params.graph_input, i == 0 ? beta : 1, rows_of(pass, node_of(s, m), H),
                               part_of(pass, s->d.x0, i, G)));
        if (m == NN_TEXT)
            ST_FORWARD(nn_embedding_backward(s->rt, &(nn_embedding_gradient){s->params.graph_embeddings.gradient, beta},
                                             &embedding, &dnode.view, 1));
        ST_FORWARD(nn_add(s->rt, s->d.fused[m], s->d.fused[m], dnode.view, pass->batch->segments.rows * H));
    }
    return ST_OK;
}

static nn_gcn graph_layer(const nn_safsd *s, const nn_pass *pass, size_t k)
{
    nn_dropout_mask keep = nn_dropout_masks_graph(&s->masks, k);
    if (pass->expected) keep = (nn_dropout_mask){nothing, (float)(1.0 - s->config.gcn_mask)};
    return (nn_gcn){.segments = &pass->batch->segments,
                    .modalities = s->used,
                    .graph = s->config.graph_hidden,
                    .keep = keep,
                    .weight = s->params.graph_gate[k].value,
                    .bias = s->params.graph_gate_bias[k].value,
                    .x = s->a.x[k],
                    .u = s->a.u[k],
                    .s = s->a.s[k],
                    .scratch = s->d.graph};
}

static st_status graph_forward(nn_safsd *s, const nn_pass *pass)
{
    for (size_t k = 0; k < s->config.gcn_layers; ++k) {
        const nn_gcn layer = graph_layer(s, pass, k);
        ST_FORWARD(nn_gcn_forward(s->rt, s->a.x[k + 1], &layer, s->a.x[k]));
    }
    return ST_OK;
}

/* Reads dx^K from d.x and adds the gradient of x^0 to d.x0. */
static st_status graph_backward(nn_safsd *s, const nn_pass *pass, float beta)
{
    for (size_t k = s->config.gcn_layers; k-- > 0;) {
        const nn_gcn layer = graph_layer(s, pass, k);
        const nn_gcn_gradient gradient = {s->d.x, s->params.graph_gate[k].gradient,
                                          s->params.graph_gate_bias[k].gradient, beta};
        ST_FORWARD(nn_gcn_backward(s->rt, &gradient, &layer, s->d.x));
    }
    return nn_add(s->rt, s->d.x0, s->d.x0, s->d.x, s->used * pass->batch->segments.rows * s->config.graph_hidden);
}

/* ---- docs/model.md 6: z = relu(drop(concat_m [x^0_m, x^K_m])) Wᵀ + b ---- */

static nn_head head_of(const nn_safsd *s, const nn_pass *pass)
{
    return (nn_head){pass->batch->segments.rows, s->used, s->config.graph_hidden, nn_dropout_masks_head(pass->masks),
                     s->a.head_input};
}

static st_status head_forward(nn_safsd *s, const nn_pass *pass)
{
    const size_t width = s->used * 2 * s->config.graph_hidden;
    const nn_head head = head_of(s, pass);
    ST_FORWARD(nn_head_forward(s->rt, head.y, &head, s->a.x[0], s->a.x[s->config.gcn_layers]));
    return linear(s, rows_of(pass, s->a.logits, s->config.classes), &s->params.head, rows_of(pass, head.y, width));
}

static st_status head_backward(nn_safsd *s, const nn_pass *pass, float beta)
{
    const size_t width = s->used * 2 * s->config.graph_hidden;
    const nn_head head = head_of(s, pass);
    ST_FORWARD(linear_back(s, rows_of(pass, s->d.head_input, width), 0, &s->params.head, beta,
                           rows_of(pass, head.y, width), rows_of(pass, s->d.logits, s->config.classes)));
    return nn_head_backward(s->rt, &(nn_head_gradient){s->d.x0, s->d.x}, &head, s->d.head_input);
}

/* ---- the lists of calls ---- */

st_status nn_forward_fusion(nn_safsd *s, const nn_pass *pass)
{
    ST_FORWARD(inputs_forward(s, pass));
    for (size_t i = 0; i < s->used; ++i) ST_FORWARD(target_forward(s, pass, s->modality[i]));
    for (size_t i = 0; i < s->used; ++i) ST_FORWARD(student_forward(s, pass, i));
    return nodes_forward(s, pass);
}

st_status nn_forward_graph(nn_safsd *s, const nn_pass *pass)
{
    ST_FORWARD(graph_forward(s, pass));
    return head_forward(s, pass);
}

st_status nn_backward(nn_safsd *s, const nn_pass *pass, float beta)
{
    ST_FORWARD(head_backward(s, pass, beta));
    ST_FORWARD(graph_backward(s, pass, beta));
    for (size_t i = 0; i < s->used; ++i) ST_FORWARD(student_backward(s, pass, i, beta));
    ST_FORWARD(nodes_backward(s, pass, beta));
    for (size_t i = 0; i < s->used; ++i)
        ST_FORWARD(rt_zero(s->rt, s->d.input[s->modality[i]], pass->batch->segments.rows * s->config.hidden));
    for (size_t i = s->used; i-- > 0;) ST_FORWARD(target_backward(s, pass, s->modality[i], beta));
    return inputs_backward(s, pass, beta);
}
