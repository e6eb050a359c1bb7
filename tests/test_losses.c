#include <math.h>
#include <string.h>

#include "model/layers/loss_store.h"
#include "model/layers/losses.h"
#include "runtime/launch.h"
#include "tests/support/harness.h"
#include "reference/losses.h"

enum { MOST_CLASSES = 7 };

static const struct size {
    size_t rows, modalities, classes;
} sizes[] = {{1, 1, 2},  {3, 3, 6},  {7, 2, 3},  {15, 1, 7}, {16, 3, 7},
             {17, 3, 6}, {63, 2, 7}, {64, 1, 6}, {65, 3, 6}, {129, 3, 7}};
enum { SIZES = sizeof sizes / sizeof *sizes };

typedef enum labelling { ALL_LABELLED, SOME_LABELLED, NONE_LABELLED } labelling;

/* A loss with random numbers in every place, on the host and on the device. */
typedef struct problem {
    nn_config config;
    ref_losses host;
    nn_losses device;
    nn_loss_tables tables;
    rt_view logits, student_logits, losses;
    rt_view dlogits, dstudent_logits;
} problem;

static nn_config config_of(nn_saf_form form, double gamma, double temperature, bool teacher_gradient)
{
    return (nn_config){.lambda_ce = 0.75,
                       .lambda_saf = 1.25,
                       .lambda_kl = 0.5,
                       .gamma = gamma,
                       .temperature = temperature,
                       .saf_form = form,
                       .teacher_gradient = teacher_gradient};
}

static float *floats_of(th_case *t, const double *values, size_t elements)
{
    float *copy = th_floats(t, elements);
    for (size_t i = 0; i < elements; ++i) copy[i] = (float)values[i];
    return copy;
}

/* Uniform numbers that float holds exactly. */
static double *uniform(th_case *t, size_t elements, uint64_t seed, double low, double high)
{
    double *values = th_doubles(t, elements);
    for (size_t i = 0; i < elements; ++i) values[i] = (double)(float)(low + (high - low) * th_uniform(&seed));
    return values;
}

static int32_t *labels_of(th_case *t, struct size size, labelling how, uint64_t seed)
{
    int32_t *labels = th_ints(t, size.rows);
    for (size_t n = 0; n < size.rows; ++n) {
        const bool labelled = how == ALL_LABELLED || (how == SOME_LABELLED && n % 3 != 1);
        labels[n] = labelled ? (int32_t)(th_random(&seed) % size.classes) : -1;
    }
    return labels;
}

static void set_tables(th_case *t, problem *p, size_t C)
{
    double *weights = uniform(t, C, 11, 0.5, 1.5), *alpha = uniform(t, C, 12, 0.1, 0.3);
    double *similarity = uniform(t, C * C, 13, 0.2, 0.8);
    for (size_t c = 0; c < C; ++c) similarity[c * C + c] = 1.0;
    p->host.class_weights = weights;
    p->host.alpha = alpha;
    p->host.similarity = similarity;
    p->tables = (nn_loss_tables){floats_of(t, weights, C), floats_of(t, alpha, C), floats_of(t, similarity, C * C)};
}

/* What the device reads, from what the host holds. */
static void upload(th_case *t, problem *p)
{
    const size_t N = p->host.rows, M = p->host.modalities, C = p->host.classes;
    float *mean_row = th_floats(t, C);
    nn_similarity_mean mean = {.sums = th_doubles(t, C)};
    nn_similarity_mean_add(&mean, p->tables.similarity, p->host.labels, N, C);
    nn_similarity_mean_write(&mean, mean_row, C);
    nn_loss_counts counts = {0};
    nn_loss_count(&counts, &p->tables, p->host.labels, N);
    float *per_class = th_floats(t, 2 * C);
    memcpy(per_class, p->tables.class_weights, C * sizeof *per_class);
    memcpy(per_class + C, p->tables.alpha, C * sizeof *per_class);
    const bool published = p->config.saf_form == NN_SAF_PUBLISHED;
    p->device =
        (nn_losses){.rows = N,
                    .modalities = M,
                    .classes = C,
                    .settings = nn_loss_settings_of(&p->config),
                    .counts = counts,
                    .labels = th_upload(t, p->host.labels, N),
                    .per_class = th_upload(t, per_class, 2 * C),
                    .similarity = published ? th_upload(t, mean_row, C) : th_upload(t, p->tables.similarity, C * C),
                    .log_p = th_output(t, N * C),
                    .log_tau = th_output(t, N * C),
                    .student_log_p = th_output(t, M * N * C),
                    .student_log_tau = th_output(t, M * N * C),
                    .terms = th_output(t, 3 * N)};
    p->logits = th_upload_doubles(t, p->host.logits, N * C);
    p->student_logits = th_upload_doubles(t, p->host.student_logits, M * N * C);
    p->losses = th_output(t, 4);
    p->dlogits = th_output(t, N * C);
    p->dstudent_logits = th_output(t, M * N * C);
}

