/* Products, masks, losses and the optimiser. */
#include "model/layers/column_sums.h"
#include "model/layers/linear.h"
#include "model/layers/loss_store.h"
#include "model/layers/losses.h"
#include "model/checks/operations_list.h"
#include "runtime/gemm.h"

static const int32_t rows_19[] = {5, 1, 13}, rows_41[] = {9, 2, 23, 7}, rows_257[] = {257};

#define ROWS_19 .lengths = rows_19, .dialogues = 3
#define ROWS_41 .lengths = rows_41, .dialogues = 4

/* ---- matrix products ---- */

/* First what a linear layer multiplies: forward, gradient of the input, gradient of the weight. The last ones are
 * summed in several parts, and large enough for what libraries do with large matrices. */
static const nn_op_shape gemm_shapes[] = {
    {.brief = true, ROWS_19, .width = 37, .depth = 35, .variant = NN_OP_TRANSPOSE_B | NN_OP_BIAS},
    {.brief = true, ROWS_19, .width = 35, .depth = 37, .add = true},
    {.brief = true, ROWS_19, .width = 35, .depth = 21, .variant = NN_OP_TRANSPOSE_A, .add = true},
    {ROWS_19, .width = 33, .depth = 16},
    {ROWS_19, .width = 33, .depth = 31, .variant = NN_OP_TRANSPOSE_A | NN_OP_TRANSPOSE_B},
    {ROWS_41, .width = 16, .depth = 37, .variant = NN_OP_TRANSPOSE_B | NN_OP_BIAS, .add = true},
    {ROWS_19, .width = 65, .depth = 2100, .variant = NN_OP_TRANSPOSE_B, .add = true},
    {.lengths = rows_257, .dialogues = 1, .width = 511, .depth = 700, .variant = NN_OP_TRANSPOSE_B | NN_OP_BIAS},
};

static size_t gap_after(size_t columns)
{
    return columns + NN_OP_GAP;
}

/* Up to the last column of the last row. */
static size_t extent(size_t rows, size_t columns)
{
    return (rows - 1) * gap_after(columns) + columns;
}

static size_t matrix_a(const nn_op_shape *s)
{
    const size_t m = nn_op_rows(s);
    return s->variant & NN_OP_TRANSPOSE_A ? extent(s->depth, m) : extent(m, s->depth);
}

static size_t matrix_b(const nn_op_shape *s)
{
    return s->variant & NN_OP_TRANSPOSE_B ? extent(s->width, s->depth) : extent(s->depth, s->width);
}

static size_t matrix_c(const nn_op_shape *s)
{
    return extent(nn_op_rows(s), s->width);
}

static const nn_op_tensor gemm_tensors[] = {
    NN_OP_READ("a", SIGNED, matrix_a),
    NN_OP_READ("b", SIGNED, matrix_b),
    NN_OP_READ("bias", SIGNED, nn_op_width),
    NN_OP_WRITTEN(ADDED, "c", matrix_c, NN_OP_SUM, "gemm_panel_pack, gemm_panel or gemm_bias", NULL),
    {.name = NULL},
};

static st_status gemm_forward(const nn_op_run *r)
{
    const nn_op_shape *s = r->shape;
    const bool ta = s->variant & NN_OP_TRANSPOSE_A, tb = s->variant & NN_OP_TRANSPOSE_B;
    const size_t m = nn_op_rows(s), n = s->width, k = s->depth;
    const rt_gemm_call call = {.transpose_a = ta,
                               .transpose_b = tb,
                               .m = m,
                               .n = n,
                               .k = k,
                               .a = nn_op_view(r, "a"),
                               .b = nn_op_view(r, "b"),
                               .c = nn_op_view(r, "c"),
                               .lda = gap_after(ta ? m : k),
                               .ldb = gap_after(tb ? k : n),
                               .ldc = gap_after(n),
                               .beta = nn_op_beta(r),
                               .bias = s->variant & NN_OP_BIAS ? nn_op_view(r, "bias") : (rt_view){NULL, 0}};
    return rt_gemm(r->rt, &call);
}

