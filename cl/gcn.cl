#include "masked.clh"
#include "reduce.clh"

/* One layer of the masked graph convolution, without its segment matmuls. Formulas and layouts: model/layers/gcn.h;
 * host: model/layers/gcn.c.
 *
 * Row kernels have one group per utterance r, for its nodes in all modalities m. Element and mask bit (m, r, c) are at
 * (m*N + r)*G + c, per-node numbers at m*N + r. Squares (model/layers/segment_matmul.h) have a slice per modality.
 */
#define GCN_MODALITIES 3 /* NN_MODALITIES */

/* The position of an utterance in the batch. */
typedef struct gcn_place {
    size_t dialogue, first, length; /* its rows are first .. first + length - 1 */
    float inverse;                  /* 1 / degree of its nodes; 0 if they have no edges */
} gcn_place;

static inline gcn_place gcn_find(const size_t r, const __global int *dialogue_of, const __global int *starts,
                          const uint modalities)
{
    gcn_place p;
    p.dialogue = (size_t)dialogue_of[r];
    p.first = (size_t)starts[p.dialogue];
    p.length = (size_t)starts[p.dialogue + 1] - p.first;
    const size_t degree = p.length - 1 + modalities - 1;
    p.inverse = degree == 0 ? 0.0f : 1.0f / (float)degree;
    return p;
}

/* The tanh of the gates between the modalities of one utterance, [target][source]; the gates of absent modalities are
 * not used. */
static inline void gcn_cross_gates(float gates[GCN_MODALITIES][GCN_MODALITIES], const float u[GCN_MODALITIES],
                            const float s[GCN_MODALITIES])
{
    for (uint i = 0; i < GCN_MODALITIES; ++i)
        for (uint j = 0; j < GCN_MODALITIES; ++j) gates[i][j] = i != j ? tanh(u[i] + s[j]) : 0.0f;
}

/* Per-node numbers of one utterance; 0 for modalities that are absent. */
static inline void gcn_fetch(float node[GCN_MODALITIES], const __global float *p, const size_t r, const uint rows,
                      const uint modalities)
{
    for (uint m = 0; m < GCN_MODALITIES; ++m) node[m] = m < modalities ? p[(size_t)m * rows + r] : 0.0f;
}

/* h = x * keep,  u = w_target . h,  s = w_source . h + b,  x_next = x + sum over the other modalities j of a_ij h_j.
 * Launch: one group per utterance. */
__kernel void gcn_nodes_forward(__global float *restrict x_next, const ulong x_next_at, __global float *restrict h,
                                const ulong h_at, __global float *restrict u, const ulong u_at,
                                __global float *restrict s, const ulong s_at, const __global float *restrict x,
                                const ulong x_at, const __global uint *restrict bits, const ulong bits_at,
                                const __global int *restrict dialogue_of, const ulong dialogue_of_at,
                                const __global int *restrict starts, const ulong starts_at,
                                const __global float *restrict weight, const ulong weight_at,
                                const __global float *restrict bias, const ulong bias_at, const uint rows,
                                const uint graph, const uint modalities, const uint masked, const float scale,
                                __local float *scratch)
{
    const size_t r = get_group_id(0);
    const gcn_place p = gcn_find(r, dialogue_of + dialogue_of_at, starts + starts_at, modalities);
    const size_t begin = get_local_id(0) * VW, step = get_local_size(0) * VW;
    const size_t row = r * graph, slice = (size_t)rows * graph, total = slice * modalities;
    x_next += x_next_at + row;
    h += h_at + row;
    x += x_at + row;
    bits += bits_at;
    weight += weight_at;

    float us[GCN_MODALITIES] = {0.0f}, ss[GCN_MODALITIES] = {0.0f};
    for (uint m = 0; m < modalities; ++m) {
        fv target = (fv)(0.0f), source = (fv)(0.0f);
        for (size_t c = begin; c < graph; c += step) {
            const fv keep = masked_factor(masked, bits, m * slice + row + c, total, scale);
            const fv kept = fv_load(x + m * slice, c, graph) * keep;
            fv_store(h + m * slice, c, graph, kept);
            target = fv_fma(fv_load(weight, c, graph), kept, target);
            source = fv_fma(fv_load(weight + graph, c, graph), kept, source);
        }
        us[m] = group_sum(fv_sum(target), scratch);
        ss[m] = group_sum(fv_sum(source), scratch) + bias[bias_at];
        if (get_local_id(0) == 0) {
            u[u_at + (size_t)m * rows + r] = us[m];
            s[s_at + (size_t)m * rows + r] = ss[m];
        }
    }

    float gates[GCN_MODALITIES][GCN_MODALITIES];
    gcn_cross_gates(gates, us, ss);
    for (size_t c = begin; c < graph; c += step) {
        fv kept[GCN_MODALITIES];
#pragma unroll
        for (uint m = 0; m < GCN_MODALITIES; ++m)
            kept[m] = m < modalities ? fv_load(h + m * slice, c, graph) * p.inverse : (fv)(0.0f);
#pragma unroll
        for (uint i = 0; i < GCN_MODALITIES; ++i) {
            if (i < modalities) {
                fv next = fv_load(x + i * slice, c, graph);
#pragma unroll
                for (uint j = 0; j < GCN_MODALITIES; ++j)
                    if (j != i) next = fv_fma((fv)(gates[i][j]), kept[j], next);
                fv_store(x_next + i * slice, c, graph, next);
            }
        }
    }
}