static problem *new_problem(th_case *t, nn_config config, struct size size, labelling how)
{
    problem *p = (problem *)th_ints(t, sizeof *p / sizeof(int32_t) + 1);
    p->config = config;
    p->host =
        (ref_losses){.config = &p->config, .rows = size.rows, .modalities = size.modalities, .classes = size.classes};
    const double *logits = uniform(t, size.rows * size.classes, 1, -4.0, 4.0);
    p->host.logits = logits;
    p->host.pulling_logits = logits;
    p->host.student_logits = uniform(t, size.modalities * size.rows * size.classes, 2, -4.0, 4.0);
    p->host.labels = labels_of(t, size, how, 3);
    set_tables(t, p, size.classes);
    upload(t, p);
    return p;
}

static void expect_log_softmax(th_case *t, const char *what, rt_view view, const double *logits, size_t rows,
                               size_t classes, double temperature)
{
    double *expected = th_doubles(t, rows * classes);
    for (size_t n = 0; n < rows; ++n)
        ref_log_softmax(expected + n * classes, NULL, logits + n * classes, classes, temperature);
    th_expect(t, what, view, expected, rows * classes, TH_ROUNDING);
}

/* The losses, `times` the reference's, and both gradients. */
static void expect_losses(th_case *t, const problem *p, double times)
{
    const size_t teacher = p->host.rows * p->host.classes, students = p->host.modalities * teacher;
    double losses[4], *dlogits = th_doubles(t, teacher), *dstudent_logits = th_doubles(t, students);
    ref_losses_forward(losses, &p->host);
    ref_losses_backward(dlogits, dstudent_logits, &p->host);
    for (int i = 0; i < 4; ++i) losses[i] *= times;
    th_expect(t, "total, CE, SAF, KL", p->losses, losses, 4, TH_ACTIVATION);
    th_expect(t, "dlogits", p->dlogits, dlogits, teacher, TH_ACTIVATION);
    th_expect(t, "dstudent_logits", p->dstudent_logits, dstudent_logits, students, TH_ACTIVATION);
}

static void run(th_case *t, const problem *p, float beta)
{
    const nn_losses_gradient gradient = {p->dlogits, p->dstudent_logits};
    TH_OK(t, nn_losses_forward_backward(t->rt, p->losses, &gradient, &p->device, p->student_logits, beta));
}

static void check(th_case *t, const problem *p)
{
    const size_t N = p->host.rows, M = p->host.modalities, C = p->host.classes;
    const double T = p->config.temperature;
    TH_OK(t, nn_losses_teacher(t->rt, &p->device, p->logits));
    run(t, p, 0.0f);
    expect_log_softmax(t, "log_p", p->device.log_p, p->host.logits, N, C, 1.0);
    expect_log_softmax(t, "log_tau", p->device.log_tau, p->host.logits, N, C, T);
    expect_log_softmax(t, "student_log_p", p->device.student_log_p, p->host.student_logits, M * N, C, 1.0);
    expect_log_softmax(t, "student_log_tau", p->device.student_log_tau, p->host.student_logits, M * N, C, T);
    expect_losses(t, p, 1.0);
    run(t, p, 1.0f);
    expect_losses(t, p, 2.0);
}

