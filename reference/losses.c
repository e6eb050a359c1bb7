#include "reference/losses.h"

#include <math.h>

enum { MOST_CLASSES = 64 };

void ref_log_softmax(double *log_p, double *others, const double *z, size_t classes, double temperature)
{
    for (size_t c = 0; c < classes; ++c) {
        double rest = 0.0, top = z[0];
        for (size_t k = 1; k < classes; ++k) top = fmax(top, z[k]);
        for (size_t k = 0; k < classes; ++k)
            if (k != c) rest += exp((z[k] - top) / temperature);
        const double own = exp((z[c] - top) / temperature);
        log_p[c] = z[c] == top ? -log1p(rest) : (z[c] - top) / temperature - log(own + rest);
        if (others) others[c] = rest / (own + rest);
    }
}

/* One row's probabilities. */
typedef struct row {
    double log_p[MOST_CLASSES], p[MOST_CLASSES], others[MOST_CLASSES]; /* others: 1 - p */
} row;

static row softmax(const double *z, size_t classes, double temperature)
{
    row r;
    ref_log_softmax(r.log_p, r.others, z, classes, temperature);
    for (size_t c = 0; c < classes; ++c) r.p[c] = exp(r.log_p[c]);
    return r;
}

/* Adds to dz the gradient at the logits, from that at the probabilities. */
static void softmax_backward(double *dz, const double *dp, const row *r, size_t classes, double temperature)
{
    for (size_t j = 0; j < classes; ++j)
        for (size_t c = 0; c < classes; ++c) {
            const double slope = c == j ? r->p[c] * r->others[c] : -r->p[c] * r->p[j];
            dz[j] += dp[c] * slope / temperature;
        }
}

static double labelled(const ref_losses *x)
{
    double count = 0.0;
    for (size_t n = 0; n < x->rows; ++n) count += x->labels[n] >= 0;
    return count;
}

static double weight_sum(const ref_losses *x)
{
    double sum = 0.0;
    for (size_t n = 0; n < x->rows; ++n)
        if (x->labels[n] >= 0) sum += x->class_weights[x->labels[n]];
    return sum;
}

static const double *logits_of(const ref_losses *x, const double *logits, size_t m, size_t n)
{
    return logits + (m * x->rows + n) * x->classes;
}

static double focal(double log_p, double others, double gamma)
{
    return -pow(others, gamma) * log_p;
}

/* The derivative of the focal term with respect to p. */
static double focal_slope(double log_p, double p, double others, double gamma)
{
    const double bend = gamma == 0.0 ? 0.0 : gamma * pow(others, gamma - 1.0) * log_p;
    return bend - pow(others, gamma) / p;
}

/* What multiplies the focal term of class c in a row of class y, in the forms soft and published. */
static double similarity_to(const ref_losses *x, size_t y, size_t c)
{
    if (x->config->saf_form == NN_SAF_SOFT) return x->similarity[y * x->classes + c];
    double sum = 0.0;
    for (size_t n = 0; n < x->rows; ++n)
        if (x->labels[n] >= 0) sum += x->similarity[(size_t)x->labels[n] * x->classes + c];
    return sum / labelled(x);
}

static double confusion(const ref_losses *x, const row *r, size_t y)
{
    double sum = 1.0;
    for (size_t c = 0; c < x->classes; ++c)
        if (c != y) sum += x->similarity[y * x->classes + c] * r->p[c];
    return sum;
}

/* The similarity-aware focal loss of one labelled row and, added to dp, its gradient at the probabilities. */
static double saf_row(double *dp, const ref_losses *x, const row *r, size_t y)
{
    const double gamma = x->config->gamma, N = labelled(x), C = (double)x->classes;
    double loss = 0.0;
    if (x->config->saf_form == NN_SAF_TRUE_CLASS) {
        const double own = x->alpha[y] * focal(r->log_p[y], r->others[y], gamma) / N;
        for (size_t c = 0; c < x->classes; ++c)
            if (c != y) dp[c] += own * x->similarity[y * x->classes + c];
        dp[y] += x->alpha[y] * focal_slope(r->log_p[y], r->p[y], r->others[y], gamma) * confusion(x, r, y) / N;
        return own * confusion(x, r, y);
    }
    for (size_t c = 0; c < x->classes; ++c) {
        const double weight = x->alpha[c] * similarity_to(x, y, c) / (N * C);
        loss += weight * focal(r->log_p[c], r->others[c], gamma);
        dp[c] += weight * focal_slope(r->log_p[c], r->p[c], r->others[c], gamma);
    }
    return loss;
}

