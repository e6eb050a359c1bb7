/* Batches of dialogues as references walk over them, on the host alone; tests/support/batch.h puts them on the device. */
#ifndef SAFSD_REFERENCE_DIALOGUES_H
#define SAFSD_REFERENCE_DIALOGUES_H

#include <stddef.h>
#include <stdint.h>

/* Dialogue b has rows starts[b] .. starts[b + 1] - 1, and squares for `slices` slices begin at
 * pair_starts[b] * slices. */
typedef struct ref_dialogues {
    size_t dialogues, rows, pairs;
    const int32_t *starts, *pair_starts; /* [dialogues + 1] */
    const int32_t *dialogue_of;          /* [rows] */
} ref_dialogues;

/* In memory of the caller: starts and pair_starts [dialogues + 1], dialogue_of [rows]. */
ref_dialogues ref_dialogues_of(const int32_t *lengths, size_t dialogues, int32_t *starts, int32_t *pair_starts,
                               int32_t *dialogue_of);

static inline size_t ref_length(const ref_dialogues *d, size_t dialogue)
{
    return (size_t)(d->starts[dialogue + 1] - d->starts[dialogue]);
}

/* Where element (i, j) of a square lies. */
static inline size_t ref_square_at(const ref_dialogues *d, size_t slices, size_t dialogue, size_t slice, size_t i,
                                   size_t j)
{
    const size_t length = ref_length(d, dialogue);
    return (size_t)d->pair_starts[dialogue] * slices + (slice * length + i) * length + j;
}

#endif