/* Every form, exponent, temperature, with and without the teacher's gradient; sizes and labels take turns. */
static void variants_case(th_case *t, const void *user)
{
    (void)user;
    static const double gammas[] = {0.0, 0.5, 1.0, 2.0, 3.7}, temperatures[] = {1.0, 8.0, 0.5};
    size_t turn = 0;
    for (int form = NN_SAF_SOFT; form <= NN_SAF_PUBLISHED; ++form)
        for (size_t g = 0; g < 5; ++g)
            for (size_t T = 0; T < 3; ++T)
                for (int teacher = 0; teacher < 2; ++teacher, ++turn) {
                    if (th_small() && turn % 17 != 0) continue;
                    const nn_config config = config_of((nn_saf_form)form, gammas[g], temperatures[T], teacher != 0);
                    check(t, new_problem(t, config, sizes[turn % SIZES], turn % 4 == 0 ? ALL_LABELLED : SOME_LABELLED));
                }
}

static void test_variants(void **state)
{
    th_run(state, variants_case, NULL);
}

static void sizes_case(th_case *t, const void *user)
{
    (void)user;
    for (size_t s = 0; s < (th_small() ? 5 : SIZES); ++s)
        for (int form = NN_SAF_SOFT; form <= NN_SAF_PUBLISHED; ++form)
            check(t, new_problem(t, config_of((nn_saf_form)form, 2.0, 1.0, true), sizes[s], SOME_LABELLED));
    if (!th_small())
        check(t, new_problem(t, config_of(NN_SAF_SOFT, 2.0, 1.0, true), (struct size){2049, 3, 7}, SOME_LABELLED));
}

static void test_sizes(void **state)
{
    th_run(state, sizes_case, NULL);
}

/* Nobody labelled, or only classes of weight 0: no cross entropy, and no focal loss in the first case. */
static void unlabelled_case(th_case *t, const void *user)
{
    (void)user;
    for (int form = NN_SAF_SOFT; form <= NN_SAF_PUBLISHED; ++form) {
        const nn_config config = config_of((nn_saf_form)form, 2.0, 8.0, true);
        const problem *none = new_problem(t, config, (struct size){9, 3, 6}, NONE_LABELLED);
        check(t, none);
        const float zero[3] = {0.0f, 0.0f, 0.0f};
        const float *losses = th_fetch(t, none->losses, 4);
        assert_memory_equal(losses + 1, zero, 2 * sizeof(float));

        problem *weightless = new_problem(t, config, (struct size){9, 3, 6}, ALL_LABELLED);
        double *weights = th_doubles(t, 6);
        weightless->host.class_weights = weights;
        weightless->tables.class_weights = floats_of(t, weights, 6);
        upload(t, weightless);
        check(t, weightless);
    }
}

static void test_unlabelled(void **state)
{
    th_run(state, unlabelled_case, NULL);
}

/* Logits so far apart that probabilities are 0 and 1 in float. */
static void extreme_case(th_case *t, const void *user)
{
    (void)user;
    static const double values[] = {80.0, -80.0, 0.0, 30.0, -30.0, 80.0, 1.0};
    static const double gammas[] = {0.0, 0.5, 1.0, 2.0, 3.7}, temperatures[] = {1.0, 8.0, 0.5};
    const struct size size = {29, 3, 7};
    for (size_t variant = 0; variant < (th_small() ? 3 : 15); ++variant) {
        const nn_config config =
            config_of((nn_saf_form)(variant % 3), gammas[variant % 5], temperatures[variant / 5], true);
        problem *p = new_problem(t, config, size, SOME_LABELLED);
        double *logits = th_doubles(t, size.rows * size.classes),
               *student = th_doubles(t, 3 * size.rows * size.classes);
        for (size_t i = 0; i < size.rows * size.classes; ++i) logits[i] = values[(i * 5 + i / 7) % 7];
        for (size_t i = 0; i < 3 * size.rows * size.classes; ++i) student[i] = values[(i * 3 + i / 21) % 7];
        p->host.logits = p->host.pulling_logits = logits;
        p->host.student_logits = student;
        upload(t, p);
        check(t, p);
    }
}

