#include <stdio.h>
#include <stdlib.h>

#include "model/layers/attention.h"
#include "model/layers/column_sums.h"
#include "model/layers/embedding.h"
#include "model/layers/gcn.h"
#include "model/layers/layernorm.h"
#include "model/network/network.h"
#include "model/network/safsd.h"
#include "runtime/gemm.h"

/* Takes from an arena until the first failure. */
typedef struct taker {
    rt_arena *arena;
    st_status status;
} taker;

static void take(taker *t, const char *what, size_t elements, rt_view *view)
{
    if (t->status == ST_OK) t->status = rt_arena_take(t->arena, what, elements, view);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void plan_encoders(nn_safsd *s, taker *t)
{
    const rt_view *unchanged = nn_dropout_masks_drops(&s->masks) ? NULL : s->a.input;
    for (size_t e = 0; e < NN_ENCODERS; ++e) {
        const nn_encoder_pair pair = nn_encoder_of(e);
        if (!s->config.uses[pair.source] || !s->config.uses[pair.target]) continue;
        const rt_mark mark = rt_arena_mark(t->arena);
        if (t->status == ST_OK)
            t->status =
                nn_encoder_plan(&s->encoders[e], t->arena, &s->config, &s->extent, e, unchanged, rt_error(s->rt));
        if (!s->training)
            rt_arena_rewind(t->arena, mark); /* no backward pass: the next encoder may use the same memory */
    }
}

static void plan_fusion(nn_safsd *s, taker *t)
{
    const size_t N = s->extent.rows, H = s->config.hidden, M = s->used;
    take(t, "positional encoding", s->extent.longest * H, &s->a.positional_encoding);
    for (size_t i = 0; i < M; ++i) {
        const nn_modality m = s->modality[i];
        take(t, "embedded inputs", N * H, &s->a.input[m]);
        take(t, "gated encoders", N * M * H, &s->a.gated[m]);
        take(t, "fused features", N * H, &s->a.fused[m]);
        take(t, "student input", N * H, &s->a.student_input[m]);
    }
    if (s->config.uses[NN_TEXT]) take(t, "text nodes", N * H, &s->a.text_node);
}

static void plan_graph_and_losses(nn_safsd *s, taker *t)
{
    const size_t N = s->extent.rows, M = s->used, G = s->config.graph_hidden, C = s->config.classes;
    for (size_t k = 0; k <= s->config.gcn_layers; ++k) take(t, "graph features", M * N * G, &s->a.x[k]);
    for (size_t k = 0; k < s->config.gcn_layers; ++k) {
        take(t, "graph gates", M * N, &s->a.u[k]);
        take(t, "graph gates", M * N, &s->a.s[k]);
    }
    take(t, "head input", N * M * 2 * G, &s->a.head_input);
    rt_view *const teacher[] = {&s->a.logits, &s->a.log_p, &s->a.log_tau, &s->a.mean_p, &s->a.mean_tau, &s->d.logits};
    for (size_t i = 0; i < sizeof teacher / sizeof *teacher; ++i) take(t, "logits", N * C, teacher[i]);
    rt_view *const students[] = {&s->a.student_logits, &s->a.student_log_p, &s->a.student_log_tau,
                                 &s->d.student_logits};
    for (size_t i = 0; i < sizeof students / sizeof *students; ++i) take(t, "student logits", M * N * C, students[i]);
    take(t, "loss terms", 3 * N, &s->a.terms);
    take(t, "losses", 4, &s->a.losses);
}

/* Scratch of forward and backward. The scratch of the graph and that of the encoders are never used at the same
 * time. */
static void plan_scratch(nn_safsd *s, taker *t)
{
    const size_t N = s->extent.rows, H = s->config.hidden;
    const rt_mark mark = rt_arena_mark(t->arena);
    take(t, "graph scratch", nn_gcn_scratch(s->used, N, s->extent.pairs, s->config.graph_hidden), &s->d.graph);
    if (s->training) rt_arena_rewind(t->arena, mark);
    take(t, "attention scratch", nn_attention_scratch(s->extent.pairs, s->config.heads), &s->d.encoder.attention);
    take(t, "encoder scratch", N * H, &s->d.encoder.normed);
    take(t, "feed-forward scratch", N * s->config.ffn, &s->d.encoder.h);
    if (!s->training) return;
    rt_view *const wide[] = {&s->d.encoder.dx, &s->d.encoder.dsource, &s->d.encoder.dy, &s->d.encoder.dcontext};
    for (size_t i = 0; i < sizeof wide / sizeof *wide; ++i) take(t, "encoder gradients", N * H, wide[i]);
    take(t, "gradients of projections", 3 * N * H, &s->d.encoder.dprojections);
    take(t, "feed-forward gradients", N * s->config.ffn, &s->d.encoder.dffn);
}

static void plan_gradients(nn_safsd *s, taker *t)
{
    const nn_config *c = &s->config;
    const size_t N = s->extent.rows, H = c->hidden, M = s->used, G = c->graph_hidden;
    for (size_t i = 0; i < M; ++i) {
        take(t, "gradients of inputs", N * H, &s->d.input[s->modality[i]]);
        take(t, "gradients of fused features", N * H, &s->d.fused[s->modality[i]]);
    }
    take(t, "gradients of gated encoders", N * M * H, &s->d.gated);
    take(t, "gradients of graph features", M * N * G, &s->d.x0);
    take(t, "gradients of graph features", M * N * G, &s->d.x);
    take(t, "gradients of nodes", N * H, &s->d.node);
    take(t, "gradients of the head", N * M * 2 * G, &s->d.head_input);
    take(t, "embedding scratch", nn_embedding_scratch(N, c->speakers, H), &s->d.embedding);
    const size_t widest = larger(larger(2 * H, c->ffn), larger(G, c->classes)); /* values and queries: 2H */
    take(t, "scratch of column sums", larger(nn_column_sums_scratch(N, widest), nn_layernorm_scratch(N, H)),
         &s->d.encoder.sums);
}

st_status nn_plan_memory(nn_safsd *s)
{
    taker t = {s->arena, ST_OK};
    plan_fusion(s, &t);
    plan_graph_and_losses(s, &t);
    if (s->training) plan_gradients(s, &t);
    if (t.status == ST_OK)
        t.status = nn_dropout_masks_plan(&s->masks, s->arena, &s->config, &s->extent, s->training, rt_error(s->rt));
    if (t.status == ST_OK && s->updates) t.status = nn_optimizer_plan(&s->optimizer, &s->params, s->arena);
    if (t.status == ST_OK) t.status = nn_batch_store_create(&s->batches, s->rt, &s->config, &s->extent);
    if (s->training) plan_encoders(s, &t); /* what may share memory with others comes last */
    plan_scratch(s, &t);
    if (!s->training) plan_encoders(s, &t);
    return t.status;
}

nn_memory nn_safsd_memory(const nn_safsd *s)
{
    return (nn_memory){nn_params_bytes(&s->params),
                       rt_arena_bytes(s->arena) + nn_batch_store_bytes(&s->batches) + nn_loss_store_bytes(&s->loss),
                       rt_gemm_scratch_bytes(s->rt)};
}

static double mib(uint64_t bytes)
{
    return (double)bytes / 1048576.0;
}

st_status nn_plan_check(nn_safsd *s)
{
    const nn_memory need = nn_safsd_memory(s);
    const rt_device_info *device = rt_device(s->rt);
    const uint64_t sum = need.parameters + need.activations + need.gemm, have = device->memory_bytes;
    if (sum <= have) return ST_OK;
    if (need.parameters >= have)
        return st_too_large(
            rt_error(s->rt),
            "the model does not fit %s: its parameters%s alone need %.0f MiB of %.0f MiB; use a smaller hidden width",
            device->name,
            s->updates    ? ", gradients and moments"
            : s->training ? " and gradients"
                          : "",
            mib(need.parameters), mib(have));
    const double share = (double)(have - need.parameters) / (double)(need.activations + need.gemm);
    char advice[160] = "use a smaller hidden width or another device";
    if (s->extent.dialogues > 1)
        snprintf(advice, sizeof advice,
                 "about %zu utterances at a time would fit instead of %zu: lower train.batch or set train.micro_batch",
                 (size_t)((double)s->extent.rows * share), s->extent.rows);
    return st_too_large(
        rt_error(s->rt),
        "the model does not fit %s: parameters %.0f MiB + activations %.0f MiB + GEMM scratch %.0f MiB = %.0f MiB of "
        "%.0f MiB (largest block %.0f MiB); %s",
        device->name, mib(need.parameters), mib(need.activations), mib(need.gemm), mib(sum), mib(have),
        mib(device->largest_block_bytes), advice);
}