const nn_operation nn_operation_gemm = {
    .name = "gemm",
    .kernels = (const char *const[]){"gemm_panel_pack", "gemm_panel", "gemm_bias", NULL},
    .tensors = gemm_tensors,
    NN_OP_SHAPES(gemm_shapes),
    .forward = gemm_forward,
};

/* ---- linear layers: `depth` inputs, `width` outputs ---- */

static const nn_op_shape linear_shapes[] = {
    {.brief = true, ROWS_19, .width = 37, .depth = 21},
    {ROWS_41, .width = 16, .depth = 35, .add = true},
};

static size_t linear_input(const nn_op_shape *s)
{
    return nn_op_rows(s) * s->depth;
}

static size_t linear_weight(const nn_op_shape *s)
{
    return s->width * s->depth;
}

static size_t linear_partials(const nn_op_shape *s)
{
    return nn_column_sums_scratch(nn_op_rows(s), s->width);
}

static const nn_op_tensor linear_tensors[] = {
    NN_OP_READ("x", SIGNED, linear_input),
    NN_OP_READ("weight", SIGNED, linear_weight),
    NN_OP_READ("bias", SIGNED, nn_op_width),
    NN_OP_INCOMING("dy", nn_op_flat, "y"),
    NN_OP_WRITTEN(OUTPUT, "y", nn_op_flat, NN_OP_SUM, "gemm_panel_pack, gemm_panel or gemm_bias", NULL),
    NN_OP_WRITTEN(ADDED, "dx", linear_input, NN_OP_SUM, "gemm_panel_pack or gemm_panel", "x"),
    NN_OP_WRITTEN(ADDED, "dweight", linear_weight, NN_OP_SUM, "gemm_panel_pack or gemm_panel", "weight"),
    NN_OP_WRITTEN(ADDED, "dbias", nn_op_width, NN_OP_SUM, "gemm_panel or column_sums_finish", "bias"),
    {.name = "partials", .role = NN_OP_SCRATCH, .elements = linear_partials},
    {.name = NULL},
};

static nn_matrix linear_matrix(const nn_op_run *r, const char *name, size_t columns)
{
    return nn_dense(nn_op_view(r, name), nn_op_rows(r->shape), columns);
}

static nn_linear linear_of(const nn_op_run *r)
{
    return (nn_linear){nn_op_view(r, "weight"), nn_op_view(r, "bias"), linear_matrix(r, "x", r->shape->depth),
                       nn_op_view(r, "partials")};
}

static st_status linear_forward(const nn_op_run *r)
{
    const nn_linear layer = linear_of(r);
    return nn_linear_forward(r->rt, linear_matrix(r, "y", r->shape->width), &layer, layer.x);
}

static st_status linear_backward(const nn_op_run *r)
{
    const nn_linear layer = linear_of(r);
    const nn_linear_gradient gradient = {.dx = linear_matrix(r, "dx", r->shape->depth),
                                         .dweight = nn_op_view(r, "dweight"),
                                         .dbias = nn_op_view(r, "dbias"),
                                         .beta_dx = nn_op_beta(r),
                                         .beta = nn_op_beta(r)};
    return nn_linear_backward(r->rt, &gradient, &layer, linear_matrix(r, "dy", r->shape->width));
}

const nn_operation nn_operation_linear = {
    .name = "linear",
    .kernels = (const char *const[]){NULL}, /* those of gemm and column_sums */
    .tensors = linear_tensors,
    NN_OP_SHAPES(linear_shapes),
    .forward = linear_forward,
    .backward = linear_backward,
};

/* ---- masks ---- */

const uint32_t nn_op_sites[NN_OP_MASKS] = {5, 8302};
const nn_draw nn_op_draw = {.seed = 12345694739u, .step = 7, .p = 0.3};

static const int32_t across_words[] = {33, 1, 6};

static const nn_op_shape mask_shapes[] = {
    {.brief = true, .lengths = across_words, .dialogues = 3, .width = 19, .slices = 3},
    {ROWS_19, .width = 64, .slices = 2},
};