static void test_extremes(void **state)
{
    th_run(state, extreme_case, NULL);
}

/* Each class in turn has all, by more than a float's exponential reaches. */
static void dominating_case(th_case *t, const void *user)
{
    (void)user;
    for (size_t classes = 2; classes <= MOST_CLASSES; ++classes) {
        problem *p =
            new_problem(t, config_of(NN_SAF_SOFT, 2.0, 0.5, true), (struct size){classes, 1, classes}, ALL_LABELLED);
        double *logits = th_doubles(t, classes * classes);
        for (size_t i = 0; i < classes * classes; ++i)
            logits[i] = i / classes == i % classes ? 150.0 : -40.0 - (double)(i % classes);
        p->host.logits = p->host.pulling_logits = logits;
        upload(t, p);
        TH_OK(t, nn_losses_teacher(t->rt, &p->device, p->logits));
        expect_log_softmax(t, "log_p", p->device.log_p, logits, classes, classes, 1.0);
        expect_log_softmax(t, "log_tau", p->device.log_tau, logits, classes, classes, 0.5);
    }
}

static void test_dominating(void **state)
{
    th_run(state, dominating_case, NULL);
}

/* A student so sure that what it leaves to the other classes is 0 in float: nothing is divided by that. */
static void certain_case(th_case *t, const void *user)
{
    (void)user;
    static const double gammas[] = {2.0, 0.0, 1.0};
    const struct size size = {9, 2, 6};
    const size_t elements = size.modalities * size.rows * size.classes;
    for (size_t variant = 0; variant < 3; ++variant) {
        problem *p = new_problem(t, config_of((nn_saf_form)variant, gammas[variant], 1.0, true), size, ALL_LABELLED);
        double *student = th_doubles(t, elements);
        for (size_t i = 0; i < elements; ++i)
            student[i] =
                i / size.classes % size.classes == i % size.classes ? 150.0 : -40.0 - (double)(i % size.classes);
        p->host.student_logits = student;
        upload(t, p);
        check(t, p);
    }
}

static void test_certain(void **state)
{
    th_run(state, certain_case, NULL);
}

/* Students that all but agree with the teacher: the divergence is small, and still precise. */
static void agreeing_case(th_case *t, const void *user)
{
    (void)user;
    const struct size size = {33, 3, 6};
    const size_t elements = size.rows * size.classes;
    for (int far = 0; far < 2; ++far) {
        nn_config config = config_of(NN_SAF_SOFT, 2.0, 8.0, true);
        config.lambda_ce = config.lambda_saf = 0.0;
        problem *p = new_problem(t, config, size, NONE_LABELLED);
        double *student = th_doubles(t, 3 * elements);
        uint64_t seed = 4;
        for (size_t i = 0; i < 3 * elements; ++i)
            student[i] = (double)(float)(p->host.logits[i % elements] + (far ? 1.0 : 0.1) * th_gauss(&seed));
        p->host.student_logits = student;
        upload(t, p);
        TH_OK(t, nn_losses_teacher(t->rt, &p->device, p->logits));
        run(t, p, 0.0f);
        double losses[4], *dlogits = th_doubles(t, elements), *dstudent = th_doubles(t, 3 * elements);
        ref_losses_forward(losses, &p->host);
        ref_losses_backward(dlogits, dstudent, &p->host);
        assert_true(losses[3] < (far ? 3e-2 : 3e-4));
        th_expect(t, "KL", rt_view_at(p->losses, 3), &losses[3], 1, TH_ACTIVATION);
        th_expect(t, "dlogits", p->dlogits, dlogits, elements, TH_GRADIENT);
        th_expect(t, "dstudent_logits", p->dstudent_logits, dstudent, 3 * elements, TH_GRADIENT);
    }
}

static void test_agreeing(void **state)
{
    th_run(state, agreeing_case, NULL);
}

