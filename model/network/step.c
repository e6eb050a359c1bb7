/* The interface of nn_safsd: creation, a training step, an evaluation. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/layers/positional_encoding.h"
#include "model/network/network.h"
#include "model/network/safsd.h"
#include "runtime/gemm.h"
#include "runtime/host_map.h"

nn_losses nn_losses_of(const nn_safsd *s, const nn_batch *part, const nn_loss_counts *counts)
{
    return (nn_losses){.rows = part->segments.rows,
                       .modalities = s->used,
                       .classes = s->config.classes,
                       .settings = nn_loss_settings_of(&s->config),
                       .counts = *counts,
                       .labels = part->labels,
                       .per_class = s->loss.per_class,
                       .similarity = nn_loss_store_similarity(&s->loss),
                       .log_p = s->a.log_p,
                       .log_tau = s->a.log_tau,
                       .student_log_p = s->a.student_log_p,
                       .student_log_tau = s->a.student_log_tau,
                       .terms = s->a.terms};
}

/* Plans the forward and backward pass of the largest batch: checks all launches and records the scratch of the GEMM. */
static st_status rehearse(nn_safsd *s)
{
    const nn_batch batch = nn_batch_largest(&s->batches);
    const nn_pass pass = {&batch, s->training ? &s->masks : &s->no_masks, false};
    rt_planning(s->rt, true);
    st_status status = nn_forward_fusion(s, &pass);
    if (status == ST_OK) status = nn_forward_graph(s, &pass);
    if (status == ST_OK && s->training) status = nn_backward(s, &pass, 0);
    rt_planning(s->rt, false);
    return status;
}

/* Uploads the constants of the model. */
static st_status upload_constants(nn_safsd *s)
{
    const size_t elements = s->extent.longest * s->config.hidden;
    float *encoding = malloc(elements * sizeof *encoding);
    if (!encoding) return st_fail(rt_error(s->rt), ST_FAILED, "out of memory for the positional encoding");
    nn_positional_encoding(encoding, s->extent.longest, s->config.hidden);
    st_status status = rt_write(s->rt, s->a.positional_encoding, encoding, elements);
    free(encoding);
    ST_FORWARD(status);
    ST_FORWARD(nn_loss_store_commit(&s->loss, s->rt));
    if (s->updates) ST_FORWARD(nn_optimizer_set(&s->optimizer, 0, 0));
    return nn_dropout_masks_commit(&s->masks, s->rt);
}

static st_status check_extent(const nn_extent *e, st_error *error)
{
    if (e->rows == 0 || e->dialogues == 0) return st_fail(error, ST_USAGE, "the batch has no utterances");
    if (e->longest > NN_LONGEST_DIALOGUE)
        return st_fail(error, ST_USAGE, "a dialogue has %zu utterances, but the model takes at most %d", e->longest,
                       (int)NN_LONGEST_DIALOGUE);
    return ST_OK;
}

static st_status create(nn_safsd **model, rt_context *rt, const nn_safsd_options *options, bool updates)
{
    *model = NULL;
    nn_safsd *s = calloc(1, sizeof *s);
    if (!s) return st_fail(rt_error(rt), ST_FAILED, "out of memory for the model");
    s->rt = rt;
    s->config = options->config;
    s->extent = options->extent;
    s->training = options->training;
    s->updates = updates;
    for (size_t m = 0; m < NN_MODALITIES; ++m)
        if (s->config.uses[m]) s->modality[s->used++] = (nn_modality)m;
    st_status status = ST_OK;
    ST_TRY(check_extent(&s->extent, rt_error(rt)));
    ST_TRY(nn_params_create(&s->params, rt, &s->config, s->training));
    if (!updates) nn_params_without_moments(&s->params);
    ST_TRY(rt_arena_create(&s->arena, rt, "activations"));
    ST_TRY(nn_loss_store_create(&s->loss, rt, s->arena, &options->tables, s->config.classes, s->config.saf_form));
    ST_TRY(nn_plan_memory(s));
    ST_TRY(rehearse(s));
    ST_TRY(nn_plan_check(s));
    ST_TRY(nn_params_commit(&s->params));
    ST_TRY(rt_arena_commit(s->arena));
    ST_TRY(nn_batch_store_commit(&s->batches));
    ST_TRY(rt_gemm_reserve(rt));
    ST_TRY(upload_constants(s));
    *model = s;
done:
    if (status != ST_OK) {
        nn_safsd_destroy(&s);
        rt_gemm_forget(rt);
    }
    return status;
}

st_status nn_safsd_create(nn_safsd **model, rt_context *rt, const nn_safsd_options *options)
{
    return create(model, rt, options, options->training);
}

st_status nn_safsd_create_replica(nn_safsd **model, rt_context *rt, const nn_safsd_options *options)
{
    return create(model, rt, options, false);
}

