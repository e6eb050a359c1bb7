/* SAFSD-GLNet, in the order of SPEC 2 to 6: each forward stage with its backward stage below it, and the two lists at
 * the end. Sizes are in model/glossary.h. */
#include "model/layers/dropout.h"
#include "model/layers/embedding.h"
#include "model/layers/gate.h"
#include "model/layers/gcn.h"
#include "model/layers/head.h"
#include "model/layers/linear.h"
#include "model/network/network.h"
#include "model/layers/relu.h"

static const rt_view nothing = {NULL, 0};

static nn_encoder_pass encoder_pass(const nn_safsd *s, const nn_pass *pass, float beta)
{
    return (nn_encoder_pass){s->rt, &s->config, &s->params, pass->masks, pass->batch, &s->d.encoder, beta};
}

static nn_matrix rows_of(const nn_pass *pass, rt_view view, size_t columns)
{
    return nn_dense(view, pass->batch->rows, columns);
}

/* Part `index` (a modality in use) of a tensor [M, N, columns]. */
static nn_matrix part_of(const nn_pass *pass, rt_view view, size_t index, size_t columns)
{
    return rows_of(pass, rt_view_at(view, index * pass->batch->rows * columns), columns);
}

/* dx without a block: not wanted. */
static st_status linear_back(const nn_safsd *s, nn_matrix dx, float beta_dx, nn_matrix dy, nn_matrix x,
                             const nn_linear_slot *slot, float beta)
{
    const nn_linear_gradient gradient = {dx, dy, x, s->d.encoder.sums, beta_dx, beta};
    return nn_linear_backward(s->rt, slot, &gradient);
}

/* ---- SPEC 2: U_m = X_m W_mᵀ + PE[position] + E_spk[speaker] ---- */

static st_status inputs_forward(nn_safsd *s, const nn_pass *pass)
{
    const size_t H = s->config.hidden;
    for (size_t i = 0; i < s->used; ++i) {
        const nn_modality m = s->modality[i];
        ST_FORWARD(nn_linear_forward(s->rt, rows_of(pass, s->a.input[m], H),
                                     rows_of(pass, pass->batch->x[m], s->config.dims[m]), &s->params.input[m]));
        ST_FORWARD(nn_embedding_forward(s->rt, s->a.input[m], s->a.input[m], s->a.places,
                                        (nn_speaker_table){s->params.speaker_embeddings.value, s->config.speakers + 1},
                                        pass->batch, H));
    }
    return ST_OK;
}

static st_status inputs_backward(nn_safsd *s, const nn_pass *pass, float beta)
{
    const size_t H = s->config.hidden, S = s->config.speakers;
    nn_embedding_gradient speaker = {.dtable = s->params.speaker_embeddings.gradient,
                                     .scratch = s->d.embedding,
                                     .tensors = s->used,
                                     .speakers = S,
                                     .table_rows = S + 1,
                                     .columns = H,
                                     .beta = beta};
    for (size_t i = 0; i < s->used; ++i) {
        const nn_modality m = s->modality[i];
        speaker.dy[i] = s->d.input[m];
        ST_FORWARD(linear_back(s, (nn_matrix){.view = nothing}, 0, rows_of(pass, s->d.input[m], H),
                               rows_of(pass, pass->batch->x[m], s->config.dims[m]), &s->params.input[m], beta));
    }
    return nn_embedding_backward(s->rt, &speaker, pass->batch);
}

/* ---- SPEC 3 and 4: encoders, gates, reduction of one target n ---- */

/* The column block of encoder e in the concatenation of its target: its own encoder first, then t, a, v order. */
static nn_matrix block_of(const nn_safsd *s, const nn_pass *pass, rt_view gated, size_t place)
{
    return nn_columns(rows_of(pass, gated, s->used * s->config.hidden), place * s->config.hidden, s->config.hidden);
}

static rt_view output_of(const nn_safsd *s, const nn_encoder *e)
{
    return e->layers[s->config.layers - 1].out;
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
        const rt_view out = output_of(s, e);
        if (s->config.gate == NN_GATE_LEARNED)
            ST_FORWARD(nn_linear_forward(s->rt, rows_of(pass, e->gate, H), rows_of(pass, out, H), &s->params.gate[i]));
        ST_FORWARD(nn_gate_forward(s->rt, block_of(s, pass, s->a.gated[n], place++), out, e->gate, s->config.gate));
    }
    return nn_linear_forward(s->rt, rows_of(pass, s->a.fused[n], H), rows_of(pass, s->a.gated[n], s->used * H),
                             &s->params.reduce[n]);
}

