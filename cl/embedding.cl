/* Adds positional encodings and speaker embeddings to rows, and computes the gradient of the speaker table.
 *
 *     y[r, :] = x[r, :] + positional_encoding[position[r], :] + table[speaker[r], :]      no table row: 0 is added
 *     dtable[s, :] = sum over the rows r of speaker s of (dy_0[r, :] + dy_1[r, :] + ...) + beta * dtable[s, :]
 *
 * by_speaker [rows] lists the rows sorted by speaker. Speaker s has the entries speaker_starts[s] ..
 * speaker_starts[s+1]-1; S stands for unknown speakers.
 * Host: model/layers/embedding.c.
 */
#include "vector.clh"

/* Launch: rt_rows; y may be x. */
__kernel void embedding_forward(__global float *y, const ulong y_at, const __global float *x, const ulong x_at,
                                const __global int *restrict position, const ulong position_at,
                                const __global int *restrict speakers, const ulong speakers_at,
                                const __global float *restrict encoding, const ulong encoding_at,
                                const __global float *restrict table, const ulong table_at, const uint table_rows,
                                const uint columns, const uint encoded)
{
    const size_t row = get_group_id(0);
    const uint speaker = (uint)speakers[speakers_at + row];
    const bool known = speaker < table_rows;
    x += x_at + row * columns;
    y += y_at + row * columns;
    encoding += encoding_at + (encoded ? (size_t)position[position_at + row] * columns : 0);
    table += table_at + (known ? (size_t)speaker * columns : 0);
    for (size_t c = get_local_id(0) * VW; c < columns; c += get_local_size(0) * VW) {
        fv v = fv_load(x, c, columns);
        if (encoded) v += fv_load(encoding, c, columns);
        if (known) v += fv_load(table, c, columns);
        fv_store(y, c, columns, v);
    }
}

/* Sums over parts of `length` entries of by_speaker. A part may contain rows of several speakers; its sum for speaker s
 * is row part + s of partials [parts + S + 1, columns]. As part and s both ascend, no two sums share a row. Launch:
 * rt_items over columns, times parts in dimension 1. */
__kernel void embedding_backward_parts(__global float *restrict partials, const ulong partials_at,
                                       const __global float *restrict dy_0, const ulong dy_0_at,
                                       const __global float *restrict dy_1, const ulong dy_1_at,
                                       const __global float *restrict dy_2, const ulong dy_2_at,
                                       const __global int *restrict by_speaker, const ulong by_speaker_at,
                                       const __global int *restrict speaker_starts, const ulong speaker_starts_at,
                                       const uint rows, const uint columns, const uint length, const uint tensors)
{
    const size_t c = get_global_id(0) * VW;
    const size_t part = get_global_id(1);
    if (c >= columns) return;
    const size_t first = part * length;
    const size_t end = min(first + length, (size_t)rows);
    speaker_starts += speaker_starts_at;
    size_t s = 0;
    while ((size_t)speaker_starts[s + 1] <= first) ++s;
    fv sum = (fv)(0.0f);
    for (size_t i = first; i < end; ++i) {
        if (i == (size_t)speaker_starts[s + 1]) {
            fv_store(partials + partials_at + (part + s) * columns, c, columns, sum);
            sum = (fv)(0.0f);
            while ((size_t)speaker_starts[s + 1] <= i) ++s;
        }
        const size_t row = (size_t)by_speaker[by_speaker_at + i] * columns;
        sum += fv_load(dy_0 + dy_0_at + row, c, columns);
        if (tensors > 1) sum += fv_load(dy_1 + dy_1_at + row, c, columns);
        if (tensors > 2) sum += fv_load(dy_2 + dy_2_at + row, c, columns);
    }
    fv_store(partials + partials_at + (part + s) * columns, c, columns, sum);
}

/* Adds the parts of each speaker in order. Rows of the table after the last speaker have no gradient. Launch: rt_items
 * over columns, times the rows of the table in dimension 1. */
__kernel void embedding_backward_finish(__global float *restrict dtable, const ulong dtable_at,
                                        const __global float *restrict partials, const ulong partials_at,
                                        const __global int *restrict speaker_starts, const ulong speaker_starts_at,
                                        const uint speakers, const uint columns, const uint length, const float beta)
{
    const size_t c = get_global_id(0) * VW;
    const size_t s = get_global_id(1);
    if (c >= columns) return;
    fv sum = (fv)(0.0f);
    if (s < speakers) {
        const size_t first = (size_t)speaker_starts[speaker_starts_at + s];
        const size_t end = (size_t)speaker_starts[speaker_starts_at + s + 1];
        if (first < end)
            for (size_t part = first / length; part <= (end - 1) / length; ++part)
                sum += fv_load(partials + partials_at + (part + s) * columns, c, columns);
    }
    dtable += dtable_at + s * columns;
    if (beta != 0.0f) sum += beta * fv_load(dtable, c, columns);
    fv_store(dtable, c, columns, sum);
}