void nn_safsd_destroy(nn_safsd **model)
{
    nn_safsd *s = *model;
    if (!s) return;
    nn_batch_store_destroy(&s->batches);
    nn_dropout_masks_destroy(&s->masks);
    for (size_t e = 0; e < NN_ENCODERS; ++e) nn_encoder_destroy(&s->encoders[e]);
    rt_arena_destroy(&s->arena);
    nn_params_destroy(&s->params);
    nn_loss_store_destroy(&s->loss);
    free(s);
    *model = NULL;
}

nn_params *nn_safsd_params(nn_safsd *s)
{
    return &s->params;
}

nn_optimizer *nn_safsd_optimizer(nn_safsd *s)
{
    return s->updates ? &s->optimizer : NULL;
}

const nn_config *nn_safsd_config(const nn_safsd *s)
{
    return &s->config;
}

/* Counts the labels of a whole batch. ST_FAILED if a label is not a class of the model. */
static st_status count_losses(const nn_safsd *s, const ds_batch *batch, nn_loss_counts *counts)
{
    *counts = (nn_loss_counts){0};
    for (size_t b = 0; b < batch->dialogues; ++b) {
        const ds_dialogue dialogue = ds_batch_dialogue(batch, b, counts->rows, s->config.dims);
        for (size_t n = 0; n < dialogue.rows; ++n)
            if (dialogue.labels[n] >= 0 && (size_t)dialogue.labels[n] >= s->config.classes)
                return st_fail(rt_error(s->rt), ST_FAILED,
                               "utterance %zu of the batch has label %d, but the model has %zu classes",
                               counts->rows + n, (int)dialogue.labels[n], s->config.classes);
        nn_loss_count(counts, &s->loss.tables, dialogue.labels, dialogue.rows);
    }
    return ST_OK;
}

/* Sends the mean similarity of a whole batch, which may be computed in parts, to the loss. */
static st_status tell_loss(nn_safsd *s, const ds_batch *whole)
{
    size_t row = 0;
    nn_loss_store_begin(&s->loss);
    for (size_t b = 0; b < whole->dialogues; ++b) {
        const ds_dialogue dialogue = ds_batch_dialogue(whole, b, row, s->config.dims);
        nn_loss_store_add(&s->loss, dialogue.labels, dialogue.rows);
        row += dialogue.rows;
    }
    return nn_loss_store_send(&s->loss);
}

/* ---- training ---- */

static st_status gradient_of_part(nn_safsd *s, const nn_batch *batch, const nn_loss_counts *counts, uint32_t step,
                                  float beta)
{
    const nn_pass pass = {batch, &s->masks, false};
    const nn_losses losses = nn_losses_of(s, batch, counts);
    const nn_losses_gradient gradient = {s->d.logits, s->d.student_logits};
    ST_FORWARD(nn_dropout_masks_draw(&s->masks, s->rt, batch, step));
    ST_FORWARD(nn_forward_fusion(s, &pass));
    ST_FORWARD(nn_forward_graph(s, &pass));
    ST_FORWARD(nn_losses_teacher(s->rt, &losses, s->a.logits));
    ST_FORWARD(nn_losses_forward_backward(s->rt, s->a.losses, &gradient, &losses, s->a.student_logits, beta));
    return nn_backward(s, &pass, beta);
}

st_status nn_gradient_of(nn_safsd *s, const ds_batch *batch, size_t first, size_t count, uint32_t step,
                         size_t micro_batch)
{
    const size_t end = first + count, part = micro_batch == 0 ? count : micro_batch;
    nn_loss_counts counts;
    ST_FORWARD(count_losses(s, batch, &counts));
    ST_FORWARD(tell_loss(s, batch));
    for (size_t at = first; at < end; at += part) {
        ST_FORWARD(
            nn_batch_upload(&s->batches, s->rt, batch, at, part < end - at ? part : end - at, 0, &s->last_batch));
        ST_FORWARD(gradient_of_part(s, &s->last_batch, &counts, step, at == first ? 0.0f : 1.0f));
    }
    return ST_OK;
}

st_status nn_safsd_gradient(nn_safsd *s, const ds_batch *batch, uint32_t step, size_t micro_batch)
{
    if (!s->training) return st_fail(rt_error(s->rt), ST_FAILED, "the model was created for evaluation only");
    return nn_gradient_of(s, batch, 0, batch->dialogues, step, micro_batch);
}

st_status nn_safsd_update(nn_safsd *s, const nn_adam *adam, double lr)
{
    if (!s->updates) return st_fail(rt_error(s->rt), ST_FAILED, "the model was created without an optimiser");
    return nn_optimizer_step(&s->optimizer, adam, lr);
}

st_status nn_safsd_result_later(nn_safsd *s, nn_pending *pending)
{
    memset(pending, 0, sizeof *pending);
    ST_FORWARD(rt_read_later(s->rt, s->a.losses, pending->values, 4, &pending->tickets[0]));
    const st_status status =
        rt_read_later(s->rt, s->optimizer.control, pending->values + 4, NN_CONTROL_ELEMENTS, &pending->tickets[1]);
    if (status != ST_OK) (void)rt_wait(s->rt, &pending->tickets[0]); /* no read may still write to `pending` */
    return status;
}