/* One number that is none spoils its row's gradients and the losses, and no other row. */
static void nan_case(th_case *t, const void *user)
{
    (void)user;
    const struct size size = {5, 2, 6};
    for (size_t place = 0; place < size.classes; ++place) {
        problem *p = new_problem(t, config_of(NN_SAF_SOFT, 2.0, 1.0, true), size, ALL_LABELLED);
        double *logits = th_copy(t, p->host.logits, 30);
        logits[2 * size.classes + place] = NAN;
        p->host.logits = p->host.pulling_logits = logits;
        upload(t, p);
        TH_OK(t, nn_losses_teacher(t->rt, &p->device, p->logits));
        run(t, p, 0.0f);
        const float *losses = th_fetch(t, p->losses, 4), *dlogits = th_fetch(t, p->dlogits, 30);
        assert_true(isnan(losses[0]) && isnan(losses[1]) && isnan(losses[3]) && isfinite(losses[2]));
        for (size_t i = 0; i < 30; ++i) assert_int_equal(isnan(dlogits[i]) != 0, i / size.classes == 2);
    }
}

static void test_nan(void **state)
{
    th_run(state, nan_case, NULL);
}

/* Rows first .. first + rows of a problem, as a part of a batch that was cut: the counts are those of the whole. */
static problem *part_of(th_case *t, const problem *whole, size_t first, size_t rows)
{
    const size_t N = whole->host.rows, M = whole->host.modalities, C = whole->host.classes;
    problem *p = (problem *)th_ints(t, sizeof *p / sizeof(int32_t) + 1);
    *p = *whole;
    double *student = th_doubles(t, M * rows * C);
    for (size_t m = 0; m < M; ++m)
        memcpy(student + m * rows * C, whole->host.student_logits + (m * N + first) * C, rows * C * sizeof *student);
    p->host.rows = rows;
    p->host.logits = p->host.pulling_logits = whole->host.logits + first * C;
    p->host.labels = whole->host.labels + first;
    p->host.student_logits = student;
    upload(t, p);
    p->device.counts = whole->device.counts;
    p->device.similarity = whole->device.similarity;
    p->losses = whole->losses;
    return p;
}

static void cut_case(th_case *t, const void *user)
{
    (void)user;
    enum { N = 21, M = 3, C = 6, CUT = 8 };
    for (int form = NN_SAF_SOFT; form <= NN_SAF_PUBLISHED; ++form) {
        problem *whole =
            new_problem(t, config_of((nn_saf_form)form, 2.0, 8.0, true), (struct size){N, M, C}, SOME_LABELLED);
        const size_t first[2] = {0, CUT}, rows[2] = {CUT, N - CUT};
        float *dlogits = th_floats(t, N * C), *dstudent = th_floats(t, M * N * C);
        for (size_t part = 0; part < 2; ++part) {
            const problem *p = part_of(t, whole, first[part], rows[part]);
            TH_OK(t, nn_losses_teacher(t->rt, &p->device, p->logits));
            run(t, p, part == 0 ? 0.0f : 1.0f);
            memcpy(dlogits + first[part] * C, th_fetch(t, p->dlogits, rows[part] * C), rows[part] * C * sizeof(float));
            const float *students = th_fetch(t, p->dstudent_logits, M * rows[part] * C);
            for (size_t m = 0; m < M; ++m)
                memcpy(dstudent + (m * N + first[part]) * C, students + m * rows[part] * C,
                       rows[part] * C * sizeof(float));
        }
        whole->dlogits = th_upload(t, dlogits, N * C);
        whole->dstudent_logits = th_upload(t, dstudent, M * N * C);
        expect_losses(t, whole, 1.0);
    }
}

static void test_cut(void **state)
{
    th_run(state, cut_case, NULL);
}

