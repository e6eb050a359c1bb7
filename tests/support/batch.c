#include "tests/support/batch.h"

th_dialogues th_batch(th_case *t, const int32_t *lengths, size_t dialogues)
{
    size_t rows = 0, longest = 0;
    for (size_t b = 0; b < dialogues; ++b) {
        rows += (size_t)lengths[b];
        if ((size_t)lengths[b] > longest) longest = (size_t)lengths[b];
    }
    int32_t *starts = th_ints(t, dialogues + 1), *pair_starts = th_ints(t, dialogues + 1);
    int32_t *dialogue_of = th_ints(t, rows), *position = th_ints(t, rows);
    const ref_dialogues host = ref_dialogues_of(lengths, dialogues, starts, pair_starts, dialogue_of);
    for (size_t r = 0; r < rows; ++r) position[r] = (int32_t)r - starts[dialogue_of[r]];
    const nn_segments segments = {.rows = rows,
                                  .dialogues = dialogues,
                                  .longest = longest,
                                  .pairs = host.pairs,
                                  .starts = th_upload(t, starts, dialogues + 1),
                                  .pair_starts = th_upload(t, pair_starts, dialogues + 1),
                                  .dialogue_of = th_upload(t, dialogue_of, rows),
                                  .position = th_upload(t, position, rows)};
    return (th_dialogues){segments, host};
}