static st_status target_backward(nn_safsd *s, const nn_pass *pass, nn_modality n, float beta)
{
    const nn_encoder_pass encoder = encoder_pass(s, pass, beta);
    const size_t H = s->config.hidden;
    ST_FORWARD(linear_back(s, rows_of(pass, s->d.gated, s->used * H), 0, rows_of(pass, s->d.fused[n], H),
                           rows_of(pass, s->a.gated[n], s->used * H), &s->params.reduce[n], beta));
    size_t place = s->used;
    for (size_t i = NN_ENCODERS; i-- > 0;) {
        const nn_encoder *e = &s->encoders[i];
        if (!e->layers || e->pair.target != n) continue;
        const rt_view out = output_of(s, e), dx = s->d.encoder.dx, dz = s->d.encoder.dy;
        ST_FORWARD(
            nn_gate_backward(s->rt, dx, dz, block_of(s, pass, s->d.gated, --place), out, e->gate, s->config.gate, 0));
        if (s->config.gate == NN_GATE_LEARNED)
            ST_FORWARD(linear_back(s, rows_of(pass, dx, H), 1, rows_of(pass, dz, H), rows_of(pass, out, H),
                                   &s->params.gate[i], beta));
        ST_FORWARD(nn_encoder_backward(&encoder, e, s->d.input[n], s->d.input[e->pair.source]));
    }
    return ST_OK;
}

/* ---- SPEC 4: student z_m = drop(relu(F_m)) Wsᵀ + bs ---- */

static st_status student_forward(nn_safsd *s, const nn_pass *pass, size_t i)
{
    const nn_modality m = s->modality[i];
    const size_t H = s->config.hidden, C = s->config.classes;
    ST_FORWARD(nn_relu_forward(s->rt, s->a.student_input[m], s->a.fused[m], pass->batch->rows * H,
                               nn_dropout_masks_student(pass->masks, m)));
    return nn_linear_forward(s->rt, part_of(pass, s->a.student_logits, i, C), rows_of(pass, s->a.student_input[m], H),
                             &s->params.student[m]);
}

/* Overwrites dF_m. */
static st_status student_backward(nn_safsd *s, const nn_pass *pass, size_t i, float beta)
{
    const nn_modality m = s->modality[i];
    const size_t H = s->config.hidden, C = s->config.classes;
    const nn_matrix dinput = rows_of(pass, s->d.node, H);
    ST_FORWARD(linear_back(s, dinput, 0, part_of(pass, s->d.student_logits, i, C),
                           rows_of(pass, s->a.student_input[m], H), &s->params.student[m], beta));
    return nn_relu_backward(s->rt, s->d.fused[m], s->a.student_input[m], dinput.view, pass->batch->rows * H,
                            nn_dropout_masks_student(pass->masks, m), 0);
}

/* ---- SPEC 5: nodes and graph layers ---- */

static rt_view node_of(const nn_safsd *s, nn_modality m)
{
    return m == NN_TEXT ? s->a.text_node : s->a.fused[m];
}

static st_status nodes_forward(nn_safsd *s, const nn_pass *pass)
{
    const size_t H = s->config.hidden, G = s->config.graph_hidden;
    for (size_t i = 0; i < s->used; ++i) {
        const nn_modality m = s->modality[i];
        if (m == NN_TEXT)
            ST_FORWARD(nn_embedding_forward(s->rt, s->a.text_node, s->a.fused[m], nothing,
                                            (nn_speaker_table){s->params.graph_embeddings.value, s->config.speakers},
                                            pass->batch, H));
        ST_FORWARD(nn_linear_forward(s->rt, part_of(pass, s->a.x[0], i, G), rows_of(pass, node_of(s, m), H),
                                     &s->params.graph_input));
    }
    return ST_OK;
}