static size_t site_numbers(const nn_op_shape *s)
{
    (void)s;
    return NN_OP_MASKS;
}

static size_t listed_stride(const nn_op_shape *s)
{
    return nn_op_flat_words(s) + NN_OP_GAP;
}

static size_t listed(const nn_op_shape *s)
{
    return NN_OP_MASKS * listed_stride(s);
}

static size_t attention_stride(const nn_op_shape *s)
{
    return nn_dropout_mask_attention_words(nn_op_rows(s), s->slices) + NN_OP_GAP;
}

static size_t attention(const nn_op_shape *s)
{
    return NN_OP_MASKS * attention_stride(s);
}

static size_t graph_stride(const nn_op_shape *s)
{
    return nn_dropout_mask_words(s->slices * nn_op_flat(s)) + NN_OP_GAP;
}

static size_t graph(const nn_op_shape *s)
{
    return NN_OP_MASKS * graph_stride(s);
}

static const nn_op_tensor mask_tensors[] = {
    NN_OP_SPACE("sites", site_numbers),
    NN_OP_DRAWN("flat", nn_op_flat_words, "dropout_mask_draw"),
    NN_OP_DRAWN("listed", listed, "dropout_mask_draw"),
    NN_OP_DRAWN("attention", attention, "dropout_mask_draw_attention"),
    NN_OP_DRAWN("graph", graph, "dropout_mask_draw_graph"),
    {.name = NULL},
};

static st_status mask_forward(const nn_op_run *r)
{
    const nn_op_shape *s = r->shape;
    nn_sites sites = {.numbers = nn_op_view(r, "sites"), .count = NN_OP_MASKS};
    const uint64_t first = NN_OP_FIRST_ROW * s->width;
    ST_FORWARD(rt_write(r->rt, sites.numbers, nn_op_sites, NN_OP_MASKS));
    ST_FORWARD(nn_dropout_mask_draw(r->rt, nn_op_view(r, "flat"), &nn_op_draw, nn_op_sites[0], first, nn_op_flat(s)));
    sites.stride = listed_stride(s);
    ST_FORWARD(nn_dropout_mask_draw_sites(r->rt, nn_op_view(r, "listed"), &nn_op_draw, sites, first, nn_op_flat(s)));
    sites.stride = attention_stride(s);
    ST_FORWARD(nn_dropout_mask_draw_attention(r->rt, nn_op_view(r, "attention"), &nn_op_draw, sites, &r->batch.segments,
                                              NN_OP_FIRST_ROW, s->slices));
    sites.stride = graph_stride(s);
    return nn_dropout_mask_draw_graph(r->rt, nn_op_view(r, "graph"), &nn_op_draw, sites, s->slices, nn_op_rows(s),
                                      NN_OP_FIRST_ROW, s->width);
}

const nn_operation nn_operation_dropout_mask = {
    .name = "dropout_mask",
    .kernels =
        (const char *const[]){"dropout_mask_draw", "dropout_mask_draw_attention", "dropout_mask_draw_graph", NULL},
    .tensors = mask_tensors,
    NN_OP_SHAPES(mask_shapes),
    .forward = mask_forward,
};

/* ---- losses ---- */

enum { MOST_CLASSES = 8 };

static const nn_op_shape loss_shapes[] = {
    {.brief = true, ROWS_19, .slices = 3, .classes = 6, .variant = NN_SAF_SOFT},
    {ROWS_41, .slices = 2, .classes = 7, .variant = NN_SAF_TRUE_CLASS, .add = true},
    {ROWS_19, .slices = 1, .classes = 3, .variant = NN_SAF_PUBLISHED, .masked = true},
};

nn_config nn_op_losses(const nn_op_shape *shape)
{
    return (nn_config){.lambda_ce = 0.75,
                       .lambda_saf = 1.25,
                       .lambda_kl = 0.5,
                       .gamma = shape->variant == NN_SAF_TRUE_CLASS ? 1.5 : 2.0,
                       .temperature = 2.0,
                       .saf_form = (nn_saf_form)shape->variant,
                       .teacher_gradient = !shape->masked};
}