/* The mean of R softmaxes: its logarithms, also where each probability is too small for a float. */
static void mean_case(th_case *t, const void *user)
{
    (void)user;
    enum { R = 5, N = 23, C = 6 };
    for (size_t repetitions = 1; repetitions <= R; repetitions += 2) {
        problem *p = new_problem(t, config_of(NN_SAF_SOFT, 2.0, 0.5, true), (struct size){N, 2, C}, SOME_LABELLED);
        const rt_view means[2] = {th_output(t, N * C), th_output(t, N * C)};
        double *sums[2] = {th_doubles(t, N * C), th_doubles(t, N * C)};
        for (size_t r = 0; r < repetitions; ++r) {
            double *logits = uniform(t, N * C, 100 + r, -4.0, 4.0), log_p[C];
            for (size_t n = 0; n < N; n += 4) logits[n * C + 2] -= 150.0;
            p->logits = th_upload_doubles(t, logits, N * C);
            TH_OK(t, nn_losses_teacher_add(t->rt, means[0], means[1], &p->device, p->logits, repetitions, r == 0));
            for (size_t kind = 0; kind < 2; ++kind)
                for (size_t n = 0; n < N; ++n) {
                    ref_log_softmax(log_p, NULL, logits + n * C, C, kind ? 0.5 : 1.0);
                    for (size_t c = 0; c < C; ++c) sums[kind][n * C + c] += exp(log_p[c]) / (double)repetitions;
                }
        }
        TH_OK(t, nn_losses_teacher_mean(t->rt, &p->device, means[0], means[1]));
        for (size_t kind = 0; kind < 2; ++kind) {
            for (size_t i = 0; i < N * C; ++i) sums[kind][i] = log(sums[kind][i]);
            th_expect(t, kind ? "log_tau" : "log_p", kind ? p->device.log_tau : p->device.log_p, sums[kind], N * C,
                      TH_ROUNDING);
        }
    }
}

static void test_mean(void **state)
{
    th_run(state, mean_case, NULL);
}

static double total(const void *user)
{
    double losses[4];
    ref_losses_forward(losses, user);
    return losses[0];
}

/* The reference against differences of its own total; a teacher without gradient stands still under them. */
static void gradient_case(th_case *t, const void *user)
{
    (void)user;
    enum { N = 4, M = 2, C = 3 };
    static const double gammas[] = {0.0, 0.5, 1.0, 2.0, 3.7};
    for (size_t variant = 0; variant < 30; ++variant) {
        const bool teacher = variant < 15;
        const nn_config config =
            config_of((nn_saf_form)(variant % 3), gammas[variant % 5], variant % 2 ? 8.0 : 0.5, teacher);
        problem *p = new_problem(t, config, (struct size){N, M, C}, SOME_LABELLED);
        double dlogits[N * C] = {0}, dstudent[M * N * C] = {0};
        double *logits = th_copy(t, p->host.logits, N * C), *student = th_copy(t, p->host.student_logits, M * N * C);
        p->host.logits = logits;
        p->host.pulling_logits = teacher ? logits : th_copy(t, logits, N * C);
        p->host.student_logits = student;
        ref_losses_backward(dlogits, dstudent, &p->host);
        th_expect_gradient("logits", logits, N * C, dlogits, total, &p->host);
        th_expect_gradient("student_logits", student, M * N * C, dstudent, total, &p->host);
    }
}

static void test_reference_gradient(void **state)
{
    th_run_once(state, gradient_case, NULL);
}

/* More rows than an item takes in one launch. */
static void many_rows_case(th_case *t, const void *user)
{
    const struct size size = {2 * RT_MOST_LOOPS + 100, 1, 2};
    (void)user;
    problem *p = new_problem(t, config_of(NN_SAF_SOFT, 2.0, 2.0, false), size, SOME_LABELLED);
    TH_OK(t, nn_losses_teacher(t->rt, &p->device, p->logits));
    run(t, p, 0.0f);
    expect_losses(t, p, 1.0);
}

static void test_many_rows(void **state)
{
    static const th_setting alone = {"group=1", 0, 1, 0, false};
    if (!th_small()) th_run_in(state, &alone, many_rows_case, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certain),    cmocka_unit_test(test_reference_gradient),
        cmocka_unit_test(test_variants),   cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_unlabelled), cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_dominating), cmocka_unit_test(test_nan),
        cmocka_unit_test(test_agreeing),   cmocka_unit_test(test_cut),
        cmocka_unit_test(test_mean),       cmocka_unit_test(test_many_rows),
    };
    return cmocka_run_group_tests(tests, th_open, th_close);
}