static double cross_entropy(const ref_losses *x)
{
    double sum = 0.0;
    for (size_t n = 0; n < x->rows; ++n) {
        if (x->labels[n] < 0) continue;
        const row r = softmax(logits_of(x, x->logits, 0, n), x->classes, 1.0);
        sum -= x->class_weights[x->labels[n]] * r.log_p[x->labels[n]];
    }
    return weight_sum(x) > 0.0 ? sum / weight_sum(x) : 0.0;
}

static double focal_losses(const ref_losses *x)
{
    double sum = 0.0, unused[MOST_CLASSES] = {0};
    for (size_t m = 0; m < x->modalities; ++m)
        for (size_t n = 0; n < x->rows; ++n) {
            const row r = softmax(logits_of(x, x->student_logits, m, n), x->classes, 1.0);
            if (x->labels[n] >= 0) sum += saf_row(unused, x, &r, (size_t)x->labels[n]);
        }
    return sum;
}

static double divergences(const ref_losses *x)
{
    double sum = 0.0;
    for (size_t m = 0; m < x->modalities; ++m)
        for (size_t n = 0; n < x->rows; ++n) {
            const row tau = softmax(logits_of(x, x->pulling_logits, 0, n), x->classes, x->config->temperature);
            const row sigma = softmax(logits_of(x, x->student_logits, m, n), x->classes, x->config->temperature);
            for (size_t c = 0; c < x->classes; ++c) sum += tau.p[c] * (tau.log_p[c] - sigma.log_p[c]);
        }
    return sum / (double)x->rows;
}

void ref_losses_forward(double losses[4], const ref_losses *x)
{
    losses[1] = cross_entropy(x);
    losses[2] = focal_losses(x);
    losses[3] = divergences(x);
    losses[0] = x->config->lambda_ce * losses[1] + x->config->lambda_saf * losses[2] + x->config->lambda_kl * losses[3];
}

static void cross_entropy_backward(double *dlogits, const ref_losses *x, size_t n)
{
    if (x->labels[n] < 0 || weight_sum(x) == 0.0) return;
    const size_t y = (size_t)x->labels[n];
    const row r = softmax(logits_of(x, x->logits, 0, n), x->classes, 1.0);
    double dp[MOST_CLASSES] = {0};
    dp[y] = -x->config->lambda_ce * x->class_weights[y] / weight_sum(x) / r.p[y];
    softmax_backward(dlogits + n * x->classes, dp, &r, x->classes, 1.0);
}

static void focal_backward(double *dz, const ref_losses *x, size_t m, size_t n)
{
    if (x->labels[n] < 0) return;
    const row r = softmax(logits_of(x, x->student_logits, m, n), x->classes, 1.0);
    double dp[MOST_CLASSES] = {0};
    saf_row(dp, x, &r, (size_t)x->labels[n]);
    for (size_t c = 0; c < x->classes; ++c) dp[c] *= x->config->lambda_saf;
    softmax_backward(dz, dp, &r, x->classes, 1.0);
}

static void divergence_backward(double *dlogits, double *dz, const ref_losses *x, size_t m, size_t n)
{
    const double T = x->config->temperature, scale = x->config->lambda_kl / (double)x->rows;
    const row tau = softmax(logits_of(x, x->pulling_logits, 0, n), x->classes, T);
    const row sigma = softmax(logits_of(x, x->student_logits, m, n), x->classes, T);
    double dtau[MOST_CLASSES], dsigma[MOST_CLASSES];
    for (size_t c = 0; c < x->classes; ++c) {
        dtau[c] = scale * (tau.log_p[c] - sigma.log_p[c] + 1.0);
        dsigma[c] = -scale * tau.p[c] / sigma.p[c];
    }
    softmax_backward(dz, dsigma, &sigma, x->classes, T);
    if (x->config->teacher_gradient) softmax_backward(dlogits + n * x->classes, dtau, &tau, x->classes, T);
}

void ref_losses_backward(double *dlogits, double *dstudent_logits, const ref_losses *x)
{
    for (size_t n = 0; n < x->rows; ++n) {
        cross_entropy_backward(dlogits, x, n);
        for (size_t m = 0; m < x->modalities; ++m) {
            double *dz = dstudent_logits + (m * x->rows + n) * x->classes;
            focal_backward(dz, x, m, n);
            divergence_backward(dlogits, dz, x, m, n);
        }
    }
}