static size_t logits(const nn_op_shape *s) /* [N, C] */
{
    return nn_op_rows(s) * s->classes;
}

static size_t student_logits(const nn_op_shape *s) /* [M, N, C] */
{
    return s->slices * logits(s);
}

static size_t per_class(const nn_op_shape *s)
{
    return 2 * s->classes;
}

static size_t class_pairs(const nn_op_shape *s)
{
    return s->classes * s->classes;
}

static size_t terms(const nn_op_shape *s)
{
    return 3 * nn_op_rows(s);
}

static size_t four(const nn_op_shape *s)
{
    (void)s;
    return 4;
}

static const nn_op_tensor loss_tensors[] = {
    NN_OP_READ("logits", WIDE, logits),
    NN_OP_READ("student_logits", WIDE, student_logits),
    NN_OP_READ("per_class", POSITIVE, per_class), /* class weights, then alpha */
    NN_OP_READ("similarity", POSITIVE, class_pairs),
    NN_OP_WRITTEN(OUTPUT, "log_p", logits, NN_OP_SUM, "log_softmax_forward", NULL),
    NN_OP_WRITTEN(OUTPUT, "log_tau", logits, NN_OP_SUM, "log_softmax_forward", NULL),
    NN_OP_WRITTEN(OUTPUT, "student_log_p", student_logits, NN_OP_SUM, "log_softmax_forward", NULL),
    NN_OP_WRITTEN(OUTPUT, "student_log_tau", student_logits, NN_OP_SUM, "log_softmax_forward", NULL),
    NN_OP_WRITTEN(OUTPUT, "terms", terms, NN_OP_SUM, "losses_forward_backward", NULL),
    NN_OP_WRITTEN(OUTPUT, "dlogits", logits, NN_OP_SUM, "losses_forward_backward", "logits"),
    NN_OP_WRITTEN(OUTPUT, "dstudent_logits", student_logits, NN_OP_SUM, "losses_forward_backward", "student_logits"),
    NN_OP_WRITTEN(ADDED, "losses", four, NN_OP_SUM, "losses_total", NULL),
    NN_OP_SPACE("mean_similarity", class_pairs),
    {.name = NULL},
};

static nn_losses losses_of(const nn_op_run *r)
{
    const bool published = r->shape->variant == NN_SAF_PUBLISHED;
    const nn_config config = nn_op_losses(r->shape);
    return (nn_losses){.rows = nn_op_rows(r->shape),
                       .modalities = r->shape->slices,
                       .classes = r->shape->classes,
                       .settings = nn_loss_settings_of(&config),
                       .labels = r->batch.labels,
                       .per_class = nn_op_view(r, "per_class"),
                       .similarity = nn_op_view(r, published ? "mean_similarity" : "similarity"),
                       .log_p = nn_op_view(r, "log_p"),
                       .log_tau = nn_op_view(r, "log_tau"),
                       .student_log_p = nn_op_view(r, "student_log_p"),
                       .student_log_tau = nn_op_view(r, "student_log_tau"),
                       .terms = nn_op_view(r, "terms")};
}

static st_status loss_forward(const nn_op_run *r)
{
    const nn_op_shape *s = r->shape;
    nn_losses losses = losses_of(r);
    float classes[2 * MOST_CLASSES], similarity[MOST_CLASSES * MOST_CLASSES], row[MOST_CLASSES];
    double sums[MOST_CLASSES] = {0.0};
    nn_similarity_mean mean = {.sums = sums};
    int32_t labels[64];
    if (s->classes > MOST_CLASSES || losses.rows > 64)
        return st_fail(rt_error(r->rt), ST_FAILED, "the losses are tried on fewer rows and classes");
    nn_op_values(r->operation, s, nn_op_tensor_at(r->operation, "per_class"), classes);
    nn_op_values(r->operation, s, nn_op_tensor_at(r->operation, "similarity"), similarity);
    for (size_t n = 0; n < losses.rows; ++n) labels[n] = nn_op_label(s, n);
    const nn_loss_tables tables = {classes, classes + s->classes, similarity};
    nn_loss_count(&losses.counts, &tables, labels, losses.rows);
    nn_similarity_mean_add(&mean, similarity, labels, losses.rows, s->classes);
    nn_similarity_mean_write(&mean, row, s->classes);
    ST_FORWARD(rt_write(r->rt, nn_op_view(r, "mean_similarity"), row, s->classes));
    ST_FORWARD(nn_losses_teacher(r->rt, &losses, nn_op_view(r, "logits")));
    const nn_losses_gradient gradient = {nn_op_view(r, "dlogits"), nn_op_view(r, "dstudent_logits")};
    return nn_losses_forward_backward(r->rt, nn_op_view(r, "losses"), &gradient, &losses,
                                      nn_op_view(r, "student_logits"), nn_op_beta(r));
}