/* a_ij = tanh(u_i + s_j) / degree between the utterances of a dialogue, 0 for i = j; squares.
 * Launch: one group per utterance. */
__kernel void gcn_edges_forward(__global float *restrict a, const ulong a_at, const __global float *restrict u,
                                const ulong u_at, const __global float *restrict s, const ulong s_at,
                                const __global int *restrict dialogue_of, const ulong dialogue_of_at,
                                const __global int *restrict starts, const ulong starts_at,
                                const __global int *restrict pair_starts, const ulong pair_starts_at, const uint rows,
                                const uint modalities)
{
    const size_t r = get_group_id(0);
    const gcn_place p = gcn_find(r, dialogue_of + dialogue_of_at, starts + starts_at, modalities);
    const size_t i = r - p.first, pairs_before = (size_t)pair_starts[pair_starts_at + p.dialogue];
    a += a_at + pairs_before * modalities + i * p.length;
    u += u_at + r;
    s += s_at + p.first;
    for (uint m = 0; m < modalities; ++m) {
        for (size_t j = get_local_id(0) * VW; j < p.length; j += get_local_size(0) * VW) {
            const fv gate = tanh(*u + fv_load(s, j, p.length));
            const uv edge = as_uv((uv)((uint)j) + uv_lanes() != (uv)((uint)i));
            fv_store(a, j, p.length, fv_select(edge, gate * p.inverse, (fv)(0.0f)));
        }
        a += p.length * p.length;
        u += rows;
        s += rows;
    }
}

/* Backward 1: recomputes h, then the edges between the modalities i <- j of an utterance, with g = dx_next:
 *     dz_ij = (g_i . h_j) (1 - tanh^2) / degree,   du_i = sum_j dz_ij,   ds_j = sum_i dz_ij
 * where z = u_i + s_j. Launch: one group per utterance. */
