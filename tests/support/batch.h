/* Batches of dialogues for tests: an nn_segments on the device and the same numbers on the host. */
#ifndef SAFSD_TESTS_SUPPORT_BATCH_H
#define SAFSD_TESTS_SUPPORT_BATCH_H

#include "reference/dialogues.h"
#include "tests/support/harness.h"

typedef struct th_dialogues {
    nn_segments segments;
    ref_dialogues host;
} th_dialogues;

th_dialogues th_batch(th_case *t, const int32_t *lengths, size_t dialogues);

#endif