/* From dx^0 in d.x0, adds to dF_m. */
static st_status nodes_backward(nn_safsd *s, const nn_pass *pass, float beta)
{
    const size_t H = s->config.hidden, G = s->config.graph_hidden, S = s->config.speakers;
    for (size_t i = 0; i < s->used; ++i) {
        const nn_modality m = s->modality[i];
        const nn_matrix dnode = rows_of(pass, s->d.node, H);
        ST_FORWARD(linear_back(s, dnode, 0, part_of(pass, s->d.x0, i, G), rows_of(pass, node_of(s, m), H),
                               &s->params.graph_input, i == 0 ? beta : 1));
        if (m == NN_TEXT)
            ST_FORWARD(nn_embedding_backward(s->rt,
                                             &(nn_embedding_gradient){.dtable = s->params.graph_embeddings.gradient,
                                                                      .scratch = s->d.embedding,
                                                                      .dy = {dnode.view},
                                                                      .tensors = 1,
                                                                      .speakers = S,
                                                                      .table_rows = S,
                                                                      .columns = H,
                                                                      .beta = beta},
                                             pass->batch));
        ST_FORWARD(nn_dropout_backward(s->rt, s->d.fused[m], dnode.view, NN_NO_MASK, pass->batch->rows * H, 1));
    }
    return ST_OK;
}

static nn_gcn graph_layer(const nn_safsd *s, const nn_pass *pass, size_t k)
{
    nn_dropout_mask keep = nn_dropout_masks_graph(&s->masks, k);
    if (pass->expected) keep = (nn_dropout_mask){nothing, (float)(1.0 - s->config.gcn_mask)};
    return (nn_gcn){.batch = pass->batch,
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
        ST_FORWARD(nn_gcn_forward(s->rt, s->a.x[k + 1], &layer));
    }
    return ST_OK;
}

/* From dx^K in d.x, adds the gradient that comes down to d.x0. */
static st_status graph_backward(nn_safsd *s, const nn_pass *pass, float beta)
{
    for (size_t k = s->config.gcn_layers; k-- > 0;) {
        const nn_gcn layer = graph_layer(s, pass, k);
        ST_FORWARD(nn_gcn_backward(s->rt, s->d.x, s->params.graph_gate[k].gradient,
                                   s->params.graph_gate_bias[k].gradient, &layer, s->d.x, beta));
    }
    return nn_dropout_backward(s->rt, s->d.x0, s->d.x, NN_NO_MASK, s->used * pass->batch->rows * s->config.graph_hidden,
                               1);
}

/* ---- SPEC 6: z = relu(drop(concat_m [x^0_m, x^K_m])) Wᵀ + b ---- */

static nn_head_sizes head_sizes(const nn_safsd *s, const nn_pass *pass)
{
    return (nn_head_sizes){pass->batch->rows, s->used, s->config.graph_hidden};
}

static st_status head_forward(nn_safsd *s, const nn_pass *pass)
{
    const size_t width = s->used * 2 * s->config.graph_hidden;
    ST_FORWARD(nn_head_forward(s->rt, s->a.head_input, s->a.x[0], s->a.x[s->config.gcn_layers], head_sizes(s, pass),
                               nn_dropout_masks_head(pass->masks)));
    return nn_linear_forward(s->rt, rows_of(pass, s->a.logits, s->config.classes),
                             rows_of(pass, s->a.head_input, width), &s->params.head);
}

static st_status head_backward(nn_safsd *s, const nn_pass *pass, float beta)
{
    const size_t width = s->used * 2 * s->config.graph_hidden;
    ST_FORWARD(linear_back(s, rows_of(pass, s->d.head_input, width), 0, rows_of(pass, s->d.logits, s->config.classes),
                           rows_of(pass, s->a.head_input, width), &s->params.head, beta));
    return nn_head_backward(s->rt, s->d.x0, s->d.x, s->a.head_input, s->d.head_input, head_sizes(s, pass),
                            nn_dropout_masks_head(pass->masks));
}

/* ---- the two lists ---- */

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
        ST_FORWARD(rt_zero(s->rt, s->d.input[s->modality[i]], pass->batch->rows * s->config.hidden));
    for (size_t i = s->used; i-- > 0;) ST_FORWARD(target_backward(s, pass, s->modality[i], beta));
    return inputs_backward(s, pass, beta);
}