__kernel void gcn_cross_backward(__global float *restrict h, const ulong h_at, __global float *restrict du,
                                 const ulong du_at, __global float *restrict ds, const ulong ds_at,
                                 const __global float *restrict x, const ulong x_at, const __global uint *restrict bits,
                                 const ulong bits_at, const __global float *restrict u, const ulong u_at,
                                 const __global float *restrict s, const ulong s_at,
                                 const __global float *restrict g, const ulong g_at,
                                 const __global int *restrict dialogue_of, const ulong dialogue_of_at,
                                 const __global int *restrict starts, const ulong starts_at, const uint rows,
                                 const uint graph, const uint modalities, const uint masked, const float scale,
                                 __local float *scratch)
{
    const size_t r = get_group_id(0);
    const gcn_place p = gcn_find(r, dialogue_of + dialogue_of_at, starts + starts_at, modalities);
    const size_t row = r * graph, slice = (size_t)rows * graph, total = slice * modalities;
    h += h_at + row;
    x += x_at + row;
    g += g_at + row;
    bits += bits_at;

    fv dot[GCN_MODALITIES][GCN_MODALITIES];
    for (uint i = 0; i < GCN_MODALITIES; ++i)
        for (uint j = 0; j < GCN_MODALITIES; ++j) dot[i][j] = (fv)(0.0f);
    for (size_t c = get_local_id(0) * VW; c < graph; c += get_local_size(0) * VW) {
        fv kept[GCN_MODALITIES];
#pragma unroll
        for (uint m = 0; m < GCN_MODALITIES; ++m) {
            kept[m] = (fv)(0.0f);
            if (m < modalities) {
                const fv keep = masked_factor(masked, bits, m * slice + row + c, total, scale);
                kept[m] = fv_load(x + m * slice, c, graph) * keep;
                fv_store(h + m * slice, c, graph, kept[m]);
            }
        }
#pragma unroll
        for (uint i = 0; i < GCN_MODALITIES; ++i) {
            const fv gradient = i < modalities ? fv_load(g + i * slice, c, graph) : (fv)(0.0f);
#pragma unroll
            for (uint j = 0; j < GCN_MODALITIES; ++j)
                if (j != i) dot[i][j] = fv_fma(gradient, kept[j], dot[i][j]);
        }
    }

    float us[GCN_MODALITIES], ss[GCN_MODALITIES], gates[GCN_MODALITIES][GCN_MODALITIES];
    float dus[GCN_MODALITIES] = {0.0f}, dss[GCN_MODALITIES] = {0.0f};
    gcn_fetch(us, u + u_at, r, rows, modalities);
    gcn_fetch(ss, s + s_at, r, rows, modalities);
    gcn_cross_gates(gates, us, ss);
    for (uint i = 0; i < modalities; ++i)
        for (uint j = 0; j < modalities; ++j) {
            if (i == j) continue;
            const float dz = group_sum(fv_sum(dot[i][j]), scratch) * p.inverse * (1.0f - gates[i][j] * gates[i][j]);
            dus[i] += dz;
            dss[j] += dz;
        }
    if (get_local_id(0) == 0)
        for (uint m = 0; m < modalities; ++m) {
            du[du_at + (size_t)m * rows + r] = dus[m];
            ds[ds_at + (size_t)m * rows + r] = dss[m];
        }
}

/* Backward 2: dz_ij = da_ij (1 - tanh^2) / degree, in place of da, the gradient of a_ij; recomputes a; du_i += sum_j
 * dz_ij. Launch: one group per utterance. */
__kernel void gcn_edges_backward(__global float *restrict a, const ulong a_at, __global float *restrict da,
                                 const ulong da_at, __global float *restrict du, const ulong du_at,
                                 const __global float *restrict u, const ulong u_at, const __global float *restrict s,
                                 const ulong s_at, const __global int *restrict dialogue_of, const ulong dialogue_of_at,
                                 const __global int *restrict starts, const ulong starts_at,
                                 const __global int *restrict pair_starts, const ulong pair_starts_at, const uint rows,
                                 const uint modalities, __local float *scratch)
{
    const size_t r = get_group_id(0);
    const gcn_place p = gcn_find(r, dialogue_of + dialogue_of_at, starts + starts_at, modalities);
    const size_t i = r - p.first, pairs_before = (size_t)pair_starts[pair_starts_at + p.dialogue];
    a += a_at + pairs_before * modalities + i * p.length;
    da += da_at + pairs_before * modalities + i * p.length;
    du += du_at + r;
    u += u_at + r;
    s += s_at + p.first;
    for (uint m = 0; m < modalities; ++m) {
        fv sum = (fv)(0.0f);
        for (size_t j = get_local_id(0) * VW; j < p.length; j += get_local_size(0) * VW) {
            const fv gate = tanh(*u + fv_load(s, j, p.length));
            const uv edge = as_uv((uv)((uint)j) + uv_lanes() != (uv)((uint)i));
            const fv slope = (1.0f - gate * gate) * p.inverse;
            const fv dz = fv_select(edge, fv_load(da, j, p.length) * slope, (fv)(0.0f));
            fv_store(a, j, p.length, fv_select(edge, gate * p.inverse, (fv)(0.0f)));
            fv_store(da, j, p.length, dz);
            sum += dz;
        }
        const float row_sum = group_sum(fv_sum(sum), scratch);
        if (get_local_id(0) == 0) *du += row_sum;
        a += p.length * p.length;
        da += p.length * p.length;
        du += rows;
        u += rows;
        s += rows;
    }
}