st_status nn_safsd_result(nn_safsd *s, nn_pending *pending, nn_step_result *result)
{
    const st_status first = rt_wait(s->rt, &pending->tickets[0]), second = rt_wait(s->rt, &pending->tickets[1]);
    ST_FORWARD(first);
    ST_FORWARD(second);
    const float *v = pending->values;
    *result = (nn_step_result){v[0], v[1], v[2], v[3], nn_step_outcome_of(v + 4)};
    return ST_OK;
}

/* ---- evaluation ---- */

/* The teacher's log probabilities, from one graph pass or from the mean of several. */
static st_status evaluate_teacher(nn_safsd *s, const nn_batch *batch, const nn_losses *losses, const nn_evaluation *how)
{
    const nn_pass pass = {batch, &s->no_masks, how->mode == NN_GCN_EXPECTED};
    const size_t repetitions = how->mode == NN_GCN_MEAN ? how->repetitions : 1;
    for (size_t r = 0; r < repetitions; ++r) {
        if (!pass.expected) ST_FORWARD(nn_dropout_masks_draw_evaluation(&s->masks, s->rt, batch, (uint32_t)r));
        ST_FORWARD(nn_forward_graph(s, &pass));
        if (repetitions == 1) return nn_losses_teacher(s->rt, losses, s->a.logits);
        ST_FORWARD(nn_losses_teacher_add(s->rt, s->a.mean_p, s->a.mean_tau, losses, s->a.logits, repetitions, r == 0));
    }
    return nn_losses_teacher_mean(s->rt, losses, s->a.mean_p, s->a.mean_tau);
}

static st_status read_probabilities(nn_safsd *s, rt_view log_p, float *probabilities, size_t elements)
{
    rt_host_map map;
    ST_FORWARD(rt_map_read(s->rt, log_p, elements, &map));
    const float *values = map.host;
    for (size_t i = 0; i < elements; ++i) probabilities[i] = expf(values[i]);
    return rt_unmap(s->rt, &map);
}

st_status nn_safsd_evaluate(nn_safsd *s, const ds_batch *batch, const nn_evaluation *how, nn_prediction *prediction)
{
    nn_loss_counts counts;
    ST_FORWARD(count_losses(s, batch, &counts));
    ST_FORWARD(tell_loss(s, how->whole ? how->whole : batch));
    ST_FORWARD(nn_batch_upload(&s->batches, s->rt, batch, 0, batch->dialogues, how->first_row, &s->last_batch));
    const nn_losses losses = nn_losses_of(s, &s->last_batch, &counts);
    const nn_losses_gradient gradient = {s->d.logits, s->d.student_logits};
    const nn_pass pass = {&s->last_batch, &s->no_masks, true};
    const size_t elements = batch->rows * s->config.classes;
    ST_FORWARD(nn_forward_fusion(s, &pass));
    ST_FORWARD(evaluate_teacher(s, &s->last_batch, &losses, how));
    ST_FORWARD(nn_losses_forward_backward(s->rt, s->a.losses, &gradient, &losses, s->a.student_logits, 0));
    float values[4];
    ST_FORWARD(rt_read(s->rt, s->a.losses, values, 4));
    prediction->loss = values[0];
    prediction->ce = values[1];
    prediction->saf = values[2];
    prediction->kl = values[3];
    ST_FORWARD(read_probabilities(s, s->a.log_p, prediction->probabilities, elements));
    if (!prediction->student_probabilities) return ST_OK;
    return read_probabilities(s, s->a.student_log_p, prediction->student_probabilities, s->used * elements);
}

/* ---- inspection ---- */

st_status nn_safsd_read(nn_safsd *s, nn_activation which, nn_modality modality, float *values)
{
    const size_t N = s->last_batch.segments.rows, C = s->config.classes;
    if (!s->config.uses[modality] && (which == NN_STUDENT_LOGITS || which == NN_FUSED))
        return st_fail(rt_error(s->rt), ST_FAILED, "the model has no modality %c", nn_modality_letter(modality));
    size_t index = 0;
    while (index < s->used && s->modality[index] != modality) ++index;
    switch (which) {
    case NN_LOGITS:
        return rt_read(s->rt, s->a.logits, values, N * C);
    case NN_STUDENT_LOGITS:
        return rt_read(s->rt, rt_view_at(s->a.student_logits, index * N * C), values, N * C);
    case NN_FUSED:
        return rt_read(s->rt, s->a.fused[modality], values, N * s->config.hidden);
    case NN_GRAPH:
        return rt_read(s->rt, s->a.x[s->config.gcn_layers], values, s->used * N * s->config.graph_hidden);
    }
    return st_fail(rt_error(s->rt), ST_FAILED, "there is no activation %d", (int)which);
}
