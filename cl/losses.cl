/* Losses of docs/model.md 6. C is small (6, 7), so one work-item computes one row and loops over the classes. One group
 * sums over the rows in a fixed order. Rows with label -1 count only in the distillation.
 * Host: model/layers/losses.c. */
#include "reduce.clh"

/* out[n, :] = log softmax(z[n, :] / temperature). Launch: rt_scalars(rows). */
__kernel void log_softmax_forward(__global float *restrict out, const ulong out_at, const __global float *restrict z,
                                  const ulong z_at, const uint rows, const uint classes, const float temperature)
{
    const size_t n = get_global_id(0);
    if (n >= rows) return;
    out += out_at + n * classes;
    z += z_at + n * classes;
    uint best = 0;
    for (uint c = 1; c < classes; ++c) best = z[c] > z[best] ? c : best;
    const float top = z[best];
    float others = 0.0f;
    for (uint c = 0; c < classes; ++c)
        if (c != best) others += exp((z[c] - top) / temperature);
    const float shift = log1p(others); /* exact if one probability is nearly 1 */
    for (uint c = 0; c < classes; ++c) out[c] = (z[c] - top) / temperature - shift;
}

/* mean = log(exp(mean) + weight * exp(log_p)), over n elements, or log(weight * exp(log_p)) if `first`: adds one
 * repetition of a sampled evaluation. Logarithms keep a small probability from becoming 0. Launch: rt_scalars(n). */
__kernel void mean_log_probability(__global float *restrict mean, const ulong mean_at,
                                   const __global float *restrict log_p, const ulong log_p_at, const uint n,
                                   const uint first, const float log_weight)
{
    const size_t i = get_global_id(0);
    if (i >= n) return;
    const float value = log_p[log_p_at + i] + log_weight;
    if (first) {
        mean[mean_at + i] = value;
        return;
    }
    const float old = mean[mean_at + i];
    const float high = old > value ? old : value, low = old > value ? value : old;
    mean[mean_at + i] = high + log1p(exp(low - high));
}

/* x^gamma for x >= 0, with 0^0 = 1. */
static inline float loss_power(const float x, const float gamma)
{
    return gamma == 2.0f ? x * x : (gamma == 0.0f ? 1.0f : pow(x, gamma));
}

/* The focal term -(1-p)^gamma log p of one probability, and p times its derivative: finite at p = 0 and p = 1. */
static inline float focal(const float log_p, const float gamma, float *slope)
{
    const float p = exp(log_p), q = -expm1(log_p), power = loss_power(q, gamma);
    const float bend = q > 0.0f ? gamma * (power / q) * p * log_p : 0.0f;
    *slope = bend - power;
    return -power * log_p;
}

/* The similarity-aware focal loss of one row and modality, divided by its count. `e` receives p_c times its derivative
 * with respect to p_c. form: 0 soft, 1 true_class, 2 published. `similarity` is the row of the true class, or, with
 * form 2, the mean row of the batch. */
static inline float similarity_focal(__global float *e, const __global float *log_p, const __global float *alpha,
                              const __global float *similarity, const uint classes, const uint y, const uint form,
                              const float gamma, const float factor)
{
    float value = 0.0f, slope = 0.0f;
    if (form != 1) {
        for (uint c = 0; c < classes; ++c) {
            const float weight = factor * alpha[c] * similarity[c];
            value += weight * focal(log_p[c], gamma, &slope);
            e[c] = weight * slope;
        }
        return value;
    }
    float confusion = 1.0f;
    for (uint c = 0; c < classes; ++c)
        if (c != y) confusion += similarity[c] * exp(log_p[c]);
    const float weight = factor * alpha[y];
    const float own = focal(log_p[y], gamma, &slope);
    for (uint c = 0; c < classes; ++c)
        e[c] = c == y ? weight * slope * confusion : weight * own * similarity[c] * exp(log_p[c]);
    return weight * own * confusion;
}

/* p - q from their logarithms, accurate even if they are nearly equal. */
static inline float probability_gap(const float log_p, const float log_q)
{
    const float d = log_p - log_q;
    return fabs(d) < 0.5f ? exp(log_q) * expm1(d) : exp(log_p) - exp(log_q);
}

/* Terms and gradients of one row.
 *   terms    [N, 3]     CE, sum over modalities of SAF and of KL, each divided by its count, before lambda
 *   dz       [N, C]     gradient with respect to the teacher's logits
 *   dz_m     [M, N, C]  gradient with respect to the students' logits
 *   log_p, log_tau      [N, C] log softmax of the teacher at temperature 1 and T
 *   log_pm, log_sigma   [M, N, C] the same for the students
 *   per_class           [2C] class weights w, then alpha
 *   similarity          [C, C], or [C] with form 2
 * ce_factor = 1 / sum of w, saf_factor = 1 / count or 1 / (count C), kl_factor = 1 / rows, all of the whole batch.
 * Launch: rt_scalars(rows). */