/* Backward 3: ds_j += sum_i dz_ij. Launch: in dimension 0, items take VW columns of a square in turn, with enough
 * groups to keep columns times L of an item within RT_MOST_LOOPS; in dimension 2, a group per dialogue and modality. */
__kernel void gcn_sources_backward(__global float *restrict ds, const ulong ds_at, const __global float *restrict dz,
                                   const ulong dz_at, const __global int *restrict starts, const ulong starts_at,
                                   const __global int *restrict pair_starts, const ulong pair_starts_at,
                                   const uint rows, const uint modalities)
{
    const size_t dialogue = get_group_id(2) / modalities, m = get_group_id(2) - dialogue * modalities;
    const size_t first = (size_t)starts[starts_at + dialogue];
    const size_t length = (size_t)starts[starts_at + dialogue + 1] - first;
    ds += ds_at + m * rows + first;
    dz += dz_at + (size_t)pair_starts[pair_starts_at + dialogue] * modalities + m * length * length;
    for (size_t j = get_global_id(0) * VW; j < length; j += get_global_size(0) * VW) {
        fv sum = fv_load(ds, j, length);
        for (size_t i = 0; i < length; ++i) sum += fv_load(dz + i * length, j, length);
        fv_store(ds, j, length, sum);
    }
}

/* Backward 4: partial [chunks, 2G], the sums of du h and ds h over chunks of `chunk` nodes, over all M*N. Launch: in
 * dimension 0, items take VW columns of G in turn, with enough groups to keep columns times chunk of an item within
 * RT_MOST_LOOPS; in dimension 1, a group per chunk. */
__kernel void gcn_weight_partials(__global float *restrict partial, const ulong partial_at,
                                  const __global float *restrict h, const ulong h_at, const __global float *restrict du,
                                  const ulong du_at, const __global float *restrict ds, const ulong ds_at,
                                  const uint nodes, const uint graph, const uint chunk)
{
    const size_t first = get_group_id(1) * chunk, end = min(first + chunk, (size_t)nodes);
    partial += partial_at + get_group_id(1) * 2 * graph;
    h += h_at;
    du += du_at;
    ds += ds_at;
    for (size_t c = get_global_id(0) * VW; c < graph; c += get_global_size(0) * VW) {
        fv target = (fv)(0.0f), source = (fv)(0.0f);
        for (size_t n = first; n < end; ++n) {
            const fv kept = fv_load(h + n * graph, c, graph);
            target = fv_fma((fv)(du[n]), kept, target);
            source = fv_fma((fv)(ds[n]), kept, source);
        }
        fv_store(partial, c, graph, target);
        fv_store(partial + graph, c, graph, source);
    }
}

/* dweight [2G] = sum of the partials, plus beta * the old value. Launch: rt_items(2G), with at most
 * RT_MOST_LOOPS chunks. */
__kernel void gcn_weight_backward(__global float *restrict dweight, const ulong dweight_at,
                                  const __global float *restrict partial, const ulong partial_at, const uint chunks,
                                  const uint columns, const float beta)
{
    const size_t c = get_global_id(0) * VW;
    if (c >= columns) return;
    dweight += dweight_at;
    partial += partial_at;
    fv sum = beta != 0.0f ? beta * fv_load(dweight, c, columns) : (fv)(0.0f);
    for (size_t k = 0; k < chunks; ++k) sum += fv_load(partial + k * columns, c, columns);
    fv_store(dweight, c, columns, sum);
}