const nn_operation nn_operation_loss = {
    .name = "losses",
    .kernels = (const char *const[]){"log_softmax_forward", "losses_forward_backward", "losses_total", NULL},
    .tensors = loss_tensors,
    NN_OP_SHAPES(loss_shapes),
    .forward = loss_forward,
};

/* ---- means over repetitions of a sampled evaluation: two of them ---- */

static const nn_op_tensor mean_tensors[] = {
    NN_OP_READ("logits_1", WIDE, logits),
    NN_OP_READ("logits_2", WIDE, logits),
    NN_OP_SPACE("log_p", logits),
    NN_OP_SPACE("log_tau", logits),
    NN_OP_WRITTEN(OUTPUT, "log_mean_p", logits, NN_OP_SUM, "mean_log_probability", NULL),
    NN_OP_WRITTEN(OUTPUT, "log_mean_tau", logits, NN_OP_SUM, "mean_log_probability", NULL),
    {.name = NULL},
};

static st_status mean_forward(const nn_op_run *r)
{
    const nn_losses losses = losses_of(r);
    const rt_view mean_p = nn_op_view(r, "log_mean_p"), mean_tau = nn_op_view(r, "log_mean_tau");
    ST_FORWARD(nn_losses_teacher_add(r->rt, mean_p, mean_tau, &losses, nn_op_view(r, "logits_1"), 2, true));
    return nn_losses_teacher_add(r->rt, mean_p, mean_tau, &losses, nn_op_view(r, "logits_2"), 2, false);
}

const nn_operation nn_operation_mean = {
    .name = "mean",
    .kernels = (const char *const[]){"mean_log_probability", NULL},
    .tensors = mean_tensors,
    NN_OP_SHAPES(loss_shapes),
    .forward = mean_forward,
};

/* ---- optimiser ---- */

const nn_adam nn_op_adam = {.beta1 = 0.9, .beta2 = 0.99, .eps = 1e-4, .weight_decay = 0.25, .clip = 2.0};

static const nn_op_shape optimizer_shapes[] = {
    {.brief = true, ROWS_19, .width = 35},
    {.lengths = rows_257, .dialogues = 1, .width = 259}, /* more than one slice of the norm */
};

static size_t one(const nn_op_shape *s)
{
    (void)s;
    return 1;
}

static size_t two(const nn_op_shape *s)
{
    (void)s;
    return 2;
}

static const nn_op_tensor optimizer_tensors[] = {
    NN_OP_READ("gradient", SIGNED, nn_op_flat),
    NN_OP_WRITTEN(OUTPUT, "norm", one, NN_OP_SUM, "gradient_partials", NULL),
    NN_OP_WRITTEN(OUTPUT, "factor", one, NN_OP_SUM, "optimizer_decide", NULL),
    NN_OP_WRITTEN(OUTPUT, "corrections", two, NN_OP_SUM, "optimizer_decide", NULL),
    NN_OP_DRAWN("counts", two, "optimizer_decide"), /* of updates and of skipped steps */
    {.name = "m", .role = NN_OP_UPDATED, .elements = nn_op_flat, .limit = NN_OP_SUM, .kernel = "adam_update"},
    {.name = "v",
     .role = NN_OP_UPDATED,
     .fill = NN_OP_POSITIVE,
     .elements = nn_op_flat,
     .limit = NN_OP_SUM,
     .kernel = "adam_update"},
    {.name = "p", .role = NN_OP_UPDATED, .elements = nn_op_flat, .limit = NN_OP_SUM, .kernel = "adam_update"},
    {.name = NULL},
};

