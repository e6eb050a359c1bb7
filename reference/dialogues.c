#include "reference/dialogues.h"

ref_dialogues ref_dialogues_of(const int32_t *lengths, size_t dialogues, int32_t *starts, int32_t *pair_starts,
                               int32_t *dialogue_of)
{
    starts[0] = pair_starts[0] = 0;
    for (size_t b = 0; b < dialogues; ++b) {
        starts[b + 1] = starts[b] + lengths[b];
        pair_starts[b + 1] = pair_starts[b] + lengths[b] * lengths[b];
        for (int32_t r = starts[b]; r < starts[b + 1]; ++r) dialogue_of[r] = (int32_t)b;
    }
    return (ref_dialogues){dialogues,  (size_t)starts[dialogues], (size_t)pair_starts[dialogues], starts, pair_starts,
                           dialogue_of};
}