/* dbias [1] = sum of ds over all nodes, plus beta * the old value. Launch: one group; an item takes at most
 * RT_MOST_LOOPS vectors. */
__kernel void gcn_bias_backward(__global float *restrict dbias, const ulong dbias_at, const __global float *restrict ds,
                                const ulong ds_at, const uint nodes, const float beta, __local float *scratch)
{
    fv sum = (fv)(0.0f);
    for (size_t n = get_local_id(0) * VW; n < nodes; n += get_local_size(0) * VW) sum += fv_load(ds + ds_at, n, nodes);
    const float all = group_sum(fv_sum(sum), scratch);
    if (get_local_id(0) == 0) dbias[dbias_at] = beta != 0.0f ? beta * dbias[dbias_at] + all : all;
}

/* Backward 5: with dh = Aᵀ g within the modalities, and g = dx_next,
 *     dx_j = g_j + keep * (dh_j + sum over the other modalities i of a_ij g_i + du_j w_target + ds_j w_source)
 * dx may be g: an item reads all modalities of its columns before it writes them. Launch: one group per utterance. */
__kernel void gcn_nodes_backward(__global float *dx, const ulong dx_at, const __global float *restrict dh,
                                 const ulong dh_at, const __global float *restrict du, const ulong du_at,
                                 const __global float *restrict ds, const ulong ds_at,
                                 const __global uint *restrict bits, const ulong bits_at,
                                 const __global float *restrict u, const ulong u_at, const __global float *restrict s,
                                 const ulong s_at, const __global float *g, const ulong g_at,
                                 const __global int *restrict dialogue_of, const ulong dialogue_of_at,
                                 const __global int *restrict starts, const ulong starts_at,
                                 const __global float *restrict weight, const ulong weight_at, const uint rows,
                                 const uint graph, const uint modalities, const uint masked, const float scale)
{
    const size_t r = get_group_id(0);
    const gcn_place p = gcn_find(r, dialogue_of + dialogue_of_at, starts + starts_at, modalities);
    const size_t row = r * graph, slice = (size_t)rows * graph, total = slice * modalities;
    dx += dx_at + row;
    dh += dh_at + row;
    g += g_at + row;
    bits += bits_at;
    weight += weight_at;

    float us[GCN_MODALITIES], ss[GCN_MODALITIES], gates[GCN_MODALITIES][GCN_MODALITIES];
    float dus[GCN_MODALITIES], dss[GCN_MODALITIES];
    gcn_fetch(us, u + u_at, r, rows, modalities);
    gcn_fetch(ss, s + s_at, r, rows, modalities);
    gcn_fetch(dus, du + du_at, r, rows, modalities);
    gcn_fetch(dss, ds + ds_at, r, rows, modalities);
    gcn_cross_gates(gates, us, ss);
    for (size_t c = get_local_id(0) * VW; c < graph; c += get_local_size(0) * VW) {
        fv gradient[GCN_MODALITIES];
#pragma unroll
        for (uint m = 0; m < GCN_MODALITIES; ++m)
            gradient[m] = m < modalities ? fv_load(g + m * slice, c, graph) : (fv)(0.0f);
        const fv target = fv_load(weight, c, graph), source = fv_load(weight + graph, c, graph);
#pragma unroll
        for (uint j = 0; j < GCN_MODALITIES; ++j) {
            if (j < modalities) {
                fv sum = fv_load(dh + j * slice, c, graph);
#pragma unroll
                for (uint i = 0; i < GCN_MODALITIES; ++i)
                    if (i != j) sum = fv_fma((fv)(gates[i][j] * p.inverse), gradient[i], sum);
                sum = fv_fma((fv)(dus[j]), target, fv_fma((fv)(dss[j]), source, sum));
                const fv keep = masked_factor(masked, bits, j * slice + row + c, total, scale);
                fv_store(dx + j * slice, c, graph, fv_fma(keep, sum, gradient[j]));
            }
        }
    }
}