enum { ARENAS = 4 };
static const char *const arena_tensors[ARENAS] = {"p", "gradient", "m", "v"};

/* Values, gradients and moments lie in arenas of their own, all of one layout. */
static st_status make_arenas(const nn_op_run *r, rt_arena *arenas[ARENAS], rt_view views[ARENAS])
{
    for (size_t i = 0; i < ARENAS; ++i) {
        size_t elements = 0;
        ST_FORWARD(rt_arena_create(&arenas[i], r->rt, "self-test"));
        ST_FORWARD(rt_arena_take(arenas[i], arena_tensors[i], nn_op_flat(r->shape), &views[i]));
        ST_FORWARD(rt_arena_commit(arenas[i]));
        const rt_view block = rt_arena_block(arenas[i], 0, &elements);
        ST_FORWARD(rt_zero(r->rt, block, elements)); /* the optimiser takes whole blocks */
        ST_FORWARD(rt_copy(r->rt, views[i], nn_op_view(r, arena_tensors[i]), nn_op_flat(r->shape)));
    }
    return ST_OK;
}

/* Elements of the control block; counts are of updates and of skipped steps. */
static st_status show_control(const nn_op_run *r, rt_view control)
{
    static const struct {
        const char *tensor;
        size_t at, elements;
    } shown[] = {{"norm", NN_CONTROL_NORM, 1},
                 {"factor", NN_CONTROL_FACTOR, 1},
                 {"counts", NN_CONTROL_UPDATES, 2},
                 {"corrections", NN_CONTROL_CORRECTION_1, 2}};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; ++i)
        ST_FORWARD(rt_copy(r->rt, nn_op_view(r, shown[i].tensor), rt_view_at(control, shown[i].at), shown[i].elements));
    return ST_OK;
}

static st_status optimizer_step(const nn_op_run *r, rt_arena *arenas[ARENAS], rt_arena **own)
{
    rt_view views[ARENAS];
    ST_FORWARD(make_arenas(r, arenas, views));
    nn_params params = {
        .rt = r->rt, .values = arenas[0], .gradients = arenas[1], .moments1 = arenas[2], .moments2 = arenas[3]};
    nn_optimizer optimizer = {.params = NULL};
    ST_FORWARD(rt_arena_create(own, r->rt, "self-test"));
    ST_FORWARD(nn_optimizer_plan(&optimizer, &params, *own));
    ST_FORWARD(rt_arena_commit(*own));
    ST_FORWARD(nn_optimizer_set(&optimizer, NN_OP_UPDATES, NN_OP_SKIPPED));
    ST_FORWARD(nn_optimizer_step(&optimizer, &nn_op_adam, NN_OP_LR));
    for (size_t i = 0; i < ARENAS; ++i)
        if (i != 1) ST_FORWARD(rt_copy(r->rt, nn_op_view(r, arena_tensors[i]), views[i], nn_op_flat(r->shape)));
    ST_FORWARD(show_control(r, optimizer.control));
    return rt_finish(r->rt);
}

static st_status optimizer_forward(const nn_op_run *r)
{
    rt_arena *arenas[ARENAS] = {NULL}, *own = NULL;
    const st_status status = optimizer_step(r, arenas, &own);
    for (size_t i = 0; i < ARENAS; ++i) rt_arena_destroy(&arenas[i]);
    rt_arena_destroy(&own);
    return status;
}

const nn_operation nn_operation_optimizer = {
    .name = "optimizer",
    .kernels = (const char *const[]){"gradient_partials", "optimizer_decide", "adam_update", NULL},
    .tensors = optimizer_tensors,
    NN_OP_SHAPES(optimizer_shapes),
    .forward = optimizer_forward,
};