__kernel void losses_forward_backward(
    __global float *restrict terms, const ulong terms_at, __global float *restrict dz, const ulong dz_at,
    __global float *restrict dz_m, const ulong dz_m_at, const __global float *restrict log_p, const ulong log_p_at,
    const __global float *restrict log_tau, const ulong log_tau_at, const __global float *restrict log_pm,
    const ulong log_pm_at, const __global float *restrict log_sigma, const ulong log_sigma_at,
    const __global int *restrict labels, const ulong labels_at, const __global float *restrict per_class,
    const ulong per_class_at, const __global float *restrict similarity, const ulong similarity_at, const uint rows,
    const uint modalities, const uint classes, const uint form, const uint teacher_gradient, const float gamma,
    const float temperature, const float ce_factor, const float saf_factor, const float kl_factor,
    const float lambda_ce, const float lambda_saf, const float lambda_kl)
{
    const size_t n = get_global_id(0);
    if (n >= rows) return;
    const int y = labels[labels_at + n];
    const __global float *weights = per_class + per_class_at, *alpha = weights + classes;
    log_p += log_p_at + n * classes;
    log_tau += log_tau_at + n * classes;
    dz += dz_at + n * classes;

    const float own_weight = y >= 0 ? ce_factor * weights[y] : 0.0f;
    const float ce = y >= 0 ? -own_weight * log_p[y] : 0.0f;
    for (uint c = 0; c < classes; ++c)
        dz[c] = lambda_ce * own_weight * (exp(log_p[c]) - ((int)c == y ? 1.0f : 0.0f));

    float saf = 0.0f, kl = 0.0f;
    for (uint m = 0; m < modalities; ++m) {
        const size_t at = (m * rows + n) * classes;
        const __global float *lp = log_pm + log_pm_at + at, *ls = log_sigma + log_sigma_at + at;
        __global float *d = dz_m + dz_m_at + at;
        float total = 0.0f;
        if (y >= 0) {
            const __global float *row = similarity + similarity_at + (form == 2 ? 0 : (size_t)y * classes);
            saf += similarity_focal(d, lp, alpha, row, classes, (uint)y, form, gamma, saf_factor);
            for (uint c = 0; c < classes; ++c) total += d[c];
        }
        /* Each class adds tau (log tau - log sigma) + sigma - tau, which is never negative. The last two terms sum to 0
         * over the classes; without them a small divergence would be a difference of large terms. */
        float divergence = 0.0f;
        for (uint c = 0; c < classes; ++c)
            divergence += exp(log_tau[c]) * (log_tau[c] - ls[c]) + probability_gap(ls[c], log_tau[c]);
        kl += kl_factor * divergence;
        const float pull = lambda_kl * kl_factor / temperature;
        for (uint c = 0; c < classes; ++c) {
            const float own = y >= 0 ? lambda_saf * (d[c] - exp(lp[c]) * total) : 0.0f;
            d[c] = own + pull * probability_gap(ls[c], log_tau[c]);
            if (teacher_gradient) dz[c] += pull * exp(log_tau[c]) * (log_tau[c] - ls[c] - divergence);
        }
    }
    terms += terms_at + 3 * n;
    terms[0] = ce;
    terms[1] = saf;
    terms[2] = kl;
}

/* losses[0..3] = beta * losses + (total, CE, SAF, KL): sums of terms [rows, 3] over rows. Without `last` the sums are
 * stored in the terms of the last row, at which the next launch begins. Launch: one group; an item takes at most
 * RT_MOST_LOOPS rows. */
__kernel void losses_total(__global float *restrict losses, const ulong losses_at, __global float *restrict terms,
                           const ulong terms_at, __local float *scratch, const uint rows, const uint last,
                           const float lambda_ce, const float lambda_saf, const float lambda_kl, const float beta)
{
    terms += terms_at;
    losses += losses_at;
    float sums[3] = {0.0f, 0.0f, 0.0f};
    for (size_t n = get_local_id(0); n < rows; n += get_local_size(0)) {
#pragma unroll
        for (uint t = 0; t < 3; ++t) sums[t] += terms[3 * n + t];
    }
    const float ce = group_sum(sums[0], scratch), saf = group_sum(sums[1], scratch), kl = group_sum(sums[2], scratch);
    if (get_local_id(0) != 0) return;
    if (!last) {
        terms += 3 * ((size_t)rows - 1);
        terms[0] = ce;
        terms[1] = saf;
        terms[2] = kl;
        return;
    }
    const float out[4] = {lambda_ce * ce + lambda_saf * saf + lambda_kl * kl, ce, saf, kl};
    for (uint t = 0; t < 4; ++t) losses[t] = beta == 0.0f ? out[t] : beta * losses[t] + out[t];
}
